"""The program as a whole: its help, its version, its codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import weighin
from weighin._base.files import replacing, together
from weighin._cli import options, outputs, printing
from weighin._cli.app import app

VERBS = [
    "demo",
    "run",
    "shares",
    "effects",
    "interactions",
    "associations",
    "compare",
    "report",
    "ablate",
    "doctor",
    "schema",
    "cfbd fetch",
    "cfbd train",
    "cfbd ablate",
]


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_verb(cli, flag):
    ran = cli(flag)
    assert ran.code == 0
    assert all(verb in ran.out for verb in ("demo", "run", "effects", "associations", "cfbd"))
    assert "..." not in ran.out.partition("Commands:")[2]
    assert ran.err == ""


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example_and_fits_into_80_columns(cli, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    ran = cli(*verb.split(), "--help")
    assert ran.code == 0
    assert f"Example: weighin {verb} " in " ".join(ran.out.split())
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    # nothing is cut
    assert "\N{HORIZONTAL ELLIPSIS}" not in ran.out


def test_the_version(cli):
    assert cli("--version").out == f"weighin {weighin.__version__}\n"


def test_no_arguments_show_the_help(cli):
    ran = cli()
    assert "Usage" in ran.out + ran.err
    assert "demo" in ran.out + ran.err


def test_an_interrupt_while_the_program_loads_is_exit_code_130(cli, monkeypatch):
    import builtins

    load = builtins.__import__

    def interrupt(name, *args, **kwargs):
        if name == "weighin._cli.app":
            raise KeyboardInterrupt
        return load(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", interrupt)
    ran = cli("--version")
    assert (ran.code, ran.out, ran.err) == (130, "", "Interrupted.\n")


def test_the_entry_point_loads_nothing_before_it_can_be_interrupted():
    code = "import sys, weighin._cli; print('typer' in sys.modules, 'rich' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False False\n"


def test_an_interrupt_after_the_end_changes_nothing():
    code = (
        "import atexit, os, signal, sys\n"
        "from weighin._cli import main\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.argv = ['weighin', '--version']\n"
        "main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_unknown_verb_is_a_usage_error(cli):
    ran = cli("wiegh")
    assert ran.code == 2
    assert "wiegh" in ran.err


def count(words: str, force: options.Force = False) -> None:
    """Count letters and words."""
    paths = [Path(name) for name in ("letters", "words")]
    outputs.check(*paths, force=force)
    counts = [len(words), len(words.split())]
    with together():
        for path, number in zip(paths, counts, strict=True):
            with replacing(path) as temporary:
                temporary.write_text(f"{number}")
    printing.say(f"Written: {outputs.in_a_row(paths)}.")


def test_a_verb_is_a_function_and_a_line(cli, tmp_path):
    app.command("count")(count)
    try:
        ran = cli("count", "to be or not")
        assert (ran.code, ran.out, ran.err) == (0, "Written: letters and words.\n", "")
        assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["12", "4"]
        assert cli("count", "again").err.endswith("words. Pass --force to replace.\n")
        assert cli("count", "again", "--force").code == 0
    finally:
        app.registered_commands.pop()
