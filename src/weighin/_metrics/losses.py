"""Losses per row, and the metrics every model has.

Functions here take numpy arrays and torch tensors alike. Predictions have shape (..., n_rows, n_outputs) and targets
(n_rows, n_targets): any number of shuffles is measured at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._base.errors import MetricError
from weighin._inference import ROOT
from weighin._metrics.base import Metric, mean, row_mean


def _against(target: Any, pred: Any) -> Any:
    """Predictions minus target, column by column: a single one of either is not spread over several."""
    if target.shape[-1] != pred.shape[-1]:
        raise MetricError(
            f"The model has {pred.shape[-1]} output(s) and y {target.shape[-1]} column(s); an error compares one with "
            "the other."
        )
    return pred - target


def absolute_error(target: Any, pred: Any) -> Any:
    """Absolute error per row, averaged over targets."""
    return _over_targets(abs(_against(target, pred)))


def squared_error(target: Any, pred: Any) -> Any:
    """Squared error per row, averaged over targets."""
    return _over_targets(_against(target, pred) ** 2)


def _over_targets(errors: Any) -> Any:
    """Mean over the last axis; a mean of one is not worth a pass over millions."""
    return errors[..., 0] if errors.shape[-1] == 1 else errors.mean(-1)


def hit(target: Any, pred: Any) -> Any:
    """1.0 where the output with the largest value is the target class, else 0.0."""
    if target.shape[-1] != 1:
        raise MetricError(
            f"accuracy and error_rate compare with one column of class numbers, and y has {target.shape[-1]}."
        )
    if pred.shape[-1] == 1:
        raise MetricError(
            "accuracy and error_rate look for the largest of several outputs, and the model has one. Pass a function "
            "(y, pred) -> float as metric, with greater_is_better."
        )
    return (pred.argmax(-1) == target[..., 0]) * 1.0


def miss(target: Any, pred: Any) -> Any:
    """1 - `hit`."""
    return 1.0 - hit(target, pred)


def log_loss(target: Any, pred: Any) -> Any:
    """Negative log of the target class's probability, kept away from 0 as scikit-learn does; numpy arrays only."""
    classes = np.broadcast_to(target[..., :1].astype(np.int64), (*pred.shape[:-1], 1))
    likelihood = np.take_along_axis(pred, classes, -1)[..., 0]
    return -np.log(likelihood.clip(np.finfo(pred.dtype).eps, 1 - np.finfo(pred.dtype).eps))


MAE = row_mean("mae", absolute_error)
MSE = row_mean("mse", squared_error)
RMSE = Metric(
    "rmse",
    False,
    lambda target, pred: mean(squared_error(target, pred)) ** 0.5,
    squared_error,
    link=ROOT,
)
ACCURACY = row_mean("accuracy", hit, greater_is_better=True)
ERROR_RATE = row_mean("error_rate", miss)
PREDICTION_CHANGE = row_mean("prediction_change", absolute_error, against="baseline")

# By name: for a target of numbers, of every model; and for outputs that are one per class, of networks and functions.
OF_NUMBERS = {metric.name: metric for metric in (MAE, MSE, RMSE)}
OF_CLASSES = {metric.name: metric for metric in (ACCURACY, ERROR_RATE)}


def general() -> dict[str, Metric]:
    """Metrics by name, for a model of which it is not known what its outputs mean."""
    return {**OF_NUMBERS, **OF_CLASSES, PREDICTION_CHANGE.name: PREDICTION_CHANGE}
