"""Metrics from functions of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from weighin._base.errors import MetricError
from weighin._metrics.base import Metric
from weighin._metrics.context import MetricContext
from weighin._metrics.directions import direction


class Functions:
    """The user's ``function(y, pred)``, or ``function(y, pred, sample_weight=...)``."""

    takes = "a function (y, pred) -> float"

    def names(self, context: MetricContext) -> Iterable[str]:
        """None: a function is handed over."""
        return ()

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Call the function with numpy arrays of its own, one-dimensional where there is one column."""
        if not callable(metric):
            return None
        name = str(getattr(metric, "__name__", type(metric).__name__))
        to_array, to_user_scale, pred_to_array = (
            context.to_array,
            context.to_user_scale,
            context.pred_to_array,
        )

        def score(target: Any, pred: Any, weights: Any = None) -> float:
            extra = {} if weights is None else {"sample_weight": weights}
            return number(name, metric(to_array(target), pred_to_array(to_user_scale(pred)), **extra))

        return Metric(name, direction(name, greater_is_better), score, weighable=takes_weights(metric))


def number(name: str, value: Any) -> float:
    """Give what a metric returned as a number.

    Raises MetricError if it is none.
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        raise MetricError(f"The metric {name!r} must return a number, got {type(value).__name__}.") from None


def takes_weights(function: Callable[..., Any]) -> bool:
    """Whether a function has a parameter ``sample_weight``."""
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        # a builtin without a signature
        return False
