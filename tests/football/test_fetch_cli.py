"""``weighin cfbd fetch`` from the shell's side, against a server on this machine."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from server import KEY, QUOTA, Api, Reply, game, line, season
from typer.testing import CliRunner

from weighin._base.errors import FetchError, InputError, OutputExistsError, WeighinError
from weighin._cli.cfbd import app, parse_seasons
from weighin._football.games import COLUMNS

pytestmark = pytest.mark.slow

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "cfbd"
YEARS = range(2015, 2022)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        for year in (2017, 2018, 2019):
            api.seasons[year] = season(year)
        yield api


class Shell:
    """Runs ``fetch`` in a folder of its own; no output may ever show the key."""

    def __init__(self, api: Api, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.output = folder / "games.parquet"

    def arguments(self, seasons: str, *more: str, output: str = "games.parquet") -> list[str]:
        places = ["--base-url", self.api.url, "--cache-dir", str(self.folder / "cache")]
        return ["fetch", "--seasons", seasons, "-o", str(self.folder / output), *places, *more]

    def __call__(self, seasons: str, *more: str, output: str = "games.parquet", key: str = KEY) -> Any:
        result = CliRunner().invoke(
            app, self.arguments(seasons, *more, output=output), env={"CFBD_API_KEY": key}
        )
        error = result.exception
        assert KEY not in result.output + ("".join(traceback.format_exception(error)) if error else "")
        assert error is None or isinstance(error, WeighinError | SystemExit | KeyboardInterrupt), error
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "key.txt":
                raw = path.read_bytes()
                assert KEY.encode() not in raw
                assert not path.name.endswith(".gz") or KEY.encode() not in gzip.decompress(raw)
        return result

    def fails(self, kind: type[Exception], words: str, *arguments: str, **options: str) -> Any:
        result = self(*arguments, **options)
        assert isinstance(result.exception, kind)
        assert words in str(result.exception)
        return result


@pytest.fixture
def shell(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("COLUMNS", "100")
    return Shell(api, tmp_path)


def test_fetch_writes_the_table_and_says_what_it_did(api: Api, shell: Shell) -> None:
    api.seasons[2018][0].append(game(9, 2018, homePoints=None, awayPoints=None))
    result = shell("2018-2019")
    assert result.exit_code == 0, result.exception
    frame = pd.read_parquet(shell.output)
    assert tuple(frame.columns) == COLUMNS
    assert frame["year"].tolist() == [2018, 2018, 2019, 2019]
    assert "2018: 2 games kept of 3 listed; spread: consensus" in result.stderr
    assert "2019: 2 games kept of 2 listed; spread: consensus" in result.stderr
    assert "not yet played" in result.stdout
    assert "no Elo" not in result.stdout
    assert "Wrote 4 games" in result.stdout
    assert "API calls left this month: 812." in result.stdout
    assert f"Next: weighin cfbd train {shell.output} -o learner.pkl" in result.stdout
    assert api.calls == [("games", 2018), ("lines", 2018), ("games", 2019), ("lines", 2019)]
    assert {query["seasonType"] for _, query in api.asked} == {"regular"}


def test_what_to_type_next_holds_with_spaces_in_a_name(api: Api, shell: Shell) -> None:
    path = shell.folder / "my games.csv"
    assert f"cfbd train '{path}' -o" in shell("2019", output="my games.csv").stdout


def test_a_second_run_asks_nothing_and_refresh_asks_all(api: Api, shell: Shell) -> None:
    shell("2019")
    again = shell("2018-2019", "--force")
    assert again.exit_code == 0
    assert api.calls == [("games", 2019), ("lines", 2019), ("games", 2018), ("lines", 2018)]
    offline = shell("2018,2019", "--force", key="")
    assert offline.exit_code == 0
    assert len(api.asked) == 4
    assert "calls left" not in offline.stdout
    shell("2019", "--force", "--refresh")
    assert len(api.asked) == 6


@pytest.mark.parametrize("suffix", [".csv", ".feather", ".jsonl"])
def test_the_suffix_is_the_format(shell: Shell, suffix: str) -> None:
    assert shell("2019", output=f"games{suffix}").exit_code == 0
    path = shell.folder / f"games{suffix}"
    readers = {
        ".csv": pd.read_csv,
        ".feather": pd.read_feather,
        ".jsonl": lambda p: pd.read_json(p, lines=True),
    }
    assert tuple(readers[suffix](path).columns) == COLUMNS


def test_the_provider_is_named_when_it_is_not_the_first(api: Api, shell: Shell) -> None:
    api.seasons[2019] = (
        [game(1), game(2)],
        [line(1, {"DraftKings": -3}), line(2, {"DraftKings": -4, "Bovada": 1})],
    )
    result = shell("2019")
    assert "spread: DraftKings, as consensus has 0 of 2 games" in result.stderr
    assert set(pd.read_parquet(shell.output)["spread_provider"]) == {"DraftKings"}
    result = shell("2019", "--force", "--provider", "caesars", "--provider", "bovada")
    assert result.exit_code == 0
    assert "spread: Bovada, as caesars has 0 of 2 games" in result.stderr
    result = shell("2018-2019", "--force", "--provider", "consensus")
    assert "2019: 0 games kept of 2 listed; no spread by consensus" in result.stderr


def test_a_provider_without_nearly_all_games_is_said(api: Api, shell: Shell) -> None:
    api.seasons[2019] = ([game(id) for id in range(1, 5)], [line(1, {"Bovada": -3})])
    assert "fewer than 97%" in shell("2019").stderr


def test_one_odd_record_does_not_stop_a_season(api: Api, shell: Shell) -> None:
    games, lines = season(2019, 3)
    api.seasons[2019] = ([games[0], {**games[1], "homePoints": "24"}, games[2]], lines)
    result = shell("2019")
    assert result.exit_code == 0
    assert (
        "1 odd record of /games for 2019 left out: game 201902 (entry 1): field 'homePoints'" in result.stderr
    )
    assert "2019: 2 games kept of 3 listed" in result.stderr
    assert "odd record" in result.stdout


# --- stopped before any call ---


def test_nothing_is_asked_when_the_output_is_in_the_way_or_cannot_be_written(api: Api, shell: Shell) -> None:
    shell.output.write_bytes(b"precious")
    shell.fails(OutputExistsError, "--force", "2019")
    assert shell.output.read_bytes() == b"precious"
    shell.fails(InputError, ".parquet", "2019", output="games.xlsx")
    shell.fails(InputError, "does not exist", "2019", output="nowhere/games.csv")
    shell.fails(InputError, "Providers must be", "2019", "--provider", "", output="new.csv")
    shell.fails(InputError, "Seasons must be from 1869 to", "1868", output="new.csv")
    assert api.asked == []


def test_a_missing_or_unusable_key_is_said_before_any_call(api: Api, shell: Shell) -> None:
    result = shell.fails(FetchError, "set CFBD_API_KEY or pass --api-key-file", "2019", key="")
    assert "Stopped" not in result.stderr
    shell.fails(InputError, "CFBD_API_KEY", "2019", key=f"{KEY}\n{KEY}")
    shell.fails(InputError, "does not exist", "2019", "--api-key-file", KEY)
    shell.fails(InputError, "https only", "2019", "--base-url", "http://example.com")
    assert api.asked == []


def test_the_key_file_comes_before_the_variable(api: Api, shell: Shell) -> None:
    file = shell.folder / "key.txt"
    file.write_text(f"Bearer {KEY}\n")
    assert shell("2019", "--api-key-file", str(file), key="another-key").exit_code == 0
    assert set(api.authorizations) == {f"Bearer {KEY}"}


def test_a_missing_extra_says_how_to_get_it(api: Api, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    result = shell("2019")
    assert "pip install 'weighin[cfbd]'" in str(result.exception)


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2019", [2019]),
        ("2015-2018", [2015, 2016, 2017, 2018]),
        (" 2015 , 2017 - 2019,2018 ", [2015, 2017, 2018, 2019]),
        ("2019,2015", [2015, 2019]),
        ("2015\u20132016", [2015, 2016]),
        ("1869", [1869]),
    ],
)
def test_seasons_are_read(text: str, years: list[int]) -> None:
    assert parse_seasons(text, 2026) == years


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must look like"),
        ("19", "must look like"),
        ("2015-", "must look like"),
        ("2015,,2016", "must look like"),
        ("2015-2016-2017", "must look like"),
        ("latest", "must look like"),
        ("٢٠١٩", "must look like"),
        ("2015-99999999999", "must look like"),
        ("2021-2015", "Did you mean '2015-2021'"),
        ("1868", "from 1869 to 2026"),
        ("2020-2027", "from 1869 to 2026"),
    ],
)
def test_other_seasons_are_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_seasons(text, 2026)


# --- stopped on the way ---


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(429, QUOTA), "used up"),
        (Reply(503, b"", {"Retry-After": "9999"}), "asks to wait 9,999 s"),
        (Reply(401, {}), "does not accept the key"),
        (Reply(403, {}), "forbids"),
        (Reply(body=[]), "no regular-season game in 2018"),
        (
            Reply(body=[game(5, 2018, week=None)]),
            "game 5 (entry 0): field 'week' is null, expected an integer",
        ),
        (
            Reply(302, b"", {"Location": "https://elsewhere.invalid"}),
            "redirects (302) to 'elsewhere.invalid'",
        ),
    ],
)
def test_a_failure_keeps_what_came_and_the_next_run_goes_on(
    api: Api, shell: Shell, reply: Reply, words: str
) -> None:
    api.script = [None, None, reply]
    result = shell.fails(FetchError, words, "2017-2019")
    again = "the same command continues from there"
    assert (again in str(result.exception)) == (reply.status in (429, 503))  # only where it helps
    assert again not in result.stderr
    assert not shell.output.exists()
    api.asked.clear()
    assert shell("2017-2019").exit_code == 0
    assert api.calls == [("games", 2018), ("lines", 2018), ("games", 2019), ("lines", 2019)]


def test_a_wait_is_told_and_then_goes_on(api: Api, shell: Shell) -> None:
    api.script = [
        Reply(429, {"message": "Easy [now]"}, {"Retry-After": "0"}),
        Reply(503, b"", {"Retry-After": "0"}),
    ]
    result = shell("2019")
    assert result.exit_code == 0
    assert "Easy [now]" in result.stderr
    assert "try 2 of 5" in result.stderr
    assert "try 3 of 5" in result.stderr


def test_a_damaged_cache_file_is_said_and_asked_for_again(api: Api, shell: Shell) -> None:
    shell("2019")
    path = next((shell.folder / "cache").rglob("lines-2019*"))
    path.write_bytes(path.read_bytes()[:50])
    api.asked.clear()
    result = shell("2019", "--force")
    assert "damaged" in result.stderr
    assert api.calls == [("lines", 2019)]


def test_no_row_at_all_writes_no_file(api: Api, shell: Shell) -> None:
    api.seasons[2019] = ([game(1, homePoints=None)], [line(1)])
    shell.fails(FetchError, "No games are left", "2019")
    assert not shell.output.exists()


def test_ctrl_c_keeps_what_came(api: Api, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._football import client as _client

    get = _client.Client.get

    def interrupted(self: _client.Client, endpoint: str, year: int) -> str:
        if year == 2018:
            raise KeyboardInterrupt
        return get(self, endpoint, year)

    with monkeypatch.context() as patch:
        patch.setattr(_client.Client, "get", interrupted)
        result = shell("2017-2018")
    assert result.exit_code != 0
    assert "the same command continues from there" in result.stderr
    assert not shell.output.exists()
    api.asked.clear()
    assert shell("2017-2018").exit_code == 0
    assert api.calls == [("games", 2018), ("lines", 2018)]


@pytest.mark.slow
def test_a_kill_in_the_middle_leaves_whole_answers_and_the_next_run_goes_on(api: Api, shell: Shell) -> None:
    api.script = [None, None, None, Reply(hang=True)]  # killed while it waits for the lines of 2018
    command = [
        sys.executable,
        "-c",
        "from weighin._cli.cfbd import app; app()",
        *shell.arguments("2017-2018"),
    ]
    process = subprocess.Popen(
        command, env={**os.environ, "CFBD_API_KEY": KEY}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        for _ in range(4):
            assert api.arrived.acquire(timeout=60)
    finally:
        process.kill()
        said, _ = process.communicate()
    assert KEY.encode() not in said
    assert not shell.output.exists()
    api.asked.clear()
    assert shell("2017-2018").exit_code == 0
    assert api.calls == [("lines", 2018)]


def test_help_needs_no_heavy_import() -> None:
    code = "import sys, weighin._cli.cfbd; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"httpx2", "pydantic", "tenacity", "pandas", "numpy"} & set(loaded)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real payloads are not there (../shared/cfbd)")
def test_the_real_seasons_end_to_end(api: Api, shell: Shell) -> None:
    for year in YEARS:
        games, lines = (
            json.loads(gzip.decompress((REAL / f"{name}_{year}.json.gz").read_bytes()))
            for name in ("games", "lines")
        )
        api.seasons[year] = games, lines
    result = shell("2015-2021")
    assert result.exit_code == 0, result.exception
    frame = pd.read_parquet(shell.output)
    assert frame.groupby("year").size().tolist() == [688, 696, 731, 671, 733, 508, 730]
    assert len(frame) == 4757
    assert frame["id"].is_unique
    assert set(frame["spread_provider"]) == {"consensus"}
    assert frame["spread"].corr(frame["margin"]) == pytest.approx(0.674, abs=5e-4)
    assert (frame["margin"] - frame["spread"]).abs().mean() == pytest.approx(12.51, abs=5e-3)
    assert frame["neutral_site"].mean() == pytest.approx(0.028, abs=1e-3)
    elo = frame[["home_elo", "away_elo"]].to_numpy()
    assert (elo.min(), elo.max()) == (675, 2384)
