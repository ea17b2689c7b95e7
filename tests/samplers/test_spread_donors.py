"""Donors spread over the values of a feature: who gives to whom, whatever the rows, repeats and seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighin._samplers import MarginalSampler, SpreadSampler
from weighin._samplers.spread import holds

REPEATS = st.sampled_from([3, 5, 7, 15])


def sampler_of(values: np.ndarray, n_repeats: int, seed: int = 0, **more) -> SpreadSampler:
    """Two features of the same values."""
    free = MarginalSampler(len(values), n_repeats, seed)
    return SpreadSampler(free, dict.fromkeys("ab", lambda rows: values[rows]), {"a": 0, "b": 1}, **more)


@settings(max_examples=30)
@given(REPEATS, st.integers(40, 200), st.integers(0, 2**32 - 1), st.integers(1, 400), st.booleans())
def test_every_repeat_is_a_permutation_and_follows_from_the_compact_form(
    n_repeats, n_rows, seed, n_values, levels
):
    n_rows = max(n_rows, 5 * n_repeats)
    values = np.random.default_rng(seed).integers(n_values, size=n_rows)
    sampler = sampler_of(values, n_repeats, seed, shuffled=frozenset("a" if levels else ""))
    (block,) = sampler.blocks()
    tables = sampler.tables("a", block.rows)
    donors = tables.donors
    assert donors.shape == (n_repeats, n_rows)
    for of_repeat in donors:
        np.testing.assert_array_equal(np.sort(of_repeat), np.arange(n_rows))
    # nobody gives to a row twice
    assert all(len(set(of_row)) == n_repeats for of_row in donors.T)
    for r in range(n_repeats):
        large = tables.places >= tables.cut
        begin = np.where(large, tables.cut, tables.places - tables.places % n_repeats)
        size = np.where(large, n_rows - tables.cut, n_repeats)
        slots = begin + (tables.places - begin + r) % size
        np.testing.assert_array_equal(donors[r], tables.givers[slots])


@pytest.mark.parametrize("levels", [False, True])
@pytest.mark.parametrize("n_repeats", [3, 5, 9])
def test_each_row_is_given_one_value_of_each_stratum(n_repeats, levels):
    values = np.random.default_rng(1).normal(size=20 * n_repeats)
    sampler = sampler_of(values, n_repeats, shuffled=frozenset("ab" if levels else ""))
    (block,) = sampler.blocks()
    rank = values[block.rows].argsort().argsort()
    donors = sampler.tables("a", block.rows).donors
    strata = np.sort(rank[donors] // 20, axis=0)
    np.testing.assert_array_equal(strata, np.broadcast_to(np.arange(n_repeats)[:, None], strata.shape))
    within = rank[donors] % 20
    mirrored = (rank[donors] // 20) % 2 == 1
    # the t-th from below in every second stratum, and the t-th from above in the others
    from_below = np.where(mirrored, 19 - within, within)
    assert (from_below == from_below[0]).all() != levels


def test_features_draw_receivers_of_their_own_whatever_is_drawn_beside_them():
    values = np.random.default_rng(2).normal(size=1000)
    sampler, again = sampler_of(values, 5), sampler_of(values, 5)
    (block,) = sampler.blocks()
    a, b = (sampler.tables(name, block.rows).donors for name in "ab")
    assert (a == b).mean() < 0.05
    np.testing.assert_array_equal(again.tables("b", block.rows).donors, b)
    other_seed = sampler_of(values, 5, seed=1)
    assert (other_seed.tables("a", block.rows).donors == a).mean() < 0.05


def test_the_mean_over_seeds_is_that_of_all_pairs_once_a_row_that_meets_itself_is_made_good():
    values = np.random.default_rng(3).normal(size=43)
    pairs = (values[:, None] - values) ** 2
    exact = pairs.sum() / (43 * 42)
    means, shifted = [], []
    for seed in range(300):
        sampler = sampler_of(values, 5, seed)
        (block,) = sampler.blocks()
        own = values[block.rows]
        means.append(((own[sampler.tables("a", block.rows).donors] - own) ** 2).mean() * 43 / 42)
        shifted.append(((own[block.donors] - own) ** 2).mean())
    assert np.mean(means) == pytest.approx(exact, abs=4 * np.std(means) / 17)
    assert np.std(means) < 0.7 * np.std(shifted)


@pytest.mark.parametrize(
    ("n_rows", "n_repeats", "strata", "expected"),
    [
        (40, 5, None, True),
        (39, 5, None, False),
        (40, 3, None, True),
        (40, 7, None, True),
        (40, 9, None, False),
        (100, 4, None, False),
        (100, 1, None, False),
        (100, 5, (np.arange(25), np.arange(25, 100)), True),
        (100, 5, (np.arange(24), np.arange(24, 100)), False),
    ],
)
def test_donors_are_spread_only_where_that_was_studied(n_rows, n_repeats, strata, expected):
    assert holds(MarginalSampler(n_rows, n_repeats, 0, strata=strata)) == expected
