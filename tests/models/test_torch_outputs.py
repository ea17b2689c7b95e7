"""What a torch module may give, and the metrics of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from modules import N, X, Y, by_hand, close, forward, importances, mae, perceptron
from sklearn.metrics import log_loss, mean_absolute_error
from torch import Tensor, nn

from weighin import InputError, MetricError, ModelError, weigh

CLASSES = (Y > 0).astype(int) + (Y > 2)


class Gives(nn.Module):
    def __init__(self, change: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.inner, self.change = perceptron(), change

    def forward(self, x: Tensor) -> Any:
        return self.change(self.inner(x))


@pytest.mark.parametrize(
    "change",
    [
        lambda out: out[:, 0],
        lambda out: out.squeeze(),
        lambda out: out[:, :, None],
        lambda out: out.contiguous() * 1,
    ],
    ids=["flat", "squeezed", "deep", "matrix"],
)
@pytest.mark.parametrize("batch_size", [None, 1, 89])  # 89 leaves one row alone
def test_one_output_in_any_shape(change: Callable[[Tensor], Any], batch_size: int | None) -> None:
    close(importances(Gives(change), X, batch_size=batch_size), by_hand(perceptron(), [X], mae))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda out: (), r"must give a tensor with one entry per row, got tuple\."),
        (lambda out: {"loss": out.sum()}, "must give a tensor with one entry per row, got dict of 'Tensor'"),
        (lambda out: None, "must give a tensor with one entry per row, got NoneType"),
        (lambda out: out.sum(), "gave one number for 90 rows"),
        (lambda out: out[1:], "gave 89 predictions for 90 rows"),
        (lambda out: torch.cat([out, out]), "gave 180 predictions for 90 rows"),
        (lambda out: out * torch.nan, "90 of 90 predictions are not finite on the rows before any swap"),
    ],
)
def test_outputs_that_cannot_be_used_are_said(change: Callable[[Tensor], Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        weigh(Gives(change), X, Y)


def test_predictions_that_fail_after_a_swap_name_the_feature_and_count() -> None:
    class Root(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sqrt(x[:, 0] - x[:, 1])

    rows = np.zeros((50, 3))
    rows[:5, :2] = 1.0
    with pytest.raises(ModelError, match=r"[1-5] of 50 predictions are not finite after swapping 'x0'"):
        weigh(Root(), rows, np.zeros(50), features=["x0"], n_repeats=1)


def test_more_levels_than_a_module_knows_are_told() -> None:
    class Levels(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Embedding(4, 1)

        def forward(self, x_cat: Tensor) -> Tensor:
            return self.inner(x_cat).sum((1, 2))

    x = {"x_cat": np.stack([np.arange(60) % 4, np.arange(60) % 6], 1)}
    message = (
        r"x_cat column 0: 0 to 3, x_cat column 1: 0 to 5; its embeddings have 4 levels, counted from 0\."
    )
    with pytest.raises(ModelError, match=message):
        weigh(Levels(), x, np.zeros(60))


def test_whole_numbers_are_predictions_too() -> None:
    found = importances(Gives(lambda out: (out > 0).long()), X)
    close(found, by_hand(Gives(lambda out: (out > 0).double()), [X], mae))
    close(importances(Gives(lambda out: out > 0), X), found)


def test_several_outputs() -> None:
    y = np.stack([Y, -Y], 1)
    found = importances(perceptron(2), X, y)
    close(found, by_hand(perceptron(2), [X], lambda p: float(abs(p - y).mean())))
    for form in (pd.DataFrame(y), torch.tensor(y), y.tolist()):
        np.testing.assert_array_equal(importances(perceptron(2), X, form), found)


@pytest.mark.parametrize(("n_outputs", "n_targets"), [(2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("metric", ["mae", "mse", "rmse"])
def test_one_target_is_not_spread_over_several_outputs(n_outputs: int, n_targets: int, metric: str) -> None:
    with pytest.raises(MetricError, match=rf"{n_outputs} output\(s\) and y {n_targets} column\(s\)"):
        weigh(perceptron(n_outputs), X, X[:, :n_targets], metric=metric)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_modules_of_any_precision(dtype: torch.dtype) -> None:
    module, exact = perceptron().to(dtype), by_hand(perceptron(), [X], mae)
    found = importances(module, X)
    assert all(parameter.dtype == dtype for parameter in module.parameters())
    # weights, inputs and sums are each rounded to so many digits; importances here are about 1
    np.testing.assert_allclose(found, exact, atol=40 * torch.finfo(dtype).eps)

    def mean_absolute_error(y: Any, pred: Any) -> float:
        assert isinstance(pred, np.ndarray)
        return float(abs(y - pred).mean())

    both = weigh(module, X, Y, metric=[mean_absolute_error, "mae"], n_repeats=2, random_state=0)
    own, known = both.importances, both.of("mae").importances
    np.testing.assert_allclose(own, known, atol=40 * torch.finfo(dtype).eps)


def test_a_target_of_numbers_has_its_mean_absolute_error() -> None:
    for y in (
        Y,
        Y.astype(np.float32),
        torch.tensor(Y),
        pd.Series(Y, index=range(N, 0, -1)),
        Y.tolist(),
        Y[:, None],
    ):
        assert weigh(perceptron(), X, y).metric == "mae"


def test_a_target_of_classes_has_its_log_loss() -> None:
    def score(pred: np.ndarray) -> float:
        shifted = np.exp(pred - pred.max(1, keepdims=True))
        return log_loss(CLASSES, shifted / shifted.sum(1, keepdims=True))

    expected = by_hand(perceptron(3), [X], score)
    for y in (CLASSES, CLASSES.astype(np.uint8), torch.tensor(CLASSES), pd.Series(CLASSES), CLASSES.tolist()):
        imp = weigh(perceptron(3), X, y, n_repeats=2, random_state=0)
        assert imp.metric == "log_loss"
        close(imp.importances, expected)
    close(importances(perceptron(3), X, CLASSES, "log_loss"), expected)
    close(importances(perceptron(3), X, CLASSES * 1.0, "log_loss"), expected)


def test_accuracy_of_the_largest_output() -> None:
    expected = by_hand(perceptron(3), [X], lambda p: -float((p.argmax(1) == CLASSES).mean()))
    close(importances(perceptron(3), X, CLASSES, "accuracy"), expected)
    close(importances(perceptron(3), X, CLASSES, "error_rate"), expected)


@pytest.mark.parametrize(
    ("n_outputs", "y", "metric", "message"),
    [
        (
            1,
            CLASSES > 0,
            None,
            r"a 0/1 target, and .* go beyond 0 and 1.* outputs='logit' .* outputs='number'",
        ),
        (1, (CLASSES > 0) * 1.0, None, "a 0/1 target, and its outputs go beyond 0 and 1"),
        (2, CLASSES, None, r"y holds 2, and torch Sequential has 2 outputs.* classes=\[\.\.\.\]"),
        (3, CLASSES - 1, None, "y holds -1, and torch Sequential has 3 outputs"),
        (1, CLASSES > 0, "log_loss", "a 0/1 target, and its outputs go beyond 0 and 1"),
        (2, CLASSES, "log_loss", "class numbers from 0 to 1 as y, got 2"),
        (3, CLASSES - 1, "log_loss", "class numbers from 0 to 2 as y, got -1"),
        (3, CLASSES + 0.5, "log_loss", r"class numbers from 0 to 2 as y, got [012]\.5"),
        (3, np.stack([CLASSES, CLASSES], 1), "log_loss", r"takes outputs of classes.* y 2 column\(s\)"),
        (1, CLASSES > 0, "accuracy", "a 0/1 target, and its outputs go beyond 0 and 1"),
        (1, Y, "rmsee", r"Unknown metric 'rmsee'\. Did you mean 'rmse'\?"),
        (1, Y, 3, "metric must be a name, a scorer or a function"),
        (1, Y, lambda y, pred: 0.0, "weighin does not guess"),
    ],
)
def test_metrics_that_do_not_fit_are_said(n_outputs: int, y: Any, metric: Any, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        weigh(perceptron(n_outputs), X, y, metric=metric)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:5], "y must have 90 rows as X has, got 5"),
        (3.0, "y must have 90 rows as X has, got 3.0|y must have 90 rows"),
        ("margin", "y='margin' names a column, and there is none"),
        (["yes"] * N, r"y must hold numbers \(class numbers for a classifier\), got <U3"),
        (np.full(N, np.nan), r"y has 90 missing or infinite value\(s\)"),
        (None, "needs a target, y; only metric='prediction_change' does without"),
    ],
)
def test_targets_that_cannot_be_used_are_said(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weigh(perceptron(), X, y)


def test_how_far_predictions_move_needs_no_target() -> None:
    base = forward(perceptron(2))(X)
    expected = by_hand(perceptron(2), [X], lambda p: float(abs(p - base).mean()))
    close(importances(perceptron(2), X, None, "prediction_change"), expected)


def test_the_users_own_metric_gets_arrays() -> None:
    def l1_loss(y: Any, pred: Any) -> float:
        assert isinstance(y, np.ndarray)
        assert y.shape == pred.shape == (len(y),)
        return mean_absolute_error(y, pred)

    both = weigh(perceptron(), X, Y, metric=[l1_loss, "mae"], n_repeats=2, random_state=0)
    close(both.importances, both.of("mae").importances)


def test_of_a_distribution_the_mean_is_read() -> None:
    module = Gives(lambda out: torch.distributions.Normal(out[:, 0], torch.ones(len(out))))
    close(importances(module, X), by_hand(perceptron(), [X], mae))
    (note,) = weigh(module, X, Y, n_repeats=2).notes
    assert note == "The module gives a Normal for each row: its 'mean' is read."


def test_of_a_distribution_of_classes_the_probabilities_are_read() -> None:
    three = perceptron(3)

    class Classes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = three

        def forward(self, x: Tensor) -> Any:
            return torch.distributions.Categorical(logits=self.inner(x))

    imp = weigh(Classes(), X, CLASSES, n_repeats=2, random_state=0)
    other = weigh(nn.Sequential(three, nn.Softmax(1)), X, CLASSES, n_repeats=2, random_state=0)
    assert imp.metric == "log_loss"
    np.testing.assert_allclose(imp.importances, other.importances, rtol=1e-4, atol=1e-6)
