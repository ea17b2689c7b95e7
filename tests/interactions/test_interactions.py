"""Which features act together, by closed forms, by a loop, and through every kernel."""

from __future__ import annotations

import numpy as np
import pytest

import weighin
from weighin._samplers import MarginalSampler


def normal(n: int, n_columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, n_columns))


def by_loop(model, X, n_repeats, seed, pairs):
    """The ten lines that interactions stand for, on rows of one block."""
    (block,) = MarginalSampler(len(X), n_repeats, seed).blocks()
    rows, f = X[block.rows], model
    total, both = np.zeros(X.shape[1]), np.zeros(len(pairs))
    for donors in block.donors:
        given = rows[donors]

        def swapped(*columns, given=given):
            moved = rows.copy()
            moved[:, columns] = given[:, columns]
            return f(moved)

        total += [np.mean((swapped(j) - f(rows)) ** 2) / 2 for j in range(X.shape[1])]
        both += [np.mean((swapped(j, k) - swapped(j) - swapped(k) + f(rows)) ** 2) / 4 for j, k in pairs]
    return total / n_repeats, both / n_repeats


def test_closed_forms():
    X = normal(8_000, 4)
    found = weighin.interactions(lambda t: 2 * t[:, 0] * t[:, 1] + t[:, 2], X, random_state=0)
    assert found["x0", "x1"].interaction == pytest.approx(4, rel=0.08)
    lower, upper = found.interval()
    assert lower[0] < 4 < upper[0]
    # of 2 x1 x2 + x3: variance 5, all that x1 does is in 2 x1 x2
    assert found["x0", "x1"].share == pytest.approx(0.8, rel=0.08)
    assert found.total.estimate == pytest.approx([4, 4, 1, 0], rel=0.1, abs=1e-12)
    assert found.variance == pytest.approx(5, rel=0.08)


def test_an_additive_model_has_none_at_all_whatever_the_correlation():
    X = normal(2_000, 3)
    X[:, 1] = 0.95 * X[:, 0] + np.sqrt(1 - 0.95**2) * X[:, 1]
    found = weighin.interactions(lambda t: 3 * t[:, 0] + np.exp(t[:, 1]) + abs(t[:, 2]), X, random_state=0)
    assert (found.interaction.estimate == 0).all()
    assert not found.moved.any()
    assert (found.interaction.pvalue == 1).all()
    assert not any(line.claimed for line in found.lines())
    assert "No two features act together" in found.summary()


@pytest.mark.slow
def test_what_three_do_together_counts_in_each_of_their_pairs():
    X = normal(40_000, 4)
    found = weighin.interactions(lambda t: t[:, 0] * t[:, 1] * t[:, 2] + t[:, 3], X, random_state=0)
    assert [found[pair].interaction for pair in (("x0", "x1"), ("x0", "x2"), ("x1", "x2"))] == pytest.approx(
        [1, 1, 1], rel=0.1
    )
    assert found["x3", "x0"].interaction == 0


def test_the_total_index_of_a_linear_model_is_its_variance():
    X = normal(8_000, 2)
    found = weighin.interactions(lambda t: 3 * t[:, 0] + t[:, 1], X, random_state=0)
    assert found.total.estimate == pytest.approx([9, 1], rel=0.05)
    assert found.total_share.estimate == pytest.approx([0.9, 0.1], rel=0.05)


def test_the_same_as_a_loop():
    X, pairs = normal(400, 3), [(0, 1), (0, 2), (1, 2)]
    rng = np.random.default_rng(5)
    inner, outer = rng.normal(size=(3, 8)), rng.normal(size=8)

    def model(table):
        return np.maximum(np.asarray(table) @ inner, 0) @ outer

    found = weighin.interactions(model, X, n_repeats=3, random_state=7)
    total, both = by_loop(model, X, 3, 7, pairs)
    np.testing.assert_allclose(found.total.estimate, total, rtol=1e-9)
    np.testing.assert_allclose(found.interaction.estimate, both, rtol=1e-9)


def test_one_feature_makes_no_pair():
    with pytest.raises(weighin.InputError, match="Two features make a pair"):
        weighin.interactions(lambda t: t[:, 0], normal(50, 1), random_state=0)


@pytest.mark.parametrize("unit", [1e-160, 1e-90, 1e90, 1e160])
def test_predictions_whose_powers_do_not_fit_are_refused(unit):
    X = np.random.default_rng(0).standard_normal((200, 3))
    with pytest.raises(weighin.ModelError, match="Predictions differ by up to"):
        weighin.interactions(
            lambda rows: unit * (rows[:, 0] * rows[:, 1] + rows[:, 2]), X, surfaces=0, random_state=0
        )


@pytest.mark.parametrize("unit", [1e-60, 1e60])
def test_small_and_large_units_give_the_same_shares(unit):
    X = np.random.default_rng(0).standard_normal((200, 3))
    one, other = (
        weighin.interactions(
            lambda rows, unit=unit: unit * (rows[:, 0] * rows[:, 1] + rows[:, 2]),
            X,
            surfaces=0,
            random_state=0,
        )
        for unit in (1.0, unit)
    )
    assert other.interaction_share.estimate == pytest.approx(one.interaction_share.estimate)
    assert other.interaction_share.se == pytest.approx(one.interaction_share.se)


@pytest.mark.parametrize("unit", [1e-24, 1e25])
def test_predictions_whose_powers_do_not_fit_in_single_precision_are_refused(unit):
    X = np.random.default_rng(0).standard_normal((200, 3))

    def single(rows):
        return (unit * (rows[:, 0] * rows[:, 1] + rows[:, 2])).astype(np.float32)

    with pytest.raises(weighin.ModelError, match="Predictions differ by up to"):
        weighin.interactions(single, X, surfaces=0, random_state=0)


def test_rounding_that_hides_effects_is_told():
    X = np.random.default_rng(0).standard_normal((400, 3))

    def single(level):
        return lambda rows: (level + rows[:, 0] * rows[:, 1] + rows[:, 2]).astype(np.float32)

    near, far = (weighin.interactions(single(level), X, surfaces=0, random_state=0) for level in (10, 1e6))
    assert not near.notes
    assert "rounding may hide effects" in " ".join(far.notes)
