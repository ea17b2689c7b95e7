"""The table: which games are rows, whose spread they take, and what the columns are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from server import game, line

from weighin._base.errors import FetchError, InputError
from weighin._football.games import COLUMNS, DTYPES, PROVIDERS, REASONS, Season, games_table, season_table
from weighin._football.records import games_in, lines_in

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "cfbd"


def table(
    games: list[Any], lines: list[Any], year: int = 2019, providers: tuple[str, ...] = PROVIDERS
) -> Season:
    return season_table(games_in(games, year), lines_in(lines, year), year, providers)


def dropped(season: Season) -> dict[str, int]:
    return {reason: count for reason, count in season.dropped.items() if count}


def test_one_game_becomes_the_articles_row() -> None:
    season = table([game(7, week=3, neutralSite=True)], [line(7)])
    assert tuple(season.frame.columns) == COLUMNS
    assert season.frame.iloc[0].to_dict() == {
        "id": 7,
        "year": 2019,
        "week": 3,
        "neutral_site": True,
        "home_team": "Alpha",
        "home_conference": "East",
        "home_points": 24,
        "home_elo": 1500.0,
        "away_team": "Beta",
        "away_conference": "West",
        "away_points": 10,
        "away_elo": 1420.0,
        "spread": -7.5,
        "margin": -14,  # away minus home
        "spread_provider": "consensus",
    }
    assert dropped(season) == {}


def test_the_columns_are_the_articles_and_the_provider() -> None:
    assert COLUMNS == (
        "id", "year", "week", "neutral_site", "home_team", "home_conference", "home_points", "home_elo",
        "away_team", "away_conference", "away_points", "away_elo", "spread", "margin", "spread_provider",
    )  # fmt: skip


@pytest.mark.parametrize("rows", [0, 1])
def test_types_do_not_depend_on_the_rows(rows: int) -> None:
    frame = table([game()][:rows], [line()]).frame
    assert len(frame) == rows
    for name, kind in DTYPES.items():
        if kind == "str":
            assert pd.api.types.is_string_dtype(frame[name])
        else:
            assert str(frame[name].dtype) == kind


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"season": 2018}, "another season"),
        ({"seasonType": "postseason"}, "not regular season"),
        ({"seasonType": "spring_regular"}, "not regular season"),
        ({"homeClassification": "fcs"}, "not FBS v FBS"),
        ({"awayClassification": "fcs", "awayConference": "Big Sky"}, "not FBS v FBS"),
        ({"awayClassification": None}, "not FBS v FBS"),
        ({"homePoints": None, "awayPoints": None}, "not yet played"),
        ({"awayPoints": None}, "not yet played"),
        ({"homePoints": 7, "awayPoints": 3, "completed": False}, "not yet played"),
        ({"homeConference": None}, "no conference"),
        ({"awayConference": ""}, "no conference"),
        ({"homePregameElo": None}, "no Elo"),
        ({"awayPregameElo": None}, "no Elo"),
        # the first that applies counts
        ({"season": 2018, "seasonType": "postseason", "homePregameElo": None}, "another season"),
        ({"homeClassification": "fcs", "homePoints": None, "homeConference": None}, "not FBS v FBS"),
        ({"homePoints": None, "homeConference": None, "homePregameElo": None}, "not yet played"),
        ({"homeConference": None, "homePregameElo": None}, "no conference"),
    ],
)
def test_a_game_is_dropped_for_the_first_reason_that_applies(changes: dict[str, Any], reason: str) -> None:
    season = table([game(1), game(2, **changes)], [line(1), line(2)])
    assert season.frame["id"].tolist() == [1]
    assert dropped(season) == {reason: 1}
    assert season.coverage == {"consensus": 1}  # of the games that could be rows


def test_an_odd_record_is_dropped_and_counted() -> None:
    """A null where there is none, or "1500" for 1500."""
    odd = [game(2, homeTeam=None), game(3, homePregameElo="1500")]
    season = table([game(1), *odd, game(4)], [line(id) for id in range(1, 5)])
    assert season.frame["id"].tolist() == [1, 4]
    assert dropped(season) == {"odd record": 2}
    assert season.listed == 4


def test_a_game_listed_twice_counts_once() -> None:
    season = table([game(1), game(1, homePoints=99), game(1)], [line(1), line(1, {"consensus": 3})])
    assert season.frame["home_points"].tolist() == [24]
    assert season.frame["spread"].tolist() == [-7.5]
    assert dropped(season) == {"listed twice": 2}


def test_zero_points_ties_and_a_missing_completed_are_fine() -> None:
    row = game(1, homePoints=0, awayPoints=0)
    del row["completed"]
    assert table([row], [line(1, {"consensus": 0})]).frame["margin"].tolist() == [0]


def test_rows_are_in_order_of_year_week_and_id() -> None:
    late = table([game(4, week=2), game(9, week=1), game(3, week=1)], [line(4), line(9), line(3)])
    early = table([game(50, 2018, week=5)], [line(50)], 2018)
    frame = games_table([late, early])
    assert frame["id"].tolist() == [50, 3, 9, 4]
    assert frame.index.tolist() == [0, 1, 2, 3]
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        name: str(kind) for name, kind in late.frame.dtypes.items()
    }


# --- whose spread ---


def covered(games: int, **counts: int) -> Season:
    """A season of `games` games; each provider covers the first so many."""
    names = {"espn_bet": "ESPN Bet"}
    lines = [
        line(id, {names.get(name, name): -float(id) for name, count in counts.items() if id <= count})
        for id in range(1, games + 1)
    ]
    return table([game(id) for id in range(1, games + 1)], lines)


@pytest.mark.parametrize(
    ("games", "counts", "provider"),
    [
        (4, {"consensus": 4, "DraftKings": 4}, "consensus"),
        (100, {"consensus": 97, "DraftKings": 100}, "consensus"),
        (100, {"consensus": 96, "DraftKings": 98, "Bovada": 100}, "DraftKings"),
        (100, {"consensus": 50, "DraftKings": 94, "espn_bet": 95, "Bovada": 95}, "ESPN Bet"),
        # as in 2023
        (750, {"consensus": 29, "DraftKings": 704, "espn_bet": 700, "Bovada": 750}, "Bovada"),
        (4, {"Bovada": 4, "Caesars": 4}, "Bovada"),
        # none has enough: most, then order
        (6, {"consensus": 1, "DraftKings": 2, "espn_bet": 2}, "DraftKings"),
        (4, {"Caesars": 4}, None),
        (4, {}, None),
    ],
)
def test_a_season_takes_the_first_provider_with_nearly_all_of_its_games_or_the_widest(
    games: int, counts: dict[str, int], provider: str | None
) -> None:
    season = covered(games, **counts)
    assert season.provider == provider
    kept = counts.get(str(provider).replace("ESPN Bet", "espn_bet"), 0)
    assert len(season.frame) == kept
    assert dropped(season) == ({"no spread": games - kept} if kept < games else {})
    assert set(season.frame["spread_provider"]) == ({provider} if provider else set())


def test_coverage_is_counted_over_the_games_that_can_be_rows() -> None:
    fcs = [game(id, awayClassification="fcs") for id in (3, 4, 5)]
    lines = [line(1), line(2, {"DraftKings": 3}), *[line(id, {"DraftKings": 1}) for id in (3, 4, 5, 99)]]
    season = table([game(1), game(2), *fcs], lines)
    assert season.provider == "consensus"
    assert season.coverage == {"consensus": 1, "DraftKings": 1}
    assert season.candidates == 2


def test_the_order_can_be_replaced_and_case_does_not_matter() -> None:
    lines = [line(1, {"consensus": -1, "Bovada": -2, "teamrankings": -3})]
    for order, provider, spread in [
        (("bovada", "consensus"), "Bovada", -2),
        (("TEAMRANKINGS",), "teamrankings", -3),
        (("nobody", " Consensus "), "consensus", -1),
    ]:
        season = table([game(1)], lines, providers=order)
        assert season.provider == provider
        assert season.frame["spread"].tolist() == [spread]


def test_draft_kings_in_two_words_is_the_same_provider() -> None:
    lines = [line(1, {"Draft Kings": -3}), line(2, {"DraftKings": -4}), line(3, {" draft kings": -5})]
    for order in (PROVIDERS, ("draft kings",)):
        season = table([game(1), game(2), game(3)], lines, providers=order)
        assert season.coverage == {"DraftKings": 3}
        assert season.frame["spread"].tolist() == [-3, -4, -5]


def test_a_null_spread_is_no_spread_and_a_second_one_of_a_provider_may_fill_it() -> None:
    doubled = {
        "id": 2,
        "lines": [
            {"provider": "consensus", "spread": None},
            {"provider": "Consensus", "spread": 4},
            {"provider": "consensus", "spread": 5},
        ],
    }
    season = table([game(1), game(2)], [line(1, {"consensus": None}), doubled])
    assert season.frame[["id", "spread"]].to_numpy().tolist() == [[2, 4]]
    assert dropped(season) == {"no spread": 1}


@pytest.mark.parametrize("order", [(), ("",), ("consensus", " ")])
def test_an_order_without_names_is_refused(order: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="Providers must be"):
        table([game()], [line()], providers=order)


# --- nothing left ---


def test_no_row_at_all_is_an_error_that_says_why() -> None:
    season = table([game(1, awayClassification="fcs"), game(2, homePoints=None)], [line(1)])
    with pytest.raises(FetchError, match=r"Dropped: 1 not FBS v FBS, 1 not yet played\.$"):
        games_table([season])


def test_no_spread_at_all_names_the_providers_there_are() -> None:
    season = table([game(1)], [line(1, {"Bovada": 3, "Caesars": 3})], providers=("Bovda",))
    with pytest.raises(
        FetchError,
        match=r"from 'Bovda': the spreads in the answers are from 'Bovada', 'Caesars'\. Did you mean 'Bovada'",
    ):
        games_table([season], ("Bovda",))
    with pytest.raises(FetchError, match="no provider has any"):
        games_table([table([game(1)], [])])


def test_one_empty_season_among_others_is_fine() -> None:
    frame = games_table([table([game(1)], []), table([game(2, 2018)], [line(2)], 2018)])
    assert frame["id"].tolist() == [2]


MAYBE = st.sampled_from([None, 0, 7])
GAMES = st.builds(
    game,
    st.integers(1, 12),
    year=st.sampled_from([2019, 2019, 2019, 2018]),
    week=st.integers(1, 3),
    seasonType=st.sampled_from(["regular", "regular", "postseason"]),
    homeClassification=st.sampled_from(["fbs", "fbs", "fcs", None]),
    homePoints=MAYBE,
    awayPoints=MAYBE,
    awayConference=st.sampled_from(["West", None]),
    homePregameElo=st.sampled_from([1500, 1500.5, None]),
)
LINES = st.builds(
    line,
    st.integers(1, 12),
    st.dictionaries(st.sampled_from([*PROVIDERS, "Caesars", "BOVADA"]), st.sampled_from([None, -3, 2.5])),
)


@pytest.mark.slow
@given(st.lists(GAMES, max_size=15), st.lists(LINES, max_size=15))
def test_every_game_is_a_row_or_has_one_reason(games: list[Any], lines: list[Any]) -> None:
    season = table(games, lines)
    assert len(season.frame) + sum(season.dropped.values()) == season.listed == len(games)
    assert tuple(season.dropped) == REASONS
    assert season.frame["id"].is_unique
    assert not season.frame.isna().any().any()
    assert (season.frame["margin"] == season.frame["away_points"] - season.frame["home_points"]).all()
    assert season.frame["spread_provider"].nunique() <= 1
    assert season.frame.sort_values(["year", "week", "id"]).index.tolist() == season.frame.index.tolist()


# --- the real answers ---


@pytest.mark.skipif(not REAL.is_dir(), reason="the real payloads are not there (../shared/cfbd)")
@pytest.mark.parametrize(
    ("year", "rows"),
    [(2015, 688), (2016, 696), (2017, 731), (2018, 671), (2019, 733), (2020, 508), (2021, 730)],
)
def test_the_real_answers_give_the_known_rows(year: int, rows: int) -> None:
    games, lines = (
        json.loads(gzip.decompress((REAL / f"{name}_{year}.json.gz").read_bytes()))
        for name in ("games", "lines")
    )
    season = table(games, lines, year)
    assert len(season.frame) == rows
    assert season.provider == "consensus"
    assert season.frame["id"].is_unique
    assert (
        season.dropped["not yet played"] == season.dropped["no Elo"] == season.dropped["no conference"] == 0
    )
