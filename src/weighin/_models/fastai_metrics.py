"""fastai's metrics and losses as weighin's `Metric`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from fastai.learner import AvgMetric, mk_metric
from fastai.learner import Metric as LearnerMetric
from fastai.metrics import AccumMetric, ActivationType, Perplexity, rmse
from fastai.torch_core import to_detach
from numpy.typing import NDArray

from weighin._base.errors import MetricError
from weighin._inference import EXPONENTIAL, R_SQUARED, ROOT, auc_values, average_precision_values
from weighin._metrics import (
    LabelCounts,
    Metric,
    MetricContext,
    absolute_error,
    area_values,
    as_numpy,
    direction,
    hit,
    logit_loss,
    miss,
    not_here,
    number,
    row_mean,
    squared_error,
    takes_weights,
)

_ROW_METRICS = {"mae": absolute_error, "mse": squared_error, "accuracy": hit, "error_rate": miss}

_ROW_LOSSES = {
    torch.nn.MSELoss: squared_error,
    torch.nn.L1Loss: absolute_error,
    torch.nn.CrossEntropyLoss: logit_loss,
}


class LearnerMetrics:
    """The learner's metrics by name, its loss, and fastai's metrics handed over.

    `learn`: its first metric is the default, its loss where it has none.
    `batch_size`: for the mean of a function per batch, as ``learn.validate`` takes it; all rows at once by default.
    """

    takes = "a fastai metric"

    def __init__(self, learn: Any, batch_size: int | None = None) -> None:
        self.loss_func, self.batch_size = learn.loss_func, batch_size
        self.by_name: dict[str, Any] = {}
        for metric in learn.metrics:
            # of two with one name, the first
            self.by_name.setdefault(metric.name.lstrip("_"), metric)

    def default(self) -> Any:
        """The first metric, or the loss."""
        return next(iter(self.by_name.values()), "loss")

    def names(self, context: MetricContext) -> Iterable[str]:
        """The learner's metrics and its loss."""
        return (*self.by_name, "loss")

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Make a metric of what is fastai's; others, also among the learner's metrics, are left to other sources."""
        if isinstance(metric, str):
            if metric.lstrip("_") not in self.by_name:
                return _loss(self.loss_func) if metric == "loss" else None
            metric = self.by_name[metric.lstrip("_")]
        if isinstance(metric, LearnerMetric):
            return self._from_fastai(metric, greater_is_better, context)
        if not callable(metric):
            return None
        name, fastais = getattr(metric, "__name__", ""), getattr(metric, "__module__", "") == "fastai.metrics"
        if isinstance(metric, type) or (fastais and name[:1].isupper()):
            raise MetricError(f"{name} is a class; pass an instance: metric={name}().")
        return self._from_fastai(mk_metric(metric), greater_is_better, context) if fastais else None

    def _from_fastai(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric:
        loss_func = self.loss_func
        name = metric.name.lstrip("_")
        func = getattr(metric, "func", None)
        score = _validated(metric, loss_func, self.batch_size)
        by_rows: dict[str, Any] = {}
        if isinstance(metric, AvgMetric) and getattr(func, "__module__", "") == "fastai.metrics":
            of_rows = _ROW_METRICS.get(getattr(func, "__name__", ""))
            by_rows = {"per_row": of_rows, "soft": _softmax if of_rows in (hit, miss) else None}
        elif isinstance(metric, AccumMetric) and func is rmse.func:
            return Metric(name, False, score, squared_error, link=ROOT)
        elif isinstance(metric, AccumMetric):
            single = context.target is not None and context.target.shape[1] == 1
            by_rows = _of_scikit(metric, func) if single else {}
        elif isinstance(metric, Perplexity):
            loss = _loss(loss_func)
            by_rows = {"per_row": loss.per_row, "link": EXPONENTIAL} if loss.per_row is not None else {}
        if "values" in by_rows:
            score, by_rows["weighable"] = _weighed(score, by_rows["values"]), True
        return Metric(name, direction(name, greater_is_better), score, **by_rows)


def has_activation(loss_func: Any) -> bool:
    """Whether the loss function knows how to make probabilities of logits."""
    return hasattr(loss_func, "activation")


def activated(loss_func: Any, pred: Any) -> Any:
    """Apply the loss function's activation, where it has one."""
    return loss_func.activation(pred) if has_activation(loss_func) else pred


