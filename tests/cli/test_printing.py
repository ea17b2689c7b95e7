"""A print that fails costs nothing but the print: every file is there, and whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import learners
import processes
import weighin
from processes import Job
from weighin._cli import printing
from weighin._football.simulate import simulate_league
from weighin._tables.frames import write_table

PRINTINGS = ["ascii", "cp1252", "closed pipe", "closed pipes", "full disk", "closed"]
RESULT = ["importance.html", "importance.json", "importance.png"]
ABLATION = ["ablation.fits", "ablation.html", "ablation.json", "ablation.png"]
VERBS = {
    "run": (["run", "learner.pkl", "games.parquet", "--trust", "--n-repeats", "2"], RESULT),
    "report": (["report", "old.json"], ["old.html"]),
    "compare": (
        ["compare", "old.json", "new.json", "-o", "both.json"],
        ["both.html", "both.json", "both.png"],
    ),
    "ablate": (
        [
            "ablate",
            "learner.pkl",
            "games.parquet",
            "--trust",
            "--epochs",
            "1",
            "--fits",
            "2",
            "--drop",
            "week",
        ],
        ABLATION,
    ),
    "train": (
        ["cfbd", "train", "league.parquet", "-o", "net.pkl", "--epochs", "1", "--layers", "4"],
        ["net.card.json", "net.pkl"],
    ),
    "cfbd ablate": (
        [
            "cfbd",
            "ablate",
            "league.parquet",
            "--epochs",
            "1",
            "--layers",
            "4",
            "--fits",
            "2",
            "--drop",
            "spread",
        ],
        ABLATION,
    ),
    "demo": (["demo", "--folder", "."], [*RESULT, "games.parquet", "learner.card.json", "learner.pkl"]),
}

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, learner_file):
    """What the verbs read."""
    folder = tmp_path_factory.mktemp("inputs")
    shutil.copy(learner_file, folder / "learner.pkl")
    write_table(learners.games(seed=1, n_rows=80), folder / "games.parquet")
    write_table(simulate_league([2018, 2019], random_state=1), folder / "league.parquet")
    for name, heaviest in (("old", 2.0), ("new", 3.0)):
        values = np.array([[heaviest], [1.0], [-0.1]])
        features = ("caf\N{LATIN SMALL LETTER E WITH ACUTE}", "\N{SNOWMAN}", "elo")
        weighin.Importance(features, values, 12.5, "mae", False, 730).with_effects(
            {features[0]: "rises"}
        ).save(folder / f"{name}.json")
    return folder


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"}


def run_all(jobs):
    """Exit codes of jobs, of which the start of Python and torch is shared."""
    ran = subprocess.run(
        [sys.executable, processes.__file__],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def folder_of(parent, name, inputs, verb):
    folder = parent / name
    folder.mkdir()
    if verb != "demo":
        for path in inputs.iterdir():
            (folder / path.name).symlink_to(path)
    return str(folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, inputs):
    """Every verb under every way in which printing goes wrong: folders and exit codes."""
    parent = tmp_path_factory.mktemp("ran")
    jobs = {}
    for verb, (arguments, _) in VERBS.items():
        # all print by the same functions: each way once, each verb once
        for way in PRINTINGS if verb == "compare" else ["ascii"] if verb == "run" else ["closed pipes"]:
            folder = folder_of(parent, f"{verb}, {way}", inputs, verb)
            if verb == "demo":
                # killed when four of its six files are in place, and then called again
                jobs["killed demo", way] = Job(arguments, folder, way, 4)
            jobs[verb, way] = Job(arguments, folder, way)
    for way in ("utf-8", "closed pipe", "full disk"):
        folder = folder_of(parent, f"printed only, {way}", inputs, "compare")
        jobs["printed only", way] = Job(["compare", "old.json", "new.json"], folder, way)
    codes = run_all(list(jobs.values()))
    return {key: (Path(job.folder), code) for (key, job), code in zip(jobs.items(), codes, strict=True)}


@pytest.mark.parametrize("verb", VERBS)
def test_every_file_is_there_and_whole(ran, verb):
    expected = set(VERBS[verb][1])
    for (other, way), (folder, code) in ran.items():
        if other != verb:
            continue
        stderr = (folder / "stderr").read_text(encoding="latin-1")
        assert code == 0, (way, stderr)
        made = {p.name for p in folder.iterdir() if not p.is_symlink()} - {"stdout", "stderr"}
        assert made == expected, way
        assert ("Not everything could be printed: No space left on device." in stderr) == (
            way == "full disk"
        ), way
        for name in made:
            path = folder / name
            if name.endswith(".json"):
                assert json.loads(path.read_text(encoding="utf-8"))
            elif name.endswith(".html"):
                assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
            elif name.endswith(".png"):
                assert b"IEND" in path.read_bytes()[-12:]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_an_encoding_lacks_is_written_with_what_it_has(ran, encoding):
    text = (ran["compare", encoding][0] / "stdout").read_text(encoding=encoding)
    assert ("cafe" if encoding == "ascii" else "caf\N{LATIN SMALL LETTER E WITH ACUTE}") in text
    assert "----" in text
    assert "Written: both.json, both.png and both.html." in text


def test_arrows_are_told_apart_without_arrows(ran):
    assert "spread / " in (ran["run", "ascii"][0] / "stdout").read_text(encoding="ascii")


def test_letters_that_are_lacking():
    plain = {
        "\N{MINUS SIGN}1 \N{PLUS-MINUS SIGN} 2\N{HORIZONTAL ELLIPSIS}": "-1 +- 2...",
        "\N{INFINITY} \N{SNOWMAN}": "inf ?",
        "Caf\N{LATIN SMALL LETTER E WITH ACUTE}": "Cafe",
    }
    printing.guard()
    assert {text: text.encode("ascii", "weighin.plain").decode() for text in plain} == plain


@pytest.mark.parametrize(("way", "code"), [("utf-8", 0), ("closed pipe", 0), ("full disk", 1)])
def test_a_comparison_that_was_only_to_be_printed_fails_where_it_was_not(ran, way, code):
    assert ran["printed only", way][1] == code


def test_a_demo_that_was_killed_goes_on(ran):
    assert ran["killed demo", "closed pipes"][1] == 9
    # that all its files are there, and no others, is tested above
    assert ran["demo", "closed pipes"][1] == 0


def test_the_program_itself_at_a_shell(inputs, tmp_path):
    """What the others do by forking, as a user does it: once for each."""
    program = f"{sys.executable} -c 'from weighin._cli import main; main()'"
    compare = f"{program} compare {inputs}/old.json {inputs}/new.json"
    lines = [
        f"PYTHONIOENCODING=ascii {compare} -o a.json > out; echo $?",
        f"PYTHONIOENCODING=cp1252 {compare} -o b.json > out; echo $?",
        f"{{ {compare} -o c.json; echo $? >&2; }} | true",
        f"{compare} -o d.json > /dev/full 2> err; echo $?",
        f"{compare} -o e.json >&- 2> err; echo $?",
    ]
    ran = subprocess.run(
        ["sh", "-c", "\n".join(lines)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert (ran.stdout + ran.stderr).split() == ["0"] * 5
    names = [f"{name}.{suffix}" for name in "abcde" for suffix in ("html", "json", "png")]
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "out", "err"])
