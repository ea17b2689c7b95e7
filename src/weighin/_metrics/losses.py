"""Losses per row, and the metrics every model has.

Functions here take numpy arrays and torch tensors alike. Predictions have shape (..., n_rows, n_outputs) and targets
(n_rows, n_targets): any number of shuffles is measured at once.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError
from weighin._inference import ROOT
from weighin._metrics.base import Metric, as_numpy, mean, row_mean


def _against(target: Any, pred: Any) -> Any:
    """Predictions minus target, column by column: a single one of either is not spread over several."""
    if target.shape[-1] != pred.shape[-1]:
        raise MetricError(
            f"The model has {pred.shape[-1]} output(s) and y {target.shape[-1]} column(s); an error needs "
            "as many of one as of the other."
        )
    return pred - target


def absolute_error(target: Any, pred: Any) -> Any:
    """Absolute error per row, averaged over targets."""
    return _over_targets(abs(_against(target, pred)))


def squared_error(target: Any, pred: Any) -> Any:
    """Squared error per row, averaged over targets."""
    # a baseline that is not finite is told of
    with np.errstate(over="ignore"):
        return _over_targets(_against(target, pred) ** 2)


def namespace(array: Any) -> Any:
    """numpy, or torch for a tensor."""
    return sys.modules["torch"] if hasattr(array, "detach") else np


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
            "accuracy and error_rate pick the largest of several outputs, but the model has only one. Pass "
            "a function (y, pred) -> float as metric, with greater_is_better."
        )
    return (pred.argmax(-1) == target[..., 0]) * 1.0


def miss(target: Any, pred: Any) -> Any:
    """1 - `hit`."""
    return 1.0 - hit(target, pred)


def log_loss(target: Any, pred: Any) -> Any:
    """Negative log of the target class's probability, kept away from 0 as scikit-learn does."""
    xp = namespace(pred)
    if pred.shape[-1] == 1:
        likelihood = xp.where(target[..., 0] > 0, pred[..., 0], 1 - pred[..., 0])
    else:
        likelihood = of_class(target, pred)
    eps = xp.finfo(pred.dtype).eps
    return -xp.log(likelihood.clip(eps, 1 - eps))


def logit_loss(target: Any, pred: Any) -> Any:
    """Negative log-likelihood of the target class: of a logit for each, or of one for the second of two."""
    xp = namespace(pred)
    if pred.shape[-1] == 1:
        against = pred[..., 0] * (1.0 - 2.0 * (target[..., 0] > 0))
        return xp.logaddexp(0.0 * against, against)
    if hasattr(pred, "logsumexp"):
        # one shuffle after the other: the logarithm needs as much memory again
        if pred.ndim > 2 and len(pred):
            return xp.stack([logit_loss(target, part) for part in pred])
        return pred.logsumexp(-1) - of_class(target, pred)
    largest = pred.max(-1)
    return np.log(np.exp(pred - largest[..., None]).sum(-1)) + largest - of_class(target, pred)


def of_class(target: Any, pred: Any) -> Any:
    """What predictions have for the class of each row."""
    if hasattr(pred, "gather"):
        return pred.gather(-1, target[..., 0].long().expand(pred.shape[:-1])[..., None])[..., 0]
    classes = np.broadcast_to(target[..., :1].astype(np.int64), (*pred.shape[:-1], 1))
    return np.take_along_axis(pred, classes, -1)[..., 0]


def poisson_deviance(target: Any, pred: Any) -> Any:
    """Twice what the likelihood of a count falls short of the best."""
    return tweedie_deviance(target, pred, 1.0)


def gamma_deviance(target: Any, pred: Any) -> Any:
    """Twice what the likelihood of an amount above 0 falls short of the best."""
    return tweedie_deviance(target, pred, 2.0)


