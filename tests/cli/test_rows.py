"""Choosing rows: ``--rows`` and ``--where``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin import InputError
from weighin._cli.rows import choose, where
from weighin._football.card import Card


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "id": [10, 11, 12, 13, 14, 15],
            "year": [2019, 2020, 2021, 2021, 2021, 2021],
            "week": [1, 2, 3, 9, 10, 11],
            "spread": [-7.5, 3.0, np.nan, 0.0, 1.25, -0.5],
            "home_team": ["Rice", "Texas A&M", "Hawai'i", None, "a==b", "x,y"],
            "neutral_site": [True, False, False, True, False, False],
            "day": pd.to_datetime(
                ["2021-09-01", "2021-09-02", "2021-10-01", "2021-10-02", None, "2021-12-01"]
            ),
            "home conference": ["SEC"] * 3 + ["Big 12"] * 3,
            "a,b=c<1": range(6),
        }
    )


def ids(frame):
    return frame["id"].tolist()


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("year = 2021", [12, 13, 14, 15]),
        ("year==2021 and week<10", [12, 13]),
        (" YEAR = 2021 AND week <= 10 ", [12, 13, 14]),
        ("week>2 and week<10 and year<>2021", []),
        ("week < 2 or not week < 11", [10, 15]),
        ("week between 3 and 9", [12, 13]),
        ("week in (1, 10) or year in (2020)", [10, 11, 14]),
        ("week>9.5", [14, 15]),
        ("spread<0", [10, 15]),
        ("spread=1.25", [14]),
        ("spread>-1e3", [10, 11, 13, 14, 15]),
        # a missing value meets no condition but this one
        ("spread!=0", [10, 11, 14, 15]),
        ("spread is null", [12]),
        ("spread is not null and week > 9", [14, 15]),
        ("home_team='Rice'", [10]),
        ("home_team='Hawai''i'", [12]),
        ("home_team='a==b'", [14]),
        ("home_team='x,y' and week=11", [15]),
        ("home_team like '%a%'", [11, 12, 14]),
        ("home_team not like '%a%'", [10, 15]),
        ("lower(home_team) = 'rice'", [10]),
        ("neutral_site", [10, 13]),
        ("neutral_site = true", [10, 13]),
        ("not neutral_site and week<3", [11]),
        ("day<'2021-10-01'", [10, 11]),
        ("day = date '2021-10-02'", [13]),
        ("month(day) = 9", [10, 11]),
        ("\"home conference\" = 'Big 12'", [13, 14, 15]),
        ('"a,b=c<1">=4', [14, 15]),
        ("case when year = 2021 then week else 0 end > 9", [14, 15]),
        ("1 = 1", [10, 11, 12, 13, 14, 15]),
        ("null", []),
        ("week = 1 -- and nothing else", [10]),
    ],
)
def test_conditions(frame, expression, kept):
    if expression == "null":
        with pytest.raises(InputError, match="is no condition, it gives"):
            where(frame, expression)
    else:
        assert ids(where(frame, expression)) == kept


def test_missing_text_meets_no_condition(frame):
    for kind in ("object", "string", "category"):
        table = frame.astype({"home_team": kind})
        assert 13 not in ids(where(table, "home_team in ('nan', 'None', '<NA>')"))
        assert ids(where(table, "home_team is null")) == [13]


def test_missing_values_of_every_kind_are_null():
    gaps = pd.DataFrame({"id": range(4), "a": pd.Series([None, np.nan, pd.NA, 1.0], dtype=object)})
    assert ids(where(gaps, "a is null")) == [0, 1, 2]
    dates = pd.DataFrame({"id": range(3), "a": pd.to_datetime(["2021-01-01", None, pd.NaT])})
    assert ids(where(dates, "a is null")) == [1, 2]


def test_the_index_and_the_columns_stay(frame):
    got = where(frame.set_axis([7] * 6), "week>9")
    assert got.index.tolist() == [7, 7]
    assert list(got.columns) == list(frame.columns)


@pytest.mark.parametrize("dtype", ["Int64", "int64[pyarrow]", "float64", "int16", "category"])
def test_any_dtype_of_numbers(frame, dtype):
    assert ids(where(frame.astype({"year": dtype}), "year==2021")) == [12, 13, 14, 15]


@pytest.mark.parametrize("dtype", ["string", "object", "category", "string[pyarrow]"])
def test_any_dtype_of_text(frame, dtype):
    assert ids(where(frame.astype({"home_team": dtype}), "home_team='Rice'")) == [10]


@pytest.mark.parametrize("dtype", ["boolean", "bool[pyarrow]"])
def test_any_dtype_of_truth_values(frame, dtype):
    assert ids(where(frame.astype({"neutral_site": dtype}), "neutral_site")) == [10, 13]


def test_dates_with_a_time_zone(frame):
    zoned = frame.assign(day=frame["day"].dt.tz_localize("US/Hawaii"))
    assert ids(where(zoned, "day<'2021-10-01'")) == [10, 11]


def test_large_whole_numbers_are_told_apart():
    frame = pd.DataFrame({"id": [2**60, 2**60 + 1]})
    assert ids(where(frame, f"id=={2**60 + 1}")) == [2**60 + 1]


def test_names_that_differ_in_case_are_told_apart():
    frame = pd.DataFrame({"id": [1, 2], "a": [1, 2], "A": [2, 1]})
    assert ids(where(frame, "a = 1")) == [1]
    assert ids(where(frame, "A = 1")) == [2]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", r"'' is no expression"),
        ("   ", r"is no expression"),
        ("year", r"'year' is no condition, it gives int64"),
        ("year==", r"is no expression"),
        ("year==2021 week<10", r"is no expression"),
        ("year==2021;week<10", r"is no expression"),
        ("year==2021,week<10", r"is not one expression\. Join conditions with and\."),
        ("'year==2021", r"is no expression"),
        ("home_team=Rice", r"unknown column 'Rice'.*A text stands in single quotes: 'Rice'"),
        ("yaer==2021", r"unknown column 'yaer'\. Did you mean 'year'\? Columns: 'id', 'year'"),
        ("year='two'", r"cannot be computed: .*'two'"),
        ("day>'soon'", r"cannot be computed: .*\"soon\""),
        ("week = log(3)", r"calls 'log', which is not allowed\. Write ln \(natural\) or log10\."),
        ("lowr(home_team) = 'a'", r"calls 'lowr', which is not allowed\. Did you mean 'lower'"),
    ],
)
def test_what_is_no_condition_is_said(frame, expression, message):
    with pytest.raises(InputError, match=f"^--where: .*{message}"):
        where(frame, expression)


@pytest.mark.slow
@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_a_clear_error(text):
    table = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    told = ""
    try:
        assert len(where(table, text)) <= 2
    except InputError as error:
        told = str(error)
    assert told.startswith("--where: ") or not told


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["=", "<>"]),
    st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=10),
)
def test_quoted_text_is_taken_letter_for_letter(column, sign, text):
    table = pd.DataFrame({"a": [text, "other"], "b": ["other", text]})
    quoted = text.replace("'", "''")
    kept = where(table, f"{column} {sign} '{quoted}'")
    equal = [value == text for value in table[column]]
    assert kept.index.tolist() == [i for i, same in enumerate(equal) if same == (sign == "=")]


# --rows


def card(**changes) -> Card:
    fields = {
        "cat_names": ("home_team",),
        "cont_names": ("spread",),
        "target": "margin",
        "metric": "mae",
        "seasons_trained": (2019, 2020),
        "seasons_held_out": (2021,),
        "train_ids": (10, 12),
        "valid_ids": (11,),
        "test_ids": (13, 14, 15),
        "seed": 0,
        "epochs": 1,
        "batch_size": 64,
        "lr": 0.001,
        "layers": (8,),
        "simulated": False,
        "test_mae": 1.0,
        "spread_mae": 1.0,
        "versions": {},
        "date": "2025-01-01T00:00:00+00:00",
    }
    return dataclasses.replace(Card(**{**fields, "learner_sha256": None}), **changes)


def test_held_out_rows_are_the_default_where_the_card_knows_them(frame):
    chosen = choose(frame, None, card())
    assert ids(chosen.frame) == [13, 14, 15]
    assert (chosen.what, chosen.trained_on, chosen.notes) == ("{n} held-out rows", 0, ())


def test_rows_the_card_never_saw_are_held_out_where_it_knows_others(frame):
    chosen = choose(frame.assign(id=[10, 101, 102, 103, 104, 105]), "held-out", card())
    assert len(chosen.frame) == 5
    assert (chosen.what, chosen.trained_on, chosen.notes) == ("{n} held-out rows", 0, ())


@pytest.mark.parametrize("rows", [None, "held-out", "all", "first:6"])
def test_ids_that_are_all_unknown_are_not_called_held_out(frame, rows):
    chosen = choose(frame.assign(id=frame["id"] + 5_000_000), rows, card())
    assert len(chosen.frame) == 6
    assert "held-out" not in chosen.what
    assert chosen.trained_on is None
    assert chosen.notes == (
        "None of these ids is in the card: either the rows are new or they were renumbered.",
    )


def test_a_condition_that_leaves_new_rows_alone_does_not_make_them_odd(frame):
    chosen = choose(frame.assign(id=[10, 11, 12, 13, 14, 999]), None, card(), "week=11")
    assert ids(chosen.frame) == [999]
    assert (chosen.what, chosen.trained_on) == ("{n} held-out rows where week=11", 0)
    assert chosen.notes == ()


@pytest.mark.parametrize("as_kind", [str, float, "Int64", "string", object, "category"])
def test_ids_match_whatever_their_dtype(frame, as_kind):
    other = frame.assign(id=frame["id"].astype(as_kind))
    assert len(choose(other, None, card()).frame) == 3
    assert choose(other, "all", card()).trained_on == 2
    texts = card(train_ids=("10", "12"), valid_ids=("11",))
    assert len(choose(other, None, texts).frame) == 3


def test_all_rows(frame):
    kept, what, trained_on, _ = choose(frame, "all", card())
    assert (len(kept), what, trained_on) == (6, "all {n} rows", 2)


def test_the_first_rows(frame):
    kept, what, trained_on, _ = choose(frame, "first:3", card())
    assert ids(kept) == [10, 11, 12]
    assert (what, trained_on) == ("the first {n} rows", 2)
    assert len(choose(frame, "first:1000", None).frame) == 6
    assert ids(choose(frame, "first:2", None, "week>2").frame) == [12, 13]


def test_without_a_card_all_rows_are_the_default_and_nobody_knows_about_training(frame):
    for table, known in ((frame, None), (frame.drop(columns="id"), card())):
        chosen = choose(table, None, known)
        assert len(chosen.frame) == 6
        assert (chosen.what, chosen.trained_on) == ("all {n} rows", None)


def test_held_out_rows_need_the_card_and_the_id(frame):
    for table, known in ((frame, None), (frame.drop(columns="id"), card())):
        with pytest.raises(InputError, match=r"needs the card .* and the column 'id'.*Use --rows all"):
            choose(table, "held-out", known)


@pytest.mark.parametrize(
    "rows", ["first:0", "first:", "first:-1", "first:x", "some", "", "ALL", "first:1.5", "all "]
)
def test_other_choices_are_said(frame, rows):
    with pytest.raises(InputError, match="--rows must be held-out, all or first:N with N >= 1, got"):
        choose(frame, rows, card())
