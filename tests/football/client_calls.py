"""A client of the imitated server, and waits nobody sits through."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from server import KEY, Api, Reply

from weighin._base.errors import FetchError
from weighin._football.client import Client
from weighin._football.key import ApiKey

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Patience:
    """Stands in for the clock: notes what the client slept and said."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []

    def client(self, url: str, key: str | None = KEY, **options: object) -> Client:
        return Client(
            ApiKey(key) if key else None,
            url,
            sleep=self.slept.append,
            now=lambda: NOW,
            say=self.said.append,
            **options,
        )


def shown(error: BaseException) -> str:
    """Everything a traceback could print of an error, local variables and chain included."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    parts = [repr(frame.f_locals) for frame in frames if "tests" not in Path(frame.f_code.co_filename).parts]
    parts += ["".join(traceback.format_exception(error)), repr(error), str(error), repr(vars(error))]
    parts.extend(shown(linked) for linked in (error.__cause__, error.__context__) if linked is not None)
    return "\n".join(parts)


def failure(api: Api, *script: Reply, patience: Patience | None = None, **options: object) -> str:
    """Script the server, ask, and give the message; the key is in no part of the error."""
    api.script = list(script)
    with (
        (patience or Patience()).client(api.url, **options) as client,
        pytest.raises(FetchError) as caught,
    ):
        client.get("games", 2019)
    assert KEY not in shown(caught.value)
    return str(caught.value)
