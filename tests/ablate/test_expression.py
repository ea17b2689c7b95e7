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
        ("maximum(a, 0)", [1, 0, 4]),
        ("a > 0", [1, 0, 1]),
        ("`big year` - 2019", [0, 1, 2]),
        ("on * 2", [2, 0, 2]),
        ("gap + 1", [2, math.nan, 4]),
        (" 7 ", [7, 7, 7]),
        ("sqrt(a)", [1, math.nan, 2]),
    ],
)
def test_values(text, expected):
    np.testing.assert_allclose(evaluate(text, FRAME), expected)


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


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "a.values",
        "a[0]",
        "(lambda: 1)()",
        "[x for x in a]",
        "a if b else 1",
        "a and b",
        "not a",
        "'text'",
        "True + a",
        "open('x')",
        "abs(a, b)",
        "abs(x=a)",
        "a < b < 3",
        "f'{a}'",
        "a := 3",
        "1j * a",
        "",
        "a +",
        "a; b",
        "eval",
        "~a",
        "a @ b",
        "a" + "+a" * 600,
        "(" * 300 + "a" + ")" * 300,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(weighin.InputError):
        evaluate(text, FRAME)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a - c", "reads 'c', which is no column"),
        ("a + nmae", "Did you mean 'name'"),
        ("a + name", "holds .*, not numbers"),
        ("margin - a", "reads the target 'margin': the model would be told the answer"),
        ("a / (b - 2)", r"infinite in 1 of 3 rows"),
        ("9 ** 9 ** 9 ** 9", "infinite in 3 of 3 rows"),
        ("a.real", r"holds 'a\.real'\. Allowed are column names"),
    ],
)
def test_what_is_wrong_is_told(text, told):
    with pytest.raises(weighin.InputError, match=told):
        evaluate(text, FRAME, ["margin"])
