"""Intervals, p-values and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from shuffles import donors, linear

from weighin._base.errors import InputError
from weighin._inference import (
    IDENTITY,
    R_SQUARED,
    ROOT,
    Inference,
    Moments,
    difference,
    holm,
    infer,
    repeats_needed,
)
from weighin._inference.intervals import transform, untransform


def result(estimate, se=1.0, skewness=0.0, df=30.0):
    one = np.ones(1)
    return Inference(estimate * one, se * one, se * one, 0 * one, skewness * one, df * one, np.array([False]))


def test_without_skewness_it_is_students_interval():
    lower, upper = result(2.0, df=12.0).interval(0.9)
    q = stats.t.ppf(0.95, 12)
    np.testing.assert_allclose([lower[0], upper[0]], [2 - q, 2 + q])


@given(st.floats(-6, 6), st.floats(-3, 3))
def test_the_two_transforms_undo_each_other(q, skewness):
    a = np.array([skewness])
    np.testing.assert_allclose(transform(untransform(np.array([q]), a), a), q, atol=1e-7)


@given(st.floats(-4, 4), st.floats(-2, 2), st.floats(3, 200), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_p_is_below_half_of_alpha_exactly_where_the_interval_is_above_zero(t, skewness, df, level):
    inference = result(t, skewness=skewness, df=df)
    lower, upper = inference.interval(level)
    assert lower[0] < upper[0]
    if abs(lower[0]) > 1e-9:
        assert (inference.pvalue[0] < (1 - level) / 2) == (lower[0] > 0)


def test_a_right_skewed_estimate_reaches_further_up():
    lower, upper = result(0.0, skewness=0.5).interval()
    assert upper[0] > -lower[0] > 0


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_confidence_levels_lie_between_0_and_1(level):
    with pytest.raises(InputError, match="between 0 and 1"):
        result(1.0).interval(level)


def finite(inference):
    for name in ("estimate", "se", "skewness", "df", "pvalue"):
        assert not np.isnan(getattr(inference, name)).any(), name
    assert not np.isnan(inference.interval()).any()
    assert (inference.se >= 0).all()


@pytest.mark.parametrize("n_repeats", [1, 2, 5])
@pytest.mark.parametrize("value", [0.0, 1e-300, 3.0, -2.0, 1e12])
def test_a_change_that_never_varies_has_no_doubt_left(value, n_repeats):
    give = donors(30, n_repeats)
    inference = infer(Moments.of(np.full((1, n_repeats, 30), value), give, np.ones(30)))
    finite(inference)
    lower, upper = inference.interval()
    np.testing.assert_allclose([lower[0], upper[0]], value, rtol=1e-12)
    assert inference.few_rows[0] == (value == 0)
    assert inference.pvalue[0] == (0 if value > 0 else 1)


@pytest.mark.parametrize("n_rows", [2, 3, 4, 5, 6, 8])
def test_tiny_samples_say_that_they_do_not_know(n_rows):
    n_repeats = 1 if n_rows < 5 else 2
    change, give, loss = linear(n_rows, n_repeats)
    inference = infer(Moments.of(change, give, loss))
    finite(inference)
    assert inference.few_rows[0]
    if n_rows <= 3 or (n_rows == 4 and n_repeats > 1):
        assert inference.se[0] == np.inf
        assert inference.pvalue[0] == 1


@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(17, 60), st.booleans())
def test_nothing_is_ever_missing(seed, n_repeats, n_rows, weighted):
    rng = np.random.default_rng(seed)
    kinds = [
        rng.normal(size=(n_repeats, n_rows)),
        rng.standard_cauchy(size=(n_repeats, n_rows)) ** 3,
        (rng.random((n_repeats, n_rows)) < 0.02) * 1.0,
        np.zeros((n_repeats, n_rows)),
        rng.integers(-1, 2, size=(n_repeats, n_rows)) * 1.0,
    ]
    w = rng.exponential(size=n_rows) * (rng.random(n_rows) < 0.5) + 1e-9 if weighted else None
    moments = Moments.of(np.stack(kinds), donors(n_rows, n_repeats, seed), rng.random(n_rows), weights=w)
    for function in (IDENTITY.change, IDENTITY.relative, ROOT.change):
        finite(infer(moments, function))
    assert infer(moments).few_rows[3]


def test_losses_beyond_all_bounds_leave_everything_open():
    change, give, loss = linear(50, 3)
    moments = Moments.of(change * 1e160, give, loss)
    assert infer(moments + moments).se[0] == np.inf
    assert infer(moments).pvalue[0] == 1


def test_in_parts_of_nothing_is_not_defined():
    change, give, loss = linear(50, 3)
    inference = infer(Moments.of(change, give, 0 * loss), IDENTITY.relative)
    for name in ("estimate", "se", "pvalue"):
        assert np.isnan(getattr(inference, name)).all(), name
    assert np.isnan(inference.interval()).all()


def test_a_tiny_stratum_does_not_spoil_the_rest():
    large, tiny = Moments.of(*linear(400, 4)), Moments.of(*linear(3, 1))
    alone, both = infer(large), infer([large, tiny])
    assert infer(tiny).se[0] == np.inf
    assert both.se[0] == pytest.approx(alone.se[0], rel=0.1)
    assert both.se_shuffle[0] == pytest.approx(alone.se_shuffle[0], rel=0.05)
    one = Moments.of(*linear(400, 1))
    assert np.isnan(infer([one, tiny]).se_shuffle[0])
    assert infer([one, tiny]).se[0] < 1


def test_a_feature_that_cancels_out_to_first_order_keeps_a_variance():
    n, n_repeats = 50, 5
    x = np.random.default_rng(0).normal(size=n)
    give = donors(n, n_repeats)
    inference = infer(Moments.of((x - x[give])[None], give, np.ones(n)))  # sums to 0 in every repeat
    finite(inference)
    assert inference.se[0] > 0


@pytest.mark.parametrize("n_repeats", [1, 2, 5])
def test_noise_that_the_model_adds_has_the_variance_of_its_closed_form(n_repeats):
    """V1 + V2 and 2 C nearly cancel, 4 c^2 remain, and 4 c^2 of each pair: guards against less must not widen it."""
    n, c = 50_000, 3.0
    x, e = np.random.default_rng(0).normal(size=(2, n))
    give = donors(n, n_repeats)
    change = (e - c * x[give]) ** 2 - (e - c * x) ** 2
    variance = infer(Moments.of(change[None], give, (e - c * x) ** 2)).se[0] ** 2
    assert n * variance == pytest.approx(4 * c**2 * (1 + 1 / n_repeats), rel=0.15)


def test_one_repeat_tells_the_whole_but_not_the_parts():
    inference = infer(Moments.of(*linear(400, 1)))
    assert np.isnan(inference.se_data[0])
    assert np.isnan(inference.se_shuffle[0])
    assert inference.se[0] == pytest.approx((20 / 400) ** 0.5, rel=0.4)


def test_parts_add_up():
    inference = infer(Moments.of(*linear(400, 5)))
    assert inference.se[0] ** 2 == pytest.approx(inference.se_data[0] ** 2 + inference.se_shuffle[0] ** 2)


def test_features_the_model_cannot_see_are_exactly_zero():
    inference = infer(Moments.of(np.zeros((1, 2, 10)), donors(10, 2), np.ones(10)))
    zero = inference.ignoring(np.array([True]))
    assert inference.few_rows[0]
    assert not zero.few_rows[0]
    assert [end[0] for end in zero.interval()] == [0, 0]
    assert zero.pvalue[0] == 1


def test_functions_of_means_agree_with_numerical_derivatives():
    rng = np.random.default_rng(0)
    change, give, loss = linear(300, 4)
    moments = Moments.of(
        np.concatenate([change, 0.3 * change]), give, np.stack([loss, rng.normal(size=300) ** 2])
    )
    from weighin._inference import Means, means

    at = means(moments)
    for function in (IDENTITY.change, IDENTITY.relative, ROOT.change, R_SQUARED.change):
        value, by_change, by_rows = function(at)
        step = 1e-6
        moved = function(Means(at.change + step, at.rows))[0]
        np.testing.assert_allclose((moved - value) / step, by_change, rtol=1e-4, atol=1e-8)
        for s in range(2):
            moved = function(Means(at.change, at.rows + step * (np.arange(2) == s)))[0]
            np.testing.assert_allclose((moved - value) / step, by_rows[:, s], rtol=1e-4, atol=1e-5)


def test_a_function_of_means_has_the_variance_of_its_linearisation():
    change, give, loss = linear(300, 4)
    moments = Moments.of(change, give, loss)
    after, before = np.sqrt((loss + change[0]).mean()), np.sqrt(loss.mean())
    by_hand = (change[0] + loss) / (2 * after) - loss / (2 * before)
    expected = infer(Moments.of(by_hand[None], give, loss))
    got = infer(moments, ROOT.change)
    assert got.estimate[0] == pytest.approx(after - before)
    # loss has no donor, and the moments know it: nearly what treating it as any pair gives
    assert got.se[0] == pytest.approx(expected.se[0], rel=0.02)
    given = np.empty_like(change[0])
    for r in range(4):
        given[r, give[r]] = change[0, r]
    psi = (change[0].mean(0) + given.mean(0)) / (2 * after) + loss * (1 / (2 * after) - 1 / (2 * before))
    assert got.skewness[0] == pytest.approx(stats.skew(psi) / 300**0.5, rel=1e-9)
    assert got.df[0] == pytest.approx(600 / (stats.kurtosis(psi) + 2), rel=1e-9)


def test_weighted_functions_of_means_have_the_variance_of_their_linearisation():
    change, give, loss = linear(300, 4)
    w = np.random.default_rng(1).gamma(3.0, size=300)
    pair = w * w[give]
    theta, before = (pair * change[0]).sum() / pair.sum(), (w * loss).sum() / w.sum()
    got = infer(Moments.of(change, give, loss, weights=w), IDENTITY.relative)
    assert got.estimate[0] == pytest.approx(theta / before)
    by_hand = pair * (change[0] - theta) / pair.mean() / before
    by_hand = by_hand - theta / before**2 * w * (loss - before) / w.mean()
    expected = infer(Moments.of(by_hand[None], give, loss))
    assert got.se[0] == pytest.approx(expected.se[0], rel=0.03)


def test_the_difference_of_two_units_is_that_of_their_changes():
    change, give, loss = linear(200, 5)
    other = linear(200, 5, b=0.5)[0]
    moments = Moments.of(np.concatenate([change, other]), give, loss)
    direct = infer(Moments.of(change - other, give, loss))
    got = difference(moments, 0, 1)
    for name in ("estimate", "se", "se_data", "se_shuffle", "skewness", "df"):
        np.testing.assert_allclose(getattr(got, name), getattr(direct, name), rtol=1e-9)
    assert difference(moments, 0, 0).se[0] == 0


def test_strata_add_their_variances():
    parts = [Moments.of(*linear(n, 4, b, seed)) for seed, (n, b) in enumerate([(50, 1.0), (150, 2.0)])]
    both, (first, second) = infer(parts), map(infer, parts)
    assert both.estimate[0] == pytest.approx(0.25 * first.estimate[0] + 0.75 * second.estimate[0])
    assert both.se[0] ** 2 == pytest.approx(first.se[0] ** 2 / 16 + second.se[0] ** 2 * 9 / 16)
    alone = infer(parts[:1])
    for name in ("estimate", "se", "skewness", "df"):
        np.testing.assert_allclose(getattr(alone, name), getattr(first, name), rtol=1e-12)


def test_a_score_that_grows_with_quality_turns_its_sign():
    moments = Moments.of(*linear(100, 3))
    up, down = infer(moments), infer(moments, sign=-1.0)
    np.testing.assert_allclose(down.estimate, -up.estimate)
    np.testing.assert_allclose(down.interval()[0], -up.interval()[1])


def test_repeats_needed_follow_the_shares_of_noise():
    # data 12, pairs 8: 8/R at most a tenth of 12 + 8/R from R = 6 on
    assert repeats_needed(Moments.of(*linear(200_000, 5))) == 6
    assert repeats_needed(Moments.of(np.zeros((1, 5, 50)), donors(50, 5), np.ones(50))) == 5
    x, give = np.random.default_rng(0).normal(size=40), donors(40, 5)
    assert repeats_needed(Moments.of((x - x[give])[None], give, np.ones(40))) <= 50


def test_few_rows_counts_rows_that_change():
    change, give, loss = linear(100, 5)
    moments = Moments.of(np.concatenate([change, change * (np.arange(100) < 15)]), give, loss)
    assert infer(moments).few_rows.tolist() == [False, True]
    assert infer(Moments.of(change, give, loss, segment=np.arange(100) < 19)).few_rows.tolist() == [True]


def test_rows_without_any_weight_cannot_be_weighed():
    with pytest.raises(InputError, match="No row to weigh has a sample weight above 0"):
        infer(Moments.of(*linear(50, 2), segment=np.zeros(50, bool)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_the_stepwise_rule(p):
    adjusted = holm(np.array(p))
    for alpha in (0.01, 0.05, 0.2):
        rejected, left = set(), sorted(range(len(p)), key=lambda i: p[i])
        while left and p[left[0]] * len(left) <= alpha:
            rejected.add(left.pop(0))
        assert set(np.flatnonzero(adjusted <= alpha)) == rejected
