"""fastai's metrics and losses as weighin's `Metric`."""

from __future__ import annotations

import copy
from typing import Any

import torch
from fastai.learner import AvgMetric, mk_metric
from fastai.learner import Metric as LearnerMetric
from fastai.metrics import AccumMetric, rmse
from fastai.torch_core import to_detach

from weighin._errors import MetricError
from weighin._metrics import (
    GENERAL,
    Metric,
    absolute_error,
    direction,
    from_callable,
    hit,
    miss,
    row_mean,
    squared_error,
    unknown,
)
from weighin._models._torch_metrics import cross_entropy

_ROW_METRICS = {"mae": absolute_error, "mse": squared_error, "accuracy": hit, "error_rate": miss}

_ROW_LOSSES = {
    torch.nn.MSELoss: squared_error,
    torch.nn.L1Loss: absolute_error,
    torch.nn.CrossEntropyLoss: cross_entropy,
}


def resolve(learn: Any, metric: Any, greater_is_better: bool | None, batch_size: int | None = None) -> Metric:
    """Turn what the user gave as metric into a `Metric` on this learner's raw outputs.

    Parameters
    ----------
    learn : fastai Learner
        Its first metric is the default, its loss where it has none.
    metric : None, str, Metric, fastai metric, or callable ``(y, pred) -> float``
        A name is looked up among the learner's metrics first.
    greater_is_better : bool, optional
        Needed only where the direction is not known.
    batch_size : int, optional
        For the mean of a function per batch, as ``learn.validate`` takes it; all rows at once by default.

    Raises
    ------
    MetricError
        On an unknown name or an unknown direction.
    """
    if isinstance(metric, Metric):
        return metric
    own: dict[str, Any] = {}
    for entry in learn.metrics:
        own.setdefault(entry.name.lstrip("_"), entry)  # of two with one name, the first
    if metric is None:
        metric = next(iter(own.values()), "loss")
    if isinstance(metric, str):
        known = {**GENERAL, "loss": None, **own}
        if metric.lstrip("_") in own:
            metric = own[metric.lstrip("_")]
        elif metric == "loss":
            return _loss(learn.loss_func)
        elif metric in GENERAL:
            return GENERAL[metric]
        else:
            raise unknown(metric, known)
    if isinstance(metric, LearnerMetric):
        return _from_fastai(metric, learn.loss_func, greater_is_better, batch_size)
    if callable(metric):
        fastais = getattr(metric, "__module__", "") == "fastai.metrics"
        name = getattr(metric, "__name__", "")
        if isinstance(metric, type) or (fastais and name[:1].isupper()):
            raise MetricError(f"{name} must be called: metric={name}().")
        if fastais:
            return _from_fastai(mk_metric(metric), learn.loss_func, greater_is_better, batch_size)
        return from_callable(
            metric,
            greater_is_better,
            lambda pred: settled(learn.loss_func, pred),
            lambda t: t.detach().cpu().numpy(),
        )
    raise MetricError(
        f"metric must be a name, a fastai metric or a function (y, pred) -> float, got {type(metric).__name__}."
    )


def settled(loss_func: Any, pred: Any) -> Any:
    """Apply the loss function's activation: probabilities from logits, where it has one."""
    return getattr(loss_func, "activation", lambda outputs: outputs)(pred)


def _from_fastai(
    metric: Any, loss_func: Any, greater_is_better: bool | None, batch_size: int | None
) -> Metric:
    name = metric.name.lstrip("_")
    func = getattr(metric, "func", None)
    per_row = None
    if isinstance(metric, AvgMetric) and getattr(func, "__module__", "") == "fastai.metrics":
        per_row = _ROW_METRICS.get(getattr(func, "__name__", ""))
    root = isinstance(metric, AccumMetric) and func is rmse.func
    metric = _own(metric)

    def score(target: Any, pred: Any) -> float:
        metric.reset()
        step = batch_size or len(pred)
        for start in range(0, len(pred), step):
            metric.accumulate(_Validated(pred[start : start + step], target[start : start + step], loss_func))
        return float(metric.value)

    if root:
        return Metric(name, False, score, squared_error, of_mean="root")
    return Metric(name, direction(name, greater_is_better), score, per_row)


def _own(metric: Any) -> Any:
    """Copy a metric: it accumulates on its own, the learner's keeps its state."""
    try:
        return copy.deepcopy(metric)
    except Exception:  # it holds what cannot be copied
        return copy.copy(metric)


def _loss(loss_func: Any) -> Metric:
    inner = getattr(loss_func, "func", loss_func)  # fastai wraps torch's loss
    weighted = getattr(inner, "weight", None) is not None or bool(getattr(inner, "label_smoothing", False))
    per_row = _ROW_LOSSES.get(type(inner))
    if per_row is not None and inner.reduction == "mean" and not weighted:
        return row_mean("loss", per_row)
    return Metric("loss", False, lambda target, pred: float(loss_func(pred, target).mean()))


class _Validated:
    """What a fastai metric reads from a learner during validation."""

    to_detach = staticmethod(to_detach)

    def __init__(self, pred: Any, target: Any, loss_func: Any) -> None:
        self.pred, self.y, self.yb, self._loss_func = pred, target, (target,), loss_func

    @property
    def loss(self) -> Any:
        return self._loss_func(self.pred, *self.yb)
