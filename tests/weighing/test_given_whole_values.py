"""What is exchanged whole, given columns that tell most of it; many levels given; and small strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin

# each fits what columns tell of each other
pytestmark = pytest.mark.slow

N = 3000


def of_x(rows: pd.DataFrame) -> np.ndarray:
    return rows["x"].to_numpy(dtype=float)


def weighed(X: pd.DataFrame, y: np.ndarray, **options):
    imp = weighin.weigh(
        of_x, X, y, metric="mse", features=["x"], given="rest", n_repeats=5, random_state=0,
        outputs="number", progress=False, **options,
    )  # fmt: skip
    return imp["x"]


def part_zero(g, rng):
    return np.where(rng.random(len(g)) < 0.1, 0.0, 3 * g + 0.3 * rng.normal(size=len(g)))


def cut_off(g, rng):
    return np.maximum(0.0, 3 * g + 0.3 * rng.normal(size=len(g)))


def half_steps(g, rng):
    return np.round(4 * g + rng.normal(size=len(g))) / 2


@pytest.mark.parametrize("make", [part_zero, cut_off, half_steps])
def test_number_exchanged_whole_is_nothing_beyond_what_determines_it(make):
    # inside a range, too: bins by the chances of a few ranges alone leave the upper quarter uncut
    rng = np.random.default_rng(2001)
    g = rng.normal(size=N)
    X = pd.DataFrame({"x": make(g, rng), "g": g})
    # what 400 further draws of x say is expected of it
    y = np.mean([make(g, rng) for _ in range(400)], axis=0) + rng.normal(size=N)
    x = weighed(X, y)
    assert x.ci_lower <= 0
    assert x.pvalue > 0.01
    assert x.importance < 0.1


@pytest.mark.parametrize(("n", "n_levels"), [(3000, 200), (12_000, 300)])
def test_levels_beyond_the_fifty_most_frequent_are_told_apart(n, n_levels):
    rng = np.random.default_rng(5)
    mean, level = 2 * rng.normal(size=n_levels), rng.integers(0, n_levels, n)
    X = pd.DataFrame({"x": mean[level] + rng.normal(size=n), "g": [f"level {i}" for i in level]})
    used = weighed(X, of_x(X) + rng.normal(size=n))
    assert abs(used.importance - 2.0) < 0.2
    unused = weighed(X, mean[level] + rng.normal(size=n))
    assert unused.ci_lower <= 0


@pytest.mark.parametrize("n_strata", [30, 75])
def test_small_strata_have_wide_bins_and_the_allowance_knows(n_strata):
    rng = np.random.default_rng(1)
    g = rng.normal(size=N)
    X = pd.DataFrame({"x": (g + 0.3 * rng.normal(size=N) > 0) * 1.0, "g": g})
    x = weighed(X, (g > 0) + rng.normal(size=N), within=np.arange(N) % n_strata)
    assert x.ci_lower <= 0
    assert x.pvalue > 0.05


def test_many_columns_that_tell_nothing_do_not_tell_rows_apart_by_their_own_value():
    # a fit on 300 columns leans to each row's own value, and bins cut by it would hold donors that have the same
    rng = np.random.default_rng(0)
    levels = {f"g{i}": rng.choice([f"level {k}" for k in range(50)], N) for i in range(6)}
    X = pd.DataFrame({"x": rng.integers(0, 2, N) * 1.0, **levels})
    x = weighed(X, of_x(X) + rng.normal(size=N))
    assert abs(x.importance - 0.5) < 0.03
