"""Answers of the server that do not look as they must are named."""

from __future__ import annotations

import pytest
from server import game, line

from weighin._base.errors import FetchError
from weighin._football.records import games_in, lines_in


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"homePoints": "24"}, "field 'homePoints' is a string ('24'), expected an integer or null"),
        ({"awayPoints": 10.5}, "field 'awayPoints' is a number (10.5), expected an integer or null"),
        ({"awayPoints": -1}, "field 'awayPoints' is an integer (-1)"),
        ({"homePregameElo": True}, "field 'homePregameElo' is a boolean (True), expected a number or null"),
        ({"neutralSite": 0}, "field 'neutralSite' is an integer (0), expected true or false"),
        ({"homeTeam": None}, "field 'homeTeam' is null, expected a string"),
        ({"week": []}, "field 'week' is a list, expected an integer"),
        ({"season": {}}, "field 'season' is an object, expected an integer"),
        ({"homeConference": "x" * 100 + "\x1b"}, None),
    ],
)
def test_a_record_with_a_field_of_another_type_is_left_out_and_named(
    changes: dict[str, object], words: str | None
) -> None:
    games = games_in([game(1), game(77, **changes)], 2019)
    assert games.listed == 2
    assert [entry.id for entry in games] == ([1, 77] if words is None else [1])
    if words is not None:
        assert games.told.startswith("1 odd record of /games for 2019 left out: game 77 (entry 1)")
        assert words in games.told


def test_every_field_that_is_read_must_be_there() -> None:
    for name in game():
        if name in ("venue", "completed"):
            continue
        row = game(77)
        del row[name]
        with pytest.raises(FetchError, match=f"field '{name}' is missing"):
            games_in([row], 2019)


def test_an_answer_of_which_most_does_not_fit_is_refused() -> None:
    rows = [game("7", week="1"), game(8, homeTeam=None), game(1)]
    with pytest.raises(FetchError, match=r"without a usable id \(entry 0\): field 'id' .* 1 more do not fit"):
        games_in(rows, 2019)
    assert [entry.id for entry in games_in([*rows, game(2)], 2019)] == [1, 2]
    with pytest.raises(FetchError, match="expected a value less than"):
        games_in([game(2**63)], 2019)


def test_an_odd_line_is_left_out_and_the_other_lines_of_its_game_stay() -> None:
    odd = line(5, {"consensus": "-7", "Bovada": -6.5})
    lines = lines_in([odd, line(6), {"id": 7, "lines": None}], 2019)
    assert [[entry.provider for entry in of_game.lines] for of_game in lines] == [["Bovada"], ["consensus"]]
    assert lines.told == (
        "2 odd records of /lines for 2019 left out: game 7 (entry 2): field 'lines' is null, expected a "
        "list. 1 more are malformed."
    )


@pytest.mark.parametrize("rows", [{"message": "hello"}, None, "text", 3])
def test_an_answer_that_is_no_list_is_refused(rows: object) -> None:
    with pytest.raises(FetchError, match="expected a list"):
        games_in(rows, 2019)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([7], "(entry 0) is an integer (7), expected an object"),
        ([{"id": 5, "lines": None}], "game 5 (entry 0): field 'lines' is null, expected a list"),
        ([{"id": 5}], "field 'lines' is missing"),
        (
            [line(5, {"consensus": "-7"})],
            "field 'lines.0.spread' is a string ('-7'), expected a number or null",
        ),
        ([{"id": 5, "lines": [{"spread": 1}]}], "field 'lines.0.provider' is missing"),
    ],
)
def test_lines_that_do_not_fit_are_named(rows: object, words: str) -> None:
    with pytest.raises(FetchError) as caught:
        lines_in(rows, 2019)
    assert words in str(caught.value)


def test_fields_nobody_reads_may_be_anything() -> None:
    assert games_in([game(1, venue=["?"], playoff=None, brandNew={"a": 1})], 2019)[0].home_team == "Alpha"