def tweedie_deviance(target: Any, pred: Any, power: float) -> Any:
    """The deviance of a variance that grows as the `power` of the mean, averaged over targets."""
    xp = namespace(pred)
    above = _against(target, pred)
    lowest, why = (target.min(), "above 0" if power >= 2 else "0 or more") if len(target) else (1.0, "")
    if lowest < 0 or (power >= 2 and lowest == 0) or bool((pred <= 0).any()):
        raise MetricError(
            f"A deviance of this kind takes a target of numbers {why} and predictions above 0; the smallest are "
            f"{float(lowest):.6g} and {float(pred.min()):.6g}."
        )
    if power == 1:
        safe = xp.where(target > 0, target, xp.ones_like(target))
        return _over_targets(2 * (xp.where(target > 0, target * xp.log(safe / pred), 0.0 * pred) + above))
    if power == 2:
        return _over_targets(2 * (xp.log(pred / target) + target / pred - 1))
    first = target ** (2 - power) / ((1 - power) * (2 - power))
    return _over_targets(
        2 * (first - target * pred ** (1 - power) / (1 - power) + pred ** (2 - power) / (2 - power))
    )


def pinball(levels: Sequence[float], target: Any, pred: Any) -> Any:
    """Mean over the levels of the loss whose best constant is the quantile; one output for each level."""
    if pred.shape[-1] != len(levels) or target.shape[-1] != 1:
        raise MetricError(
            f"{len(levels)} quantile level(s) were given ({', '.join(f'{level:g}' for level in levels)}); the model "
            f"has {pred.shape[-1]} output(s) and y {target.shape[-1]} column(s)."
        )
    above = target - pred
    level = above[..., :1, :] * 0 + (
        above.new_tensor(levels) if hasattr(above, "new_tensor") else np.array(levels)
    )
    return _over_targets(above * (level - (above < 0)))


def mean_of_roots(target: Any, pred: Any, weights: Any = None) -> float:
    """Mean over targets of each one's root mean squared error, as scikit-learn has it."""
    return float(np.sqrt(np.average(_squares(target, pred), axis=0, weights=weights)).mean())


def root_values(
    target: Any, preds: Sequence[Any], weights: Sequence[Any] | None = None
) -> Iterator[NDArray[np.float64]]:
    """`Metric.values` of `mean_of_roots`: linear in how far each squared error is from the mean of all shuffles."""
    own = list(itertools.islice(weights or itertools.repeat(None), len(preds)))
    sums = [np.average(_squares(target, pred), axis=0, weights=w) for pred, w in zip(preds, own, strict=True)]
    sizes = [len(target) if w is None else float(np.sum(w)) for w in own]
    roots = np.sqrt(np.average(sums, axis=0, weights=sizes))
    slopes = np.divide(0.5, roots, out=np.zeros_like(roots), where=roots > 0)
    for pred in preds:
        yield (roots + slopes * (_squares(target, pred) - roots**2)).mean(-1)


def _squares(target: Any, pred: Any) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.square(as_numpy(_against(target, pred)), dtype=np.float64)


def changed(before: Any, pred: Any) -> Any:
    """1.0 where any label is another than before."""
    return ((pred != before).any(-1)) * 1.0


MAE = row_mean("mae", absolute_error)
MSE = row_mean("mse", squared_error)
RMSE = Metric(
    "rmse",
    False,
    lambda target, pred: mean(squared_error(target, pred)) ** 0.5,
    squared_error,
    link=ROOT,
)
# of several targets no function of one mean
ROOTS = Metric("rmse", False, mean_of_roots, values=root_values, weighable=True)
ACCURACY = row_mean("accuracy", hit, greater_is_better=True)
ERROR_RATE = row_mean("error_rate", miss)
PREDICTION_CHANGE = row_mean("prediction_change", absolute_error, against="baseline")

# By name: for a target of numbers, of every model; and for outputs that are one per class, of networks and functions.
OF_NUMBERS = {metric.name: metric for metric in (MAE, MSE, RMSE)}
OF_CLASSES = {metric.name: metric for metric in (ACCURACY, ERROR_RATE)}


def general() -> dict[str, Metric]:
    """Metrics by name, for a model of which it is not known what its outputs mean."""
    return {**OF_NUMBERS, **OF_CLASSES, PREDICTION_CHANGE.name: PREDICTION_CHANGE}
