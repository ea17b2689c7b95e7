"""A short run of the calibration: `python -m calibration` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from shuffles import donors

from weighin._inference import Moments, infer
from weighin._inference.variance import components

sys.path.insert(0, str(Path(__file__).parents[2]))
from calibration.page import BARS, page
from calibration.study import count
from calibration.weighed import count as count_weighed

N = 400
ERRORS = (
    3.5  # Monte Carlo errors allowed beyond a bar: the seeds are fixed, the next change of code draws anew
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_rows", "n_repeats"),
    [
        ("linear, b = 1", 100, 5),
        ("linear, b = 1", 300, 1),
        ("linear, b = 2", 300, "auto"),
        ("interaction 2 x1 x2", 300, 5),
        ("errors t(3)", 300, 2),
        ("RMSE", 300, 5),
        ("R2", 100, 5),
        ("weights gamma(2)", 300, 5),
        ("segment of 30%", 300, 5),
        ("3 strata", 300, 5),
        ("difference of two", 300, 5),
        ("useless, c = 1", 300, 5),
        ("useless, log loss, c = 1", 300, 5),
        ("useless, c = 3", 300, 1),
    ],
)
def test_intervals_cover_what_they_claim(name, n_rows, n_repeats):
    got = count(name, n_rows, n_repeats, N)
    low, high = BARS[n_rows]
    error = (0.05 * 0.95 / N) ** 0.5
    assert low - ERRORS * error <= got.covered <= min(1.0, high + ERRORS * error)
    assert 0.7 < got.ratio < 1.4
    assert got.few_rows == 0
    if got.null and n_repeats != 1:
        assert got.rejected < 0.06 + ERRORS * error
    if got.sklearn is not None:
        assert got.sklearn < 0.8  # what the spread over repeats would claim


def test_rare_levels_are_flagged_where_no_formula_holds():
    got = count("rare binary x, 2%", 100, 5, 100)
    assert got.covered < 0.9
    assert got.few_rows == 1


def test_weights_that_few_rows_carry_are_flagged():
    assert count("weights exp(x)", 100, 5, 50).few_rows > 0.8
    assert count("weights gamma(2)", 100, 5, 50).few_rows < 0.2


def test_an_ignored_feature_is_exactly_zero():
    got = count("linear, b = 0", 100, 5, 20)
    assert (got.covered, got.rejected) == (1, 0)


def test_the_page_names_what_misses_its_bar():
    counts = [count("linear, b = 1", 300, repeats, 40) for repeats in (1, 5, "auto")]
    bad = [count("MSE, x lognormal", 300, repeats, 40) for repeats in (1, 5, "auto")]
    object.__setattr__(bad[1], "covered", 0.5)
    text = page(counts + bad, "python -m calibration")
    assert "| linear, b = 1 | 300 |" in text
    assert "- MSE, x lognormal: the square" in text
    assert "  - n = 300, R = 5: 50.0 +- " in text
    assert "**50.0**" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["useless, median miss", "useless, MSE"])
def test_intervals_cover_through_the_public_function(name):
    got = count_weighed(name, 300, 150)
    error = (0.05 * 0.95 / 150) ** 0.5
    assert 0.925 - ERRORS * error <= got.covered
    assert got.claims < 0.06 + ERRORS * error
    assert 0.6 < got.ratio < 1.8
    assert f"| {name} | 300 | 300 |" in got.line


def test_the_variance_of_a_segment_is_that_of_its_weights():
    n, n_repeats = 20_000, 5
    rng = np.random.default_rng(0)
    x, e = rng.normal(size=(2, n))
    give, inside = donors(n, n_repeats), rng.random(n) < 0.3
    change = ((e + x - x[give]) ** 2 - e**2)[None]
    got = infer(Moments.of(change, give, e**2, segment=inside)).se[0] ** 2
    parts = components(Moments.of(change, give, e**2), np.array([[1.0, 0.0]]))
    receives = inside / inside.sum()
    gives = np.bincount(give[:, inside].ravel(), minlength=n) / (inside.sum() * n_repeats)
    expected = (
        parts.v1 * (receives**2).sum()
        + parts.v2 * (gives**2).sum()
        + 2 * parts.c * (receives * gives).sum()
        + parts.ve / (inside.sum() * n_repeats)
    )
    assert got == pytest.approx(expected[0], rel=0.1)
