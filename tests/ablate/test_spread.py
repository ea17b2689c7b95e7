"""Standard errors of means over fits: closed forms, and what they cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from weighin._inference.refits import Spread, resampled, rows_by_fits
from weighin._results.change import Change, judge


def table(rng, n, m, rows=1.0, fits=1.0, residual=1.0):
    return (
        math.sqrt(rows) * rng.normal(size=(n, 1))
        + math.sqrt(fits) * rng.normal(size=(1, m))
        + math.sqrt(residual) * rng.normal(size=(n, m))
    )


def test_components_are_those_of_the_two_way_analysis_of_variance():
    values = table(np.random.default_rng(0), 40, 7, 2.0, 3.0, 1.0)
    n, m = values.shape
    rest = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    ms_rest = (rest**2).sum() / ((n - 1) * (m - 1))
    ms_rows = m * ((values.mean(1) - values.mean()) ** 2).sum() / (n - 1)
    ms_fits = n * ((values.mean(0) - values.mean()) ** 2).sum() / (m - 1)
    spread = rows_by_fits([values], [1.0])
    assert spread.rows == pytest.approx((ms_rows - ms_rest) / m / n)
    assert spread.fits == pytest.approx((ms_fits - ms_rest) / n / m)
    assert spread.residual == pytest.approx(ms_rest / (n * m))
    assert spread.se**2 == pytest.approx((ms_rows + ms_fits - ms_rest) / (n * m))
    parts = ms_rows**2 / (n - 1) + ms_fits**2 / (m - 1) + ms_rest**2 / ((n - 1) * (m - 1))
    assert spread.df == pytest.approx((ms_rows + ms_fits - ms_rest) ** 2 / parts)


def test_rows_alone_give_the_interval_of_a_mean():
    column = np.random.default_rng(1).normal(size=(50, 1))
    spread = rows_by_fits([np.repeat(column, 4, axis=1)], [1.0])
    assert spread.se == pytest.approx(column.std(ddof=1) / math.sqrt(50))
    assert spread.df == pytest.approx(49)


def test_fits_alone_give_the_interval_of_their_mean():
    row = np.random.default_rng(2).normal(size=(1, 6))
    spread = rows_by_fits([np.repeat(row, 30, axis=0)], [1.0])
    assert spread.se == pytest.approx(row.std(ddof=1) / math.sqrt(6))
    assert spread.df == pytest.approx(5)


def test_folds_add_up():
    rng = np.random.default_rng(3)
    one, two = table(rng, 30, 5), table(rng, 60, 5)
    both = rows_by_fits([one, two], [1 / 3, 2 / 3])
    parts = [rows_by_fits([part], [1.0]).se ** 2 for part in (one, two)]
    assert both.se**2 == pytest.approx(parts[0] / 9 + 4 * parts[1] / 9)


@given(
    n=st.integers(2, 12),
    m=st.integers(2, 6),
    values=st.data(),
)
def test_no_component_is_ever_negative(n, m, values):
    entries = values.draw(st.lists(st.floats(-1e6, 1e6), min_size=n * m, max_size=n * m))
    spread = rows_by_fits([np.array(entries).reshape(n, m)], [1.0])
    assert min(spread.rows, spread.fits, spread.residual) >= -1e-9
    assert spread.df >= 1
    assert math.isfinite(spread.se)


@pytest.mark.parametrize(
    ("rows", "fits", "residual"), [(1, 0, 0), (0, 1, 0), (1, 1, 1), (0.1, 0.1, 5), (1, 0.2, 5)]
)
def test_intervals_cover(rows, fits, residual):
    rng = np.random.default_rng(4)
    n, m, drawn = 60, 5, 600
    hit = 0
    for _ in range(drawn):
        values = table(rng, n, m, n * rows, m * fits, n * m * residual)
        lower, upper = rows_by_fits([values], [1.0]).interval(values.mean())
        hit += lower <= 0 <= upper
    assert hit / drawn > 0.95 - 3 * math.sqrt(0.05 * 0.95 / drawn)


def test_resampled_takes_nadeau_and_bengios_factor():
    values = np.random.default_rng(5).normal(size=10)
    spread = resampled(values, 0.25)
    assert spread.se**2 == pytest.approx((1 / 10 + 0.25) * values.var(ddof=1))
    lower, upper = spread.interval(1.0)
    assert (upper - lower) / 2 == pytest.approx(student.ppf(0.975, 9) * spread.se)


def test_one_fit_and_what_is_not_finite_have_no_spread():
    for spread in (
        rows_by_fits([np.ones((5, 1))], [1.0]),
        rows_by_fits([np.full((5, 3), np.nan)], [1.0]),
        resampled(np.array([1.0]), 0.25),
    ):
        assert not spread.known
        assert all(map(math.isnan, spread.interval(1.0)))
        assert math.isnan(spread.above(1.0))


def test_the_same_in_every_row_and_fit_is_certain():
    spread = rows_by_fits([np.zeros((5, 3))], [1.0])
    assert spread.interval(0.0) == (0.0, 0.0)
    assert (spread.above(0.0), spread.above(0.1)) == (1.0, 0.0)


@pytest.mark.parametrize("n_fits", [10, 40, 400])
def test_more_fits_give_what_they_would(n_fits):
    """Components known, so that the forecast can be compared with the truth."""
    spread = Spread("rows x fits", 0.01, 0.04, 0.02, 10, 100, 20.0)
    se, _ = spread.at(n_fits)
    assert se**2 == pytest.approx(0.01 + 0.6 / n_fits)
    assert spread.at(n_fits, 4.0)[0] ** 2 == pytest.approx(0.0025 + (0.4 + 0.05) / n_fits)
    again = Spread("resampled", 0.25, 0.1, 0.0, 10, 100, 9.0)
    assert again.at(n_fits)[0] ** 2 == pytest.approx(0.25 + 1 / n_fits)


def change(estimate, spread, kind="drop", label="x"):
    fits = spread.n_fits
    return Change(
        label, kind, ("y",), ("x",), (), (1.0 + estimate,) * fits, (1.0,) * fits, estimate, spread, 100
    )


def wide(variance, n_fits=10):
    return Spread("rows x fits", 0.0, variance, 0.0, n_fits, 100, n_fits - 1.0)


def test_fits_needed_are_enough_where_the_estimate_is_right():
    (verdict,) = judge([change(0.02, wide(0.04**2))], False, 0.1)
    assert (verdict.word, verdict.rows_needed) == ("cannot tell", None)
    rng, told, tried = np.random.default_rng(6), 0, 300
    for _ in range(tried):  # noise of fits alone, as the spread says: 0.0016 = s2 / 10
        values = 0.02 + math.sqrt(0.016) * rng.normal(size=(1, verdict.fits_needed))
        spread = rows_by_fits([np.repeat(values, 100, axis=0)], [1.0])
        told += judge([change(values.mean(), spread)], False, 0.1)[0].word != "cannot tell"
    assert 0.7 < told / tried < 0.97


def test_where_test_rows_are_the_noise_more_fits_are_not_offered():
    spread = Spread("rows x fits", 0.05**2, 1e-8, 0.0, 10, 100, 99.0)
    (verdict,) = judge([change(0.0, spread)], False, 0.06)
    assert (verdict.word, verdict.fits_needed) == ("cannot tell", None)
    assert verdict.rows_needed > 400
    n = verdict.rows_needed
    assert (1.96 + 0.84) * 0.05 * math.sqrt(100 / n) == pytest.approx(0.06, rel=0.12)


def test_what_lies_on_the_limit_has_no_number():
    (verdict,) = judge([change(0.0, wide(1.0))], False, 0.0)
    assert (verdict.word, verdict.fits_needed, verdict.rows_needed) == ("cannot tell", None, None)


@pytest.mark.parametrize(
    ("kind", "estimate", "word"),
    [
        ("drop", 0.5, "hurts"),
        ("drop", 0.0, "safe to drop"),
        ("drop", -0.5, "better without"),
        ("drop", 0.06, "cannot tell"),
        ("add", 0.5, "hurts"),
        ("add", 0.0, "not worth adding"),
        ("add", -0.5, "worth keeping"),
        ("add", -0.06, "cannot tell"),
        ("replace", 0.5, "hurts"),
        ("replace", 0.0, "safe to replace"),
        ("replace", -0.5, "better so"),
        ("replace", 0.06, "cannot tell"),
    ],
)
def test_verdicts_and_their_mirror_image(kind, estimate, word):
    spread = wide(0.03**2)
    assert judge([change(estimate, spread, kind)], False, 0.1)[0].word == word
    assert judge([change(-estimate, spread, kind)], True, 0.1)[0].word == word


def test_a_harm_below_the_tolerance_is_safe_even_when_it_is_certain():
    assert judge([change(0.05, wide(0.01**2))], False, 0.1)[0].word == "safe to drop"
    assert judge([change(0.05, wide(0.01**2))], False, 0.06)[0].word == "hurts"


def test_several_variants_are_adjusted_for():
    spread = wide(0.04**2)
    lone = judge([change(0.11, spread)], False, 0.01)[0]
    among = judge([change(0.11, spread, label=str(i)) for i in range(6)], False, 0.01)
    assert lone.word == "hurts"
    assert {verdict.word for verdict in among} == {"cannot tell"}
    assert {verdict.alone for verdict in among} == {"hurts"}
    assert among[0].pvalue == lone.pvalue
    assert among[0].pvalue_holm == pytest.approx(6 * lone.pvalue)
