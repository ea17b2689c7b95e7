"""What every kernel owes: the predictions that the model itself makes of rows written out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from weighin import weigh
from weighin._engine import kernels
from weighin._engine.arrays import on_host
from weighin._engine.kernels import (
    DeviceKernel,
    DeviceModuleKernel,
    GenericKernel,
    Kernel,
    SplitKernel,
    Swaps,
    View,
    kernel_for,
)
from weighin._engine.kernels import kernel as _kernel
from weighin._engine.probe import Probe, probe
from weighin._engine.workers import Workers
from weighin._models import as_model
from weighin._samplers import Donors, MarginalSampler
from weighin._tables.features import Feature

N_ROWS, N_REPEATS = 40, 3
X = np.random.default_rng(0).normal(size=(N_ROWS, 3)).astype(np.float32)
X[:, 1] = X[:, 1] > 0
FEATURES = (Feature("a", (0,)), Feature("b", (1,)), Feature("both", (1, 2)))


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))


class LinearKernel:
    """A toy: a model that says its own slopes."""

    def __init__(
        self,
        view: View,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None:
        self.slopes = view.model.function.slopes

    @classmethod
    def applies(cls, view: View) -> bool:
        return hasattr(getattr(view.model, "function", None), "slopes")

    def names(self, features: Sequence[Feature]) -> list[str]:
        return ["linear"] * len(features)

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        receivers = np.arange(swaps.start, swaps.start + swaps.n_receivers)
        given = swaps.rows.parts[0]
        baseline[:, 0] = given[receivers] @ self.slopes
        for number, (feature, filled) in enumerate(zip(swaps.features, out, strict=True)):
            columns = list(feature.columns)
            step = (given[swaps.of(number)] - given[receivers])[..., columns] @ self.slopes[columns]
            filled[..., 0] = baseline[:, 0] + step

    def shrink(self) -> bool:
        return False


class Linear:
    slopes = np.array([1.0, -2.0, 0.5], dtype=np.float32)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return rows @ self.slopes


CASES: dict[str, tuple[type[Kernel], Callable[[], Any]]] = {
    "split": (SplitKernel, network),
    "device": (DeviceKernel, network),
    "device module": (DeviceModuleKernel, network),
    "generic network": (GenericKernel, network),
    "generic function": (GenericKernel, lambda: lambda rows: rows[:, 0] * rows[:, 1] + rows[:, 2]),
    "toy": (LinearKernel, Linear),
}


@pytest.fixture(params=CASES)
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[type[Kernel], View]:
    kernel, build = CASES[request.param]
    if kernel in (DeviceKernel, DeviceModuleKernel):
        # the CPU takes the part of a device
        monkeypatch.setattr(_kernel, "SUMS_ON_HOST", ())
    model = as_model(build())
    rows = model.encode(X, None, "raise", False).rows
    with model.predicting():
        split = model.split(rows)
        return kernel, View(model, rows, "predict", split, probe(model.predict, rows))


def predicted(
    kernel: Kernel, view: View, start: int, donors: np.ndarray, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    like, n = view.probe.pred, donors.shape[1]
    shapes = (n, like.shape[-1]), (len(FEATURES), len(donors), n, like.shape[-1])
    empty = np.empty if isinstance(like, np.ndarray) else torch.empty
    baseline, out = (empty(shape, dtype=like.dtype) for shape in shapes)
    with view.model.predicting():
        each = None if own is None else Donors(own)
        kernel.predict(Swaps(view.rows, start, FEATURES, Donors(donors), own=each), baseline, out)
    return on_host(baseline), on_host(out)


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize(("start", "stop"), [(0, N_ROWS), (10, 25)])
def test_swaps_are_predicted_as_by_the_model(
    opened: tuple[type[Kernel], View], start: int, stop: int, alike: bool
) -> None:
    kind, view = opened
    (block,) = MarginalSampler(N_ROWS, N_REPEATS, 0).blocks()
    donors = np.ascontiguousarray(block.donors[:, start:stop])
    kernel = kind(view, FEATURES, N_REPEATS, None, Workers())
    assert kind.applies(view)
    assert len(kernel.names(FEATURES)) == len(FEATURES)
    own = np.stack([donors, np.roll(donors, 1, 0), donors[:, ::-1]])
    before, after = predicted(kernel, view, start, donors, None if alike else own)

    def model(x: np.ndarray) -> np.ndarray:
        with view.model.predicting():
            return on_host(view.model.predict(view.model.encode(x, None, "raise", False).rows))

    np.testing.assert_allclose(before, model(X)[start:stop], rtol=1e-4, atol=1e-5)
    for feature, give, of_feature in zip(FEATURES, [donors] * 3 if alike else own, after, strict=True):
        for given, pred in zip(give, of_feature, strict=True):
            swapped, columns = X[start:stop].copy(), list(feature.columns)
            swapped[:, columns] = X[given][:, columns]
            np.testing.assert_allclose(pred, model(swapped), rtol=1e-4, atol=1e-5)
            same = (swapped == X[start:stop]).all(1)
            np.testing.assert_array_equal(pred[same], before[same])


def test_calls_shrink_to_an_end(opened: tuple[type[Kernel], View]) -> None:
    kind, view = opened
    kernel = kind(view, FEATURES, N_REPEATS, None, Workers())
    assert any(not kernel.shrink() for _ in range(40))


def test_a_new_kernel_is_a_class_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    model = as_model(Linear())
    rows = model.encode(X, None, "raise", False).rows
    view = View(model, rows, "predict", None, Probe(np.zeros((1, 1))))
    assert kernel_for(view) is GenericKernel
    plain = weigh(Linear(), X, X[:, 0], metric="mse", n_repeats=3, random_state=0)
    monkeypatch.setattr(kernels, "KERNELS", (LinearKernel, *kernels.KERNELS))
    assert kernel_for(view) is LinearKernel
    imp = weigh(Linear(), X, X[:, 0], metric="mse", n_repeats=3, random_state=0)
    assert set(imp.kernels.values()) == {"linear"}
    np.testing.assert_allclose(imp.importances, plain.importances, rtol=1e-4, atol=1e-6)
