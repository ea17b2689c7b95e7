"""A made-up football league whose truth is known, calibrated to the real one.

Every team has a strength in points. The expected margin of a game is the difference of two strengths plus
home advantage and the news of the week. The bookmaker knows all of it and rounds to half points; scores
scatter around that number, and nothing else moves them: given the spread, no other column says anything more.
``docs/simulation.md`` states it in full; ``python -m weighin._football.calibration`` prints it beside the
real league.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_seed, is_whole
from weighin._base.errors import InputError
from weighin._base.optional import require
from weighin._football import schedule as _schedule

if TYPE_CHECKING:
    import pandas as pd

# Conference: (teams, mean strength in points, rounds played inside it). Independents play everybody else.
CONFERENCES: dict[str, tuple[int, float, int]] = {
    "Granite": (14, 6.4, 8),
    "Harbor": (14, 4.4, 8),
    "Prairie": (10, 4.4, 9),
    "Summit": (12, 3.4, 8),
    "Lakeshore": (14, 2.6, 8),
    "Canyon": (12, -1.0, 8),
    "Timber": (12, -3.2, 8),
    "Mesa": (14, -6.2, 8),
    "Orchard": (12, -6.2, 8),
    "Meadow": (10, -6.4, 8),
    "Independent": (5, 0.0, 0),
}

# seasons before the first one asked for, so that Elo starts settled
BURN_IN = 12
# strength of teams around their conference at the start, in points
TEAM_SD = 8.0
# how much of it is left a year later
SEASON_KEEP = 0.78
# what the bookmaker learns between seasons and Elo does not
SUMMER_SD = 4.0
# the same from week to week
WEEK_SD = 0.6
# the same about one game: injuries, match-ups, weather
NEWS_SD = 3.0
# a result moves strength by this share of the surprise: what makes Elo worth having
FORM = 0.09
HOME_ADVANTAGE = 3.0

TOTAL_MEAN, TOTAL_SD, LOSER_MIN = 56.2, 10.0, 4.0
# chances of a touchdown; sets how far scores scatter
DRIVES = (11, 12)
# field goals of a usual game
GOALS = 1.5
# touchdowns worth 6, and 8 of the others
TRY_MISSED, TRY_DOUBLED = 0.05, 0.03
TOUCHDOWN_MEAN = 7 - TRY_MISSED + (1 - TRY_MISSED) * TRY_DOUBLED

ELO_MEAN, ELO_PER_POINT, ELO_K, ELO_KEEP = 1500.0, 24.0, 2.4, 0.85
SHORT_SEASON = 2020

COLUMNS = (
    "id", "year", "week", "neutral_site", "home_team", "home_conference", "home_points", "home_elo",
    "away_team", "away_conference", "away_points", "away_elo", "spread", "margin", "spread_provider",
)  # fmt: skip
PLACES = (
    "Amber", "Bramble", "Copper", "Drift", "Ember", "Frost", "Glimmer", "Hazel", "Ivory", "Juniper",
    "Kestrel", "Lantern", "Marble",
)  # fmt: skip
ENDINGS = ("brook", "crest", "dale", "fell", "gate", "hollow", "mere", "ridge", "spire", "wick")
# 13 and 10 share no factor: no name twice
TEAMS = tuple(PLACES[i % 13] + ENDINGS[i % 10] for i in range(130))


def simulate_league(
    seasons: Iterable[int] = range(2015, 2022), random_state: int | np.random.Generator | None = 0
) -> pd.DataFrame:
    """Simulate regular seasons of a fictional league, in the columns of the real table.

    Examples
    --------
    >>> games = simulate_league([2021], random_state=0)
    >>> bool((games["margin"] == games["away_points"] - games["home_points"]).all())
    True
    """
    years = _check_seasons(seasons)
    pandas = require("pandas", "fastai", "simulate a league")
    if not isinstance(random_state, np.random.Generator):
        check_seed(random_state, or_none=", a numpy Generator or None")
    league = _League(np.random.default_rng(random_state))
    first = years[0] - BURN_IN
    played = {year: league.play_season(year) for year in range(first, years[-1] + 1)}
    return pandas.concat([played[year] for year in years], ignore_index=True)


def _check_seasons(seasons: Iterable[int]) -> list[int]:
    try:
        years = list(seasons)
    except TypeError:
        raise InputError(
            f"seasons must be years, such as range(2015, 2022) or [2021], got {seasons!r}."
        ) from None
    wrong = [year for year in years if not is_whole(year)]
    if wrong:
        raise InputError(f"seasons must be whole numbers, such as 2021, got {wrong[0]!r}.")
    if not years:
        raise InputError("seasons is empty; name at least one year, such as [2021].")
    outside = [year for year in years if not 1000 <= year <= 9999]
    if outside:
        raise InputError(f"seasons must be years of four digits, such as 2021, got {outside[0]}.")
    return sorted({int(year) for year in years})


class _League:
    """Teams, their strengths and their Elo, carried from week to week and season to season."""

    def __init__(self, rng: np.random.Generator) -> None:
        sizes = [size for size, _, _ in CONFERENCES.values()]
        self.rng = rng
        self.rounds = [rounds for _, _, rounds in CONFERENCES.values()]
        self.conference = np.repeat(np.arange(len(sizes)), sizes)
        self.level = np.repeat([mean for _, mean, _ in CONFERENCES.values()], sizes)
        self.own = rng.normal(0, TEAM_SD, len(self.level))
        self.elo = np.rint(ELO_MEAN + ELO_PER_POINT * self.level)

    def play_season(self, year: int) -> pd.DataFrame:
        """Play every week, then the title games; strengths and Elo move along."""
        self.own = SEASON_KEEP * self.own + self.rng.normal(0, SUMMER_SD, len(self.own))
        level = np.bincount(self.conference, self.elo) / np.bincount(self.conference)
        self.elo = np.rint(level[self.conference] + ELO_KEEP * (self.elo - level[self.conference]))
        wins = np.zeros(len(self.own))
        played = []
        short = year == SHORT_SEASON
        for week in _schedule.weeks(self.rng, self.conference, self.rounds, self.level, short=short):
            played.append(self._play(week))
            winners = np.where(played[-1]["margin"] < 0, week.home, week.away)
            wins[winners] += 1
        played.append(self._play(_schedule.title_games(self.rng, self.conference, self.rounds, wins)))
        season = {name: np.concatenate([week[name] for week in played]) for name in played[0]}
        return _table(year, season, self.conference)

    def _play(self, week: _schedule.Week) -> dict[str, NDArray[Any]]:
        """Draw edge, spread and scores of one week, and move the Elo."""
        n = len(week.home)
        self.own = self.own + self.rng.normal(0, WEEK_SD, len(self.own))
        strength = self.level + self.own
        edge = strength[week.home] - strength[week.away] + HOME_ADVANTAGE * ~week.neutral
        edge += self.rng.normal(0, NEWS_SD, n)
        home_points, away_points = _scores(self.rng, edge)
        home_elo, away_elo = self.elo[week.home], self.elo[week.away]
        change = elo_change(home_elo, away_elo, week.neutral, home_points - away_points)
        self.elo[week.home] += change
        self.elo[week.away] -= change
        form = FORM * (home_points - away_points - edge)
        self.own[week.home] += form
        self.own[week.away] -= form
        return {
            "week": np.full(n, week.number),
            "neutral_site": week.neutral,
            "home": week.home,
            "home_points": home_points,
            "home_elo": home_elo,
            "away": week.away,
            "away_points": away_points,
            "away_elo": away_elo,
            "spread": _line(-edge),
            "margin": away_points - home_points,
        }


def elo_change(
    home_elo: NDArray[Any], away_elo: NDArray[Any], neutral: NDArray[np.bool_], home_lead: NDArray[Any]
) -> NDArray[np.float64]:
    """Elo points the home team wins from the away team.

    Elo with the margin in place of the win (the linear model of Kovalchik 2020): the change is proportional
    to the lead beyond the one that the two ratings and the site let expect.
    """
    expected = (home_elo - away_elo) / ELO_PER_POINT + HOME_ADVANTAGE * ~neutral
    return np.rint(ELO_K * (home_lead - expected))


def _line(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round an expected margin to half points; a bookmaker posts no 0."""
    half = np.round(2 * margin) / 2
    return np.where(half == 0, np.copysign(0.5, margin), half)