def _weighed(
    score: Callable[..., float], values: Callable[..., Iterator[NDArray[np.float64]]]
) -> Callable[..., float]:
    """Score with sample weights: the weighted mean of the values."""

    def weighed(target: Any, pred: Any, weights: Any = None) -> float:
        if weights is None:
            return score(target, pred)
        return float(np.average(next(values(target, [pred], [weights])), weights=weights))

    return weighed


def _validated(metric: Any, loss_func: Any, batch_size: int | None) -> Callable[[Any, Any], float]:
    """Score as ``learn.validate`` would, on a copy of the metric."""
    metric = _own(metric)

    def score(target: Any, pred: Any) -> float:
        metric.reset()
        step = batch_size or len(pred)
        try:
            for start in range(0, len(pred), step):
                here = slice(start, start + step)
                # a function of the user's may write to what it gets
                metric.accumulate(_Validated(pred[here].clone(), target[here].clone(), loss_func))
            return number(metric.name, metric.value)
        except (ValueError, TypeError, AssertionError, IndexError, RuntimeError) as error:
            raise not_here(metric.name, error) from error

    return score


def _of_scikit(metric: Any, func: Any) -> dict[str, Any]:
    """What intervals take, for the functions of scikit-learn that fastai wraps."""
    if not getattr(func, "__module__", "").startswith("sklearn.metrics") or not metric.invert_args:
        return {}
    if func.__name__ == "r2_score":
        return {"per_row": squared_error, "link": R_SQUARED}
    ranked = {"roc_auc_score": auc_values, "average_precision_score": average_precision_values}
    if func.__name__ in ranked and metric.activation == "binarysoftmax" and not _special(metric.kwargs):
        # not the margin: far out, probabilities are equal where margins are not
        values = area_values(
            _is_second, lambda pred: as_numpy(pred.softmax(-1)[..., -1]), ranked[func.__name__]
        )
        return {"values": values, "averages": True}
    argmax = metric.activation == ActivationType.No and metric.dim_argmax in (-1, 1) and metric.thresh is None
    if argmax and takes_weights(func):
        return {"values": _counted(metric.name, partial(func, **metric.kwargs))}
    return {}


def _special(options: dict[str, Any]) -> bool:
    """Whether a metric of ranks is of a part of the curve, or of the first class."""
    return bool(options.get("max_fpr")) or options.get("pos_label", 1) != 1


def _is_second(target: Any) -> NDArray[np.bool_]:
    return np.asarray(as_numpy(target)[..., 0] == 1)


def _counted(name: str, function: Any) -> Callable[..., Iterator[NDArray[np.float64]]]:
    """Values of a function of labels, as many as the network has outputs."""

    def values(target: Any, preds: Any, weights: Any = None) -> Iterator[NDArray[np.float64]]:
        n_labels = max(preds[0].shape[-1], int(target.max()) + 1)
        counts = LabelCounts(name, weighted, _codes, _largest, np.arange(n_labels))
        return counts.values(target, preds, weights)

    def weighted(true: Any, predicted: Any, sample_weight: Any) -> float:
        return float(function(true, predicted, sample_weight=sample_weight))

    return values


def _codes(target: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(target)[..., 0], dtype=np.int64)


def _largest(pred: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(pred.argmax(-1)), dtype=np.int64)


def _own(metric: Any) -> Any:
    """Copy a metric: it accumulates on its own, the learner's keeps its state."""
    try:
        return copy.deepcopy(metric)
    except Exception:
        # it holds what cannot be copied
        return copy.copy(metric)


def _loss(loss_func: Any) -> Metric:
    # fastai wraps torch's loss
    inner = getattr(loss_func, "func", loss_func)
    weighted = getattr(inner, "weight", None) is not None or bool(getattr(inner, "label_smoothing", False))
    per_row = _ROW_LOSSES.get(type(inner))
    if per_row is not None and inner.reduction == "mean" and not weighted:
        return replace(row_mean("loss", per_row), soft=_softmax if per_row is logit_loss else None)
    return Metric("loss", False, lambda target, pred: float(loss_func(pred, target).mean()))


def _softmax(pred: Any) -> NDArray[np.float64]:
    """Probabilities of the classes of a network's own outputs."""
    return np.asarray(as_numpy(pred.double().softmax(-1)))


class _Validated:
    """What a fastai metric reads from a learner during validation."""

    to_detach = staticmethod(to_detach)

    def __init__(self, pred: Any, target: Any, loss_func: Any) -> None:
        self.pred, self.y, self.yb, self.loss_func = pred, target, (target,), loss_func

    @property
    def loss(self) -> Any:
        return self.loss_func(self.pred, *self.yb)
