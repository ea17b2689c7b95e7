"""The cache: no call is spent twice, nothing damaged is used, nothing out of date stays."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from server import KEY, QUOTA, Api, Reply, game, line, season

from weighin._base.errors import FetchError, InputError
from weighin._football.cache import Cache, DamagedError, default_folder, regular_season
from weighin._football.client import Client
from weighin._football.key import ApiKey

pytestmark = pytest.mark.slow

AFTERWARDS = datetime(2020, 2, 1, tzinfo=UTC)  # the season of 2019 is over
MIDWAY = datetime(2019, 10, 20, 18, 0, tzinfo=UTC)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        for year in (2018, 2019):
            api.seasons[year] = season(year)
        yield api


def bomb(megabytes: int) -> bytes:
    """Compressed spaces."""
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=1) as file:
        for _ in range(megabytes):
            file.write(b" " * 1_000_000)
    return packed.getvalue()


class Fetcher:
    """Asks through a cache, at the time `now`."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.now = AFTERWARDS
        self.said: list[str] = []

    @property
    def cache(self) -> Cache:
        return Cache(self.folder, self.api.url, now=lambda: self.now)

    def __call__(
        self, year: int = 2019, *, refresh: bool = False, key: str | None = KEY
    ) -> tuple[list, list]:
        with Client(ApiKey(key) if key else None, self.api.url, sleep=lambda _: None) as client:
            return regular_season(client, self.cache, year, refresh=refresh, say=self.said.append)

    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.gz"))


@pytest.fixture
def fetch(api: Api, tmp_path: Path) -> Fetcher:
    return Fetcher(api, tmp_path / "deep" / "cache")


BOTH = [("games", 2019), ("lines", 2019)]


def test_a_season_is_asked_for_once_and_then_needs_no_key(api: Api, fetch: Fetcher) -> None:
    first = fetch()
    assert api.calls == BOTH
    assert fetch(key=None) == first
    assert api.calls == BOTH
    assert fetch.said == []


def test_refresh_asks_again(api: Api, fetch: Fetcher) -> None:
    fetch()
    api.seasons[2019] = season(2019, games=3)
    games, lines = fetch(refresh=True)
    assert (len(games), len(lines)) == (3, 3)
    assert api.calls == BOTH * 2
    assert len(fetch()[0]) == 3


def test_the_raw_answer_is_kept_and_the_key_is_not(api: Api, fetch: Fetcher) -> None:
    fetch()
    assert [path.name for path in fetch.files()] == [
        "games-2019-regular.json.gz",
        "lines-2019-regular.json.gz",
    ]
    for path in fetch.files():
        raw = path.read_bytes()
        text = gzip.decompress(raw).decode()
        assert KEY.encode() not in raw
        assert KEY not in text
    kept = json.loads(gzip.decompress(fetch.files()[0].read_bytes()))
    assert json.loads(kept["body"]) == api.seasons[2019][0]  # fields nobody reads included
    assert sorted(path for path in fetch.folder.rglob("*") if path.is_file()) == fetch.files()


def test_an_interrupted_fetch_goes_on_where_it_stopped(api: Api, fetch: Fetcher) -> None:
    api.script = [None, None, None, Reply(429, QUOTA)]
    fetch(2018)
    with pytest.raises(FetchError, match="used up"):
        fetch(2019)
    api.asked.clear()
    fetch(2018)
    fetch(2019)
    assert api.calls == [("lines", 2019)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: b"",
        lambda raw: b"not gzip at all",
        lambda raw: raw[:-6] + bytes([raw[-6] ^ 1]) + raw[-5:],  # the sum gzip keeps
        lambda raw: raw[:40] + bytes([raw[40] ^ 255]) + raw[41:],
        lambda raw: _edit(raw, body="[]"),
        lambda raw: _edit(raw, sha256="0" * 64),
        lambda raw: _edit(raw, format=2),
        lambda raw: _edit(raw, source="https://elsewhere.example/games?year=2019&seasonType=regular"),
        lambda raw: _edit(raw, fetched="yesterday"),
        lambda raw: _edit(raw, fetched="2019-10-20T18:00:00"),
        lambda raw: _edit(raw, fetched=None),
        lambda raw: gzip.compress(b"[]"),
        lambda raw: gzip.compress(b"\xff\xfe\x00"),
        lambda raw: gzip.compress(b"[" * 100_000),
    ],
)
def test_a_damaged_file_is_asked_for_again_and_said(api: Api, fetch: Fetcher, damage) -> None:
    fetch()
    path = fetch.files()[0]
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    with pytest.raises(DamagedError):
        fetch.cache.read("games", 2019)
    api.asked.clear()
    games, _ = fetch()
    assert len(games) == 2
    assert api.calls == [("games", 2019)]
    assert len(fetch.said) == 1
    assert "games-2019-regular.json.gz' is damaged" in fetch.said[0]
    fetch()
    assert api.calls == [("games", 2019)]


def _edit(raw: bytes, **changes: object) -> bytes:
    return gzip.compress(json.dumps({**json.loads(gzip.decompress(raw)), **changes}).encode())


def test_a_kept_answer_that_no_longer_fits_is_asked_for_again(api: Api, fetch: Fetcher) -> None:
    fetch.cache.write("games", 2019, json.dumps([game(1, week="one")]))
    games, _ = fetch()
    assert len(games) == 2
    assert "field 'week'" in fetch.said[0]
    assert "asking again" in fetch.said[0]


