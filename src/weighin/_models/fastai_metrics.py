"""fastai's metrics and losses as weighin's `Metric`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
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
from weighin._base.random_state import random_state_kept
from weighin._inference import EXPONENTIAL, R_SQUARED, ROOT
from weighin._metrics import (
    GENERAL,
    LabelCounts,
    Metric,
    absolute_error,
    area_values,
    as_numpy,
    direction,
    from_callable,
    from_torchmetric,
    hit,
    is_scorer,
    is_torchmetric,
    miss,
    not_here,
    number,
    row_mean,
    scorer_names,
    squared_error,
    takes_weights,
    unknown,
)
from weighin._models.given_metrics import scorer_metric
from weighin._models.protocol import Encoded
from weighin._models.torch_metrics import cross_entropy
from weighin._models.torch_state import evaluating

_ROW_METRICS = {"mae": absolute_error, "mse": squared_error, "accuracy": hit, "error_rate": miss}

_ROW_LOSSES = {
    torch.nn.MSELoss: squared_error,
    torch.nn.L1Loss: absolute_error,
    torch.nn.CrossEntropyLoss: cross_entropy,
}


def resolve(
    learn: Any,
    metric: Any,
    greater_is_better: bool | None,
    batch_size: int | None = None,
    data: Encoded | None = None,
) -> Metric:
    """Turn what the user gave as metric into a `Metric` on this learner's raw outputs.

    Parameters
    ----------
    learn : fastai Learner
        Its first metric is the default, its loss where it has none.
    metric : None, str, Metric, fastai metric, scikit-learn scorer, or callable ``(y, pred) -> float``
        A name is looked up among the learner's metrics first, among scikit-learn's scorers last.
    greater_is_better : bool, optional
        Needed only where the direction is not known.
    batch_size : int, optional
        For the mean of a function per batch, as ``learn.validate`` takes it; all rows at once by default.
    data : Encoded, optional
        The rows, which scikit-learn's scorers look at.

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
        elif metric in scorer_names():
            return _scorer(learn, metric, None, data)
        else:
            raise unknown(metric, {**known, **dict.fromkeys(scorer_names())})
    if is_scorer(metric):
        return _scorer(learn, None, metric, data)
    if is_torchmetric(metric):
        device = next(learn.model.parameters()).device
        return from_torchmetric(metric, greater_is_better, partial(settled, learn.loss_func), device)
    if isinstance(metric, LearnerMetric):
        return _from_fastai(metric, learn.loss_func, greater_is_better, batch_size, data)
    if callable(metric):
        fastais = getattr(metric, "__module__", "") == "fastai.metrics"
        name = getattr(metric, "__name__", "")
        if isinstance(metric, type) or (fastais and name[:1].isupper()):
            raise MetricError(f"{name} must be called: metric={name}().")
        if fastais:
            return _from_fastai(mk_metric(metric), learn.loss_func, greater_is_better, batch_size, data)
        return from_callable(metric, greater_is_better, partial(settled, learn.loss_func))
    raise MetricError(
        f"metric must be a name, a fastai metric or a function (y, pred) -> float, got {type(metric).__name__}."
    )


def settled(loss_func: Any, pred: Any) -> Any:
    """Apply the loss function's activation: probabilities from logits, where it has one."""
    return getattr(loss_func, "activation", lambda outputs: outputs)(pred)


def _from_fastai(
    metric: Any,
    loss_func: Any,
    greater_is_better: bool | None,
    batch_size: int | None,
    data: Encoded | None,
) -> Metric:
    name = metric.name.lstrip("_")
    func = getattr(metric, "func", None)
    found: dict[str, Any] = {}
    if isinstance(metric, AvgMetric) and getattr(func, "__module__", "") == "fastai.metrics":
        found = {"per_row": _ROW_METRICS.get(getattr(func, "__name__", ""))}
    elif isinstance(metric, AccumMetric) and func is rmse.func:
        return Metric(name, False, _validated(metric, loss_func, batch_size), squared_error, link=ROOT)
    elif isinstance(metric, AccumMetric):
        single = data is not None and data.target is not None and data.target.shape[1] == 1
        found = _of_scikit(metric, func) if single else {}
    elif isinstance(metric, Perplexity):
        loss = _loss(loss_func)
        found = {"per_row": loss.per_row, "link": EXPONENTIAL} if loss.per_row is not None else {}
    score = _validated(metric, loss_func, batch_size)
    if "values" in found:
        score, found["weighable"] = _weighed(score, found["values"]), True
    return Metric(name, direction(name, greater_is_better), score, **found)


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
                metric.accumulate(_Validated(pred[here], target[here], loss_func))
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
    if (
        func.__name__ == "roc_auc_score"
        and metric.activation == "binarysoftmax"
        and not metric.kwargs.get("max_fpr")
    ):
        # not the margin: far out, probabilities are equal where margins are not
        values = area_values(_is_second, lambda pred: as_numpy(pred.softmax(-1)[..., -1]))
        return {"values": values, "averages": True}
    argmax = metric.activation == ActivationType.No and metric.dim_argmax in (-1, 1) and metric.thresh is None
    if argmax and takes_weights(func):
        return {"values": _counted(metric.name, partial(func, **metric.kwargs))}
    return {}


def _is_second(target: Any) -> NDArray[np.bool_]:
    return np.asarray(as_numpy(target)[..., 0] == 1)


def _counted(name: str, function: Any) -> Callable[..., Iterator[NDArray[np.float64]]]:
    """Values of a function of labels, as many as the network has outputs."""

    def values(target: Any, preds: Any, weights: Any = None) -> Iterator[NDArray[np.float64]]:
        n_labels = max(preds[0].shape[-1], int(target.max()) + 1)
        counts = LabelCounts(name, _weighed, _codes, _largest, np.arange(n_labels))
        return counts.values(target, preds, weights)

    def _weighed(true: Any, predicted: Any, sample_weight: Any) -> float:
        return float(function(true, predicted, sample_weight=sample_weight))

    return values


def _codes(target: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(target)[..., 0], dtype=np.int64)


def _largest(pred: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(pred.argmax(-1)), dtype=np.int64)


def _scorer(learn: Any, name: str | None, scorer: Any, data: Encoded | None) -> Metric:
    """One of scikit-learn's scorers on the learner's settled predictions."""
    if data is None:
        raise MetricError(f"The metric {name!r} takes rows to look at.")
    vocab = getattr(learn.dls, "vocab", None)
    labels = np.asarray(list(vocab)) if vocab is not None and len(vocab) and np.ndim(vocab[0]) == 0 else None

    rows: Any = data.rows

    def width() -> int:
        with random_state_kept(), evaluating(learn.model, rows.parts[0].device), torch.inference_mode():
            return int(learn.model(*rows.take(slice(0, 2)).parts).shape[-1])

    settle = partial(settled, learn.loss_func)
    return scorer_metric(name, scorer, f"the {type(learn).__name__}", data.target, settle, width, labels)


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
        self.pred, self.y, self.yb, self.loss_func = pred, target, (target,), loss_func

    @property
    def loss(self) -> Any:
        return self.loss_func(self.pred, *self.yb)
