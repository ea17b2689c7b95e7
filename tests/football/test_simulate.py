"""The simulated league looks like the real one, and its truth is the one documented."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from weighin._base.errors import InputError
from weighin._football import games as _games
from weighin._football.calibration import REAL, describe_league
from weighin._football.simulate import COLUMNS, CONFERENCES, TEAMS, simulate_league

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[2] / "docs" / "simulation.md"
N_SEEDS = 12
FULL = range(2015, 2020)  # no short season among them

# sd from seed to seed, of 200 leagues; the real league is one draw more, if the simulation is like it
SEED_SD = {
    "games": 11.0,
    "games per season": 1.5,
    "games per team and season": 0.023,
    "neutral sites": 0.0016,
    "games inside a conference": 0.0014,
    "Elo, lowest": 86.0,
    "Elo, highest": 80.0,
    "Elo, sd": 11.0,
    "spread, mean": 0.24,
    "spread, sd": 0.54,
    "spreads ending in .5": 0.007,
    "margin, mean": 0.32,
    "margin, sd": 0.47,
    "corr(spread, margin)": 0.017,
    "corr(Elo difference, spread)": 0.006,
    "mean |margin - spread|": 0.14,
    "mean |margin - Elo fit|": 0.15,
    "favourite wins": 0.009,
    "home points, mean": 0.21,
    "away points, mean": 0.2,
    "points, sd": 0.18,
}


@pytest.fixture(scope="module")
def leagues() -> list[pd.DataFrame]:
    return [simulate_league(random_state=seed) for seed in range(N_SEEDS)]


@pytest.fixture(scope="module")
def figures(leagues: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame([describe_league(league) for league in leagues])


@pytest.mark.slow
@pytest.mark.parametrize("figure", SEED_SD)
def test_every_figure_is_that_of_the_real_league(figures: pd.DataFrame, figure: str) -> None:
    away = (figures[figure] - REAL[figure]) / SEED_SD[figure]
    assert away.abs().max() < 4.0  # 252 draws in all
    # the process is off by at most one sd; the mean of 12 leagues has an sd of 0.29
    assert abs(away.mean()) < 1.6


def test_figures_without_chance(figures: pd.DataFrame) -> None:
    assert set(SEED_SD) | {"conferences", "teams per season", "ties"} == set(REAL)
    assert (figures["conferences"] == REAL["conferences"]).all()
    assert (figures["teams per season"] - REAL["teams per season"]).abs().max() < 1
    assert (figures["ties"] == 0).all()


def test_the_table_in_the_docs_is_the_calibration(figures: pd.DataFrame) -> None:
    rows = re.findall(
        r"^(\S.*?) {2,}(-?[\d.]+) +(-?[\d.]+) +(-?[\d.]+)$", DOCS.read_text(), flags=re.MULTILINE
    )
    assert [row[0] for row in rows] == list(REAL)
    for name, real, mean, sd in rows:
        assert float(real) == REAL[name]
        assert abs(float(mean) - figures[name].mean()) <= 1.5 * float(sd) + 1e-9, name


def test_the_table_is_that_of_real_games(leagues: list[pd.DataFrame]) -> None:
    league = leagues[0]
    assert tuple(league.columns) == COLUMNS == _games.COLUMNS
    assert {name: str(dtype) for name, dtype in league.dtypes.items()} == _games.DTYPES
    assert league.index.equals(pd.RangeIndex(len(league)))
    assert league["id"].is_unique
    assert not league.isna().any().any()
    assert set(league["spread_provider"]) == {"simulated"}
    assert sorted(league["year"].unique()) == list(range(2015, 2022))
    assert league["week"].between(1, 14).all()
    assert league["id"].is_monotonic_increasing
    assert league.groupby("year")["week"].is_monotonic_increasing.all()


def test_scores_spreads_and_margins(leagues: list[pd.DataFrame]) -> None:
    for league in leagues:
        assert (league["margin"] == league["away_points"] - league["home_points"]).all()
        assert (league["margin"] != 0).all()
        points = pd.concat([league["home_points"], league["away_points"]])
        assert points.min() >= 0
        assert points.max() < 110
        assert not set(points) & {1, 2, 4, 5}  # no team scores them with touchdowns and field goals
        assert (league["spread"] * 2 % 1 == 0).all()
        assert (league["spread"] != 0).all()
        assert league["spread"].abs().max() < 75
        assert (league["home_elo"] % 1 == 0).all()


def test_scores_look_like_football(leagues: list[pd.DataFrame]) -> None:
    points = pd.concat([leagues[0]["home_points"], leagues[0]["away_points"]])
    common = set(points.value_counts().index[:10])
    assert len(common & {24, 31, 17, 28, 21, 27, 14, 34, 38, 20}) >= 7  # the ten most frequent of real games


def test_schedule(leagues: list[pd.DataFrame]) -> None:
    for league in leagues[:3]:
        assert (league["home_team"] != league["away_team"]).all()
        entries = [
            key
            for side in ("home_team", "away_team")
            for key in zip(league["year"], league["week"], league[side], strict=True)
        ]
        assert len(entries) == len(set(entries))  # nobody plays twice in a week
        played = pd.Series(Counter((year, team) for year, _, team in entries))
        full = played[played.index.get_level_values(0) != 2020]
        assert full.between(5, 13).all()
        assert full.groupby(level=0).size().eq(129).all()
        short = played[2020]
        assert short.max() <= 12
        assert len(short) >= 125
        assert 420 < league["year"].eq(2020).sum() < 580
        assert league.groupby("year").size().drop(2020).between(670, 740).all()


def test_conferences(leagues: list[pd.DataFrame]) -> None:
    league = leagues[0]
    home = league[["home_team", "home_conference"]].set_axis(["team", "conference"], axis=1)
    away = league[["away_team", "away_conference"]].set_axis(["team", "conference"], axis=1)
    members = pd.concat([home, away]).drop_duplicates()
    assert members["team"].is_unique  # nobody changes conference
    assert members["conference"].value_counts().to_dict() == {
        name: conference[0] for name, conference in CONFERENCES.items()
    }
    assert set(members["team"]) <= set(TEAMS)
    assert len(set(TEAMS)) == len(TEAMS)


def test_title_games_are_between_members_on_neutral_ground(leagues: list[pd.DataFrame]) -> None:
    titles = leagues[0].query("week == 14")
    assert titles["neutral_site"].all()
    assert (titles["home_conference"] == titles["away_conference"]).all()
    assert titles.groupby("year").size().eq(10).all()


def test_elo_is_that_of_the_results() -> None:
    """Recompute it game by game as the docs say, from the first Elo of each team."""
    league = simulate_league(FULL, random_state=3)
    elo: dict[str, float] = {}
    conference: dict[str, str] = {}
    checked = 0
    for year in FULL:
        if elo:
            groups: dict[str, list[float]] = {}
            for team, value in elo.items():
                groups.setdefault(conference[team], []).append(value)
            level = {name: sum(values) / len(values) for name, values in groups.items()}
            mean = {team: level[conference[team]] for team in elo}
            elo = {team: round(mean[team] + 0.85 * (elo[team] - mean[team])) for team in elo}
        for game in league[league["year"] == year].to_dict("records"):
            for side in ("home", "away"):
                team = game[f"{side}_team"]
                conference[team] = game[f"{side}_conference"]
                if team in elo:
                    assert game[f"{side}_elo"] == elo[team], (game["id"], team)
                    checked += 1
                else:
                    assert year == FULL[0]
                    elo[team] = game[f"{side}_elo"]
            home, away = game["home_team"], game["away_team"]
            expected = (elo[home] - elo[away]) / 24 + (0 if game["neutral_site"] else 3.0)
            change = round(2.4 * (-game["margin"] - expected))
            elo[home] += change
            elo[away] -= change
    assert checked == 2 * len(league) - 129


@pytest.mark.slow
def test_given_the_spread_nothing_else_speaks(leagues: list[pd.DataFrame]) -> None:
    """Regress the margin on every column: the spread has slope 1, the others 0, within 4 standard errors."""
    games = pd.concat(leagues, ignore_index=True)
    numbers = {
        "spread": games["spread"],
        "home_elo": games["home_elo"] / 250,  # about one sd
        "away_elo": games["away_elo"] / 250,
        "neutral_site": games["neutral_site"].astype(float),
    }
    dummies = [
        pd.get_dummies(games[f"{side}_conference"], prefix=side, drop_first=True, dtype=float)
        for side in ("home", "away")
    ]
    table = pd.concat([pd.DataFrame(numbers), *dummies], axis=1)
    X = np.column_stack([np.ones(len(table)), table.to_numpy()])
    inverse = np.linalg.inv(X.T @ X)
    coefficients = inverse @ X.T @ games["margin"].to_numpy(float)
    residual = games["margin"].to_numpy(float) - X @ coefficients
    errors = np.sqrt(np.diag(inverse) * (residual**2).sum() / (len(X) - X.shape[1]))
    truth = np.array([0.0, 1.0] + [0.0] * (X.shape[1] - 2))
    away = (coefficients - truth) / errors
    assert np.abs(away).max() < 4
    assert errors[1] < 0.015  # sharp enough to mean something: for the spread,
    assert errors[2] < 0.35  # for one sd of Elo, in points,
    assert errors[4] < 0.4  # and for a neutral site
    assert abs(residual.std() - 15.7) < 0.5


def test_without_the_spread_elo_speaks(leagues: list[pd.DataFrame]) -> None:
    games = leagues[0]
    difference = games["home_elo"] - games["away_elo"]
    assert np.corrcoef(difference, games["margin"])[0, 1] < -0.55


def test_the_same_seed_gives_the_same_table() -> None:
    one, other = simulate_league(FULL, random_state=5), simulate_league(FULL, random_state=5)
    pd.testing.assert_frame_equal(one, other)
    assert not one["margin"].equals(simulate_league(FULL, random_state=6)["margin"])


def test_the_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()
    simulate_league([2021])
    assert (np.random.get_state()[1] == before).all()


def test_other_seeds() -> None:
    drawn = simulate_league([2021], random_state=np.random.default_rng(7))
    pd.testing.assert_frame_equal(drawn, simulate_league([2021], random_state=7))
    pd.testing.assert_frame_equal(drawn, simulate_league([2021], random_state=np.int64(7)))  # type: ignore[arg-type]
    assert len(simulate_league([2021], random_state=None)) > 600


@pytest.mark.parametrize(
    "seasons", [[2021], [2020], range(1998, 2003), [2018, 2015], np.array([2023, 2024]), (2022,)]
)
def test_any_seasons(seasons: Any) -> None:
    league = simulate_league(seasons)
    assert sorted(league["year"].unique()) == sorted(seasons)
    assert league["year"].is_monotonic_increasing
    assert league["id"].is_unique
    figures = describe_league(league)
    assert figures["ties"] == 0
    assert 400 < figures["games per season"] < 740
    assert figures["conferences"] == 11
    assert 0.5 < figures["corr(spread, margin)"] < 0.85


def test_a_gap_is_played_through() -> None:
    both = simulate_league(range(2015, 2018), random_state=1)
    gap = simulate_league([2015, 2017], random_state=1)
    pd.testing.assert_frame_equal(gap, both[both["year"] != 2016].reset_index(drop=True))


@pytest.mark.parametrize(
    ("seasons", "message"),
    [
        ([], "seasons is empty"),
        (2021, r"seasons must be years, such as range\(2015, 2022\) or \[2021\], got 2021"),
        (["2021"], "whole numbers, such as 2021, got '2021'"),
        ([2021.0], r"whole numbers, such as 2021, got 2021\.0"),
        ([True], "got True"),
        ([21], "four digits, such as 2021, got 21"),
    ],
)
def test_wrong_seasons(seasons: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate_league(seasons)


@pytest.mark.parametrize("random_state", [-1, 1.5, "0", True])
def test_wrong_seeds(random_state: Any) -> None:
    with pytest.raises(
        InputError, match="random_state must be an integer >= 0, a numpy Generator or None, got"
    ):
        simulate_league([2021], random_state=random_state)
