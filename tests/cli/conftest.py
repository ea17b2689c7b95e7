"""Run the command line inside the test's own process."""

from __future__ import annotations

import io
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
