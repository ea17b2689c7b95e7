"""The README's blocks run, in order, where the demo was run."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = "\n".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from weighin._cli.demo import demo

    folder = tmp_path_factory.mktemp("readme")
    demo(folder=folder / "weighin-demo", random_state=0, force=False)
    return folder


@pytest.fixture
def in_demo_folder(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(demo_folder)
    return demo_folder


@pytest.mark.filterwarnings("ignore:load_learner` uses Python's insecure pickle module:UserWarning")
def test_python_blocks_run_in_order_and_print_what_they_say(
    in_demo_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import matplotlib.pyplot as plt

    namespace: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)
        printed = capsys.readouterr().out
        for line in block.splitlines():
            _, _, comment = line.partition("#")
            for text in re.findall(r'"(.*?)"', comment) if line.startswith("print(") else ():
                digits_free = re.sub(r"\d", r"\\d", re.escape(text.removesuffix(", ...")))
                assert re.search(digits_free, printed), text
    plt.close("all")
    assert namespace["imp"].to_frame()["feature"][0] == "spread"  # type: ignore[attr-defined]


def test_run_commands_work_as_written(in_demo_folder: Path) -> None:
    from typer.testing import CliRunner

    from weighin._cli.app import app

    ran = 0
    for command in commands():
        if command.startswith("weighin run weighin-demo/"):
            result = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
            assert result.exit_code == 0, result.output
            assert "SIMULATED" in result.output
            ran += 1
    assert ran == 1


def test_the_verbs_are_known() -> None:
    from typer.testing import CliRunner

    from weighin._cli.app import app

    verbs = {tuple(re.findall(r"^weighin ((?:cfbd )?\w+)", command)) for command in commands()} - {()}
    assert verbs == {("run",), ("ablate",)}
    for (verb,) in verbs:
        help_text = CliRunner().invoke(app, [*verb.split(), "--help"], catch_exceptions=False)
        assert help_text.exit_code == 0


def test_make_targets_and_extras_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [command.split()[1] for command in commands() if command.startswith("make ")]
    assert targets == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    asked = {extra for found in re.findall(r"weighin\[([\w,]+)\]", README) for extra in found.split(",")}
    assert asked <= set(extras)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", README)
    assert links
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


def test_it_stays_short():
    """Two screens; the site has the rest."""
    assert len(README.splitlines()) <= 110
