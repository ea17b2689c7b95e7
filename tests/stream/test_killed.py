"""Killed, or out of room: what is finished stays, and the next call ends with the same numbers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import weighin
from weighin import AllRows, InputError

pytestmark = pytest.mark.slow

N = 60_000
PROGRAM = Path(__file__).with_name("killed.py")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 2)), columns=["a", "b"])
    frame["y"] = 2 * frame.a + frame.b**2 + rng.normal(size=N)
    path = tmp_path_factory.mktemp("table") / "table.parquet"
    frame.to_parquet(path, index=False, row_group_size=5_000)
    return path


def start(table, folder, out):
    command = [sys.executable, str(PROGRAM), str(table), str(folder), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    # it has loaded what it needs
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "begin\n"
    return process


def test_killed_at_ten_random_moments_it_ends_with_the_same_numbers(table, tmp_path):
    process = start(table, tmp_path / "whole", tmp_path / "whole.npy")
    begin = time.monotonic()
    assert process.wait() == 0
    seconds = time.monotonic() - begin
    whole = np.load(tmp_path / "whole.npy")
    rng = np.random.default_rng(0)
    folder, out, n_parts = tmp_path / "run", tmp_path / "killed.npy", []
    for _ in range(10):
        process = start(table, folder, out)
        # somewhere in what is left, from the first instant on
        try:
            process.wait(rng.uniform(0, seconds / 4))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        n_parts.append(len(list(folder.glob("part-*.json"))) if folder.exists() else 0)
    # finished parts stay
    assert n_parts == sorted(n_parts)
    assert start(table, folder, out).wait() == 0
    assert (np.load(out) == whole).all()
    assert not [path for path in folder.iterdir() if path.is_dir()]
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def model(rows):
    return 2 * rows["a"].to_numpy() + rows["b"].to_numpy() ** 2


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of half a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("mounting takes rights that are not given here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_named_and_what_was_written_removed(table, tiny_disk, monkeypatch):
    asked = {"metric": "mse", "n_repeats": 2, "random_state": 0, "features": ["a", "b"]}
    with pytest.raises(InputError, match=r"The disk is full.*Make room, or name a folder on another disk"):
        weighin.weigh(model, table, "y", rows=AllRows(folder=tiny_disk / "run", memory=1), **asked)
    assert {path.name for path in (tiny_disk / "run").iterdir()} == {"run.json"}
    monkeypatch.setattr("tempfile.tempdir", str(tiny_disk))
    with pytest.raises(InputError, match="The disk is full"):
        weighin.weigh(model, table, "y", rows=AllRows(memory=1), **asked)
    assert [path.name for path in tiny_disk.iterdir()] == ["run"]
    # there is room elsewhere: the same numbers as ever
    monkeypatch.undo()
    imp = weighin.weigh(model, table, "y", rows=AllRows(memory=1), **asked)
    memory = weighin.weigh(model, pd.read_parquet(table), "y", **asked)
    np.testing.assert_allclose(imp.importances, memory.importances, rtol=1e-9)


def test_only_one_run_works_in_a_folder(table, tmp_path):
    how = AllRows(folder=tmp_path / "run")
    refused = []

    def nested(rows):
        if not refused:
            with pytest.raises(InputError) as raised:
                weighin.weigh(model, table, "y", rows=how)
            refused.append(str(raised.value))
        return model(rows)

    weighin.weigh(nested, table, "y", rows=how, metric="mse", n_repeats=2, features=["a", "b"])
    assert "Another process is weighing in the folder" in refused[0]
