"""The interval of a difference: what is paired, what is not, and that it covers what it claims."""

from __future__ import annotations

import numpy as np
import pytest

from weighin._inference import IDENTITY, R_SQUARED, ROOT, Moments, holm, infer, two_sided, unknown
from weighin._inference.paired import independent, paired
from weighin._samplers import MarginalSampler

pytestmark = pytest.mark.slow

N_RUNS = 300
MODELS = ((1.0, 0.5), (1.3, 0.3))  # coefficients of x and z; the truth is (1, 0.5)


def donors(n: int, repeats: int, seed: int) -> np.ndarray:
    (block,) = MarginalSampler(n, repeats, seed, block_rows=n).blocks()
    return block.donors


def swaps(n: int, give: np.ndarray, seed: int) -> tuple:
    """Changes (n_repeats, n) and squared errors of both models on the same rows, x and z correlated."""
    rng = np.random.default_rng(seed)
    x, e, other = rng.normal(size=(3, n))
    z = 0.6 * x + 0.8 * other
    y = x + 0.5 * z + e
    changes, before = [], []
    for b, c in MODELS:
        loss = (y - b * x - c * z) ** 2
        changes.append((y - b * x[give] - c * z) ** 2 - loss)
        before.append(loss)
    return changes, before


def truth(function) -> float:
    """Closed form: mean squared errors are variances, and a swapped x is independent of y and z."""
    out = []
    for b, c in MODELS:
        left, rest = 1 - b, 0.5 - c
        before = left**2 + rest**2 + 2 * 0.6 * left * rest + 1
        after = 1 + rest**2 + 2 * 0.6 * rest + 1 + b**2
        out.append(after - before if function == IDENTITY.change else after**0.5 - before**0.5)
    return out[1] - out[0]


@pytest.mark.parametrize("function", [IDENTITY.change, ROOT.change])
@pytest.mark.parametrize("repeats", [1, 5])
def test_paired_intervals_hold_the_truth(function, repeats):
    """95 % intervals; of 300, between 271 and 296 hold with a probability above 0.999."""
    held, width, apart = 0, 0.0, 0.0
    for seed in range(N_RUNS):
        give = donors(300, repeats, seed)
        changes, before = swaps(300, give, seed)
        one, two = ((c[None], b) for c, b in zip(changes, before, strict=True))
        got = paired((one[0], two[0]), give, (one[1], two[1]), function=function)
        (low,), (high,) = got.interval()
        held += low <= truth(function) <= high
        width += high - low
        apart += np.diff(
            independent(*(infer(Moments.of(c, give, b), function) for c, b in (one, two))).interval(), axis=0
        )
    assert 271 <= held <= 297
    assert width < 0.5 * apart  # what moves both alike cancels


@pytest.mark.parametrize("weighted", [False, True])
def test_paired_intervals_of_r2_hold_the_truth(weighted):
    """R2 is 1 minus the mean squared error over the variance of y, 1 + 0.25 + 2 x 0.5 x 0.6 + 1."""
    held, n = 0, 400
    for seed in range(N_RUNS):
        give = donors(n, 5, seed)
        changes, before = swaps(n, give, seed)
        x, e, other = np.random.default_rng(seed).normal(size=(3, n))
        y = x + 0.5 * (0.6 * x + 0.8 * other) + e
        weights = np.random.default_rng([seed, 1]).uniform(0.5, 1.5, n) if weighted else None
        spread = (y - np.average(y, weights=weights)) ** 2
        got = paired(
            (changes[0][None], changes[1][None]),
            give,
            tuple(np.stack([loss, spread]) for loss in before),
            weights=weights,
            function=R_SQUARED.change,
            sign=-1.0,
        )
        (low,), (high,) = got.interval()
        held += low <= truth(IDENTITY.change) / 2.85 <= high
    assert 271 <= held <= 297


def test_independent_intervals_hold_the_truth():
    held = 0
    for seed in range(N_RUNS):
        judged = []
        for model in range(2):
            give = donors(300, 5, 2 * seed + model)
            changes, before = swaps(300, give, 2 * seed + model)
            judged.append(infer(Moments.of(changes[model][None], give, before[model])))
        (low,), (high,) = independent(*judged).interval()
        held += low <= truth(IDENTITY.change) <= high
    assert 271 <= held <= 297


def test_squared_errors_paired_are_the_moments_of_the_difference():
    give = donors(200, 4, 0)
    changes, before = swaps(200, give, 0)
    got = paired((changes[0][None], changes[1][None]), give, before)
    expected = infer(Moments.of((changes[1] - changes[0])[None], give, before[1]))
    for name in ("estimate", "se", "se_data", "se_shuffle", "skewness", "df"):
        np.testing.assert_allclose(getattr(got, name), getattr(expected, name), rtol=1e-8)


