"""Losses of torch as metrics, of every kind of model: row by row where they are means over rows."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from weighin._base.errors import MetricError
from weighin._metrics.base import Metric, as_numpy, mean, one_column
from weighin._metrics.callables import number
from weighin._metrics.context import MetricContext
from weighin._metrics.directions import direction
from weighin._metrics.of_classes import logits, probabilities
from weighin._metrics.outputs import Outputs

# what they compare with the target, by the name of the class or of the function
_TAKES = {
    **dict.fromkeys(["CrossEntropyLoss", "cross_entropy", "MultiMarginLoss", "multi_margin_loss"], "logits"),
    **dict.fromkeys(["BCEWithLogitsLoss", "binary_cross_entropy_with_logits"], "one logit"),
    **dict.fromkeys(["BCELoss", "binary_cross_entropy"], "one probability"),
    **dict.fromkeys(["NLLLoss", "nll_loss"], "log probabilities"),
    **dict.fromkeys(["MSELoss", "mse_loss", "L1Loss", "l1_loss", "HuberLoss", "huber_loss"], "numbers"),
    **dict.fromkeys(["SmoothL1Loss", "smooth_l1_loss"], "numbers"),
}
_BY_CLASS = ("logits", "log probabilities")


class TorchLosses:
    """``nn.MSELoss()``, ``F.l1_loss`` ...; called as torch calls them, ``(predictions, target)``, on tensors."""

    # a function (y, pred) too, as far as a message goes
    takes = ""

    def names(self, context: MetricContext) -> Iterable[str]:
        """None: an object is handed over."""
        return ()

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Call a copy of the loss, on logits, probabilities or numbers as it takes them."""
        torch = sys.modules.get("torch")
        if torch is None or not callable(metric):
            return None
        if isinstance(metric, type) and issubclass(metric, torch.nn.Module):
            raise MetricError(f"{metric.__name__} is a class; pass an instance: metric={metric.__name__}().")
        own_function = getattr(metric, "__module__", "") == "torch.nn.functional" and _takes_reduction(metric)
        if not isinstance(metric, torch.nn.Module) and not own_function:
            return None
        name = metric.__name__ if own_function else type(metric).__name__
        greater = (
            direction(name, greater_is_better)
            if greater_is_better is not None or "loss" not in name.lower() + "loss" * own_function
            else False
        )
        if getattr(metric, "reduction", "mean") == "sum":
            raise MetricError(f"{name} with reduction='sum' grows with the number of rows: reduction='mean'.")
        prepare = _prepared(name, context)
        whole = metric if own_function else copy.deepcopy(metric).to(context.device).eval()
        rows: Callable[..., Any] | None = None
        if own_function:
            rows = partial(metric, reduction="none")
        elif hasattr(whole, "reduction") and type(metric).__module__ == "torch.nn.modules.loss":
            own: Any = copy.deepcopy(whole)
            own.reduction = "none"
            rows = own

        def per_row(target: Any, pred: Any) -> Any:
            if pred.ndim > 2:
                return _stacked([per_row(target, part) for part in pred])
            losses = _called(name, rows, *prepare(target, pred))
            losses = losses.reshape(len(losses), -1)
            losses = losses[:, 0] if losses.shape[1] == 1 else losses.mean(1)
            return losses if hasattr(pred, "detach") else as_numpy(losses)

        def score(target: Any, pred: Any) -> float:
            if by_rows:
                return mean(per_row(target, pred))
            value = _called(name, whole, *prepare(target, pred))
            return number(name, value.mean() if hasattr(value, "mean") else value)

        by_rows = rows is not None and not _weighs_classes(metric)
        return Metric(name, greater, score, per_row if by_rows else None, response=context.response)


def _takes_reduction(function: Any) -> bool:
    return "reduction" in inspect.signature(function).parameters


def _weighs_classes(loss: Any) -> bool:
    """Whether its mean is not that of its rows: it leaves some out, or divides by weights of classes."""
    of_classes = type(loss).__name__ in ("CrossEntropyLoss", "NLLLoss")
    return of_classes and (loss.weight is not None or loss.ignore_index >= 0)


def _stacked(parts: list[Any]) -> Any:
    return sys.modules["torch"].stack(parts) if hasattr(parts[0], "detach") else np.stack(parts)


def _called(name: str, loss: Any, pred: Any, target: Any) -> Any:
    """What torch says of predictions and target that do not go together is said with the name of the loss."""
    try:
        return loss(pred, target)
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        raise MetricError(
            f"{name} does not take predictions of shape {tuple(pred.shape)} and a target of shape "
            f"{tuple(target.shape)}: {str(error).splitlines()[0]}"
        ) from error


def _prepared(name: str, context: MetricContext) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Make what gives predictions on the scale that the loss takes, and the target in its form, as tensors."""
    torch: Any = sys.modules["torch"]
    takes = _TAKES.get(name, "")
    outputs = _meaning(takes, context)
    of_classes = takes in _BY_CLASS or takes.startswith("one")
    if takes == "numbers" and outputs.kind in ("logit", "label"):
        raise MetricError(
            f"{name} compares numbers, and the outputs are {outputs}. metric='log_loss' or 'accuracy'."
        )
    if of_classes and outputs.kind in ("number", "count", "quantile", "label"):
        raise MetricError(
            f"{name} takes outputs of classes, and they are {outputs}{', ' * bool(outputs.why)}{outputs.why}."
        )

    def prepare(target: Any, pred: Any) -> tuple[Any, Any]:
        target = torch.as_tensor(target, device=context.device)
        if not of_classes:
            if pred.shape[1] != target.shape[1]:
                raise MetricError(
                    f"{name} compares one with the other: the model has {pred.shape[1]} output(s), {outputs}, and y "
                    f"{target.shape[1]} column(s)."
                )
            pred = torch.as_tensor(context.to_user_scale(pred), device=context.device)
            return one_column(pred), one_column(target).to(pred.dtype)
        # several targets have an output each
        shape = pred.shape
        pred = pred.reshape(-1, 1) if takes.startswith("one") and target.shape[1] > 1 else pred
        if takes == "one probability":
            own = pred if outputs.kind == "probability" else probabilities(outputs, pred)[:, -1:]
            shares = torch.as_tensor(own, device=context.device)
            shares = shares[:, 1:] if shares.shape[1] == 2 else shares.reshape(shape[0], -1)
            return shares, target.to(shares.dtype)
        scores = torch.as_tensor(logits(outputs, pred), device=context.device)
        if takes == "one logit":
            scores = scores[:, 1:] - scores[:, :1] if scores.shape[1] == 2 else scores.reshape(shape[0], -1)
            return scores, target.to(scores.dtype)
        if scores.shape[1] == 1:
            scores = torch.cat([torch.zeros_like(scores), scores], 1)
        scores = scores.log_softmax(1) if takes == "log probabilities" else scores
        return scores, target[:, 0].long() if target.shape[1] == 1 else target.to(scores.dtype)

    return prepare


def _meaning(takes: str, context: MetricContext) -> Outputs:
    """What outputs mean; where that cannot be told, what the loss takes them for."""
    try:
        outputs = context.meaning()
    except MetricError:
        outputs = Outputs()
    if outputs.kind != "unknown":
        return outputs
    return Outputs(
        "probability" if takes == "one probability" else "number" if takes == "numbers" else "logit"
    )
