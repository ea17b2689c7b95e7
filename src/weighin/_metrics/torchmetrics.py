"""Objects of torchmetrics as metrics, without importing that."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from weighin._base.errors import MetricError
from weighin._inference import IDENTITY, ROOT
from weighin._metrics.base import Metric, one_column
from weighin._metrics.callables import number
from weighin._metrics.context import MetricContext
from weighin._metrics.directions import direction
from weighin._metrics.losses import absolute_error, squared_error

# losses per row of those that are functions of their mean, by class name
_ROW_LOSSES: dict[str, Any] = {"MeanAbsoluteError": absolute_error, "MeanSquaredError": squared_error}


class TorchMetrics:
    """Objects of torchmetrics; the user's own keep their state."""

    # one of them is a function (y, pred) too, as far as a message goes
    takes = ""

    def names(self, context: MetricContext) -> Iterable[str]:
        """None: an object is handed over."""
        return ()

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Give a copy of the object predictions and targets as tensors, one-dimensional where there is one column."""
        if isinstance(metric, type) and _is_torchmetric(metric):
            raise MetricError(
                f"{metric.__name__} is a class; pass an instance: metric={metric.__name__}(...)."
            )
        if not _is_torchmetric(type(metric)):
            return None
        import torch

        name = type(metric).__name__
        if greater_is_better is None and getattr(metric, "higher_is_better", None) is not None:
            greater_is_better = bool(metric.higher_is_better)
        own = copy.deepcopy(metric).to(context.device)
        classes = type(metric).__module__.startswith("torchmetrics.classification")
        two_classes = classes and name.startswith("Binary")

        def score(target: Any, pred: Any) -> float:
            own.reset()
            pred = torch.as_tensor(context.to_user_scale(pred))
            pred = _of_second(pred) if two_classes and pred.shape[-1] == 2 else one_column(pred)
            target = one_column(torch.as_tensor(target))
            try:
                own.update(pred.clone(), target.clone().to(torch.int64 if classes else pred.dtype))
                return number(name, own.compute())
            except (ValueError, RuntimeError, IndexError) as error:
                raise MetricError(
                    f"torchmetrics' {name} does not take predictions of shape {tuple(pred.shape)} and a target of "
                    f"shape {tuple(target.shape)}: {error}"
                ) from error

        per_row = _ROW_LOSSES.get(name)
        if per_row is not None and getattr(metric, "num_outputs", 1) != 1:
            per_row = None
        rooted = name == "MeanSquaredError" and not getattr(metric, "squared", True)
        link = ROOT if rooted else IDENTITY
        return Metric(name, direction(name, greater_is_better), score, per_row, link=link)


def _is_torchmetric(kind: type) -> bool:
    return any(
        base.__name__ == "Metric" and base.__module__.startswith("torchmetrics") for base in kind.__mro__
    )


def _of_second(pred: Any) -> Any:
    """Probability of the second of two classes, from probabilities or logits of both."""
    probable = bool(((pred >= 0) & (pred <= 1)).all()) and bool((abs(pred.sum(-1) - 1) < 1e-3).all())
    return pred[..., 1] if probable else (pred[..., 1] - pred[..., 0]).sigmoid()
