"""Donors that each feature has of its own, through the whole engine: the same numbers however it predicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from weighin._engine import Measurement, Resources, Session
from weighin._engine.kernels import kernel as _kernel
from weighin._metrics import MAE, MSE
from weighin._models import as_model
from weighin._samplers import MarginalSampler, SpreadSampler
from weighin._tables.features import Feature

N, REPEATS = 230, 5
X = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
X[:, 1] = X[:, 1].round()
X[:, 3] = X[:, 3] > 0
Y = X @ np.array([2.0, 1.0, 0.5, 1.0]) + np.random.default_rng(1).normal(size=N)


NUMBERS = {f"x{j}": j for j in range(4)}


def sampler(**more) -> SpreadSampler:
    """All but the third feature are spread."""
    free = MarginalSampler(N, REPEATS, 3, block_rows=70, **more)
    return SpreadSampler(
        free, {f"x{j}": (lambda rows, j=j: X[rows, j]) for j in (0, 1, 3)}, NUMBERS, frozenset({"x3"})
    )


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))


def function(rows: np.ndarray) -> np.ndarray:
    return 2 * rows[:, 0] + rows[:, 1] * rows[:, 2] + rows[:, 3]


def opaque(rows: pd.DataFrame) -> np.ndarray:
    return function(rows.to_numpy())


def of_the_table(rows: np.ndarray) -> np.ndarray:
    """Every row has a say in the prediction of every other."""
    return function(rows - rows.mean(0))


def scores_of(model, table, donors=None, resources=None, features=None, metrics=(MSE, MAE)):
    adapted = as_model(model)
    data = adapted.encode(table, Y, "raise", True)
    chosen = data.features if features is None else [data.features[j] for j in features]
    with Session(adapted) as session:
        return session.measure(
            data, chosen, donors or sampler(), Measurement(metrics), resources or Resources()
        )


def expected(predict, donors: SpreadSampler) -> np.ndarray:
    """Mean change of the squared error, shape (4, n_repeats), row by row."""
    base = predict(X)
    change = np.zeros((4, REPEATS))
    for block in donors.blocks():
        rows = block.rows
        for j, own in enumerate(donors.donors([f"x{j}" for j in range(4)], block)):
            for r in range(REPEATS):
                swapped = X.copy()
                swapped[rows, j] = X[rows[own[r]], j]
                after = predict(swapped)[rows]
                change[j, r] += ((Y[rows] - after) ** 2 - (Y[rows] - base[rows]) ** 2).sum() * (
                    1.0 if j == 2 else len(rows) / (len(rows) - 1)
                )
    return change / N


@pytest.mark.parametrize("device", [False, True])
@pytest.mark.parametrize("model", [network(), function, opaque], ids=["split", "generic", "frame"])
def test_every_kernel_gives_what_a_plain_loop_gives(model, device, monkeypatch):
    if device:
        # the CPU takes the part of a device
        monkeypatch.setattr(_kernel, "SUMS_ON_HOST", ())
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(4)]) if model is opaque else X

    def predict(rows):
        if isinstance(model, nn.Module):
            with torch.no_grad():
                return model(torch.from_numpy(rows)).numpy()[:, 0]
        return function(rows)

    scores = scores_of(model, table)
    np.testing.assert_allclose(scores.change, expected(predict, sampler()), rtol=1e-4, atol=1e-5)
    (moments,) = scores.evidence[0].moments
    assert moments.spread == (True, True, False, True)
    np.testing.assert_allclose(moments.mean[:4], scores.change.mean(1), rtol=1e-6)
    if device:
        monkeypatch.undo()
        (here,) = scores_of(model, table).evidence[0].moments
        for name in ("pairs", "receivers", "donors", "roles", "third", "fourth", "fourth_even"):
            np.testing.assert_allclose(getattr(moments, name), getattr(here, name), rtol=1e-3, atol=1e-3)


def test_a_model_of_the_whole_table_is_called_on_it_after_each_swap():
    scores = scores_of(of_the_table, X)
    assert scores.kernels == ("whole table",) * 4
    donors, base = sampler(), of_the_table(X)
    one = SpreadSampler(MarginalSampler(N, REPEATS, 3), donors.values, NUMBERS, donors.shuffled)
    change = scores_of(of_the_table, X, one).change
    (block,) = one.blocks()
    for j, own in enumerate(one.donors([f"x{j}" for j in range(4)], block)):
        for r in range(REPEATS):
            swapped = X.copy()
            swapped[block.rows, j] = X[block.rows[own[r]], j]
            moved = ((Y - of_the_table(swapped)) ** 2 - (Y - base) ** 2).mean()
            assert change[j, r] == pytest.approx(moved * (1.0 if j == 2 else N / (N - 1)))


@pytest.mark.parametrize("model", [network(), function], ids=["split", "generic"])
def test_numbers_depend_neither_on_chunks_threads_memory_nor_on_what_is_weighed_beside(model):
    plain = scores_of(model, X)
    for resources in (Resources(chunk_rows=64), Resources(n_jobs=2), Resources(memory=400_000)):
        np.testing.assert_allclose(scores_of(model, X, resources=resources).change, plain.change, rtol=1e-5)
    turned = scores_of(model, X, features=[3, 0])
    np.testing.assert_allclose(turned.change, plain.change[[3, 0]], rtol=1e-5)


def test_strata_keep_to_themselves():
    halves = (np.arange(90), np.arange(90, N))
    scores = scores_of(function, X, sampler(strata=halves))
    assert [moments.n_rows for moments in scores.evidence[0].moments] == [90, N - 90]
    np.testing.assert_allclose(scores.change, expected(function, sampler(strata=halves)), rtol=1e-4)


def test_groups_share_the_shifts():
    adapted = as_model(function)
    data = adapted.encode(X, Y, "raise", True)
    pair = Feature("both", (0, 2), ("x0", "x2"))
    with Session(adapted) as session:
        scores = session.measure(data, [data.features[0], pair], sampler(), Measurement((MSE,)))
        alone = session.measure(data, [pair], sampler().free, Measurement((MSE,)))
    assert scores.evidence[0].moments[0].spread == (True, False)
    np.testing.assert_allclose(scores.change[1], alone.change[0])
    np.testing.assert_allclose(scores.evidence[0].infer().se[1], alone.evidence[0].infer().se[0])
