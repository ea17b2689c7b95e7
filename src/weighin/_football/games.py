"""The article's table: one row per regular-season game of two FBS teams, with the spread and who gave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighin._base.errors import FetchError, InputError, listing, nearest
from weighin._football.records import Checked, Game, GameLines

if TYPE_CHECKING:
    import pandas as pd

DTYPES = {
    "id": "int64",
    "year": "int64",
    "week": "int64",
    "neutral_site": "bool",
    "home_team": "str",
    "home_conference": "str",
    "home_points": "int64",
    "home_elo": "float64",
    "away_team": "str",
    "away_conference": "str",
    "away_points": "int64",
    "away_elo": "float64",
    "spread": "float64",
    "margin": "int64",
    "spread_provider": "str",
}
COLUMNS = tuple(DTYPES)

# `consensus` is complete for 2013-2022 and ends early in 2023; the others came later
PROVIDERS = ("consensus", "DraftKings", "ESPN Bet", "Bovada")
# of the games: a provider that has fewer leaves the season to another
ENOUGH = 0.97

# a game is dropped for the first of these that applies
REASONS = (
    "odd record",
    "another season",
    "not regular season",
    "listed twice",
    "not FBS v FBS",
    "not yet played",
    "no conference",
    "no Elo",
    "no spread",
)


@dataclass(frozen=True)
class Season:
    """One season of the table, and what happened to the games it does not have."""

    year: int
    listed: int
    # the rows kept: `COLUMNS`, in order of week and id
    frame: pd.DataFrame
    # games per reason, in the order of `REASONS`, zeros included; with the rows of `frame` they add up to
    # `listed`
    dropped: dict[str, int]
    # whose spreads these are; None where nobody in the order has any
    provider: str | None
    # games that every provider seen has a spread for, of those dropped for no other reason
    coverage: dict[str, int]
    # how many games that were
    candidates: int


def season_table(
    games: Checked[Game], lines: Checked[GameLines], year: int, providers: Sequence[str] = PROVIDERS
) -> Season:
    """Join games and lines of one season and keep what the article keeps.

    The whole season takes its spreads from one provider: the first of `providers`, in order of preference, that covers
    97% of the games, or, where none does, the one that covers most (the earlier of two equals). Names of providers are
    compared without regard to case and spaces. Games of another season are dropped.
    """
    check_providers(providers)
    dropped = dict.fromkeys(REASONS, 0) | {"odd record": games.listed - len(games)}
    candidates: dict[int, Game] = {}
    seen: set[int] = set()
    for game in games:
        reason = _reason(game, year, seen)
        if reason:
            dropped[reason] += 1
        else:
            candidates[game.id] = game

    spreads = _spreads(lines, candidates)
    provider = _choose(spreads, providers, len(candidates))
    chosen = spreads.get(provider, {}) if provider else {}
    dropped["no spread"] = len(candidates) - len(chosen)
    rows = [
        _row(game, chosen[game.id], str(provider))
        for game in sorted(candidates.values(), key=lambda game: (game.week, game.id))
        if game.id in chosen
    ]
    coverage = {name: len(covered) for name, covered in spreads.items()}
    return Season(year, games.listed, _frame(rows), dropped, provider, coverage, len(candidates))


def games_table(seasons: Sequence[Season], providers: Sequence[str] = PROVIDERS) -> pd.DataFrame:
    """Put seasons together, in order of year, week and id."""
    import pandas as pd

    frames = [season.frame for season in sorted(seasons, key=lambda season: season.year) if len(season.frame)]
    if frames:
        return pd.concat(frames, ignore_index=True)
    counts = {reason: sum(season.dropped[reason] for season in seasons) for reason in REASONS}
    why = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    seen = sorted({name for season in seasons for name in season.coverage})
    hint = ""
    if counts["no spread"]:
        near = next(filter(None, (nearest(name, seen) for name in providers)), "")
        there = (f"the spreads in the answers are from {listing(seen)}") if seen else "no provider has any"
        hint = f" Spreads were sought from {listing(providers)}: {there}.{near}"
    raise FetchError(
        f"No games are left, so nothing was written. Dropped: {why or 'none were listed'}.{hint}"
    )


def check_providers(providers: Sequence[str]) -> None:
    """Raise `InputError` unless `providers` names at least one provider and no name is empty."""
    if not providers or not all(name.strip() for name in providers):
        raise InputError(
            f"Providers must be one or more names, like {listing(PROVIDERS)}, got {list(providers)!r}."
        )


def _reason(game: Game, year: int, seen: set[int]) -> str | None:
    """Why a game cannot be a row, its spread aside; `seen` collects the season's ids."""
    if game.season != year:
        return "another season"
    if game.season_type.casefold() != "regular":
        return "not regular season"
    if game.id in seen:
        return "listed twice"
    seen.add(game.id)
    if (game.home_classification or "").casefold() != "fbs" or (
        game.away_classification or ""
    ).casefold() != "fbs":
        return "not FBS v FBS"
    if game.home_points is None or game.away_points is None or game.completed is False:
        return "not yet played"
    if not game.home_conference or not game.away_conference:
        return "no conference"
    if game.home_pregame_elo is None or game.away_pregame_elo is None:
        return "no Elo"
    return None


def _spreads(lines: Sequence[GameLines], candidates: dict[int, Game]) -> dict[str, dict[int, float]]:
    """Per provider, as usually spelled, the first spread it has for each game."""
    spelled = {fold(name): name for name in PROVIDERS}
    spreads: dict[str, dict[int, float]] = {}
    for entry in lines:
        if entry.id not in candidates:
            continue
        for line in entry.lines:
            if line.spread is not None:
                name = spelled.setdefault(fold(line.provider), line.provider.strip())
                spreads.setdefault(name, {}).setdefault(entry.id, line.spread)
    return spreads


def _choose(spreads: dict[str, dict[int, float]], providers: Sequence[str], games: int) -> str | None:
    spelled = {fold(name): name for name in spreads}
    present = [spelled[fold(name)] for name in providers if fold(name) in spelled]
    for name in present:
        if len(spreads[name]) >= ENOUGH * games:
            return name
    return max(present, key=lambda name: len(spreads[name]), default=None)


def fold(provider: str) -> str:
    return "".join(provider.split()).casefold()


def _row(game: Game, spread: float, provider: str) -> tuple[object, ...]:
    # never None here: such games were dropped
    home, away = game.home_points or 0, game.away_points or 0
    return (
        game.id,
        game.season,
        game.week,
        game.neutral_site,
        game.home_team,
        game.home_conference,
        home,
        game.home_pregame_elo,
        game.away_team,
        game.away_conference,
        away,
        game.away_pregame_elo,
        spread,
        away - home,
        provider,
    )


def _frame(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(DTYPES)
