"""Moments of donors that are spread over the values of each feature, and the variance they give."""

from __future__ import annotations

import numpy as np
import pytest

from weighin._base.errors import InputError
from weighin._inference import Moments, contrast, infer
from weighin._samplers import MarginalSampler, SpreadSampler

N, REPEATS = 60, 5
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
Y = 2 * X[:, 0] + X[:, 1] + RNG.normal(size=N)
BEFORE = (Y - 2 * X[:, 0] - X[:, 1]) ** 2
SLOPES = (2.0, 1.0)


def donors_of(seed: int = 0, n_repeats: int = REPEATS) -> np.ndarray:
    """Of both features, by places of the rows as they are."""
    sampler = SpreadSampler(
        MarginalSampler(N, n_repeats, seed),
        {str(j): (lambda rows, j=j: X[rows, j]) for j in (0, 1)},
        {"0": 0, "1": 1},
    )
    return np.stack([sampler.tables(str(j), np.arange(N)).donors for j in (0, 1)])


def changes_of(donors: np.ndarray) -> np.ndarray:
    moved = [slope * (x[give] - x) for slope, x, give in zip(SLOPES, X.T, donors, strict=True)]
    return np.stack([(Y - 2 * X[:, 0] - X[:, 1] - step) ** 2 - BEFORE for step in moved])


def moments_of(donors: np.ndarray, spread=(True, True), **more) -> Moments:
    return Moments.of(changes_of(donors), donors, BEFORE, spread=spread, **more)


@pytest.mark.parametrize("n_repeats", [3, 5])
@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (1.0, -1.0)])
def test_variance_is_that_of_psi_less_the_noise_of_drawn_receivers(n_repeats, weights):
    donors = donors_of(n_repeats=n_repeats)
    d = changes_of(donors) * N / (N - 1)
    psi, drawn = np.zeros(N), 0.0
    for weight, change, give in zip(weights, d, donors, strict=True):
        own = np.array([change[give == k] for k in range(N)])
        psi += weight * (change.mean(0) + own.mean(1))
        drawn += weight**2 * own.var(axis=1, ddof=1).mean() / n_repeats
    expected = (psi.var(ddof=1) - drawn) * N / (N - 4) / N
    told = contrast(moments_of(donors), dict(enumerate(weights)))
    assert told.se[0] ** 2 == pytest.approx(expected)
    assert told.estimate[0] == pytest.approx(np.dot(weights, d.mean((1, 2))))
    assert 0 < told.se_shuffle[0] <= told.se[0]


def test_beside_a_unit_that_shares_its_donors_with_others_the_noise_of_all_its_pairs_is_taken_off():
    donors = donors_of()
    (block,) = MarginalSampler(N, REPEATS, 0).blocks()
    donors[1] = np.argsort(block.rows)[donors[1]] * 0 + (np.arange(N) + np.arange(1, 6)[:, None]) % N
    d = changes_of(donors) * np.array([N / (N - 1), 1.0])[:, None, None]
    own = [np.array([change[give == k] for k in range(N)]) for change, give in zip(d, donors, strict=True)]
    psi = d[0].mean(0) + own[0].mean(1) - d[1].mean(0) - own[1].mean(1)
    drawn = own[0].var(axis=1, ddof=1).mean() + d[1].var(ddof=1)
    expected = (psi.var(ddof=1) - drawn / REPEATS) / (N - 4)
    told = contrast(moments_of(donors, spread=(True, False)), {0: 1.0, 1: -1.0})
    assert told.se[0] ** 2 == pytest.approx(expected)


def test_units_that_share_their_donors_have_the_numbers_they_have_without_others():
    shared = np.broadcast_to((np.arange(N) + np.arange(1, 6)[:, None]) % N, (2, REPEATS, N))
    plain = infer(Moments.of(changes_of(shared), shared[0], BEFORE))
    donors = np.concatenate([donors_of()[:1], shared])
    d = np.concatenate([changes_of(donors_of())[:1], changes_of(shared)])
    both = infer(Moments.of(d, donors, BEFORE, spread=(True, False, False)))
    np.testing.assert_allclose(both.estimate[1:], plain.estimate)
    np.testing.assert_allclose(both.se[1:], plain.se)
    alone = Moments.of(d, donors, BEFORE, spread=(True, False, False)).of_units([1, 2])
    assert not alone.spread
    np.testing.assert_allclose(infer(alone).se, plain.se)


def test_blocks_add_up_and_both_kinds_refuse_to():
    first, second = moments_of(donors_of(0)), moments_of(donors_of(1))
    total = first + second
    assert total.n_rows == 2 * N
    np.testing.assert_allclose(total.mean, (first.mean + second.mean) / 2)
    assert infer(total).se == pytest.approx(infer(first).se / np.sqrt(2), rel=0.3)
    with pytest.raises(InputError, match="spread"):
        first + Moments.of(changes_of(donors_of()), donors_of()[0], BEFORE)
    edges = np.array([0, N, 2 * N])
    both = Moments.of(
        np.concatenate([changes_of(donors_of(seed)) for seed in (0, 1)], axis=2),
        np.concatenate([donors_of(0), donors_of(1) + N], axis=2),
        np.tile(BEFORE, 2),
        spread=(True, True),
        edges=edges,
    )
    for name in ("pairs", "donors", "psi", "mean"):
        np.testing.assert_allclose(getattr(both, name), getattr(first.beside(second), name), atol=1e-9)


def test_moments_come_back_from_plain_values_bit_by_bit():
    moments = moments_of(donors_of())
    assert Moments.from_dict(moments.to_dict()) == moments
    assert Moments.from_dict(moments.to_dict()).spread == (True, True)
    plain = Moments.of(changes_of(donors_of()), donors_of()[0], BEFORE)
    assert "spread" not in plain.to_dict()
    assert Moments.from_dict(plain.to_dict()) == plain


def test_a_segment_counts_its_receivers_and_takes_from_all():
    segment = np.arange(N) < 25
    donors = donors_of()
    told = infer(moments_of(donors, segment=segment))
    expected = changes_of(donors)[..., segment].mean((1, 2)) * N / (N - 1)
    np.testing.assert_allclose(told.estimate, expected)
