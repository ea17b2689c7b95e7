"""Numbers as readers see them: never further off than half a unit of their last digit."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin._display.numbers import MINUS, aligned, decimals_of, percent, rounded, write

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
sizes = st.floats(min_value=-1e8, max_value=1e8, allow_nan=False)
widths = st.floats(min_value=1e-6, max_value=1e6)


def read(text: str) -> float:
    """The number a text stands for."""
    return float(text.replace(MINUS, "-").replace(",", "").replace("+", "", 1 if text.startswith("+") else 0))


def unit(text: str) -> float:
    """Unit of the last digit of a text."""
    digits, _, power = text.lstrip(MINUS).replace(",", "").partition("e")
    _, _, behind = digits.partition(".")
    return 10.0 ** (int(power or 0) - len(behind))


@given(value=sizes, width=widths, share=st.floats(0, 1))
def test_rounding_to_an_interval_changes_nothing_by_more_than_half_a_unit(value, width, share):
    low, high = value - share * width, value + (1 - share) * width
    number = rounded(value, low, high)
    decimals = decimals_of(high - low)
    # units of tens and hundreds are not written out
    step = 10.0**-decimals if decimals is not None else None
    for exact, text in zip((value, low, high), (number.value, number.low, number.high), strict=True):
        size = step if step is not None else max(unit(text), abs(exact) * 5e-3)
        assert abs(read(text) - exact) <= size * 0.5 * (1 + 1e-6) + abs(exact) * 1e-12
        # no more than a third of the interval
        if step is not None:
            assert size <= width


@given(value=st.floats(-1e300, 1e300))
def test_without_an_interval_three_digits_are_right(value):
    text = write(value)
    assert abs(read(text) - value) <= abs(value) * 5.0001e-3
    if 1000 <= abs(value) < 1e9:
        assert abs(read(text) - value) <= 0.5


@given(value=finite, decimals=st.none() | st.integers(-3, 7))
def test_a_minus_is_a_real_one_and_zero_has_none(value, decimals):
    text = write(value, decimals)
    assert not text.startswith("-")
    assert text.startswith(MINUS) == (value < 0 and read(text) != 0)
    assert write(value, decimals, sign=True).startswith("+") == (value > 0 and read(text) != 0)


@given(value=finite, low=finite, high=finite)
def test_percentages_have_no_space_and_one_decimal_or_three_where_small(value, low, high):
    text = percent(value, low, high)
    assert text.endswith("%")
    assert " " not in text
    if abs(value) < 1e6:
        assert len(text.partition(".")[2].rstrip("%")) <= (3 if abs(value) < 5e-4 else 1)


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (2.7123, 2.4811, 2.9732, ("2.7", "2.5", "3.0")),
        (9.3111, 8.3216, 10.3576, ("9.3", "8.3", "10.4")),
        (-0.00000000014, -0.02, 0.02, ("0.00", "−0.02", "0.02")),
        (0.0, 0.0, 0.0, ("0", "0", "0")),
        (1234.5, 1100.2, 1400.9, ("1,230", "1,100", "1,400")),
        (math.nan, math.nan, math.nan, ("-", "-", "-")),
        (math.inf, 1.0, math.inf, ("∞", "1", "∞")),
    ],
)
def test_numbers_are_rounded_to_what_is_known_of_them(value, low, high, shown):
    number = rounded(value, low, high)
    assert (number.value, number.low, number.high) == shown
    assert number.interval == ("-" if "-" in shown[1:] else f"{shown[1]} to {shown[2]}")


@pytest.mark.parametrize(
    ("value", "shown"), [(3.4, "340%"), (0.6, "60.0%"), (-0.03, "−3.0%"), (0.0, "0%"), (math.nan, "-")]
)
def test_percentages(value, shown):
    assert percent(value) == shown


texts = st.one_of(
    st.builds(write, st.floats(width=64), st.none() | st.integers(0, 5)),
    st.sampled_from(["-", "∞", "<0.001", "no change", "", "12%"]),
)


@given(column=st.lists(texts, max_size=8))
def test_aligned_texts_are_of_one_width_and_their_points_under_each_other(column):
    shown = aligned(column)
    assert [text.strip() for text in shown] == [text.strip() for text in column]
    assert len({len(text) for text in shown}) <= 1
    numbers = [text for text in shown if re.fullmatch(r" *[−<]?[\d,]+(\.\d+)? *", text)]
    units = {len(re.match(r" *[−<]?[\d,]+", text)[0]) for text in numbers}
    assert len(units) <= 1


def test_a_small_percentage_that_is_known_is_not_written_as_0():
    assert percent(0.0004, 0.00035, 0.00045) == "0.040%"
    assert percent(0.0004, -0.01, 0.01) == "0.0%"
    assert percent(0.123, 0.12299, 0.12301) == "12.3%"
