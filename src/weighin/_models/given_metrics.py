"""Metrics a user names or hands over, for models whose outputs are all there is to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, MetricError
from weighin._metrics import (
    GENERAL,
    Answers,
    Metric,
    as_numpy,
    from_callable,
    from_scorer,
    from_torchmetric,
    is_scorer,
    is_torchmetric,
    scorer_names,
    unknown,
)


def given_metric(
    metric: Any,
    greater_is_better: bool | None,
    name: str,
    target: Any,
    settle: Callable[[Any], Any],
    width: Callable[[], int],
    known: Mapping[str, Metric] | None = None,
    device: Any = "cpu",
) -> Metric:
    """Resolve a name, one of scikit-learn's scorers, an object of torchmetrics or a function.

    Parameters
    ----------
    metric, greater_is_better
        What the user gave.
    name : str
        Of the model.
    target : array or None
        Shape (n_rows, n_targets).
    settle : callable
        From raw predictions to those a user sees.
    width : callable
        Gives the number of the model's outputs.
    known : mapping of str to Metric, optional
        Names besides those every model has.
    device : torch.device or str
        Where predictions are.

    Raises
    ------
    MetricError
        If it is none of these, or the model has no such outputs.
    """
    known = {**GENERAL, **(known or {})}
    if isinstance(metric, str):
        if metric in known:
            return known[metric]
        names = scorer_names()
        if metric not in names:
            raise unknown(metric, {**known, **dict.fromkeys(names)})
        return scorer_metric(metric, None, name, target, settle, width)
    if is_scorer(metric):
        return scorer_metric(None, metric, name, target, settle, width)
    if is_torchmetric(metric):
        return from_torchmetric(metric, greater_is_better, settle, device)
    if callable(metric):
        return from_callable(metric, greater_is_better, settle)
    raise MetricError(
        f"metric must be a name, a scorer or a function (y, pred) -> float, got {type(metric).__name__}."
    )


def scorer_metric(
    metric: str | None,
    scorer: Any,
    name: str,
    target: Any,
    settle: Callable[[Any], Any],
    width: Callable[[], int],
    labels: NDArray[Any] | None = None,
) -> Metric:
    """Take one of scikit-learn's scorers for a network or function.

    Whole numbers as target stand for classes where the scorer is one of classes. Several outputs are read as one per
    class, the largest as the prediction; one output as the score of class 1, or as a number.

    Parameters
    ----------
    metric, scorer
        As for `from_scorer`.
    name, target, settle, width
        As for `given_metric`.
    labels : ndarray, optional
        Label of each class number; the numbers themselves by default.
    """
    if target is None:
        raise InputError(f"The metric {metric or scorer!r} needs a target.")
    if scorer is None:
        from sklearn.metrics import get_scorer

        scorer = get_scorer(metric)
    of_classes = _of_classes(scorer)
    if not of_classes:
        return from_scorer(
            metric, scorer, Answers(name, ("predict",), None, _largest, n_targets=target.shape[1])
        )
    codes = as_numpy(target)
    if codes.shape[1] != 1 or (codes != np.round(codes)).any() or codes.min() < 0:
        raise MetricError(
            f"The metric {metric or 'given'!r} is one of classes: y must hold class numbers 0, 1, ... in one column."
        )
    n_outputs = width()
    n_classes = max(n_outputs, int(codes.max()) + 1, 2)
    if n_outputs > 1 and n_classes > n_outputs:
        raise MetricError(
            f"y holds class {int(codes.max())} and {name} has {n_outputs} outputs, one per class."
        )
    methods = ("predict", "predict_proba") if n_outputs > 1 else ("predict_proba", "decision_function")
    classes = np.arange(n_classes) if labels is None else labels
    hint = " Its one output is read as a score: cut it with a function (y, pred) -> float, and greater_is_better."
    answers = Answers(
        name,
        methods,
        classes,
        _largest,
        lambda pred: as_numpy(settle(pred)),
        hint="" if n_outputs > 1 else hint,
    )
    return replace(from_scorer(metric, scorer, answers), response="predict")  # the one output there is


def _largest(pred: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(pred).argmax(-1), dtype=np.int64)


def _of_classes(scorer: Any) -> bool:
    """Whether a scorer of scikit-learn compares classes; one of the user's does where it does not take predictions."""
    module = getattr(scorer._score_func, "__module__", "")
    if module.startswith("sklearn.metrics"):
        return not module.endswith("_regression")
    return scorer._response_method != "predict"
