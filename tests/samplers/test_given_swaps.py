"""Swaps given other columns: who gives, what is received, and what does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from samplers.given_tables import given_the_rest, one_block, raw, swapped
from weighin._samplers import MarginalSampler
from weighin._samplers.conditional import Unit, fit_given

# each fits what columns tell of each other
pytestmark = pytest.mark.slow


def curved(n: int = 400, seed: int = 0) -> dict[str, np.ndarray]:
    """X is the square of w, and something of its own."""
    rng = np.random.default_rng(seed)
    w, other = rng.normal(size=(2, n))
    return {"x": w**2 + 0.5 * rng.normal(size=n), "w": w, "other": other}


def test_a_unit_without_given_columns_keeps_the_donors_of_an_ordinary_shuffle():
    columns = raw(curved())
    unit = Unit("x", ("x",))
    model = fit_given(columns, [unit])
    for number, block in enumerate(MarginalSampler(400, 5, 0, block_rows=90).blocks()):
        swap = model.swaps(unit, block, number)
        assert (swap.donors == block.donors).all()
        assert (swap.moved["x"] == columns[0].values[block.rows][block.donors]).all()
        assert not swap.bins.any()


def test_rows_give_once_per_repeat_within_their_bin_and_never_to_themselves():
    columns = raw(curved())
    _, swap = swapped(columns, "x")
    for donors in swap.donors:
        assert (np.sort(donors) == np.arange(400)).all()
        assert (donors != np.arange(400)).all()
        assert (swap.bins[donors] == swap.bins).all()
    sizes = np.bincount(swap.bins)
    assert sizes.min() >= 25
    assert sizes.max() < 50


def test_what_is_moved_is_what_the_given_columns_leave():
    data = curved(2000)
    columns = raw(data)
    _, swap = swapped(columns, "x")
    block = one_block(2000)
    mean = data["w"][block.rows] ** 2
    rest = swap.moved["x"] - mean
    assert rest.std() == pytest.approx(0.5, rel=0.06)
    assert np.corrcoef(rest[0], mean)[0, 1] == pytest.approx(0, abs=0.07)
    # beside the rest the row has of its own, it is a new one
    own = data["x"][block.rows] - mean
    assert np.corrcoef(rest[0], own)[0, 1] == pytest.approx(0, abs=0.07)


def test_an_own_value_is_received_unchanged():
    columns = raw(curved())
    unit = given_the_rest(columns, "x")
    model = fit_given(columns, [unit])
    (member,) = model._units[unit]
    own = np.arange(400)
    assert (member.received(columns[0].values, member.own, own[None])[0] == columns[0].values).all()


def test_an_unrelated_column_leaves_a_shuffle_of_all_values():
    rng = np.random.default_rng(1)
    columns = raw({"x": rng.normal(size=1000), "noise": rng.normal(size=1000)})
    model, swap = swapped(columns, "x")
    assert model.report(given_the_rest(columns, "x")).own_share == pytest.approx(1, abs=0.01)
    assert swap.moved["x"].std() == pytest.approx(columns[0].values.std(), rel=0.03)


@pytest.mark.parametrize("name", ["x", "w"])
def test_a_unit_is_swapped_alike_whatever_else_is_asked(name):
    columns = raw(curved())
    units = [given_the_rest(columns, column.name) for column in columns]
    (mine,) = [unit for unit in units if unit.name == name]
    together, alone = fit_given(columns, units, seed=3), fit_given(columns, [mine], seed=3)
    block = one_block(400)
    first, second = (model.swaps(mine, block, 7) for model in (together, alone))
    assert (first.donors == second.donors).all()
    np.testing.assert_allclose(first.moved[name], second.moved[name], rtol=1e-10)


def test_seed_and_block_decide_who_gives():
    columns = raw(curved())
    unit = given_the_rest(columns, "x")
    block = one_block(400)
    first, again, other_seed = (fit_given(columns, [unit], seed=seed) for seed in (1, 1, 2))
    assert (first.swaps(unit, block, 0).moved["x"] == again.swaps(unit, block, 0).moved["x"]).all()
    assert (first.swaps(unit, block, 0).donors != first.swaps(unit, block, 1).donors).any()
    assert (first.swaps(unit, block, 0).donors != other_seed.swaps(unit, block, 0).donors).any()


def test_the_order_of_columns_does_not_matter():
    columns = raw(curved())
    unit = given_the_rest(columns, "x")
    block = one_block(400)
    one, other = (fit_given(order, [unit]).swaps(unit, block, 0) for order in (columns, columns[::-1]))
    assert (one.donors == other.donors).all()
    np.testing.assert_allclose(one.moved["x"], other.moved["x"], rtol=1e-8)


def test_rows_that_were_not_fitted_on_are_swapped_like_the_others():
    data = curved(3000)
    columns = raw(data)
    _, swap = swapped(columns, "x", most_rows=1000)
    rest = swap.moved["x"] - data["w"][one_block(3000).rows] ** 2
    assert rest.std() == pytest.approx(0.5, rel=0.06)


def test_few_rows_and_one_column():
    rng = np.random.default_rng(0)
    columns = raw(dict(zip("ab", rng.normal(size=(2, 50)), strict=True)))
    model, swap = swapped(columns, "a")
    assert "fewer than 200 rows" in " ".join(model.report(given_the_rest(columns, "a")).notes)
    assert np.isfinite(swap.moved["a"]).all()
    alone = raw({"a": columns[0].values})
    _, swap = swapped(alone, "a")
    assert (swap.donors == one_block(50).donors).all()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x", "w"])
def test_odd_values_in_rows_that_were_not_fitted_on(odd, name):
    data = curved(300)
    # which rows are fitted on follows from the seed: some of the odd ones are not
    data[name][::97] = odd
    columns = raw(data)
    _, swap = swapped(columns, "x", most_rows=30)
    own = columns[0].values[one_block(300).rows]
    assert (np.isnan(swap.moved["x"]) == np.isnan(own[swap.donors])).all()
    assert (np.isinf(swap.moved["x"]) == np.isinf(own[swap.donors])).all()


@pytest.mark.parametrize("n", [2, 3, 5, 11])
def test_a_handful_of_rows(n):
    rng = np.random.default_rng(n)
    columns = raw(
        {"x": rng.normal(size=n), "w": rng.normal(size=n), "level": np.arange(n) % 2}, level="category"
    )
    unit = given_the_rest(columns, "x")
    model = fit_given(columns, [unit])
    swap = model.swaps(unit, one_block(n, n_repeats=1), 0)
    assert (swap.donors != np.arange(n)).all()
    assert np.isfinite(swap.moved["x"]).all()
    assert np.isfinite(model.report(unit).lam)
