"""Sums of batches: definitions, merging, invariances."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shuffles import close, donors, linear

from weighin._base.errors import InputError
from weighin._inference import Moments, infer
from weighin._inference.variance import components


def by_definition(change, give):
    """V1, V2, C, Ve, total and psi written as the definitions read; change (n_repeats, n_rows)."""
    given = np.empty_like(change)
    for d, g, k in zip(change, given, give, strict=True):
        g[k] = d
    total = change.var(ddof=1)
    v1 = total - change.var(axis=0, ddof=1).mean()
    v2 = total - given.var(axis=0, ddof=1).mean()
    a, b = change.mean(0), given.mean(0)
    return {
        "v1": v1,
        "v2": v2,
        "ve": total - v1 - v2,
        "c": np.cov(a, b)[0, 1],
        "total": total,
        "psi": (a + b).var(ddof=1),
    }, a + b - 2 * change.mean()


def only(unit, moments):
    coefficients = np.zeros((1, len(moments.mean)))
    coefficients[0, unit] = 1.0
    return coefficients


@pytest.mark.parametrize("n_repeats", [2, 3, 7])
def test_parts_are_what_their_definitions_say(n_repeats):
    change, give, loss = linear(40, n_repeats)
    moments = Moments.of(change, give, loss)
    parts = components(moments, only(0, moments))
    expected, psi = by_definition(change[0], give)
    for name, value in expected.items():
        assert getattr(parts, name)[0] == pytest.approx(value, rel=1e-10)
    n = len(psi)
    assert moments.third[0, 0] == pytest.approx((psi**3).sum(), rel=1e-9)
    assert moments.fourth[0, 0] == pytest.approx((psi**4).sum(), rel=1e-9)
    assert infer(moments).skewness[0] == pytest.approx((psi**3).mean() / (psi**2).mean() ** 1.5 / n**0.5)


def test_the_linear_model_has_the_parts_of_its_closed_form():
    change, give, loss = linear(200_000, 5)
    moments = Moments.of(change, give, loss)
    parts = components(moments, only(0, moments))
    for name, value in {"v1": 6, "v2": 2, "c": 2, "ve": 8}.items():
        assert getattr(parts, name)[0] == pytest.approx(value, rel=0.04), name
    assert moments.mean[0] == pytest.approx(2, abs=0.05)


def test_all_shifts_of_a_block_are_the_mean_over_its_pairs():
    n = 21
    x, e = np.random.default_rng(0).normal(size=(2, n))
    half = (np.arange(n) - np.arange(1, n)[:, None]) % n  # every shift, so every pair
    change = (e + 3 * (x - x[half])) ** 2 - e**2
    pairs = (e[:, None] + 3 * (x[:, None] - x)) ** 2 - (e**2)[:, None]
    off = ~np.eye(n, dtype=bool)
    assert infer(Moments.of(change[None], half, e**2)).estimate[0] == pytest.approx(
        pairs[off].mean(), rel=1e-12
    )
    w = np.random.default_rng(1).exponential(size=n)
    weight = np.outer(w, w)
    weighted = infer(Moments.of(change[None], half, e**2, weights=w)).estimate[0]
    assert weighted == pytest.approx((weight * pairs)[off].sum() / weight[off].sum(), rel=1e-12)


def test_doubling_a_weight_differs_from_copying_the_row_by_a_known_factor():
    n = 15
    rng = np.random.default_rng(2)
    x, e = rng.normal(size=(2, n))
    times = rng.integers(1, 4, size=n)

    def over_all_pairs(x, e, w):
        shifts = (np.arange(len(x)) - np.arange(1, len(x))[:, None]) % len(x)
        change = (e + x - x[shifts]) ** 2 - e**2
        return infer(Moments.of(change[None], shifts, e**2, weights=w)).estimate[0]

    copied = over_all_pairs(np.repeat(x, times), np.repeat(e, times), np.ones(times.sum()))
    weighted, w = over_all_pairs(x, e, times * 1.0), times.sum()
    assert copied == pytest.approx(weighted * (w**2 - (times**2).sum()) / (w * (w - 1)), rel=1e-12)


def batch(m, seed):
    """Changes, donors, losses, weights and a segment of m rows; the changes are skewed and far from 0."""
    rng = np.random.default_rng(seed)
    give = donors(m, 3, seed) if m > 6 else np.zeros((3, m), dtype=int)
    change = rng.gamma(1.0, size=(4, 3, m)) * np.array([1.0, -5.0, 0.1, 40.0])[:, None, None] + 3.0
    return [change, give, rng.normal(size=m), rng.exponential(size=m), rng.random(m) < 0.4]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("segmented", [False, True])
def test_batches_add_up_to_one_run(weighted, segmented):
    def moments(change, give, loss, weights, segment):
        weights, segment = weights if weighted else None, segment if segmented else None
        return Moments.of(change, give, loss, weights=weights, segment=segment)

    batches = [batch(m, seed) for seed, m in enumerate([30, 1, 45, 200])]
    parts = [moments(*one) for one in batches]
    for one, offset in zip(batches, [0, 30, 31, 76], strict=True):
        one[1] = one[1] + offset
    once = moments(*(np.concatenate(arrays, axis=-1) for arrays in zip(*batches, strict=True)))
    in_turn = parts[0] + parts[1] + parts[2] + parts[3]
    close(once, in_turn)
    close(once, (parts[3] + parts[1]) + (parts[2] + parts[0]))
    np.testing.assert_allclose(infer(once).se, infer(in_turn).se, rtol=1e-10)


def test_the_order_of_repeats_does_not_matter():
    change, give, loss = linear(60, 6)
    order = np.random.default_rng(0).permutation(6)
    close(Moments.of(change, give, loss), Moments.of(change[:, order], give[order], loss))


def test_single_precision_and_large_offsets_keep_the_variance():
    change, give, loss = linear(5000, 5)
    reference = infer(Moments.of(change, give, loss))
    single = infer(Moments.of(change.astype(np.float32), give, loss))
    np.testing.assert_allclose(single.se, reference.se, rtol=1e-5)
    far = Moments.of(change + 1e7, give, loss + 1e7)
    np.testing.assert_allclose(infer(far).se, reference.se, rtol=1e-6)
    np.testing.assert_allclose(
        infer(far + far).skewness,
        infer(Moments.of(change, give, loss) + Moments.of(change, give, loss)).skewness,
        rtol=1e-4,
    )


def test_equal_weights_are_no_weights():
    change, give, loss = linear(80, 4)
    plain, weighted = Moments.of(change, give, loss), Moments.of(change, give, loss, weights=np.full(80, 2.5))
    for name in ("estimate", "se", "se_data", "se_shuffle", "skewness", "df"):
        np.testing.assert_allclose(getattr(infer(weighted), name), getattr(infer(plain), name), rtol=1e-9)


def test_everyone_in_the_segment_is_no_segment():
    change, give, loss = linear(80, 4)
    plain, all_of_it = (
        Moments.of(change, give, loss),
        Moments.of(change, give, loss, segment=np.ones(80, bool)),
    )
    for name in ("estimate", "se", "se_data", "se_shuffle", "skewness", "df"):
        np.testing.assert_allclose(getattr(infer(all_of_it), name), getattr(infer(plain), name), rtol=1e-9)


@given(
    st.integers(0, 10_000),
    st.integers(1, 6),
    st.sampled_from([1e-6, 0.3, 1.0, 7.0, 1e6]),
    st.sampled_from([-1.0, 1.0]),
)
def test_units_of_the_loss_and_its_sign_do_not_matter(seed, n_repeats, scale, sign):
    change, give, loss = linear(30, n_repeats, seed=seed)
    one = infer(Moments.of(change, give, loss))
    other = infer(Moments.of(scale * sign * change, give, scale * loss))
    np.testing.assert_allclose(other.estimate, scale * sign * one.estimate, rtol=1e-9)
    np.testing.assert_allclose(other.se, scale * one.se, rtol=1e-7)
    np.testing.assert_allclose(other.skewness, sign * one.skewness, rtol=1e-6, atol=1e-9)
    lower, upper = one.interval()
    ends = other.interval() if sign > 0 else tuple(-end for end in other.interval()[::-1])
    np.testing.assert_allclose(ends, (scale * lower, scale * upper), rtol=1e-6, atol=1e-9 * scale)


def test_moments_survive_json():
    change, give, loss = linear(50, 3)
    moments = Moments.of(change, give, loss, weights=loss)
    assert Moments.from_dict(json.loads(json.dumps(moments.to_dict()))) == moments


def test_moments_of_different_runs_do_not_add_up():
    one, other = (Moments.of(*linear(50, repeats)) for repeats in (3, 4))
    with pytest.raises(InputError, match="n_repeats 3 and 4"):
        one + other
