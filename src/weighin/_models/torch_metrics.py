"""Metrics of torch modules: the log loss of logits, and which metric is the default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from weighin._base.errors import InputError, MetricError
from weighin._metrics import MAE, Metric, MetricContext, general, row_mean


def cross_entropy(target: Tensor, pred: Tensor) -> Tensor:
    """Negative log-likelihood of the target class, from logits of shape (..., n_rows, n_classes)."""
    # one shuffle after the other: the logarithm needs as much memory again
    if pred.ndim > 2 and len(pred):
        return torch.stack([cross_entropy(target, part) for part in pred])
    classes = target[..., 0].long().expand(pred.shape[:-1])
    return torch.logsumexp(pred, -1) - pred.gather(-1, classes[..., None])[..., 0]


LOG_LOSS = row_mean("log_loss", cross_entropy)


class LogLoss:
    """The log loss by its name, where outputs are logits of classes.

    Parameters
    ----------
    width : callable
        Gives the number of the module's outputs.
    """

    # a name, as others are
    takes = ""

    def __init__(self, width: Callable[[], int]) -> None:
        self.width = width

    def names(self, context: MetricContext) -> Iterable[str]:
        """Its own."""
        return (LOG_LOSS.name,)

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """The log loss, if the target holds numbers of the classes that the module has."""
        if not isinstance(metric, str) or metric != LOG_LOSS.name:
            return None
        if context.target is not None:
            self._check_classes(context.target)
        return LOG_LOSS

    def _check_classes(self, target: Tensor) -> None:
        width = self.width()
        if width < 2 or target.shape[1] != 1:
            raise MetricError(
                f"log_loss takes logits of two classes or more and one column of class numbers; the module has {width} "
                f"output(s) and y {target.shape[1]} column(s)."
            )
        odd = target[(target != target.round()) | (target < 0) | (target >= width)]
        if len(odd):
            raise MetricError(
                f"log_loss takes class numbers from 0 to {width - 1} as y, got {odd[0].item()}."
            )


def default_metric(target: Tensor | None, width: Callable[[], int]) -> Metric:
    """MAE for a target of numbers, log loss for class numbers and as many outputs.

    Raises
    ------
    InputError
        If there is no target.
    MetricError
        If the target holds whole numbers that need not be classes.
    """
    if target is None:
        raise InputError("y is needed; only metric='prediction_change' does without a target.")
    if target.is_floating_point():
        return MAE
    n_outputs = width()
    of_classes = n_outputs > 1 and target.shape[1] == 1
    if of_classes and 0 <= int(target.min()) <= int(target.max()) < n_outputs:
        return LOG_LOSS
    raise MetricError(
        f"The target holds integers and the module has {n_outputs} output(s): name a metric "
        f"({', '.join(general())}, log_loss), or pass a float target for a regression."
    )
