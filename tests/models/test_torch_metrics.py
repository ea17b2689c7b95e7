"""Metrics of torch modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import log_loss, mean_absolute_error
from torch_modules import N, X, Y, by_hand, close, forward, importances, perceptron

from weighin import InputError, MetricError, weigh

CLASSES = (Y > 0).astype(int) + (Y > 2)


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
        imp = weigh(perceptron(3), X, y, n_repeats=3, random_state=0)
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
        (1, CLASSES, None, r"integers and the module has 1 output\(s\): name a metric \(mae, .*log_loss\)"),
        (2, CLASSES, None, r"integers and the module has 2 output\(s\)"),
        (3, CLASSES - 1, None, r"integers and the module has 3 output\(s\)"),
        (1, CLASSES > 0, "log_loss", r"two classes or more .* the module has 1 output\(s\)"),
        (2, CLASSES, "log_loss", "class numbers from 0 to 1 as y, got 2"),
        (3, CLASSES - 1, "log_loss", "class numbers from 0 to 2 as y, got -1"),
        (3, CLASSES + 0.5, "log_loss", r"class numbers from 0 to 2 as y, got [012]\.5"),
        (3, np.stack([CLASSES, CLASSES], 1), "log_loss", r"one column of class numbers; .* y 2 column\(s\)"),
        (1, CLASSES > 0, "accuracy", "look for the largest of several outputs, and the model has one"),
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
        ("margin", "y must hold numbers"),
        (["yes"] * N, r"y must hold numbers \(class numbers for a classifier\), got <U3"),
        (np.full(N, np.nan), r"y has 90 missing or infinite value\(s\)"),
        (None, "y is needed; only metric='prediction_change' does without a target"),
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

    both = weigh(perceptron(), X, Y, metric=[l1_loss, "mae"], n_repeats=3, random_state=0)
    close(both.importances, both.of("mae").importances)
