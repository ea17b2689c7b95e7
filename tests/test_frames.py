"""Tables: any library, any file, checked."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from weighin import InputError
from weighin._tables.frames import (
    FORMATS,
    check_columns,
    column_names,
    is_frame,
    read_table,
    to_pandas,
    write_table,
)

FRAME = pd.DataFrame({"team": ["Rice", "Navy", None], "elo": [1500.25, 1e300, np.nan], "week": [1, 2, 3]})
KINDS = {"pandas": lambda f: f, "polars": pl.from_pandas, "pyarrow": lambda f: pa.Table.from_pandas(f)}


@pytest.fixture(params=KINDS)
def as_kind(request):
    return KINDS[request.param]


def test_frames_of_every_library_are_known(as_kind):
    assert is_frame(as_kind(FRAME))
    assert column_names(as_kind(FRAME)) == ["team", "elo", "week"]


@pytest.mark.parametrize("thing", [None, [1], {"a": [1]}, np.ones((2, 2)), "games.csv"])
def test_other_things_are_no_frames_and_said_so(thing):
    assert not is_frame(thing)
    for call in (column_names, lambda X: to_pandas(X, ["a"]), lambda X: check_columns(X, ["a"], "needed")):
        with pytest.raises(InputError, match="A table must be a pandas, polars or pyarrow data frame, got "):
            call(thing)


def test_a_column_may_be_called_like_an_attribute():
    frame = pd.DataFrame({"column_names": [1], "columns": [2]})
    assert column_names(frame) == ["column_names", "columns"]


def test_values_arrive_the_same_from_every_library(as_kind):
    frame = to_pandas(as_kind(FRAME), ["week", "elo", "team"])
    assert list(frame.columns) == ["week", "elo", "team"]
    assert frame["week"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(frame["elo"].to_numpy(dtype=float), FRAME["elo"].to_numpy())
    assert frame["team"][0] == "Rice"
    assert frame["team"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    "index", [[5, 5, 5], ["a", "b", "a"], pd.MultiIndex.from_tuples([(1, 2), (1, 2), (0, 0)])]
)
def test_the_index_is_left_behind_and_the_original_untouched(index):
    original = FRAME.set_axis(index)
    kept = original.copy()
    frame = to_pandas(original, ["elo", "team"])
    assert frame.index.tolist() == [0, 1, 2]
    frame["elo"] = 0.0
    frame.loc[0, "team"] = "changed"
    pd.testing.assert_frame_equal(original, kept)


def test_duplicate_columns_are_named():
    frame = pd.DataFrame(np.ones((2, 4)), columns=["a", "b", "a", "b"])
    with pytest.raises(InputError, match=r"occur more than once: 'a', 'b'\."):
        column_names(frame)
    table = pa.table([[1], [2]], names=["x", "x"])
    with pytest.raises(InputError, match=r"occur more than once: 'x'\."):
        column_names(table)


def test_column_names_are_given_as_text():
    assert column_names(pd.DataFrame({"a": [1], 3: [1]})) == ["a", "3"]
    levels = pd.MultiIndex.from_tuples([("a", "b"), ("c", "")])
    assert column_names(pd.DataFrame([[1, 2]], columns=levels)) == ["a / b", "c"]
    with pytest.raises(InputError, match=r"occur more than once: '3'\."):
        column_names(pd.DataFrame([[1, 2]], columns=[3, "3"]))


def test_missing_columns_are_listed_with_the_nearest_that_is_not_needed(as_kind):
    with pytest.raises(InputError) as caught:
        check_columns(as_kind(FRAME), ["week", "elos", "spread"], "the network takes")
    assert str(caught.value) == (
        "2 of the 3 columns the network takes are not in the table:\n"
        "  'elos' is missing. Did you mean 'elo'?\n"
        "  'spread' is missing.\n"
        "Columns: 'team', 'elo', 'week'."
    )


def test_columns_that_are_there_pass(as_kind):
    check_columns(as_kind(FRAME), ["elo"], "x")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_table_comes_back_from_a_file_of_every_format(tmp_path, suffix):
    frame = pd.DataFrame(
        {
            "team": ["007", "a,b", 'say "x"', "12", "é🏈"],
            "elo": [0.1 + 0.2, 1 / 3, -1e-9, 12345678.125, np.nan],
            "neutral": [True, False, True, True, False],
            "day": ["2021-09-01"] * 5,
            "id": [401112434, 2**60 + 1, 0, -1, 5],
        }
    )
    path = tmp_path / f"games{suffix}"
    write_table(frame.set_axis([4, 4, 1, 0, 9]), path)
    got = read_table(path)
    if suffix == ".csv":
        frame["team"] = got["team"] = frame[
            "team"
        ]  # text that looks like numbers is the format's own question
    pd.testing.assert_frame_equal(got, frame, check_dtype=False, rtol=1e-14, atol=0)
    assert got["day"].tolist() == frame["day"].tolist()
    assert got["id"].tolist() == frame["id"].tolist()


def test_csv_numbers_keep_every_digit(tmp_path):
    values = np.random.default_rng(0).normal(size=500) * 10.0 ** np.arange(500).clip(max=200)
    path = tmp_path / "x.csv"
    write_table(pd.DataFrame({"x": values}), path)
    assert (read_table(path)["x"].to_numpy() == values).all()


def test_upper_case_suffixes_are_known(tmp_path):
    (tmp_path / "X.CSV").write_text("a\n1\n")
    assert read_table(str(tmp_path / "X.CSV"))["a"].tolist() == [1]


@pytest.mark.parametrize("suffix", [*FORMATS, ".CSV"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe garbage \x80", b"PAR1"])
def test_a_file_that_cannot_be_read_is_named_with_its_format(tmp_path, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    if suffix.lower() == ".csv" and content == b"PAR1":
        assert list(read_table(path).columns) == ["PAR1"]
        return
    if FORMATS[suffix.lower()] == "json lines" and not content:
        assert read_table(path).shape == (0, 0)
        return
    with pytest.raises(InputError, match=rf"x{suffix}' cannot be read as {FORMATS[suffix.lower()]}: \S"):
        read_table(path)


def test_a_missing_file_is_named_with_its_neighbour(tmp_path):
    (tmp_path / "games.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"No such file: '.*game\.csv'\. Did you mean 'games\.csv'\?"):
        read_table(tmp_path / "game.csv")
    with pytest.raises(InputError, match=r"No such file: '.*x\.csv': there is no folder '.*nowhere'\.$"):
        read_table(tmp_path / "nowhere" / "x.csv")


@pytest.mark.parametrize("name", ["games.xlsx", "games", "games.parqet"])
def test_an_unknown_format_lists_those_there_are(tmp_path, name):
    for call in (read_table, lambda path: write_table(FRAME, path)):
        with pytest.raises(
            InputError, match=r"allowed: \.csv, \.parquet, \.feather, \.arrow, \.json, \.jsonl, \.ndjson\."
        ):
            call(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_duplicate_columns_in_a_csv_file_are_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b,a\n1,2,3\n")
    with pytest.raises(InputError, match="occur more than once: 'a'"):
        read_table(path)


def test_json_text_stays_text(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps({"code": code, "date": 5}) for code in ("007", "08", "1e3")) + "\n")
    frame = read_table(path)
    assert frame["code"].tolist() == ["007", "08", "1e3"]
    assert frame["date"].tolist() == [5, 5, 5]


def test_a_csv_separated_by_semicolons_is_said(tmp_path):
    (tmp_path / "games.csv").write_text("a;b\n1;2\n")
    with pytest.raises(InputError, match=r"separated by ';', weighin reads ','\. Hint: pd\.read_csv"):
        read_table(tmp_path / "games.csv")
    (tmp_path / "one.csv").write_text("a\n1\n")
    assert list(read_table(tmp_path / "one.csv").columns) == ["a"]
