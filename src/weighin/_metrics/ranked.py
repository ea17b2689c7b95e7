"""Metrics of how scores rank the rows: areas under the ROC curve, and average precision, of two classes or more."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._inference import auc_values, average_precision_values
from weighin._metrics.base import Metric
from weighin._metrics.callables import takes_weights
from weighin._metrics.influence import area_values
from weighin._metrics.scorer_parts import Parts, codes

Floats = NDArray[np.float64]
# (true for the class, shape (n_rows,); scores; weights) to values of shape (n_rows,) whose mean is the metric
OneClass = Callable[[NDArray[Any], NDArray[Any], "Floats | None"], Floats]
# (codes, scores of shape (n_rows, n_classes), weights) to such values
AllClasses = Callable[[NDArray[np.int64], NDArray[Any], "Floats | None"], Floats]


def ranked(parts: Parts) -> Metric | None:
    """The metric where values per row stand for it; None for others."""
    classes, options = parts.answers.classes, dict(parts.options)
    of_one = {"roc_auc_score": auc_values, "average_precision_score": average_precision_values}.get(
        parts.function_name
    )
    if of_one is None or classes is None or len(classes) < 2:
        return None
    more: dict[str, Any] = {}
    if len(classes) == 2:
        # how several classes are averaged says nothing of two
        if not options.keys() <= {"pos_label", "average"}:
            return None
        values = area_values(lambda target: codes(target) == parts.positive, parts.column, of_one)
        if parts.response == "predict_proba":
            more = {"soft": partial(_shares_of_two, parts), "expected": partial(_expected, parts, of_one)}
    else:
        average, multi_class = options.pop("average", "macro"), "ovr"
        if of_one is auc_values:
            multi_class = options.pop("multi_class", "raise")
        makers = {"ovr": _ONE_VS_REST, "ovo": _ONE_VS_ONE}.get(multi_class, {})
        if options or average not in makers:
            return None
        values = _values(parts, partial(makers[average], of_one))
    return Metric(
        parts.name,
        parts.greater,
        parts.score,
        response=parts.response,
        values=values,
        averages=True,
        weighable=takes_weights(parts.function),
        **more,
    )


def _shares_of_two(parts: Parts, pred: Any) -> Floats:
    """Probabilities of both classes."""
    share = parts.column(pred).astype(np.float64)
    return np.stack([1 - share, share] if parts.positive else [share, 1 - share], -1)


def _expected(parts: Parts, of_one: OneClass, shares: Floats, preds: Sequence[Any]) -> Iterator[Floats]:
    for pred in preds:
        yield of_one(shares[:, parts.positive], parts.column(pred), None)


def _values(parts: Parts, of_all: AllClasses) -> Callable[..., Iterator[Floats]]:
    def values(target: Any, preds: Sequence[Any], weights: Sequence[Any] | None = None) -> Iterator[Floats]:
        of_class = codes(target)
        for pred, own in zip(preds, weights or itertools.repeat(None), strict=False):
            yield of_all(of_class, parts.column(pred), own)

    return values


def _macro(of_one: OneClass, of_class: NDArray[np.int64], scores: NDArray[Any], weights: Any) -> Floats:
    """The mean over classes of each against the rest."""
    columns = enumerate(np.moveaxis(scores, -1, 0))
    return np.asarray(
        sum(of_one(of_class == code, score, weights) for code, score in columns) / scores.shape[-1]
    )


def _weighted(of_one: OneClass, of_class: NDArray[np.int64], scores: NDArray[Any], weights: Any) -> Floats:
    """Each class weighs as its rows; how many these are is sampled as well."""
    values = np.zeros(len(of_class))
    for code, score in enumerate(np.moveaxis(scores, -1, 0)):
        own = of_class == code
        if own.any():
            values += _share_of(own, of_one(own, score, weights), weights)
    return values


def _micro(of_one: OneClass, of_class: NDArray[np.int64], scores: NDArray[Any], weights: Any) -> Floats:
    """Each row and class is an example."""
    n_classes = scores.shape[-1]
    own = of_class[:, None] == np.arange(n_classes)
    repeated = None if weights is None else np.repeat(weights, n_classes)
    return np.asarray(of_one(own.ravel(), scores.ravel(), repeated).reshape(own.shape).mean(-1))


def _pairs(
    weighted: bool, of_one: OneClass, of_class: NDArray[np.int64], scores: NDArray[Any], weights: Any
) -> Floats:
    """The mean over pairs of classes, each pair on its rows alone: Hand and Till (2001)."""
    n_classes, values = scores.shape[-1], np.zeros(len(of_class))
    pairs = list(itertools.combinations(range(n_classes), 2))
    for one, other in pairs:
        here = np.flatnonzero((of_class == one) | (of_class == other))
        own = of_class[here] == one
        both = (of_one(own, scores[here, one], None) + of_one(~own, scores[here, other], None)) / 2
        area, among = both.mean(), np.zeros(len(of_class), dtype=bool)
        among[here] = True
        of_pair = np.full(len(of_class), area)
        of_pair[here] += (both - area) * (len(of_class) / len(here))
        # a row belongs to one pair less than there are classes
        values += _share_of(among, of_pair, None) / (n_classes - 1) if weighted else of_pair / len(pairs)
    return values


def _share_of(own: NDArray[np.bool_], values: Floats, weights: Any) -> Floats:
    """Values of the mean of `values` times the share of some rows, which is sampled too."""
    mean, share = np.average(values, weights=weights), np.average(own, weights=weights)
    return np.asarray(values * share + (own - share) * mean)


_ONE_VS_REST: dict[Any, Any] = {"macro": _macro, "weighted": _weighted, "micro": _micro}
_ONE_VS_ONE: dict[Any, Any] = {"macro": partial(_pairs, False), "weighted": partial(_pairs, True)}
