"""Metrics from functions and objects of others: plain callables and torchmetrics."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

from weighin._base.errors import MetricError
from weighin._inference import IDENTITY, ROOT
from weighin._metrics.base import Metric, as_numpy, one_column
from weighin._metrics.directions import direction
from weighin._metrics.losses import absolute_error, squared_error

# losses per row of metrics of torchmetrics that are functions of their mean, by class name
_TORCHMETRICS: dict[str, Any] = {"MeanAbsoluteError": absolute_error, "MeanSquaredError": squared_error}


def from_callable(
    function: Callable[..., Any],
    greater_is_better: bool | None,
    settle: Callable[[Any], Any],
    flat: Callable[[Any], Any] | None = None,
    name: str | None = None,
) -> Metric:
    """Make a metric of the user's ``function(y, pred)``, or ``function(y, pred, sample_weight=...)``.

    Parameters
    ----------
    function : callable
        Gets numpy arrays, one-dimensional where there is one column.
    greater_is_better : bool, optional
        Direction, where it is not known by name.
    settle : callable
        From raw predictions to those a user sees.
    flat : callable, optional
        From targets, and settled predictions, to what the function gets.
    name : str, optional
        That of the function by default.
    """
    name = name or str(getattr(function, "__name__", type(function).__name__))
    flat = flat or (lambda array: one_column(as_numpy(array)))

    def score(target: Any, pred: Any, weights: Any = None) -> float:
        given = {} if weights is None else {"sample_weight": weights}
        return number(name, function(flat(target), flat(settle(pred)), **given))

    return Metric(name, direction(name, greater_is_better), score, weighable=takes_weights(function))


def number(name: str, value: Any) -> float:
    """Give what a metric returned as a number.

    Raises
    ------
    MetricError
        If it is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        raise MetricError(f"The metric {name!r} must return a number, got {type(value).__name__}.") from None


def takes_weights(function: Callable[..., Any]) -> bool:
    """Whether a function has a parameter ``sample_weight``."""
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # a builtin without a signature
        return False


def is_torchmetric(metric: Any) -> bool:
    """Whether it is an object of torchmetrics, without importing that."""
    return any(
        base.__name__ == "Metric" and base.__module__.startswith("torchmetrics")
        for base in type(metric).__mro__
    )


def from_torchmetric(
    metric: Any, greater_is_better: bool | None, settle: Callable[[Any], Any], device: Any = "cpu"
) -> Metric:
    """Make a metric of an object of torchmetrics; the user's own keeps its state.

    Parameters
    ----------
    metric : torchmetrics.Metric
        Gets settled predictions and targets as tensors, one-dimensional where there is one column.
    greater_is_better : bool, optional
        Where the object does not say it.
    settle : callable
        From raw predictions to those a user sees.
    device : torch.device or str
        Where predictions are.
    """
    import torch

    name = type(metric).__name__
    if greater_is_better is None and getattr(metric, "higher_is_better", None) is not None:
        greater_is_better = bool(metric.higher_is_better)
    own = copy.deepcopy(metric).to(device)
    classes = type(metric).__module__.startswith("torchmetrics.classification")
    two_classes = classes and name.startswith("Binary")

    def score(target: Any, pred: Any) -> float:
        own.reset()
        pred = torch.as_tensor(settle(pred))
        pred = _of_second(pred) if two_classes and pred.shape[-1] == 2 else one_column(pred)
        target = one_column(torch.as_tensor(target))
        try:
            own.update(pred, target.long() if classes else target.to(pred.dtype))
            return number(name, own.compute())
        except (ValueError, RuntimeError, IndexError) as error:
            raise MetricError(
                f"torchmetrics' {name} does not take predictions of shape {tuple(pred.shape)} and a target of shape "
                f"{tuple(target.shape)}: {error}"
            ) from error

    per_row = _TORCHMETRICS.get(name)
    if per_row is not None and getattr(metric, "num_outputs", 1) != 1:
        per_row = None
    rooted = name == "MeanSquaredError" and not getattr(metric, "squared", True)
    link = ROOT if rooted else IDENTITY
    return Metric(name, direction(name, greater_is_better), score, per_row, link=link)


def _of_second(pred: Any) -> Any:
    """Probability of the second of two classes, from probabilities or logits of both."""
    probable = bool(((pred >= 0) & (pred <= 1)).all()) and bool((abs(pred.sum(-1) - 1) < 1e-3).all())
    return pred[..., 1] if probable else (pred[..., 1] - pred[..., 0]).sigmoid()
