"""Run the command line inside the test's own process, on a small learner and its games."""

from __future__ import annotations

import io
import shutil
import signal
import sys
from typing import NamedTuple

import pytest


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """Call ``weighin ARGUMENTS`` in an empty folder; `answer` is typed at a terminal, where there is one."""
    from weighin._cli import main

    monkeypatch.chdir(tmp_path)
    # commands look for modules in the folder they are started in
    monkeypatch.setattr(sys, "path", list(sys.path))

    def call(*arguments: object, answer: str | None = None) -> Ran:
        monkeypatch.setattr(sys, "argv", ["weighin", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO() if answer is None else Terminal(answer))
        heard = signal.getsignal(signal.SIGINT)
        try:
            with pytest.raises(SystemExit) as stop:
                main()
        finally:
            signal.signal(signal.SIGINT, heard)
        captured = capsys.readouterr()
        return Ran(stop.value.code or 0, captured.out, captured.err)

    return call


@pytest.fixture
def table():
    """150 games, some of which the card says were trained on."""
    import learners

    return learners.games(seed=1, n_rows=150).assign(id=range(150), year=[2020] * 100 + [2021] * 50)


@pytest.fixture
def learner(tmp_path, learner_file):
    """A learner file without a card."""
    return shutil.copy(learner_file, tmp_path / "learner.pkl")


@pytest.fixture
def games(tmp_path, table):
    """The table as a file."""
    from weighin._tables.frames import write_table

    path = tmp_path / "games.parquet"
    write_table(table, path)
    return path


@pytest.fixture
def card(learner):
    """Write the card that goes with the learner."""
    from running import TRAIN_IDS, VALID_IDS

    import learners
    from weighin._football.card import Card, card_path, checksum

    def write(**changes):
        fields = {
            "cat_names": tuple(learners.CATS),
            "cont_names": tuple(learners.CONTS),
            "target": "margin",
            "metric": "mae",
            "seasons_trained": (2020,),
            "seasons_held_out": (2021,),
            "train_ids": TRAIN_IDS,
            "valid_ids": VALID_IDS,
            "test_ids": (),
            "seed": 0,
            "epochs": 3,
            "batch_size": 32,
            "lr": 0.03,
            "layers": (8,),
            "simulated": False,
            "test_mae": 1.0,
            "spread_mae": 1.0,
            "versions": {},
            "date": "2025-01-01T00:00:00+00:00",
            "learner_sha256": checksum(learner),
        }
        Card(**{**fields, **changes}).save(card_path(learner))

    return write
