"""Probabilities and labels that are read from outputs, and the metrics that compare them with classes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError
from weighin._metrics.base import Metric, as_numpy, row_mean
from weighin._metrics.losses import PREDICTION_CHANGE, changed, log_loss, logit_loss, namespace
from weighin._metrics.outputs import Outputs

# by which the probabilities of a row may miss 1: those of half precision do
SUM_ERROR = 5e-3


def class_numbers(outputs: Outputs, pred: Any) -> Any:
    """Numbers of the predicted classes, shape (..., n_rows), of predictions (..., n_rows, n_outputs)."""
    if outputs.kind == "label":
        return pred[..., 0]
    if pred.shape[-1] == 1:
        return pred[..., 0] > (0.5 if outputs.kind == "probability" else 0.0)
    return pred.argmax(-1)


def probabilities(outputs: Outputs, pred: Any) -> NDArray[np.float64]:
    """Probabilities of all classes, shape (..., n_rows, n_classes), in double precision.

    Raises MetricError if what is said to be probabilities is none.
    """
    if outputs.kind == "probability":
        check_probabilities(pred)
        pred = as_numpy(pred).astype(np.float64)
        return np.concatenate([1 - pred, pred], -1) if pred.shape[-1] == 1 else pred
    pred = as_numpy(pred).astype(np.float64)
    pred = np.concatenate([0 * pred, pred], -1) if pred.shape[-1] == 1 else pred
    shares = np.exp(pred - pred.max(-1, keepdims=True))
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def logits(outputs: Outputs, pred: Any) -> Any:
    """Logits of the outputs, as many; probabilities are kept away from 0 as for the log loss."""
    if outputs.kind != "probability":
        return pred
    check_probabilities(pred)
    xp = namespace(pred)
    eps = xp.finfo(pred.dtype).eps
    pred = pred.clip(eps, 1 - eps)
    return xp.log(pred) if pred.shape[-1] > 1 else xp.log(pred / (1 - pred))


def check_probabilities(pred: Any) -> None:
    """Refuse numbers beyond 0 and 1, and rows of several that do not sum to 1; what is not a number passes.

    Raises MetricError: with the worst of them.
    """
    if bool(((pred < 0) | (pred > 1)).any()):
        raise MetricError(
            f"The outputs are not probabilities: they range from {float(pred.min()):.6g} to "
            f"{float(pred.max()):.6g}. Say what they are: outputs='logit', or outputs='number'."
        )
    if pred.shape[-1] > 1:
        sums = pred.sum(-1)
        off = abs(sums - 1) > SUM_ERROR
        if bool(off.any()):
            raise MetricError(
                f"The probabilities of a row must sum to 1; in {int(off.sum()):,} of "
                f"{int(np.prod(off.shape)):,} they do not; one sum is {float(sums[off][0]):.6g}. Divide "
                "them by their sum, or say what they are: outputs='logit'."
            )


def class_metrics(outputs: Outputs) -> dict[str, Metric]:
    """Metrics by name of outputs that speak of the classes of one target, or of several."""
    if outputs.parts:
        return _of_parts(outputs)

    def same(target: Any, pred: Any) -> Any:
        return (class_numbers(outputs, pred) == target[..., 0]) * 1.0

    def loss(target: Any, pred: Any) -> Any:
        if outputs.kind == "logit":
            return logit_loss(target, pred)
        check_probabilities(pred)
        return log_loss(target, pred / pred.sum(-1)[..., None] if pred.shape[-1] > 1 else pred)

    metrics = [
        row_mean("accuracy", same, greater_is_better=True),
        row_mean("error_rate", lambda target, pred: 1.0 - same(target, pred)),
        row_mean("prediction_change", changed, against="baseline")
        if outputs.kind == "label"
        else PREDICTION_CHANGE,
    ]
    if outputs.kind != "label":
        soft = partial(probabilities, outputs)
        accuracy, error_rate, change = metrics
        metrics = [replace(accuracy, soft=soft), replace(error_rate, soft=soft), change]
        metrics.append(replace(row_mean("log_loss", loss), soft=soft))
    return {metric.name: metric for metric in metrics}


def _of_parts(outputs: Outputs) -> dict[str, Metric]:
    """Means over the targets, and each target by its name: "log_loss" and "log_loss[won]"."""
    each, start = [], 0
    for number, part in enumerate(outputs.parts):
        own = slice(start, start + part.n_outputs)
        name = outputs.targets[number] if outputs.targets else str(number)
        each.append((class_metrics(part), slice(number, number + 1), own, name))
        start += part.n_outputs
    metrics_by_name: dict[str, Metric] = {}
    for name, first in each[0][0].items():
        cuts = [
            (metrics[name].per_row, target if first.against == "target" else own, own)
            for metrics, target, own, _ in each
        ]
        metrics_by_name[name] = _mean_of(cuts, first, name)
        metrics_by_name.update(
            {
                f"{name}[{each[j][3]}]": _mean_of([cut], first, f"{name}[{each[j][3]}]")
                for j, cut in enumerate(cuts)
            }
        )
    return metrics_by_name


def _mean_of(cuts: list[tuple[Any, slice, slice]], like: Metric, name: str) -> Metric:
    """Mean over targets of losses, each with the columns it compares."""

    def per_row(target: Any, pred: Any) -> Any:
        losses = [loss(target[..., true], pred[..., own]) for loss, true, own in cuts]
        return sum(losses) / len(losses)

    return row_mean(name, per_row, greater_is_better=like.greater_is_better, against=like.against)
