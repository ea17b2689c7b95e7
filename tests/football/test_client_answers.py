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
def test_a_field_of_another_type_is_named(changes: dict[str, object], words: str | None) -> None:
    rows = [game(1), game(77, **changes)]
    if words is None:
        assert len(games_in(rows, 2019)) == 2
        return
    with pytest.raises(FetchError) as caught:
        games_in(rows, 2019)
    assert words in str(caught.value)
    assert "game 77 (entry 1)" in str(caught.value)
    assert "/games for 2019" in str(caught.value)


def test_every_field_that_is_read_must_be_there() -> None:
    for name in game():
        if name in ("venue", "completed"):
            continue
        row = game(77)
        del row[name]
        with pytest.raises(FetchError, match=f"field '{name}' is missing"):
            games_in([row], 2019)


def test_an_unusable_id_and_the_number_of_misfits_are_said() -> None:
    with pytest.raises(FetchError, match=r"without a usable id \(entry 0\): field 'id' .* 1 more do not fit"):
        games_in([game("7", week="1")], 2019)
    with pytest.raises(FetchError, match="expected a value less than"):
        games_in([game(2**63)], 2019)


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
