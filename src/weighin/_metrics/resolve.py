"""The one place where what a user gave as metric becomes a `Metric`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from weighin._base.errors import InputError, MetricError
from weighin._metrics.base import Metric
from weighin._metrics.callables import Functions
from weighin._metrics.context import MetricContext, MetricSource
from weighin._metrics.directions import unknown
from weighin._metrics.kinds import canonical
from weighin._metrics.losses import RMSE, ROOTS
from weighin._metrics.scorers import Scorers
from weighin._metrics.torch_losses import TorchLosses
from weighin._metrics.torchmetrics import TorchMetrics


class Named:
    """Names of the metrics that a model has."""

    takes = "a name"

    def names(self, context: MetricContext) -> Iterable[str]:
        """Those in the context."""
        return context.named

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """The metric of that name."""
        return (
            context.named.get(metric, context.named.get(canonical(metric)))
            if isinstance(metric, str)
            else None
        )


# asked in this order, after the sources of the model's own framework
SOURCES: list[MetricSource] = [Named(), Scorers(), TorchMetrics(), TorchLosses(), Functions()]


def resolve_metric(metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric:
    """Turn what a user gave as metric into a `Metric` on a model's raw predictions.

    `metric`: none for the model's default. The first source that knows it decides. `greater_is_better`: its direction,
    needed where neither the object nor its name tells it. `context`: what the model's adapter says of it. Raises
    InputError if `greater_is_better` is none of these. Raises MetricError if no source knows it, this model cannot have
    it, or its direction is not known.
    """
    if not isinstance(greater_is_better, bool | np.bool_ | None):
        raise InputError(f"greater_is_better must be True, False or None, got {greater_is_better!r}.")
    if metric is None:
        metric = context.default()
    resolved = metric if isinstance(metric, Metric) else _found(metric, greater_is_better, context)
    several = context.target is not None and context.target.shape[1] > 1
    return ROOTS if several and resolved is RMSE else resolved


def _found(metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric:
    """Ask one source after the other."""
    sources = (*context.sources, *SOURCES)
    for source in sources:
        resolved = source.find(metric, greater_is_better, context)
        if resolved is not None:
            return resolved
    if isinstance(metric, str):
        names = [name for source in sources for name in source.names(context)]
        raise unknown(metric, dict.fromkeys(names))
    *kinds, last = dict.fromkeys(source.takes for source in (SOURCES[0], *sources) if source.takes)
    raise MetricError(f"metric must be {', '.join(kinds)} or {last}, got {type(metric).__name__}.")


def resolve_metrics(
    metrics: Sequence[Any], greater_is_better: bool | None, context: MetricContext
) -> tuple[Metric, ...]:
    """Resolve several metrics, each of another name.

    Raises InputError if one is there twice, or `greater_is_better` is given for several. Raises MetricError: as
    `resolve_metric` does.
    """
    if greater_is_better is not None and len(metrics) > 1:
        raise InputError(
            "greater_is_better gives the direction of one metric, but there are several: wrap the one that "
            "needs it with sklearn.metrics.make_scorer(function, greater_is_better=...)."
        )
    resolved = tuple(resolve_metric(metric, greater_is_better, context) for metric in metrics)
    names = [metric.name for metric in resolved]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"The metric {twice!r} is given more than once.")
    return resolved
