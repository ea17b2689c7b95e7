"""Sums of swaps inside bins: definitions, merging, the ends of intervals with an allowance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bins import case, variance_by_definition
from shuffles import linear

from weighin._base.errors import InputError
from weighin._inference import (
    IDENTITY,
    R_SQUARED,
    ROOT,
    GivenEvidence,
    GivenMoments,
    GivenSwaps,
    Moments,
    given_paired,
    infer,
)
from weighin._inference.claims import claims
from weighin._inference.intervals import Allowing, chosen, joined, two_sided
from weighin._inference.paired import independent
from weighin._samplers import MarginalSampler


@pytest.mark.parametrize("n_repeats", [1, 2, 5, 9])
@pytest.mark.parametrize("sizes", [13, 30])
def test_the_variance_is_what_its_definition_says(n_repeats, sizes):
    changes, give, labels, loss, _ = case(n_repeats=n_repeats, sizes=sizes)
    got = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss)], [0, 0]).infer()
    for unit in range(2):
        variance, psi, theta = variance_by_definition(changes[unit], give[unit], labels[unit])
        assert got.estimate[unit] == pytest.approx(theta, rel=1e-12)
        assert got.se[unit] ** 2 == pytest.approx(variance, rel=1e-10)
        z = psi / psi.std()
        assert got.skewness[unit] == pytest.approx((z**3).mean() / len(z) ** 0.5, rel=1e-9)
        assert got.df[unit] == pytest.approx(max(3, 2 * len(z) / ((z**4).mean() - 1)), rel=1e-9)


@pytest.mark.parametrize("n_repeats", [1, 3, 6])
def test_one_bin_of_all_rows_gives_the_numbers_of_the_free_importance(n_repeats):
    changes, give, loss = linear(300, n_repeats)
    free = infer(Moments.of(changes, give, loss))
    evidence = GivenEvidence.of([GivenMoments.of(changes, give[None], np.zeros((1, 300)), loss)], [0])
    got = evidence.infer()
    for name in ("estimate", "se", "skewness", "df", "few_rows"):
        np.testing.assert_allclose(getattr(got, name), getattr(free, name), rtol=1e-10)
    np.testing.assert_allclose(got.interval(), free.interval(), rtol=1e-10)
    np.testing.assert_allclose(got.pvalue, free.pvalue, rtol=1e-8)
    root, free_root = evidence.infer(ROOT.change), infer(Moments.of(changes, give, loss), ROOT.change)
    np.testing.assert_allclose(root.estimate, free_root.estimate, rtol=1e-12)
    np.testing.assert_allclose(root.se, free_root.se, rtol=0.02)


def parts_of(changes, give, labels, loss, allowed, cuts, **more):
    """Moments of each group of whole bins, as batches would have them."""
    for bins in cuts:
        rows = np.flatnonzero(np.isin(labels[0], bins))
        assert all(set(labels[0][rows]) == set(bins) for _ in labels)
        place = np.full(labels.shape[1], -1)
        place[rows] = np.arange(len(rows))
        here = {name: value[rows] for name, value in more.items()}
        yield GivenMoments.of(
            changes[..., rows],
            place[give[..., rows]],
            labels[:, rows],
            loss[rows],
            allowance=allowed[..., rows],
            **here,
        )


@pytest.mark.parametrize("weighted", [False, True])
def test_batches_add_up_to_what_all_rows_give_in_any_order(weighted):
    changes, give, labels, loss, allowed = case(n_units=1, n_repeats=5, sizes=15)
    # another unit with the same bins, so that batches hold whole bins of both
    changes, give, labels, allowed = (
        np.concatenate([x, x * y]) for x, y in ((changes, 1.5), (give, 1), (labels, 1), (allowed, 0.5))
    )
    rng = np.random.default_rng(1)
    more = {"weights": rng.exponential(size=90), "segment": rng.random(90) < 0.7} if weighted else {}
    whole = GivenEvidence.of(
        [GivenMoments.of(changes, give, labels, loss, allowance=allowed, **more)], [0.1, 0.2]
    )
    parts = list(parts_of(changes, give, labels, loss, allowed, ([0, 3], [1], [4, 5, 2]), **more))
    for order in ((0, 1, 2), (2, 0, 1)):
        total = sum((parts[k] for k in order[1:]), parts[order[0]])
        merged = GivenEvidence.of([total], [0.1, 0.2])
        for link in (IDENTITY, ROOT):
            for one, other in zip(
                (merged.infer(link.change), merged.contrast({0: 1, 1: -1}, link.change)),
                (whole.infer(link.change), whole.contrast({0: 1, 1: -1}, link.change)),
                strict=True,
            ):
                for side in range(2):
                    for name in ("estimate", "se", "skewness", "df"):
                        got, expected = (getattr(x.ends[side], name) for x in (one, other))
                        np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_moments_of_another_kind_do_not_add_up():
    changes, give, labels, loss, allowed = case()
    with_allowance = GivenMoments.of(changes, give, labels, loss, allowance=allowed)
    with pytest.raises(InputError, match="allowing"):
        with_allowance + GivenMoments.of(changes, give, labels, loss)


def test_the_lower_end_and_the_p_value_come_from_the_change_less_its_allowance():
    changes, give, labels, loss, allowed = case(n_repeats=5)
    lam = [0.3, 0.0]
    got = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss, allowance=allowed)], lam).infer()
    plain = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss)], [0, 0]).infer()
    less = changes - np.array(lam)[:, None, None] * allowed
    below = GivenEvidence.of([GivenMoments.of(less, give, labels, loss)], [0, 0]).infer()
    assert isinstance(got, Allowing)
    np.testing.assert_allclose(got.estimate, plain.estimate)
    np.testing.assert_allclose(got.interval()[0], below.interval()[0], rtol=1e-9)
    np.testing.assert_allclose(got.interval()[1], plain.interval()[1])
    np.testing.assert_allclose(got.pvalue, below.pvalue, rtol=1e-7)
    assert got.pvalue[0] > plain.pvalue[0]


@pytest.mark.parametrize("link", [ROOT, R_SQUARED], ids=str)
def test_what_is_allowed_for_is_linearised_with_the_metric(link):
    changes, give, labels, loss, allowed = case(n_repeats=5)
    spread = np.random.default_rng(5).exponential(size=90)
    moments = GivenMoments.of(changes, give, labels, np.stack([loss, spread]), allowance=allowed)
    sign = -1.0 if link is R_SQUARED else 1.0
    got = GivenEvidence.of([moments], [0.3, 0.1]).infer(link.change, sign=sign)
    amount = allowed.mean(axis=(1, 2)) * np.array([0.3, 0.1])
    after = loss.mean() + changes.mean(axis=(1, 2))
    expected = amount / (2 * after**0.5) if link is ROOT else amount / spread.mean()
    np.testing.assert_allclose(got.estimate - got.ends[0].estimate, expected, rtol=1e-10)
    assert (got.interval()[0] < got.estimate).all()


def test_a_difference_allows_for_one_of_the_two_at_each_end():
    changes, give, labels, loss, allowed = case(n_repeats=5)
    lam = np.array([0.3, 0.2])
    evidence = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss, allowance=allowed)], lam)
    got = evidence.contrast({0: 1.0, 1: -1.0})
    theta, amount = changes.mean(axis=(1, 2)), lam * allowed.mean(axis=(1, 2))
    assert got.estimate[0] == pytest.approx(theta[0] - theta[1])
    assert got.ends[0].estimate[0] == pytest.approx(theta[0] - amount[0] - theta[1])
    assert got.ends[1].estimate[0] == pytest.approx(theta[0] - theta[1] + amount[1])
    plain = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss)], [0, 0])
    (va, pa, _), (vb, pb, _) = (variance_by_definition(changes[u], give[u], labels[u]) for u in (0, 1))
    expected = va + vb - 2 * np.cov(pa, pb)[0, 1] / 90
    assert plain.contrast({0: 1.0, 1: -1.0}).se[0] ** 2 == pytest.approx(expected, rel=1e-9)
    turned = evidence.contrast({0: -1.0, 1: 1.0})
    np.testing.assert_allclose(turned.interval()[0], -got.interval()[1])
    np.testing.assert_allclose(two_sided(turned), two_sided(got))
    assert evidence.contrast({0: 0.0}).interval()[0] == 0


def test_a_unit_shuffled_freely_stands_beside_one_given_others():
    changes, give, labels, loss, allowed = case(n_units=1, n_repeats=5)
    (block,) = MarginalSampler(90, 5, 3).blocks()
    both = GivenMoments.of(
        np.concatenate([changes, 3 * changes[:, :, ::-1]]),
        np.stack([give[0], block.donors]),
        np.stack([labels[0], np.zeros(90)]),
        loss,
        allowance=allowed,
        allowing=[0],
    )
    evidence = GivenEvidence.of([both], [0.3, 0.0])
    got = evidence.contrast({1: 1.0, 0: -1.0})
    np.testing.assert_allclose(got.estimate, 2 * changes.mean())
    np.testing.assert_array_equal(got.ends[0].estimate, got.estimate)
    np.testing.assert_allclose(got.ends[1].estimate, got.estimate + 0.3 * allowed.mean())


def test_weights_weigh_pairs_inside_a_bin_and_bins_by_their_rows():
    changes, give, labels, loss, _ = case(n_repeats=4)
    w = np.random.default_rng(2).exponential(size=90)
    inside = np.random.default_rng(3).random(90) < 0.6
    for own, more in ((w, {}), (w * inside, {"segment": inside})):
        got = GivenEvidence.of(
            [GivenMoments.of(changes, give, labels, loss, weights=w, **more)], [0, 0]
        ).infer()
        for unit in range(2):
            expected = 0.0
            for label in np.unique(labels[unit]):
                here = labels[unit] == label
                pair = own[here] * w[give[unit][:, here]]
                expected += own[here].sum() / own.sum() * np.average(changes[unit][:, here], weights=pair)
            assert got.estimate[unit] == pytest.approx(expected, rel=1e-10)
    ones = GivenMoments.of(changes, give, labels, loss, weights=np.ones(90))
    plain = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss)], [0, 0]).infer()
    equal = GivenEvidence.of([ones], [0, 0]).infer()
    np.testing.assert_allclose(equal.interval(), plain.interval(), rtol=1e-9)
    parts = GivenMoments.of(changes, give, labels, loss, segment=inside)
    estimate = GivenEvidence.of([parts], [0, 0]).infer().estimate
    np.testing.assert_allclose(estimate, changes[..., inside].mean(axis=(1, 2)))


def test_the_variance_counts_the_rows_that_carry_the_weight_of_a_bin():
    changes, give, labels, loss, _ = case(n_units=1, n_repeats=6)
    weights = np.random.default_rng(6).gamma(2, size=90)
    got = GivenMoments.of(changes, give, labels, loss, weights=weights)
    expected = 0.0
    for label in range(3):
        w, here = weights[labels[0] == label], labels[0] == label
        d = changes[0][:, here]
        pair = w * weights[give[0][:, here]]
        theta = np.average(d, weights=pair)
        values = w.mean() * pair * (d - theta) / pair.mean() + w * theta
        place = np.full(90, -1)
        place[here] = np.arange(30)
        own = GivenMoments.of(values[None], [place[give[0][:, here]]], np.zeros((1, 30)), loss[here])
        carry = w.sum() ** 2 / (w**2).sum()
        expected += own.data[0, 0, 0] / (30 / 26) * carry / (carry - 4)
    assert got.data[0, 0, 0] == pytest.approx(expected, rel=1e-9)


def test_bins_without_any_weight_take_the_mean_of_the_others():
    changes, give, labels, loss, _ = case(n_units=1, n_repeats=4)
    weights = np.where(labels[0] == 1, 0.0, 1.0)
    weights[np.flatnonzero(labels[0] == 1)[0]] = 1.0  # alone in its bin
    got = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss, weights=weights)], [0]).infer()
    assert got.estimate[0] == pytest.approx(changes[..., labels[0] != 1].mean(), rel=1e-10)


def test_strata_have_fixed_sizes():
    cases = [case(n_rows=n, n_repeats=5, seed=n) for n in (60, 90)]
    got = GivenEvidence.of([GivenMoments.of(*part[:4]) for part in cases], [0, 0]).infer()
    of_each = [variance_by_definition(part[0][0], part[1][0], part[2][0]) for part in cases]
    assert got.estimate[0] == pytest.approx(0.4 * of_each[0][2] + 0.6 * of_each[1][2])
    assert got.se[0] ** 2 == pytest.approx(0.16 * of_each[0][0] + 0.36 * of_each[1][0])


def test_what_is_not_offered_is_not_given():
    changes, give, labels, loss, allowed = case(n_units=3, n_repeats=5)
    moments = GivenMoments.of(changes, give, labels, loss, allowance=allowed[:2], allowing=[0, 1])
    evidence = GivenEvidence.of([moments], [0.3, 0.1, 0.2])
    assert evidence.offers == ("all", "all", "interval")
    got = evidence.infer()
    assert np.isnan(got.pvalue).tolist() == [False, False, True]
    assert np.isfinite(got.interval()).all()
    evidence = GivenEvidence.of([moments], [0.3, 0.1, 0.2], ["nothing", "all", "estimate"])
    got = evidence.infer()
    assert np.isnan(got.estimate).tolist() == [True, False, False]
    assert np.isnan(got.interval()[0]).tolist() == [True, False, True]
    assert np.isnan(got.interval()[1]).tolist() == [True, False, True]
    assert np.isnan(evidence.contrast({1: 1.0, 2: -1.0}).se[0])


def test_files_give_back_the_same():
    changes, give, labels, loss, allowed = case(n_repeats=5)
    evidence = GivenEvidence.of(
        [GivenMoments.of(changes, give, labels, loss, allowance=allowed)], [0.3, 0.0], ["all", "estimate"]
    )
    again = GivenEvidence.from_dict(json.loads(json.dumps(evidence.to_dict(float))), float)
    assert again == evidence
    damaged = evidence.to_dict(float)
    damaged["lam"] = [0.3]
    with pytest.raises(InputError, match="other units"):
        GivenEvidence.from_dict(damaged, float)


def test_a_swap_that_changes_nothing_weighs_exactly_nothing():
    _, give, labels, loss, _ = case(n_units=1, n_repeats=3)
    got = GivenEvidence.of([GivenMoments.of(np.zeros((1, 3, 90)), give, labels, loss)], [0]).infer()
    assert (got.estimate[0], got.se[0], got.pvalue[0], got.few_rows[0]) == (0, 0, 1, True)


def test_harm_is_claimed_from_the_upper_end_never_from_an_allowance():
    changes, give, labels, loss, _ = case(n_units=2, n_repeats=5)
    changes = changes - changes.mean(axis=(1, 2), keepdims=True)
    allowed = np.full_like(changes, 50.0)
    moments = GivenMoments.of(changes, give, labels, loss, allowance=allowed)
    got = claims(GivenEvidence.of([moments], [1.0, 1.0]).infer())
    assert not got.any.any()
    worse = GivenMoments.of(changes - 50, give, labels, loss, allowance=allowed)
    assert claims(GivenEvidence.of([worse], [1.0, 1.0]).infer()).harmful.all()


def test_estimates_keep_their_ends_when_joined_chosen_or_ignored():
    changes, give, labels, loss, allowed = case(n_repeats=5)
    given = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss, allowance=allowed)], [0.3, 0.2])
    plain = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss)], [0, 0])
    both = joined([plain.infer(), given.infer()])
    np.testing.assert_array_equal(chosen(both, [2, 3]).interval(), given.infer().interval())
    np.testing.assert_array_equal(chosen(both, [0, 1]).pvalue, plain.infer().pvalue)
    ignored = both.ignoring(np.array([False, False, True, False]))
    np.testing.assert_array_equal(np.array(ignored.interval())[:, 2], [0, 0])
    assert ignored.pvalue[2] == 1


def test_of_two_models_on_other_swaps_each_end_allows_for_one():
    changes, give, labels, loss, allowed = case(n_repeats=5)
    given = GivenEvidence.of([GivenMoments.of(changes, give, labels, loss, allowance=allowed)], [0.3, 0.2])
    first, second = given.units([0]).infer(), given.units([1]).infer()
    got = independent(first, second)
    amounts = np.array([0.3, 0.2]) * allowed.mean(axis=(1, 2))
    np.testing.assert_allclose(got.ends[0].estimate, got.estimate - amounts[1])
    np.testing.assert_allclose(got.ends[1].estimate, got.estimate + amounts[0])
    np.testing.assert_allclose(got.se**2, first.se**2 + second.se**2)


def two_models(n_repeats=5):
    """Changes, allowances and losses of two models on the same swaps of two units, and those swaps."""
    changes, give, labels, loss, allowed = case(n_repeats=n_repeats)
    rng = np.random.default_rng(8)
    second = changes * 1.4 + rng.normal(size=changes.shape)
    swaps = GivenSwaps(give, labels, np.array([0.3, 0.2]), np.zeros(90, int), np.zeros(90, int))
    other = loss + rng.normal(size=90) ** 2
    return (changes, second), (allowed, 1.7 * allowed), (loss, other), swaps


def test_two_models_on_the_same_swaps_are_compared_pair_by_pair():
    changes, allowed, loss, swaps = two_models()
    got = given_paired(changes, loss, swaps, allowances=allowed)
    for unit in range(2):
        change = changes[1][unit] - changes[0][unit]
        variance, _, theta = variance_by_definition(change, swaps.donors[unit], swaps.bins[unit])
        assert got.estimate[unit] == pytest.approx(theta)
        assert got.se[unit] ** 2 == pytest.approx(variance)
        amounts = [swaps.lam[unit] * values[unit].mean() for values in allowed]
        assert got.ends[0].estimate[unit] == pytest.approx(theta - amounts[1])
        assert got.ends[1].estimate[unit] == pytest.approx(theta + amounts[0])
        below, _, _ = variance_by_definition(
            change - swaps.lam[unit] * allowed[1][unit], swaps.donors[unit], swaps.bins[unit]
        )
        assert got.ends[0].se[unit] ** 2 == pytest.approx(below)
    same = given_paired((changes[0], changes[0]), (loss[0], loss[0]), swaps)
    np.testing.assert_array_equal(same.interval(), np.zeros((2, 2)))
    assert np.isnan(same.pvalue).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_two_models_are_compared_by_the_root_as_each_alone_would_be(weighted):
    changes, allowed, loss, swaps = two_models()
    weights = np.random.default_rng(4).gamma(4, size=90) if weighted else None
    got = given_paired(changes, loss, swaps, allowances=allowed, weights=weights, function=ROOT.change)
    alone = []
    for side in (0, 1):
        moments = GivenMoments.of(
            changes[side], swaps.donors, swaps.bins, loss[side], allowance=allowed[side], weights=weights
        )
        alone.append(GivenEvidence.of([moments], swaps.lam).infer(ROOT.change))
    np.testing.assert_allclose(got.estimate, alone[1].estimate - alone[0].estimate)
    np.testing.assert_allclose(got.ends[0].estimate, alone[1].ends[0].estimate - alone[0].estimate)
    np.testing.assert_allclose(got.ends[1].estimate, alone[1].estimate - alone[0].ends[0].estimate)
    assert (got.se < np.hypot(alone[0].se, alone[1].se)).all()
