"""Swaps given other columns, for every kind of column, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from samplers.given_tables import given_the_rest, one_block, raw, swapped
from weighin._samplers.conditional import Unit, fit_given

# each fits what columns tell of each other
pytestmark = pytest.mark.slow

N = 600
RNG = np.random.default_rng(0)
W = RNG.normal(size=N)
LEVEL = RNG.integers(0, 4, N).astype(float)
BLOCK = one_block(N)


def received(values, kind="number", name="x", **others):
    """The model, and what rows receive of x, given w and others."""
    columns = raw({"x": values, "w": W, **others}, x=kind, level="category")
    model, swap = swapped(columns, "x")
    return model.report(given_the_rest(columns, "x"), 5), swap, model, given_the_rest(columns, "x")


def test_whole_numbers_stay_whole():
    values = RNG.poisson(np.exp(1 + 0.5 * W)).astype(float)
    report, swap, _, _ = received(values, "integer")
    assert np.isin(swap.moved["x"], values).all()
    # what goes with w stays with w
    free = np.corrcoef(values[BLOCK.rows][BLOCK.donors][0], W[BLOCK.rows])[0, 1]
    kept = np.corrcoef(swap.moved["x"][0], W[BLOCK.rows])[0, 1]
    assert kept == pytest.approx(np.corrcoef(values, W)[0, 1], abs=0.08)
    assert abs(free) < 0.15
    assert 0 < report.lam < 0.5


@pytest.mark.parametrize("kind", ["number", "category"])
def test_few_levels_are_given_as_they_are_and_go_with_the_given_columns(kind):
    values = (W + RNG.normal(size=N) > 0).astype(float)
    report, swap, _, _ = received(values, kind)
    assert (swap.moved["x"] == values[BLOCK.rows][swap.donors]).all()
    correlation = np.corrcoef(swap.moved["x"][0], W[BLOCK.rows])[0, 1]
    assert correlation == pytest.approx(np.corrcoef(values, W)[0, 1], abs=0.08)
    assert report.own_share == pytest.approx(0.66, abs=0.08)


def test_a_category_that_another_sets_stays_with_it():
    named = np.where(RNG.random(N) < 0.1, np.nan, LEVEL)
    _, swap, _, _ = received(named, "category", level=LEVEL)
    moved, own = swap.moved["x"], LEVEL[BLOCK.rows]
    there = ~np.isnan(moved)
    assert (moved == own)[there].mean() > 0.9
    assert (~there).mean() == pytest.approx(np.isnan(named).mean(), abs=1e-12)


def test_missing_values_move_as_missing():
    likely = 0.8 * (W > 0.5)
    values = np.where(RNG.random(N) < likely, np.nan, 2 * W + RNG.normal(size=N))
    _, swap, _, _ = received(values)
    moved, donors = swap.moved["x"], swap.donors
    assert (np.isnan(moved) == np.isnan(values[BLOCK.rows][donors])).all()
    assert np.isnan(moved)[:, W[BLOCK.rows] < 0].mean() < 0.05
    there = ~np.isnan(moved)
    rest = moved - 2 * W[BLOCK.rows]
    assert rest[there].std() == pytest.approx(1, abs=0.1)


def test_spreads_that_differ_are_kept():
    values = W + np.exp(W) * RNG.normal(size=N)
    _, swap, _, _ = received(values)
    rest = swap.moved["x"] - W[BLOCK.rows]
    low, high = W[BLOCK.rows] < -0.5, W[BLOCK.rows] > 0.5
    assert rest[:, high].std() > 3 * rest[:, low].std()


def test_a_group_moves_with_one_donor_and_each_member_by_its_own_mean():
    a, b = W + RNG.normal(size=N), W**2 + RNG.normal(size=N)
    columns = raw({"a": a, "b": b, "w": W})
    unit = given_the_rest(columns, "a", "b", name="both")
    model = fit_given(columns, [unit])
    swap = model.swaps(unit, BLOCK, 0)
    w = W[BLOCK.rows]
    for name, values, mean in (("a", a, W), ("b", b, W**2)):
        rest = swap.moved[name] - mean[BLOCK.rows]
        given = (values - mean)[BLOCK.rows][swap.donors]
        assert np.corrcoef(rest.ravel(), given.ravel())[0, 1] > 0.97
        assert np.corrcoef(rest[0], w)[0, 1] == pytest.approx(0, abs=0.12)


@pytest.mark.parametrize("values", [np.ones(N), np.full(N, np.nan)], ids=["constant", "all missing"])
def test_a_column_that_never_varies_explains_nothing_and_is_not_explained(values):
    report, swap, _, _ = received(values)
    np.testing.assert_array_equal(swap.moved["x"], np.broadcast_to(values[0], (5, N)))
    assert (report.own_share, report.lam, report.companions) == (1.0, 0.0, ())
    columns = raw({"w": W, "x": values})
    model, swap = swapped(columns, "w")
    assert model.report(given_the_rest(columns, "w")).own_share == 1.0
    assert swap.moved["w"].std() == pytest.approx(W.std())


def test_a_duplicate_is_told_by_name():
    report, _, _, _ = received(3 * W + 1, other=RNG.normal(size=N))
    assert report.inseparable_from == ("w",)
    assert report.own_share < 0.001


def test_a_sum_is_told_by_all_its_parts():
    other = RNG.normal(size=N)
    report, _, _, _ = received(W + other, other=other, third=RNG.normal(size=N))
    assert sorted(report.inseparable_from) == ["other", "w"]


def test_a_column_that_follows_from_another_leaves_little():
    assert received(W**2)[0].inseparable_from == ("w",)
    report = received(np.sin(3 * W))[0]
    assert report.own_share < 0.1
    assert not report.inseparable_from


def test_companions_are_those_that_explain_most():
    report = received(2 * W + LEVEL + RNG.normal(size=N), level=LEVEL, noise=RNG.normal(size=N))[0]
    assert [name for name, _ in report.companions] == ["w", "level"]
    assert report.companions[0][1] == pytest.approx(4 / (4 + 1.25 + 1), abs=0.06)


def test_swapped_rows_lie_where_real_ones_do_and_shuffled_ones_do_not():
    _, swap, model, unit = received(2 * W + 0.3 * RNG.normal(size=N))
    assert model.off_data(unit, BLOCK, swap) == pytest.approx(1, abs=0.12)
    assert model.off_data(unit, BLOCK, model.shuffled(unit, BLOCK)) > 2
    few = one_block(30)
    columns = raw({"x": W[:30] + 0.1 * RNG.normal(size=30), "w": W[:30]})
    unit = given_the_rest(columns, "x")
    small = fit_given(columns, [unit])
    assert np.isnan(small.off_data(unit, few, small.swaps(unit, few, 0)))


def test_a_list_of_given_columns_leaves_the_others_out():
    other = W + 0.1 * RNG.normal(size=N)
    columns = raw({"x": W + RNG.normal(size=N), "w": W, "other": other, "noise": RNG.normal(size=N)})
    listed, rest = Unit("x", ("x",), ("noise",)), given_the_rest(columns, "x")
    model = fit_given(columns, [listed, rest])
    assert model.report(listed).own_share == pytest.approx(1, abs=0.02)
    assert model.report(rest).own_share == pytest.approx(0.5, abs=0.06)
    # all the others by name are the rest
    named = Unit("x", ("x",), ("noise", "other", "w"))
    again = fit_given(columns, [named])
    assert (again.swaps(named, BLOCK, 0).donors == model.swaps(rest, BLOCK, 0).donors).all()


@pytest.mark.parametrize("step", [0, 1])
def test_products_and_steps_are_found(step):
    rng = np.random.default_rng(3)
    first, second, third = rng.normal(size=(3, 1000))
    mean = first * second if not step else 2.0 * ((first > 0) & (second > 0)) - (third > 0.5)
    values = mean + 0.5 * rng.normal(size=1000)
    columns = raw({"x": values, "first": first, "second": second, "third": third})
    model, _ = swapped(columns, "x")
    share = model.report(given_the_rest(columns, "x")).own_share
    assert share * values.var() == pytest.approx(0.25, abs=0.04 if not step else 0.06)


@pytest.mark.slow
def test_many_columns():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 600))
    rows[:, 0] = rows[:, 1] + 0.5 * rng.normal(size=300)
    columns = raw({f"x{i}": rows[:, i] for i in range(600)})
    unit = given_the_rest(columns, "x0")
    model = fit_given(columns, [unit])
    report = model.report(unit)
    assert report.own_share < 0.8
    assert report.companions[0][0] == "x1"
    assert np.isfinite(model.swaps(unit, one_block(300), 0).moved["x0"]).all()
