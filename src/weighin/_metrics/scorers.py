"""scikit-learn's scorers, by name or from `make_scorer`, for every kind of model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError, listing, nearest
from weighin._inference import IDENTITY, R_SQUARED, ROOT
from weighin._metrics.base import Metric, as_numpy, mean
from weighin._metrics.callables import number, takes_weights
from weighin._metrics.confusion import formula
from weighin._metrics.context import Answers, MetricContext
from weighin._metrics.explained import explained
from weighin._metrics.influence import OF_ONE_CLASS, LabelCounts
from weighin._metrics.kinds import canonical
from weighin._metrics.losses import (
    ROOTS,
    absolute_error,
    gamma_deviance,
    log_loss,
    of_class,
    pinball,
    poisson_deviance,
    squared_error,
    tweedie_deviance,
)
from weighin._metrics.ranked import ranked
from weighin._metrics.scorer_parts import Parts, codes


class Scorers:
    """Names that scikit-learn's scorers have, and what `make_scorer` gives."""

    takes = "a scorer"

    def names(self, context: MetricContext) -> Iterable[str]:
        """Those of scikit-learn."""
        return scorer_names()

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Take the scorer apart; its function's name, as that of an error without "neg_", will do."""
        if isinstance(metric, str):
            scikit_names = set(scorer_names())
            names = (metric, canonical(metric), f"neg_{metric}")
            name = next((name for name in names if name in scikit_names), None)
            if name is None:
                return _of_one_class(metric, context)
            return from_scorer(name, None, context.answers)
        return from_scorer(None, metric, context.answers) if is_scorer(metric) else None


def _of_one_class(metric: str, context: MetricContext) -> Metric | None:
    """What "f1[yes]" names: the metric of that class against all others.

    Raises MetricError if there is no such class.
    """
    from sklearn.metrics import get_scorer, make_scorer

    name, bracket, label = metric.removesuffix("]").partition("[")
    name = canonical(name).removesuffix("_score")
    if not bracket or name not in OF_ONE_CLASS:
        return None
    scorer = get_scorer(name)
    classes = context.answers(metric, scorer).classes
    own = [] if classes is None else [of_class for of_class in classes.tolist() if str(of_class) == label]
    if not own:
        choices = [] if classes is None else [f"{name}[{of_class}]" for of_class in classes.tolist()]
        raise MetricError(
            f"There is no class {label!r} for {metric!r}.{nearest(metric, choices)} "
            f"Those there are: {listing(choices)}."
        )
    # the mean over the one class: of two classes what pos_label= gives
    scorer = make_scorer(scorer._score_func, labels=own, average="macro", zero_division=0.0)
    return replace(from_scorer(None, scorer, context.answers), name=metric)


def is_scorer(metric: Any) -> bool:
    """Whether it is what `make_scorer` gives."""
    return hasattr(metric, "_score_func") and hasattr(metric, "_sign")


def scorer_names() -> list[str]:
    """Names scikit-learn knows."""
    from sklearn.metrics import get_scorer_names

    return list(get_scorer_names())


def from_scorer(name: str | None, scorer: Any, answers_for: Callable[[str | None, Any], Answers]) -> Metric:
    """Take apart what `make_scorer` put together; errors that scikit-learn negates keep their own sign.

    `name`: name of the scorer, None for one of the user's. `scorer`: none for the one of that name. `answers_for`:
    ``answers_for(name, scorer)``: how to read the model's predictions. Raises MetricError if the model does not have
    the method that the scorer asks for.
    """
    if scorer is None:
        from sklearn.metrics import get_scorer

        scorer = get_scorer(name)
    answers = answers_for(name, scorer)
    function, options = scorer._score_func, scorer._kwargs
    name = (name or str(getattr(function, "__name__", "scorer"))).removeprefix("neg_")
    wanted = scorer._response_method
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    wanted = ["predict"] if wanted == ["default"] else wanted
    methods = [method for method in wanted if method in answers.methods]
    if not methods:
        raise MetricError(
            f"The metric {name!r} needs {' or '.join(wanted)}, which {answers.name} does not have.{answers.hint}"
        )
    label, classes = options.get("pos_label"), [] if answers.classes is None else answers.classes.tolist()
    # scikit-learn's functions of scores take whatever it is for the other class
    if label is not None and methods[0] != "predict" and len(classes) == 2 and label not in classes:
        raise MetricError(f"The metric {name!r} has pos_label={label!r}; classes: {listing(classes)}.")
    metric = _metric_of(Parts(name, scorer._sign > 0, function, options, methods[0], answers))
    return metric if answers.response is None else replace(metric, response=answers.response)


