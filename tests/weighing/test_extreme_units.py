"""Losses of any size have intervals, or are refused with the reason: never 0, infinite or undefined ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import weighin

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 3))
Y = X[:, 0] + 0.1 * rng.normal(size=500)


def model(X: np.ndarray) -> Any:
    return X[:, 0] + 0.3 * X[:, 1]


def importance(unit: float, metric: str, **options: Any) -> weighin.Importance:
    return weighin.weigh(
        lambda X: unit * model(X), X, unit * Y, metric=metric, n_repeats=3, random_state=0, **options
    )


@pytest.mark.parametrize("unit", [1e-30, 1e-10, 1e10, 1e30])
@pytest.mark.parametrize(("metric", "power"), [("mse", 2), ("rmse", 1), ("mae", 1), ("r2", 0)])
def test_the_unit_is_all_that_changes(unit: float, metric: str, power: int) -> None:
    found, expected = importance(unit, metric), importance(1.0, metric)
    for name in ("importances_mean", "se"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name) * unit**power, rtol=1e-7)
    np.testing.assert_allclose(found.interval()[0], expected.interval()[0] * unit**power, rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-150, 1e-90, 1e100, 1e150])
@pytest.mark.parametrize("metric", ["mse", "rmse", "mae", "r2", "neg_median_absolute_error"])
def test_what_has_no_interval_in_double_precision_is_refused(unit: float, metric: str) -> None:
    number = "1e-50" if unit > 1 else "1e50"
    with pytest.raises(
        weighin.MetricError, match=rf"fourth powers, which double .* the same number, such as {number}"
    ):
        importance(unit, metric)


@pytest.mark.parametrize("metric", ["mse", "rmse", "r2"])
def test_squares_that_vanish_are_no_perfect_predictions(metric: str) -> None:
    with pytest.raises(
        weighin.MetricError, match=r"y and predictions of up to 4e-170 that differ: their squares are"
    ):
        importance(1e-170, metric)
    with pytest.raises(weighin.MetricError, match="that differ"):  # after swaps
        weighin.weigh(lambda X: 1e-170 * X[:, 0], X, 1e-170 * X[:, 0], metric=metric, random_state=0)
    same = weighin.weigh(
        lambda X: 0 * X[:, 0] + 1e-170, X, np.full(500, 1e-170), metric="mse", random_state=0
    )
    assert same.baseline == 0


@pytest.mark.parametrize("metric", ["mse", "rmse"])
def test_squares_that_are_infinite_are_refused(metric: str) -> None:
    with pytest.raises(weighin.MetricError, match=rf"{metric} is inf on the rows before any swap"):
        importance(1e200, metric)


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        (1e-25, "their squares are too small.*such as 1e20"),
        (1e-18, "which single .* 1e15"),
        (1e18, "which single .* 1e-15"),
    ],
)
def test_single_precision_holds_less(unit: float, says: str) -> None:
    layer = torch.nn.Linear(3, 1, bias=False)
    layer.weight.data = unit * torch.tensor([[1.0, 0.3, 0.0]])
    with pytest.raises(weighin.MetricError, match=says):
        weighin.weigh(
            layer, X.astype(np.float32), (unit * Y).astype(np.float32), metric="mse", random_state=0
        )


def test_changes_kept_row_by_row_are_kept_in_single_precision() -> None:
    with pytest.raises(weighin.MetricError, match="which single precision does not hold"):
        importance(1e-20, "mse", keep_rows=True)
