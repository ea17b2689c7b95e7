"""Keep the API's answers, one file each, so that no call is spent twice and an interrupted fetch goes on.

A file holds the answer as it came, where it came from, when, and a SHA-256 sum. It never holds the key:
the client refuses answers that repeat it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from weighin._base.errors import FetchError, InputError
from weighin._base.files import replacing
from weighin._football.client import MOST_BYTES, Client
from weighin._football.records import Checked, Endpoint, Game, GameLines, decode, games_in, lines_in

_FORMAT = 1
# so that a fetch that was interrupted goes on, also in a season in progress
_STILL_FRESH = timedelta(hours=1)


class DamagedError(ValueError):
    """A cache file that cannot be used; the message says why."""


@dataclass(frozen=True)
class Answer:
    """The body of an answer and when it came."""

    body: str
    fetched: datetime

    def is_final(self, year: int) -> bool:
        """Tell whether it came after the season of `year` was over for good, bowls included."""
        return self.fetched >= datetime(year + 1, 2, 1, tzinfo=UTC)


class Cache:
    """A folder of answers; one folder in it per base URL."""

    def __init__(
        self, folder: Path, base_url: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        digest = hashlib.sha256(base_url.encode()).hexdigest()[:12]
        host = re.sub(r"[^a-z0-9.]+", "-", base_url.partition("://")[2].lower()).strip("-")[:60]
        self.folder = folder / f"{host}-{digest}"
        self.now = now
        self._base_url = base_url
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            usable = os.access(self.folder, os.W_OK | os.X_OK)
            problem = "it cannot be written to"
        except OSError as error:
            usable, problem = False, str(error.strerror)
        if not usable:
            raise InputError(
                f"The cache folder '{self.folder}' cannot be used: {problem}. Pass --cache-dir FOLDER."
            )

    def holds_any(self) -> bool:
        """Tell whether any answer is kept, of whatever season."""
        return any(self.folder.glob("*.json.gz"))

    def path(self, endpoint: Endpoint, year: int) -> Path:
        """Where the answer of `endpoint` for `year` is kept."""
        return self.folder / f"{endpoint}-{year}-regular.json.gz"

    def read(self, endpoint: Endpoint, year: int) -> Answer | None:
        """Give the answer kept, or None where there is none."""
        try:
            kept: Any = json.loads(_unpacked(self.path(endpoint, year)))
            if kept["format"] != _FORMAT or kept["source"] != self._source(endpoint, year):
                raise DamagedError("it is of another format or source")
            body, fetched = str(kept["body"]), datetime.fromisoformat(kept["fetched"])
            if kept["sha256"] != hashlib.sha256(body.encode()).hexdigest() or fetched.tzinfo is None:
                raise DamagedError("its checksum does not match")
        except FileNotFoundError:
            return None
        except DamagedError:
            raise
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
            raise DamagedError(f"it cannot be read ({type(error).__name__})") from None
        return Answer(body, fetched)

    def write(self, endpoint: Endpoint, year: int, body: str) -> None:
        """Keep an answer, whole or not at all."""
        kept = {
            "format": _FORMAT,
            "source": self._source(endpoint, year),
            "fetched": self.now().isoformat(timespec="seconds"),
            "sha256": hashlib.sha256(body.encode()).hexdigest(),
            "body": body,
        }
        path = self.path(endpoint, year)
        try:
            with replacing(path) as temporary:
                temporary.write_bytes(gzip.compress(json.dumps(kept).encode()))
        except OSError as error:
            raise FetchError(f"The answer could not be kept in '{path}': {error.strerror}.") from None

    def _source(self, endpoint: Endpoint, year: int) -> str:
        return f"{self._base_url}/{endpoint}?year={year}&seasonType=regular"


def _unpacked(path: Path) -> bytes:
    """Read a gzip file; one that waits for a writer, or grows without end, is none of ours."""
    if path.exists() and not path.is_file():
        raise DamagedError("it is not a regular file")
    with gzip.open(path) as file:
        content = file.read(2 * MOST_BYTES + 1)
    if len(content) > 2 * MOST_BYTES:
        raise DamagedError(f"it would unpack to more than {2 * MOST_BYTES:,} bytes")
    return content


def default_folder() -> Path:
    """Give the folder for caches where the system keeps them."""
    from platformdirs import user_cache_path

    folder = user_cache_path("weighin", appauthor=False) / "cfbd"
    if not folder.is_absolute():
        raise InputError("There is no home folder to keep the API's answers in. Pass --cache-dir FOLDER.")
    return folder


def regular_season(
    client: Client,
    cache: Cache,
    year: int,
    *,
    refresh: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Checked[Game], Checked[GameLines]]:
    """Give the games and lines of one regular season: from the cache where it holds them, else from the API.

    A kept answer is asked for again when `refresh` is set, when its file is damaged, or when it came before
    1 February after the season (games were still to be played, lines to come) and is more than an hour old.
    `say` is told of the latter two, and of records that were left out.
    """

    def ask(endpoint: Endpoint) -> Checked[Any]:
        check = games_in if endpoint == "games" else lines_in
        kept = None if refresh else _usable(cache, endpoint, year, say)
        if kept is not None:
            try:
                return check(decode(kept.body), year)
            except FetchError as error:
                say(f"{error} That answer was kept by an earlier run; asking again.")
        body = client.get(endpoint, year)
        rows = check(decode(body), year)
        if endpoint == "games" and not rows.listed:
            raise FetchError(
                f"The API lists no regular-season game in {year}: "
                "it does not cover that season, or its schedule is not out yet."
            )
        cache.write(endpoint, year, body)
        return rows

    games, lines = ask("games"), ask("lines")
    for answer in (games, lines):
        if answer.odd:
            say(answer.told)
    return games, lines


def _usable(cache: Cache, endpoint: Endpoint, year: int, say: Callable[[str], None]) -> Answer | None:
    """Give the answer kept unless it is damaged or out of date; say so if it is."""
    try:
        kept = cache.read(endpoint, year)
    except DamagedError as error:
        say(f"The cache file '{cache.path(endpoint, year)}' is damaged: {error}. Asking again.")
        return None
    if kept is None or kept.is_final(year) or timedelta(0) <= cache.now() - kept.fetched <= _STILL_FRESH:
        return kept
    say(
        f"The answer of /{endpoint} for {year} kept on {kept.fetched:%Y-%m-%d} came before the end of the "
        "season. Asking again."
    )
    return None
