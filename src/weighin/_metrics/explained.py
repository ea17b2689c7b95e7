"""Shares that a model explains of what the best constant prediction misses by: R2, D2 and the explained variance."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError
from weighin._inference import R_SQUARED
from weighin._metrics.base import Metric, as_numpy
from weighin._metrics.losses import absolute_error, pinball, squared_error, tweedie_deviance
from weighin._metrics.scorer_parts import Parts

Floats = NDArray[np.float64]
# (target, weights) to the loss per row of the best constant, as a function of the target
Constant = Callable[[Any, Any], Callable[[Any], Floats]]


def explained(parts: Parts) -> Metric | None:
    """The metric where it is a function of means over rows, or where values per row stand for it; None for others."""
    name, options = parts.function_name, dict(parts.options)
    if parts.answers.classes is not None or name not in _SHARES:
        return None
    if options.pop("multioutput", "uniform_average") != "uniform_average":
        return None
    if parts.answers.n_targets > 1 or name == "explained_variance_score":
        if name not in _SIZES or options:
            return None
        values = partial(_shares, *_SIZES[name])
        return _metric(parts, values=values, averages=True)
    alpha, power = options.pop("alpha", 0.5), options.pop("power", 0)
    # of other powers, only scikit-learn knows which predictions are allowed
    if options or (power and power < 1):
        return None
    if name == "r2_score":
        loss, constant = squared_error, of_mean(squared_error)
    elif name == "d2_tweedie_score":
        loss = partial(tweedie_deviance, power=power) if power else squared_error
        constant = of_mean(loss)
    else:
        loss = absolute_error if name == "d2_absolute_error_score" else partial(pinball, [alpha])
        constant = partial(_of_quantile, loss, alpha)
    return _metric(parts, per_row=loss, link=R_SQUARED, constant=constant)


def _metric(parts: Parts, **how: Any) -> Metric:
    return Metric(parts.name, parts.greater, parts.score, response=parts.response, weighable=True, **how)


def of_mean(loss: Callable[[Any, Any], Any]) -> Constant:
    """Take the weighted mean of a target for its best constant prediction."""

    def constant(target: Any, weights: Any) -> Callable[[Any], Floats]:
        centre = float(weights @ as_numpy(target)[:, 0].astype(np.float64) / weights.sum())
        return partial(_losses, loss, centre)

    return constant


def _of_quantile(
    loss: Callable[[Any, Any], Any], level: float, target: Any, weights: Any
) -> Callable[[Any], Floats]:
    centre = _quantile(as_numpy(target)[:, 0].astype(np.float64), weights, level)
    return partial(_losses, loss, centre)


def _losses(loss: Callable[[Any, Any], Any], centre: float, target: Any) -> Floats:
    target = as_numpy(target).astype(np.float64)
    return np.asarray(loss(target, np.full_like(target, centre)))


def _quantile(values: Floats, weights: Any, level: float) -> float:
    """One of those between which the pinball loss does not change."""
    order = np.argsort(values)
    below = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    return float(values[order[min(np.searchsorted(below, level * below[-1]), len(order) - 1)]])


def _shares(
    size: Callable[[Floats], Floats],
    centre: Callable[[Floats, Any], Floats],
    centred: bool,
    target: Any,
    preds: Sequence[Any],
    weights: Sequence[Any] | None = None,
) -> Iterator[Floats]:
    """`Metric.values` of the mean over targets of the share explained."""
    y = as_numpy(target).astype(np.float64)
    for pred, own in zip(preds, weights or itertools.repeat(None), strict=False):
        pred = as_numpy(pred).astype(np.float64)
        if pred.shape != y.shape:
            raise MetricError(f"The model has {pred.shape[-1]} output(s) and y {y.shape[-1]} column(s).")
        error, spread = y - pred, size(y - centre(y, own))
        loss = size(error - np.average(error, axis=0, weights=own) if centred else error)
        missed, most = (np.average(of_rows, axis=0, weights=own) for of_rows in (loss, spread))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = 1 - loss / most + missed / most**2 * (spread - most)
        # a target of one value is explained or not, says scikit-learn
        yield np.where(most > 0, values, 1.0 * (missed == 0)).mean(-1)


def _mean(y: Floats, weights: Any) -> Floats:
    return np.asarray(np.average(y, axis=0, weights=weights))


def _median(y: Floats, weights: Any) -> Floats:
    return np.array([_quantile(column, weights, 0.5) for column in y.T])


_SHARES = (
    "r2_score",
    "explained_variance_score",
    "d2_absolute_error_score",
    "d2_pinball_score",
    "d2_tweedie_score",
)
# what is made of errors, the best constant prediction, and whether errors are taken about their mean
_SIZES: dict[str, tuple[Any, Any, bool]] = {
    "r2_score": (np.square, _mean, False),
    "explained_variance_score": (np.square, _mean, True),
    "d2_absolute_error_score": (np.abs, _median, False),
}
