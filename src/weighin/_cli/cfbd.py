"""``weighin cfbd fetch``: real seasons from the CollegeFootballData API."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weighin._base.errors import FetchError, InputError
from weighin._cli import options, outputs, printing
from weighin._cli.program import program

if TYPE_CHECKING:
    from rich.table import Table

    from weighin._football.games import Season

# of the game itself
FIRST_SEASON = 1869
_SPAN = re.compile(r"([0-9]{4})(?:\s*[-\u2013]\s*([0-9]{4}))?")

app = typer.Typer(help="Real seasons: fetch games, train the article's network.", no_args_is_help=True)


@app.callback()
def cfbd() -> None:
    """Real seasons of college football, from the CollegeFootballData API."""


@app.command(short_help="Fetch games between FBS teams with scores, Elo and spread.")
def fetch(
    seasons: Annotated[
        str,
        typer.Option(help="Seasons to ask for: 2015-2021, or 2019, or 2015,2017-2019.", metavar="SEASONS"),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Table to write: .parquet, .csv, .feather or .jsonl.")
    ],
    api_key_file: Annotated[
        Path | None,
        typer.Option(help="Text file that holds the API key; without it, the variable CFBD_API_KEY is read."),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help=("Address of the API, if not the usual one: https, or http on this machine.")),
    ] = None,
    cache_dir: Annotated[
        Path | None, typer.Option(help="Folder for the API's answers; by default one in the user's cache.")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch again what the cache holds.")] = False,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            help="Provider of the spreads; repeat it for an order of preference. A season takes the first "
            "that covers 97% of its games, else the one that covers most. By default: consensus, "
            "DraftKings, ESPN Bet, Bovada."
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Fetch games between FBS teams with scores, Elo and spread; two API calls per season.

    Answers are kept: an interrupted fetch continues where it stopped.
    Those of a season still being played are asked for again after an hour.
    A key is free at https://collegefootballdata.com/key.
    It is sent to the API alone, never shown, never stored.

    Example: weighin cfbd fetch --seasons 2015-2021 -o games.parquet
    """
    from weighin._base.files import replacing
    from weighin._base.optional import require
    from weighin._tables.frames import check_format, write_table

    years = parse_seasons(seasons, datetime.now(UTC).year)
    check_format(output)
    outputs.check(output, force=force)
    for module in ("httpx2", "platformdirs", "pydantic", "tenacity", "pandas", "pyarrow"):
        require(module, "cfbd", "fetch games")

    from rich.console import Console

    from weighin._football import cache as _cache
    from weighin._football import client as _client
    from weighin._football import games as _games
    from weighin._football import key as _key

    providers = tuple(provider) if provider else _games.PROVIDERS
    _games.check_providers(providers)
    key = _key.read_key(api_key_file)
    progress = Console(stderr=True, soft_wrap=True, highlight=False)

    def say(message: str) -> None:
        progress.print(message, markup=False)

    done: list[Season] = []
    with _client.Client(key, base_url or _client.BASE_URL, say=say) as client:
        cache = _cache.Cache(cache_dir or _cache.default_folder(), client.base_url)
        try:
            for year in years:
                with progress.status(f"Season {year}"):
                    games, lines = _cache.regular_season(client, cache, year, refresh=refresh, say=say)
                    done.append(_games.season_table(games, lines, year, providers))
                say(_line(done[-1], providers))
        except (KeyboardInterrupt, _client.UnavailableError) as stop:
            again = "the same command without --refresh" if refresh else "the same command"
            kept = f"Answers received are kept in '{cache.folder}'; {again} continues from there."
            if not cache.holds_any():
                raise
            if isinstance(stop, FetchError):
                raise FetchError(f"{stop}\n{kept}") from None
            say(f"Stopped. {kept}")
            raise
        calls_left = client.calls_left

    table = _games.games_table(done, providers)
    with replacing(output) as temporary:
        write_table(table, temporary)
    printing.show(_kept_and_dropped(done))
    printing.say(f"Wrote {len(table):,} games to {output}.")
    if calls_left is not None:
        printing.say(f"API calls left this month: {calls_left:,}.")
    printing.say(f"Next: {program()} cfbd train {shlex.quote(str(output))} -o learner.pkl")


def parse_seasons(text: str, latest: int) -> list[int]:
    """Read ``2015-2021``, ``2019`` or ``2015,2017-2019``: years in order, each once.

    Raises InputError if `text` is something else, a range runs backwards, or a year is before 1869 or after `latest`.
    """
    years: set[int] = set()
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if not match:
            raise InputError(
                f"Seasons must look like 2015-2021, 2019 or 2015,2017-2019 (four digits each), got {text!r}."
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise InputError(
                f"Seasons must run forwards, got {part.strip()!r}. Did you mean '{last}-{first}'?"
            )
        if first < FIRST_SEASON or last > latest:
            raise InputError(f"Seasons must be from {FIRST_SEASON} to {latest}, got {part.strip()!r}.")
        years.update(range(first, last + 1))
    return sorted(years)


def _line(season: Season, providers: tuple[str, ...]) -> str:
    """Say in one line what became of a season."""
    from weighin._football.games import ENOUGH, fold

    text = f"{season.year}: {len(season.frame):,} games kept of {season.listed:,} listed"
    if not season.candidates:
        # the reasons follow in the table
        return text
    if season.provider is None:
        return f"{text}; no spread by {', '.join(providers)}"
    text += f"; spread: {season.provider}"
    counts = {fold(name): count for name, count in season.coverage.items()}
    passed = providers[0].strip()
    if fold(passed) != fold(season.provider):
        text += f", as {passed} has {counts.get(fold(passed), 0):,} of {season.candidates:,} games"
    if counts[fold(season.provider)] < ENOUGH * season.candidates:
        text += f", fewer than {ENOUGH:.0%}: no provider in the order has more"
    return text


def _kept_and_dropped(seasons: list[Season]) -> Table:
    """Lay out what was kept and dropped: one row per season, one column per reason that occurred."""
    from rich.table import Table

    from weighin._football.games import REASONS

    reasons = [reason for reason in REASONS if any(season.dropped[reason] for season in seasons)]
    table = Table(title="Games kept, and dropped by reason")
    table.add_column("season", no_wrap=True)
    for name in ("kept", *reasons):
        table.add_column(name, justify="right")
    rows = [[len(s.frame), *(s.dropped[reason] for reason in reasons)] for s in seasons]
    for season, counts in zip(seasons, rows, strict=True):
        table.add_row(str(season.year), *(f"{count:,}" for count in counts))
    if len(seasons) > 1:
        table.add_section()
        table.add_row("all", *(f"{sum(column):,}" for column in zip(*rows, strict=True)))
    return table