def _metric_of(parts: Parts) -> Metric:
    """The metric row by row where it can be had so, else as a number of all rows."""
    for make in (_row_means, explained, _probabilities, _top, _labels, ranked):
        metric = make(parts)
        if metric is not None:
            return metric
    return Metric(
        parts.name,
        parts.greater,
        parts.score,
        response=parts.response,
        weighable=takes_weights(parts.function),
        smooth=parts.function_name not in _EXTREMES,
        without=_medians_without if parts.function_name in _QUANTILES and _plain(parts) else None,
    )


def _row_means(parts: Parts) -> Metric | None:
    """Means over rows, and roots of them."""
    options, name = dict(parts.options), parts.function_name
    if (
        parts.answers.classes is not None
        or options.pop("multioutput", "uniform_average") != "uniform_average"
    ):
        return None
    loss = _ROW_LOSSES.get(name)
    if name == "mean_pinball_loss" and parts.answers.n_targets == 1:
        loss = partial(pinball, [options.pop("alpha", 0.5)])
    elif name == "mean_tweedie_deviance":
        power = options.pop("power", 0)
        # of other powers, only scikit-learn knows which predictions are allowed
        loss = partial(tweedie_deviance, power=power) if power >= 1 else None if power else squared_error
    rooted, several = name.startswith("root_"), parts.answers.n_targets > 1
    if loss is None or options:
        return None
    if rooted and several:
        # scikit-learn takes the mean of the roots
        if loss is not squared_error:
            return None
        return replace(ROOTS, name=parts.name, greater_is_better=parts.greater, response=parts.response)

    def score(target: Any, pred: Any, weights: Any = None) -> float:
        if not rooted and weights is None:
            assert loss is not None
            return mean(loss(target, pred))
        return parts.score(target, pred, weights)

    link = ROOT if rooted else IDENTITY
    return Metric(parts.name, parts.greater, score, loss, response=parts.response, link=link, weighable=True)


def _probabilities(parts: Parts) -> Metric | None:
    """Losses per row of the probabilities of classes, and the share explained of them."""
    classes, name = parts.answers.classes, parts.function_name
    squared = name in ("brier_score_loss", "d2_brier_score")
    if classes is None or len(classes) < 2 or parts.response != "predict_proba":
        return None
    if not squared and name not in ("log_loss", "d2_log_loss_score"):
        return None
    options = dict(parts.options)
    n_classes = len(classes)
    if squared and n_classes == 2:
        options.pop("pos_label", None)
    halved = options.pop("scale_by_half", "auto") if name == "brier_score_loss" else "auto"
    labels = options.pop("labels", None)
    if options or (labels is not None and list(labels) != classes.tolist()):
        # what scikit-learn makes of it, or says of it, is its own
        return None
    # of each class, and of all of them; of two classes both are the same
    scale = (0.5 if (n_classes == 2 if halved == "auto" else halved) else 1.0) * (2 if n_classes == 2 else 1)

    def probabilities(pred: Any) -> NDArray[Any]:
        shares = parts.column(pred)
        if shares.size and (shares.min() < 0 or shares.max() > 1):
            raise MetricError(
                f"The metric {parts.name!r} cannot be used here: the model's outputs are not "
                f"probabilities, they range from {shares.min():.6g} to {shares.max():.6g}."
            )
        return shares

    def logarithmic(target: Any, pred: Any) -> NDArray[Any]:
        shares = probabilities(pred)
        return np.asarray(
            log_loss(as_numpy(target), np.stack([1 - shares, shares], -1) if n_classes == 2 else shares)
        )

    def brier(target: Any, pred: Any) -> NDArray[Any]:
        of_class, shares = codes(target), probabilities(pred)
        if n_classes == 2:
            return np.asarray(((of_class == parts.positive) - shares) ** 2 * scale)
        missed = ((of_class[..., None] == np.arange(n_classes)) - shares) ** 2
        return np.asarray(missed.sum(-1) * scale)

    def soft(pred: Any) -> NDArray[np.float64]:
        shares = probabilities(pred).astype(np.float64)
        if n_classes > 2:
            return shares
        return np.stack([1 - shares, shares] if parts.positive else [shares, 1 - shares], -1)

    def constant(target: Any, weights: Any) -> Callable[[Any], NDArray[np.float64]]:
        shares = np.bincount(codes(target), weights, n_classes) / weights.sum()
        of_class = -np.log(np.maximum(shares, np.finfo(float).tiny))
        if squared:
            of_class = (1 - 2 * shares + (shares**2).sum()) * (scale / 2 if n_classes == 2 else scale)
        return lambda some: of_class[codes(some)]

    return Metric(
        parts.name,
        parts.greater,
        parts.score,
        brier if squared else logarithmic,
        response=parts.response,
        link=R_SQUARED if name.startswith("d2_") else IDENTITY,
        constant=constant,
        weighable=True,
        soft=soft,
    )


