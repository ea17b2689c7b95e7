"""Choosing rows: ``--rows`` and ``--where``."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
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
        ("year==2021", [12, 13, 14, 15]),
        ("year==2021,week<10", [12, 13]),
        (" year == 2021 , week <= 10 ", [12, 13, 14]),
        ("week>=10", [14, 15]),
        ("week>2,week<10,year!=2021", []),
        ("week>9.5", [14, 15]),
        ("spread<0", [10, 15]),
        ("spread==1.25", [14]),
        ("spread==-7.5", [10]),
        ("spread>-1e3", [10, 11, 13, 14, 15]),
        ("spread!=0", [10, 11, 12, 14, 15]),
        ("home_team==Rice", [10]),
        ("home_team=='Rice'", [10]),
        ('home_team=="Texas A&M"', [11]),
        ("home_team==Texas A&M", [11]),
        ('home_team=="Hawai\'i"', [12]),
        ("home_team=='a==b'", [14]),
        ("home_team=='x,y',week==11", [15]),
        ("home_team<S", [10, 12]),
        ("neutral_site==true", [10, 13]),
        ("neutral_site==True", [10, 13]),
        ("neutral_site==1", [10, 13]),
        ("neutral_site!=true", [11, 12, 14, 15]),
        ("neutral_site==false,week<3", [11]),
        ("day<2021-10-01", [10, 11]),
        ("day==2021-10-02", [13]),
        ("home conference==Big 12", [13, 14, 15]),
        ('"a,b=c<1">=4', [14, 15]),
        ("'a,b=c<1'<1,week==1", [10]),
        ("'week'==1", [10]),
    ],
)
def test_conditions(frame, expression, kept):
    assert ids(where(frame, expression)) == kept


def test_missing_text_meets_no_condition(frame):
    assert 13 not in ids(where(frame, "home_team==nan"))
    assert 13 not in ids(where(frame, "home_team==None"))
    assert 13 not in ids(where(frame.astype({"home_team": object}), "home_team==None"))


def test_the_index_and_the_columns_stay(frame):
    got = where(frame.set_axis([7] * 6), "week>9")
    assert got.index.tolist() == [7, 7]
    assert list(got.columns) == list(frame.columns)


@pytest.mark.parametrize("dtype", ["Int64", "int64[pyarrow]", "float64", "int16", "category"])
def test_any_dtype_of_numbers(frame, dtype):
    assert ids(where(frame.astype({"year": dtype}), "year==2021")) == [12, 13, 14, 15]


@pytest.mark.parametrize("dtype", ["string", "object", "category", "string[pyarrow]"])
def test_any_dtype_of_text(frame, dtype):
    assert ids(where(frame.astype({"home_team": dtype}), "home_team==Rice")) == [10]


@pytest.mark.parametrize("dtype", ["boolean", "bool[pyarrow]"])
def test_any_dtype_of_truth_values(frame, dtype):
    assert ids(where(frame.astype({"neutral_site": dtype}), "neutral_site==true")) == [10, 13]


def test_dates_with_a_time_zone(frame):
    zoned = frame.assign(day=frame["day"].dt.tz_localize("UTC"))
    assert ids(where(zoned, "day<2021-10-01")) == [10, 11]


def test_large_whole_numbers_are_told_apart():
    frame = pd.DataFrame({"id": [2**60, 2**60 + 1]})
    assert ids(where(frame, f"id=={2**60 + 1}")) == [2**60 + 1]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", r"'' is not a condition\. Write column, comparison"),
        ("   ", r"is not a condition"),
        ("year", r"'year' is not a condition"),
        ("year=2021", r"'year=2021' is not a condition"),
        ("year==", r"'year==' is not a condition"),
        ("==2021", r"'==2021' is not a condition"),
        (",year==2021", r"is not a condition"),
        ("year==2021 week<10", r"is not a condition"),
        ("year==2021;week<10", r"'year==2021;week<10' is not a condition"),
        ("year==2021,,week<10", r"is not a condition"),
        ("year==2021,", r"'' is not a condition"),
        ("year==2021,,", r"is not a condition"),
        ("'year==2021", r"is not a condition"),
        ("''==2021", r"is not a condition"),
        ("year===2021", r"is not a condition"),
        ("year<>2021", r"is not a condition"),
        ("home_team=='Rice", r"is not a condition"),
        ("yaer==2021", r"unknown column 'yaer'\. Did you mean 'year'\? Columns: 'id', 'year'"),
        ("year==two", r"'year' holds numbers, got 'two'"),
        ("year==nan", r"'year' holds numbers, got 'nan'"),
        ("neutral_site==maybe", r"'neutral_site' is true or false; ==maybe cannot be compared with it"),
        ("neutral_site<true", r"'neutral_site' is true or false; <true cannot"),
        ("day==soon", r"'day' holds dates, got 'soon'"),
    ],
)
def test_what_is_no_condition_is_said(frame, expression, message):
    with pytest.raises(InputError, match=message):
        where(frame, expression)


HOSTILE = [
    "__import__('os').system('touch hacked')==0",
    "year==__import__('os').system('touch hacked')",
    "year==(lambda: open('hacked', 'w'))()",
    "@pd.eval('open')==1",
    "year==2021 or True",
    "year==2021)|(year>0",
    "`year`==2021",
    "year.__class__==int",
    "year==1e999999",
    "home_team=='{n}'.format(open)",
    "year==2021\nimport os",
]


@pytest.mark.parametrize("expression", HOSTILE)
def test_hostile_text_is_never_evaluated(frame, expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        kept = where(frame, expression)
    except InputError:
        kept = frame.head(0)
    assert kept.empty
    assert list(tmp_path.iterdir()) == []


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


@given(
    st.sampled_from(["a", "b"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.text(alphabet=st.characters(blacklist_characters="'", blacklist_categories=("Cs",)), max_size=10),
)
def test_quoted_text_is_taken_letter_for_letter(column, sign, text):
    table = pd.DataFrame({"a": [text, "other"], "b": ["other", text]})
    kept = where(table, f"{column}{sign}'{text}'")
    compare = {
        "==": lambda v: v == text,
        "!=": lambda v: v != text,
        "<": lambda v: v < text,
        "<=": lambda v: v <= text,
        ">": lambda v: v > text,
        ">=": lambda v: v >= text,
    }[sign]
    assert kept.index.tolist() == [i for i, value in enumerate(table[column]) if compare(value)]


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
    assert chosen.notes == ("None of these ids is in the card: new rows, or renumbered?",)


def test_a_condition_that_leaves_new_rows_alone_does_not_make_them_odd(frame):
    chosen = choose(frame.assign(id=[10, 11, 12, 13, 14, 999]), None, card(), "week==11")
    assert ids(chosen.frame) == [999]
    assert (chosen.what, chosen.trained_on) == ("{n} held-out rows where week==11", 0)
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
