"""The fast path against forwards of the model itself on swapped columns."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from weighin._engine.kernels.levels import Unit, find_levels, share_of_work
from weighin._engine.kernels.split_sums import Planned, Source, plan_units, predict_swapped
from weighin._engine.workers import Workers
from weighin._models.fold import split_view
from weighin._models.split_view import Dense, SplitView

N_LEVELS = (2, 3, 40)
N_CONT = 4
UNITS = (
    *(Unit((j,), ()) for j in range(3)),
    *(Unit((), (j,)) for j in range(N_CONT)),
    Unit((0,), (1,)),
    Unit((0, 1), ()),
    Unit((2, 1), (0, 2)),
    Unit((), (0, 3)),
    Unit((), (0, 2, 3)),
    Unit((2,), (3, 0, 1)),
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_view(seed: int = 0, n_outputs: int = 1, dtype: torch.dtype = torch.float32) -> SplitView:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    return SplitView(
        tuple(draw(k, 16) for k in N_LEVELS),
        draw(N_CONT, 16),
        draw(16),
        (torch.relu_, Dense(draw(8, 16), draw(8), relu=True), Dense(draw(n_outputs, 8), draw(n_outputs))),
    )


def make_rows(n: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    cat = torch.stack([torch.randint(0, k, (n,), generator=generator) for k in N_LEVELS], 1)
    cont = torch.randn((n, N_CONT), generator=generator, dtype=dtype)
    cont[:, 1] = (cont[:, 1] > 0.5).to(dtype)  # an indicator
    cont[:, 3] = cont[:, 3].round()
    return cat, cont


def make_donors(n: int, n_repeats: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(n, generator=generator) for _ in range(n_repeats)])


def swap(cat: Tensor, cont: Tensor, unit: Unit, donors: Tensor) -> tuple[Tensor, Tensor]:
    cat, cont = cat.clone(), cont.clone()
    cat[:, list(unit.cats)] = cat[donors][:, list(unit.cats)]
    cont[:, list(unit.conts)] = cont[donors][:, list(unit.conts)]
    return cat, cont


def predict(
    view: SplitView,
    cat: Tensor,
    cont: Tensor,
    planned: tuple[Planned, ...],
    donors: Tensor,
    n_threads: int = 1,
    chunk_rows: int | None = None,
) -> tuple[Tensor, Tensor]:
    n_outputs = view(cat[:1], cont[:1]).shape[1]
    baseline = torch.full((len(cat), n_outputs), torch.nan, dtype=cont.dtype)
    out = torch.full((len(planned), *donors.shape, n_outputs), torch.nan, dtype=cont.dtype)
    with Workers(n_threads) as workers:
        predict_swapped(
            Source(view, cat, cont), planned, donors, baseline, out, chunk_rows=chunk_rows, workers=workers
        )
    return baseline, out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("way", ["planned", "sum", "levels"])
def test_swapped_predictions_are_those_of_swapped_rows(dtype: torch.dtype, n_outputs: int, way: str) -> None:
    view, (cat, cont) = make_view(0, n_outputs, dtype), make_rows(300, 1, dtype)
    donors = make_donors(300, 4)
    planned = plan_units(view, UNITS, cat, cont, len(donors))
    if way == "sum":
        planned = tuple(Planned(unit, "sum") for unit in UNITS)
    if way == "levels":
        found = [(unit, find_levels(view, unit, cont)) for unit in UNITS]
        planned = tuple(Planned(unit, "levels", levels) for unit, levels in found if levels)
        assert {plan.unit for plan in planned} >= {
            UNITS[0],
            UNITS[2],
            Unit((), (1,)),
            Unit((0,), (1,)),
            Unit((0, 1)),
        }

    baseline, out = predict(view, cat, cont, planned, donors, chunk_rows=64)

    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
    torch.testing.assert_close(baseline, view(cat, cont), **tolerance)
    for plan, repeats in zip(planned, out, strict=True):
        for pred, given_by in zip(repeats, donors, strict=True):
            torch.testing.assert_close(pred, view(*swap(cat, cont, plan.unit, given_by)), **tolerance)


def test_kernels_are_chosen_by_what_they_cost() -> None:
    view, (cat, cont) = make_view(), make_rows(2000)
    kernels = {plan.unit: plan.kernel for plan in plan_units(view, UNITS, cat, cont, 5)}
    assert kernels[Unit((0,))] == kernels[Unit((1,))] == kernels[Unit((), (1,))] == "levels"
    assert kernels[Unit((2,))] == kernels[Unit((), (0,))] == kernels[Unit((2, 1), (0, 2))] == "sum"
    assert {plan.kernel for plan in plan_units(view, [Unit((2,))], cat, cont, 50)} == {"levels"}


def test_share_of_work_counts_the_predictions_needed() -> None:
    number = torch.tensor([0, 0, 0, 1])
    # one shuffle: a swap is needed where the donor differs, 1 - (9 + 1) / 16
    assert share_of_work(number, 1) == pytest.approx(6 / 16)
    # many: each row needs the level it has not, once
    assert share_of_work(number, 1000) == pytest.approx(1 / 1000)


@pytest.mark.parametrize("n_repeats", [1, 7])
def test_equal_values_give_the_baseline_to_the_bit(n_repeats: int) -> None:
    view, (cat, cont) = make_view(), make_rows(500)
    planned = tuple(Planned(unit, "sum") for unit in UNITS) + plan_units(view, UNITS, cat, cont, n_repeats)
    donors = make_donors(500, n_repeats)
    baseline, out = predict(view, cat, cont, planned, donors)
    for plan, repeats in zip(planned, out, strict=True):
        for pred, given_by in zip(repeats, donors, strict=True):
            swapped_cat, swapped_cont = swap(cat, cont, plan.unit, given_by)
            equal = (swapped_cat == cat).all(1) & (swapped_cont == cont).all(1)
            assert torch.equal(pred[equal], baseline[equal])


def test_an_unused_column_changes_nothing() -> None:
    view, (cat, cont) = make_view(), make_rows(200)
    view.tables[1][:] = view.tables[1][0]
    view.weights[2] = 0
    planned = plan_units(view, [Unit((1,)), Unit((), (2,)), Unit((1,), (2,))], cat, cont, 3)
    assert [plan.kernel for plan in planned] == ["ignored"] * 3
    baseline, out = predict(view, cat, cont, planned, make_donors(200, 3))
    assert torch.equal(out, baseline.expand_as(out))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 700), st.integers(1, 9), st.integers(1, 900), st.integers(1, 3))
def test_chunks_and_threads_do_not_change_the_numbers(
    n: int, n_repeats: int, chunk_rows: int, n_threads: int
) -> None:
    view, (cat, cont) = make_view(), make_rows(n)
    donors = make_donors(n, n_repeats)
    planned = plan_units(view, UNITS, cat, cont, n_repeats)
    expected = predict(view, cat, cont, planned, donors)
    found = predict(view, cat, cont, planned, donors, n_threads, chunk_rows)
    for a, b in zip(expected, found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def test_a_network_without_hidden_layer() -> None:
    torch.manual_seed(0)
    model = nn.Linear(N_CONT, 2)
    cat, cont = torch.empty(50, 0, dtype=torch.long), make_rows(50)[1]
    view = split_view(model, cat, cont, lambda cat, cont: model(cont))
    assert view is not None
    donors = make_donors(50, 3)
    units = [Unit((), (j,)) for j in range(N_CONT)]
    _, out = predict(view, cat, cont, plan_units(view, units, cat, cont, 3), donors)
    for unit, repeats in zip(units, out, strict=True):
        for pred, given_by in zip(repeats, donors, strict=True):
            torch.testing.assert_close(pred, model(swap(cat, cont, unit, given_by)[1]).detach())


def test_threads_of_torch_are_given_back_also_after_an_error() -> None:
    torch.set_num_threads(before := 2)
    with Workers(2) as workers:
        inside = workers.each(lambda task: torch.get_num_threads(), range(4))
    assert set(inside) == {1}
    assert torch.get_num_threads() == before

    def fail(task: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Workers(2) as workers:
        workers.each(fail, range(4))
    assert torch.get_num_threads() == before
    with Workers(2) as workers:  # what a new thread starts with
        pass
    seen: list[int] = []
    thread = Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert seen == [before]