def _top(parts: Parts) -> Metric | None:
    """Whether the class of a row is among those with the largest scores."""
    classes, options = parts.answers.classes, dict(parts.options)
    k, labels = options.pop("k", 2), options.pop("labels", None)
    if parts.function_name != "top_k_accuracy_score" or classes is None or len(classes) < 3 or options:
        return None
    if labels is not None and list(labels) != classes.tolist():
        return None

    def hit(target: Any, pred: Any) -> NDArray[Any]:
        scores, own = parts.column(pred), codes(target)[:, None]
        of_own = of_class(as_numpy(target), scores)[..., None]
        # of equal scores, scikit-learn takes the last class
        before = (scores > of_own) | ((scores == of_own) & (np.arange(len(classes)) > own))
        return np.asarray((before.sum(-1) < k) * 1.0)

    return Metric(parts.name, parts.greater, parts.score, hit, response=parts.response, weighable=True)


def _plain(parts: Parts) -> bool:
    """Whether it compares one column of numbers as it is."""
    return parts.answers.classes is None and parts.answers.n_targets == 1 and not parts.options


def _medians_without(target: Any, pred: Any, part: NDArray[np.int64], n_parts: int) -> NDArray[np.float64]:
    """Median absolute error of all rows but those of each part: errors are sorted once."""
    error = absolute_error(as_numpy(target), as_numpy(pred))
    order = np.argsort(error)
    error = error[order]
    # places among all errors, part by part
    places = np.argsort(part[order].astype(np.uint16), kind="stable")
    ends = np.cumsum(np.bincount(part, minlength=n_parts))
    medians = np.empty(n_parts)
    for k, own in enumerate(np.split(places, ends[:-1])):
        n = len(error) - len(own)
        middle = np.array([(n - 1) // 2, n // 2])
        # the place of an error among the others is its own less the errors of the part before it
        shift = np.searchsorted(own - np.arange(len(own)), middle, side="right")
        medians[k] = error[middle + shift].mean()
    return medians


def _labels(parts: Parts) -> Metric | None:
    """Metrics that count true and predicted labels."""
    classes, weighable = parts.answers.classes, takes_weights(parts.function)
    if classes is None or parts.response != "predict" or not parts.function_name:
        return None
    by_formula = formula(parts.function_name, parts.options, classes)
    if by_formula is None and (not weighable or parts.function_name in (*_EXTREMES, *_QUANTILES)):
        return None

    def function(true: Any, predicted: Any, sample_weight: Any) -> float:
        return number(
            parts.name, parts.function(true, predicted, sample_weight=sample_weight, **parts.options)
        )

    counts = LabelCounts(parts.name, function, codes, parts.answers.labels, classes, by_formula)
    return Metric(parts.name, parts.greater, counts.score, values=counts.values, weighable=weighable)


def _percentage_error(target: Any, pred: Any) -> Any:
    target, pred = as_numpy(target), as_numpy(pred)
    return (abs(pred - target) / np.maximum(abs(target), np.finfo(np.float64).eps)).mean(-1)


def _squared_log_error(target: Any, pred: Any) -> Any:
    target, pred = as_numpy(target), as_numpy(pred)
    if (target <= -1).any() or (pred <= -1).any():
        raise MetricError(
            "The mean squared logarithmic error is not defined where a target or prediction is <= -1."
        )
    return ((np.log1p(pred) - np.log1p(target)) ** 2).mean(-1)


# decided by one row
_EXTREMES = ("max_error",)
# without a slope where labels are few
_QUANTILES = ("median_absolute_error",)
_ROW_LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    "mean_absolute_error": absolute_error,
    "mean_squared_error": squared_error,
    "root_mean_squared_error": squared_error,
    "mean_absolute_percentage_error": _percentage_error,
    "mean_squared_log_error": _squared_log_error,
    "mean_poisson_deviance": poisson_deviance,
    "mean_gamma_deviance": gamma_deviance,
    "root_mean_squared_log_error": _squared_log_error,
}