@pytest.mark.parametrize("function", [IDENTITY.change, IDENTITY.relative, ROOT.change, R_SQUARED.change])
@pytest.mark.parametrize("weighted", [False, True])
def test_two_models_that_lose_the_same_differ_by_exactly_nothing(function, weighted):
    """Whatever the processor: sums of the two subtracted from each other would leave 1e-10."""
    give, n = donors(200, 4, 0), 200
    changes, before = swaps(n, give, 0)
    rows = np.stack([before[0], np.random.default_rng(0).uniform(0.5, 1.5, n)])
    units = np.stack([changes[0], changes[1], changes[0] * 0.3])
    weights = np.random.default_rng(1).uniform(0.5, 1.5, n) if weighted else None
    got = paired((units, units.copy()), give, (rows, rows.copy()), weights=weights, function=function)
    for name in ("estimate", "se", "se_data", "se_shuffle"):
        assert (getattr(got, name) == 0).all(), name


def test_strata_count_by_themselves():
    give = np.concatenate([donors(100, 4, 0), 100 + donors(150, 4, 1)], axis=1)
    changes, before = swaps(250, give, 0)
    stratum = np.repeat([3, 7], [100, 150])
    mixed = np.random.default_rng(0).permutation(250)
    place = np.argsort(mixed)
    got = paired(
        [change[None][..., mixed] for change in changes],
        place[give[:, mixed]],
        [loss[mixed] for loss in before],
        stratum=stratum[mixed],
    )
    parts = [slice(0, 100), slice(100, 250)]
    difference = (changes[1] - changes[0])[None]
    expected = infer([Moments.of(difference[..., p], give[:, p] - p.start, before[1][p]) for p in parts])
    np.testing.assert_allclose(got.estimate, expected.estimate)
    np.testing.assert_allclose(got.se, expected.se)


def test_blocks_and_features_at_a_time_do_not_change_the_numbers():
    """Blocks are summed up one by one, features dozen by dozen."""
    give = np.concatenate([donors(60, 3, 0), 60 + donors(80, 3, 1), 140 + donors(60, 3, 2)], axis=1)
    rng = np.random.default_rng(0)
    changes, before = rng.normal(size=(2, 30, 3, 200)), rng.normal(size=(2, 200)) ** 2
    whole = paired(tuple(changes), give, tuple(before), function=ROOT.change)
    for unit in (0, 11, 12, 29):
        alone = paired(tuple(changes[:, unit : unit + 1]), give, tuple(before), function=ROOT.change)
        cut = paired(
            tuple(changes[:, unit : unit + 1]),
            give,
            tuple(before),
            block=np.repeat([0, 1, 2], [60, 80, 60]),
            function=ROOT.change,
        )
        for name in ("estimate", "se", "skewness", "df"):
            expected = getattr(whole, name)[unit]
            assert getattr(alone, name)[0] == pytest.approx(expected, rel=1e-7)
            assert getattr(cut, name)[0] == pytest.approx(expected, rel=1e-7)


def test_a_score_that_grows_turns_the_sign():
    give = donors(50, 3, 0)
    changes, before = swaps(50, give, 0)
    plain, turned = (paired(([changes[0]], [changes[1]]), give, before, sign=sign) for sign in (1.0, -1.0))
    assert plain.estimate == -turned.estimate
    assert plain.skewness == pytest.approx(-turned.skewness)


def test_variances_of_independent_results_add():
    give = donors(200, 4, 0)
    changes, before = swaps(200, give, 0)
    one, two = (infer(Moments.of(c[None], give, b)) for c, b in zip(changes, before, strict=True))
    got = independent(one, two)
    assert got.estimate == two.estimate - one.estimate
    np.testing.assert_allclose(got.se**2, one.se**2 + two.se**2)
    assert min(one.df[0], two.df[0]) <= got.df[0] <= one.df[0] + two.df[0]
    other = independent(two, one)
    np.testing.assert_allclose(other.skewness, -got.skewness)
    np.testing.assert_allclose(other.interval()[0], -got.interval()[1])


def test_beside_a_certain_zero_an_interval_stays_as_it_is():
    give = donors(200, 4, 0)
    changes, before = swaps(200, give, 0)
    one = infer(Moments.of(changes[0][None], give, before[0]))
    zero = one.ignoring(np.array([True]))
    np.testing.assert_allclose(independent(zero, one).interval(), one.interval())
    assert two_sided(independent(zero, zero)) == [1.0]


def test_pvalues_and_intervals_agree():
    give = donors(200, 4, 0)
    changes, before = swaps(200, give, 0)
    got = paired(([changes[0]], [changes[1] - 0.9]), give, before)
    (p,) = two_sided(got)
    assert 1e-6 < p < 0.9
    for level, inside in ((1 - p * 1.01, False), (1 - p * 0.99, True)):
        (low,), (high,) = got.interval(level)
        assert (low <= 0 <= high) == inside


def test_unknown_values_stay_out_of_the_adjustment():
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.02])), [0.02, np.nan, 0.02])
    assert np.isnan(unknown(np.array([1.0])).interval()).all()