def _scores(
    rng: np.random.Generator, edge: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw points whose expected difference is exactly `edge`."""
    total = rng.normal(TOTAL_MEAN, TOTAL_SD, len(edge))
    total = np.maximum(total, np.abs(edge) + 2 * LOSER_MIN)
    home, away = (_points(rng, mean) for mean in ((total + edge) / 2, (total - edge) / 2))
    # Overtime: a fair coin, so that settling a tie leaves the expected margin as it is.
    tied = home == away
    bonus = tied * rng.choice([3, 6, 7, 8], len(edge), p=[0.45, 0.2, 0.3, 0.05])
    home_wins = rng.random(len(edge)) < 0.5
    return home + bonus * home_wins, away + bonus * ~home_wins


def _points(rng: np.random.Generator, mean: NDArray[np.float64]) -> NDArray[np.int64]:
    """Touchdowns (6, 7 or 8) and field goals (3) that add up to `mean` on average."""
    goals = np.minimum(GOALS, mean / 9)
    drives = rng.choice(DRIVES, len(mean))
    touchdowns = rng.binomial(drives, np.clip((mean - 3 * goals) / TOUCHDOWN_MEAN / drives, 0, 1))
    missed = rng.binomial(touchdowns, TRY_MISSED)
    doubled = rng.binomial(touchdowns - missed, TRY_DOUBLED)
    return 7 * touchdowns - missed + doubled + 3 * rng.poisson(goals)


def _table(year: int, season: dict[str, NDArray[Any]], conference: NDArray[np.int64]) -> pd.DataFrame:
    pandas = require("pandas", "fastai", "simulate a league")
    teams = np.array(TEAMS, dtype=object)
    conferences = np.array(list(CONFERENCES), dtype=object)[conference]
    columns = {
        "id": year * 1000 + np.arange(1, len(season["week"]) + 1),
        "year": np.full(len(season["week"]), year),
    }
    for side in ("home", "away"):
        season[f"{side}_team"] = teams[season[side]]
        season[f"{side}_conference"] = conferences[season[side]]
    season["spread_provider"] = np.full(len(season["week"]), "simulated", dtype=object)
    columns |= {name: season[name] for name in COLUMNS if name not in columns}
    return pandas.DataFrame(columns)