def test_an_answer_that_does_not_fit_is_not_kept(api: Api, fetch: Fetcher) -> None:
    for reply in (Reply(body=[game(1, week="one")]), Reply(body={"message": "hello"}), Reply(body=[])):
        api.script = [reply]
        with pytest.raises(FetchError):
            fetch()
        assert fetch.files() == []


def test_an_unknown_season_is_an_error_and_no_lines_are_asked_for(api: Api, fetch: Fetcher) -> None:
    with pytest.raises(FetchError, match="no regular-season game in 1990"):
        fetch(1990)
    assert api.calls == [("games", 1990)]


def test_a_season_without_lines_is_kept(api: Api, fetch: Fetcher) -> None:
    api.seasons[2019] = ([game()], [])
    assert fetch()[1] == fetch()[1] == []
    assert api.calls == BOTH


# --- a season in progress ---


def test_a_season_in_progress_is_asked_for_again_after_an_hour_and_said(api: Api, fetch: Fetcher) -> None:
    api.seasons[2019] = ([game(1), game(2, homePoints=None, awayPoints=None)], [line(1)])
    fetch.now = MIDWAY
    fetch()
    fetch.now = MIDWAY + timedelta(minutes=50)  # an interrupted fetch, run again
    assert fetch()[0][1].home_points is None
    assert (api.calls, fetch.said) == (BOTH, [])

    api.seasons[2019] = ([game(1), game(2)], [line(1), line(2)])
    fetch.now = MIDWAY + timedelta(hours=2)
    games, lines = fetch()
    assert games[1].home_points == 24
    assert len(lines) == 2
    assert api.calls == BOTH * 2
    assert len(fetch.said) == 2
    assert "/games for 2019 kept on 2019-10-20 came before the end of the season" in fetch.said[0]


def test_a_season_that_is_over_stays_even_with_games_that_were_never_played(api: Api, fetch: Fetcher) -> None:
    api.seasons[2019] = ([game(1), game(2, homePoints=None, awayPoints=None)], [line(1)])
    fetch()
    fetch.now = AFTERWARDS + timedelta(days=4000)
    fetch()
    assert api.calls == BOTH


def test_lines_older_than_the_season_are_asked_for_again_beside_final_games(api: Api, fetch: Fetcher) -> None:
    fetch.now = MIDWAY
    fetch()
    fetch.now = AFTERWARDS
    api.script = [None, Reply(429, QUOTA)]  # games come, lines do not
    with pytest.raises(FetchError):
        fetch()
    api.asked.clear()
    fetch()
    assert api.calls == [("lines", 2019)]


def test_an_answer_from_the_future_of_a_running_season_is_not_trusted(api: Api, fetch: Fetcher) -> None:
    fetch.now = MIDWAY
    fetch()
    fetch.now = MIDWAY - timedelta(days=1)
    fetch()
    assert api.calls == BOTH * 2


# --- the folder ---


def test_base_urls_do_not_share_answers(tmp_path: Path) -> None:
    urls = ["https://a.example", "https://a.example/v2", "https://a.example:8443", "http://127.0.0.1:1"]
    caches = [Cache(tmp_path, url) for url in urls]
    assert len({cache.folder for cache in caches}) == len(urls)
    caches[0].write("games", 2019, "[]")
    assert caches[1].read("games", 2019) is None
    caches[0].path("games", 2019).rename(caches[1].path("games", 2019))
    with pytest.raises(DamagedError, match="source"):
        caches[1].read("games", 2019)


def test_a_write_that_fails_leaves_the_old_answer(fetch: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FetchError, match=r"could not be kept .* No space left"):
        fetch(refresh=True)
    monkeypatch.undo()
    assert fetch.cache.read("games", 2019) is not None
    assert len(list(fetch.files()[0].parent.iterdir())) == 2


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match="--cache-dir"):
        Cache(file, "https://a.example")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep caches elsewhere")
def test_the_default_folder_follows_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "weighin" / "cfbd"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_folder() == tmp_path / "home" / ".cache" / "weighin" / "cfbd"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_place_of_a_cache_file_does_not_hang(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "https://a.example")
    os.mkfifo(cache.path("games", 2019))
    with pytest.raises(DamagedError, match="not a regular file"):
        cache.read("games", 2019)
    cache.write("games", 2019, "[]")
    kept = cache.read("games", 2019)
    assert kept is not None
    assert kept.body == "[]"


def test_a_cache_file_that_unpacks_without_end_is_not_read_whole(tmp_path: Path) -> None:
    cache = Cache(tmp_path, "https://a.example")
    # 1.3 MB that would take 300
    cache.path("games", 2019).write_bytes(bomb(300))
    tracemalloc.start()
    with pytest.raises(DamagedError, match="would unpack to more than"):
        cache.read("games", 2019)
    assert tracemalloc.get_traced_memory()[1] < 250e6
    tracemalloc.stop()


def test_an_answer_that_unpacks_without_end_is_refused(api: Api, tmp_path: Path) -> None:
    api.script = [Reply(body=bomb(300), headers={"Content-Encoding": "gzip"})]
    tracemalloc.start()
    with (
        Client(ApiKey(KEY), api.url) as client,
        pytest.raises(FetchError, match="is longer than 33,554,432 bytes"),
    ):
        client.get("games", 2019)
    assert tracemalloc.get_traced_memory()[1] < 250e6
    tracemalloc.stop()
