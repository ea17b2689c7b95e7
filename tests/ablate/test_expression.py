"""Expressions over columns: arithmetic and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import weighin
from weighin._refit.ablate.expression import evaluate

FRAME = pd.DataFrame(
    {
        "a": [1.0, -2.0, 4.0],
        "b": [2, 3, 5],
        "big year": [2019, 2020, 2021],
        "on": [True, False, True],
        "name": ["x", "y", "z"],
        "gap": [1.0, None, 3.0],
        "margin": [0.0, 1.0, 2.0],
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b", [-1, -5, -1]),
        ("-a + 2 * (b - 1)", [1, 6, 4]),
        ("b ** 2 / 4", [1, 2.25, 6.25]),
        ("b // 2 + b % 2", [1, 2, 3]),
        ("abs(a)", [1, 2, 4]),
        ("greatest(a, 0)", [1, 0, 4]),
        ("a > 0", [1, 0, 1]),
        ('"big year" - 2019', [0, 1, 2]),
        ('"on"::int * 2', [2, 0, 2]),
        ("gap + 1", [2, math.nan, 4]),
        (" 7 ", [7, 7, 7]),
        ("case when a > 0 then sqrt(a) end", [1, math.nan, 2]),
    ],
)
def test_values(text, expected):
    np.testing.assert_allclose(evaluate(text, FRAME), expected)


@pytest.mark.slow
@given(
    st.recursive(
        st.sampled_from(["a", "b", "1.5", "2"]),
        lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        max_leaves=8,
    )
)
def test_arithmetic_is_pythons(text):
    expected = [eval(text, {"a": row.a, "b": float(row.b)}) for row in FRAME.itertuples()]
    np.testing.assert_allclose(evaluate(text, FRAME), expected)


def test_texts_and_conditions_make_columns_too():
    assert evaluate("name || '!'", FRAME).tolist() == ["x!", "y!", "z!"]
    assert evaluate("a > 0 and not a > 2", FRAME).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "a.values",
        "a[0]",
        "(lambda: 1)()",
        "[x for x in a]",
        "abs(a, b)",
        "f'{a}'",
        "a := 3",
        "",
        "a +",
        "a; b",
        "a, b",
        "a AS b",
        "*",
        "?",
        "$1",
        "a from (select 1)",
        "a; drop table given",
        "(select 1)",
        "a in (select 1)",
        "exists (select 1)",
        "a from read_csv('/etc/passwd')",
        "(select content from read_text('/etc/passwd'))",
        "read_text('/etc/passwd')",
        "a union select 1",
        "a where a > 0",
        "a order by a limit 1",
        "a group by a",
        "getenv('HOME')",
        "current_setting('memory_limit')",
        "random()",
        "now()",
        "nextval('s')",
        "count(*)",
        "sum(a)",
        "sum(a) over ()",
        "sum(a) filter (a > 0)",
        "lag(a) over (order by a)",
        "repeat('x', 1000000000)",
        "range(1000000000)",
        "list_transform([1], x -> x)",
        "unnest([1, 2])",
        "columns('a.*')",
        "struct_pack(a := 1)",
        "system.main.abs(a)",
        "given.a",
        "a collate nocase",
        "copy given to 'stolen'",
        "attach 'stolen.db'",
        "install httpfs",
        "set memory_limit = '100GB'",
        "pragma version",
        "(" * 4900 + "a" + ")" * 4900,
        "a" + "+a" * 6000,
        "a" + " and a" * 1900,
    ],
)
def test_anything_else_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(weighin.InputError):
        evaluate(text, FRAME)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_takes_too_long_is_stopped(monkeypatch):
    monkeypatch.setattr("weighin._tables.sql.SECONDS", 0.2)
    rows = pd.DataFrame({"a": np.arange(3e6)})
    with pytest.raises(weighin.InputError, match=r"takes longer than 0\.2 seconds"):
        evaluate("+".join(f"sin(cos(tan(a + {shift})))" for shift in range(40)), rows)


def test_local_variables_are_no_tables():
    stolen = pd.DataFrame({"a": [1.0]})
    with pytest.raises(weighin.InputError):
        evaluate("(select max(a) from stolen)", FRAME)
    assert len(stolen) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a - c", r"unknown column 'c'"),
        ("a + nmae", "Did you mean 'name'"),
        ("margin - a", "reads the target 'margin': the model would be told the answer"),
        ("MARGIN - a", "reads the target 'margin'"),
        ("a / (b - 2)", r"infinite in 1 of 3 rows"),
        ("9" * 400, r"infinite in 3 of 3 rows|neither numbers nor texts"),
        ("a + name", "cannot be computed"),
        ("timestamp '2021-01-01'", "neither numbers nor texts but timestamp"),
    ],
)
def test_what_is_wrong_is_told(text, told):
    with pytest.raises(weighin.InputError, match=told):
        evaluate(text, FRAME, ["margin"])
