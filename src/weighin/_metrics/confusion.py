"""Scores of predicted labels by formula: of hits, of rows, and of predictions of each class.

Each takes these three, shape (..., n_classes), of the classes that occur, in numpy operations that take complex numbers
as well: a step along the imaginary axis gives slopes without rounding (Squire and Trapp 1998, "Using complex variables
to estimate derivatives of real functions", SIAM Review 40).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[Any]
# hits, rows and predictions of each class, shape (..., n_classes); the classes' numbers; to scores of shape (...)
Formula = Callable[[Counts, Counts, Counts, NDArray[np.int64]], Counts]


def formula(name: str, options: dict[str, Any], classes: NDArray[Any]) -> Formula | None:
    """That of one of scikit-learn's functions with these options; None where there is none here."""
    options = dict(options)
    if name in _SETS:
        return _of_sets(_SETS[name], options, classes.tolist())
    if name == "balanced_accuracy_score" and options.keys() <= {"adjusted"}:
        return partial(_balanced, **options)
    if options or (name in _OF_TWO and len(classes) != 2):
        return None
    return _PLAIN.get(name)


def slopes(score: Formula, counts: Counts, classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Derivatives in hits, rows and predictions of each class, shape (3, n_classes) as `counts`."""
    n, step = counts.size, 1e-30
    stepped = counts.ravel() + 1j * step * np.eye(n)
    hits, rows, predictions = np.moveaxis(stepped.reshape(n, *counts.shape), 1, 0)
    return np.asarray(np.imag(score(hits, rows, predictions, classes)).reshape(counts.shape) / step)


def _of_sets(ratio: Any, options: dict[str, Any], classes: list[Any]) -> Formula | None:
    """Precision and the like of one class, averaged over classes."""
    average, label = options.pop("average", "binary"), options.pop("pos_label", 1)
    labels, default = options.pop("labels", None), options.pop("zero_division", "warn")
    beta, empty = options.pop("beta", 1.0), 0.0 if default == "warn" else float(default)
    # what is not a number is scikit-learn's to average
    if options or np.isnan(empty) or (labels is not None and not set(labels) <= set(classes)):
        return None
    if average == "binary":
        # of more classes, scikit-learn says what is wrong
        if len(classes) != 2 or label not in classes or labels is not None:
            return None
        labels, average = [label], "macro"
    elif average not in ("macro", "weighted", "micro"):
        return None
    chosen = None if labels is None else np.array([classes.index(one) for one in labels])
    if chosen is not None and len(set(chosen.tolist())) < len(chosen):
        return None
    return partial(_averaged, partial(ratio, beta), average, chosen, empty)


def _averaged(
    ratio: Any,
    average: str,
    chosen: NDArray[np.int64] | None,
    empty: float,
    hits: Counts,
    rows: Counts,
    predictions: Counts,
    classes: NDArray[np.int64],
) -> Counts:
    counts: tuple[Counts, ...] = (hits, rows, predictions)
    if chosen is not None:
        # nothing of classes that do not occur
        place = np.searchsorted(classes, chosen)
        there = np.append(classes, -1)[place] == chosen
        counts = tuple(np.where(there, count[..., np.where(there, place, 0)], 0) for count in counts)
    if average == "micro":
        counts = tuple(count.sum(-1, keepdims=True) for count in counts)
    top, bottom = ratio(*counts)
    of_class = np.where(bottom.real == 0, empty, top / np.where(bottom.real == 0, 1, bottom))
    weights = counts[1] if average == "weighted" and counts[1].any() else np.ones(of_class.shape)
    return np.asarray((of_class * weights).sum(-1) / weights.sum(-1))


def _f(beta: float, hits: Counts, rows: Counts, predictions: Counts) -> tuple[Counts, Counts]:
    return (1 + beta**2) * hits, beta**2 * rows + predictions


def _precision(beta: float, hits: Counts, rows: Counts, predictions: Counts) -> tuple[Counts, Counts]:
    return hits, predictions


def _recall(beta: float, hits: Counts, rows: Counts, predictions: Counts) -> tuple[Counts, Counts]:
    return hits, rows


def _jaccard(beta: float, hits: Counts, rows: Counts, predictions: Counts) -> tuple[Counts, Counts]:
    return hits, rows + predictions - hits


def _balanced(
    hits: Counts, rows: Counts, predictions: Counts, classes: NDArray[np.int64], adjusted: bool = False
) -> Counts:
    there = rows.real != 0
    recalls = np.where(there, hits / np.where(there, rows, 1), 0)
    n = there.sum(-1)
    score = recalls.sum(-1) / n
    return np.asarray((score - 1 / n) / (1 - 1 / n) if adjusted else score)


def _accuracy(hits: Counts, rows: Counts, predictions: Counts, classes: NDArray[np.int64]) -> Counts:
    return np.asarray(hits.sum(-1) / rows.sum(-1))


def _missed(hits: Counts, rows: Counts, predictions: Counts, classes: NDArray[np.int64]) -> Counts:
    return 1 - _accuracy(hits, rows, predictions, classes)


def _matthews(hits: Counts, rows: Counts, predictions: Counts, classes: NDArray[np.int64]) -> Counts:
    n, hit, chance = rows.sum(-1), hits.sum(-1), (rows * predictions).sum(-1)
    spread = (n**2 - (predictions**2).sum(-1)) * (n**2 - (rows**2).sum(-1))
    none = spread.real == 0
    return np.where(none, 0, (hit * n - chance) / np.sqrt(np.where(none, 1, spread)))


def _kappa(hits: Counts, rows: Counts, predictions: Counts, classes: NDArray[np.int64]) -> Counts:
    n, hit, chance = rows.sum(-1), hits.sum(-1), (rows * predictions).sum(-1)
    return np.asarray(1 - (n - hit) / (n - chance / n))


def _likelihood_ratio(
    positive: bool, hits: Counts, rows: Counts, predictions: Counts, classes: NDArray[np.int64]
) -> Counts:
    """How much more often a label is predicted where it is true than where it is not."""
    if len(classes) < 2:
        return np.full(hits.shape[:-1], np.nan)
    own = (hits if positive else rows - hits)[..., 1] * rows[..., 0]
    other = (rows - hits if positive else hits)[..., 0] * rows[..., 1]
    # scikit-learn says 1 where the label is not predicted among the others, and nothing where no row is positive
    none, no_rows = other.real == 0, rows.real[..., 1] == 0
    undefined = no_rows & ((rows - hits if positive else hits)[..., 0].real != 0)
    return np.where(undefined, np.nan, np.where(none, 1, own / np.where(none, 1, other)))


_SETS: dict[str, Any] = {
    "f1_score": _f,
    "fbeta_score": _f,
    "precision_score": _precision,
    "recall_score": _recall,
    "jaccard_score": _jaccard,
}
_PLAIN: dict[str, Formula] = {
    "accuracy_score": _accuracy,
    "zero_one_loss": _missed,
    "hamming_loss": _missed,
    "matthews_corrcoef": _matthews,
    "cohen_kappa_score": _kappa,
    "positive_likelihood_ratio": partial(_likelihood_ratio, True),
    "negative_likelihood_ratio": partial(_likelihood_ratio, False),
}
_OF_TWO = ("positive_likelihood_ratio", "negative_likelihood_ratio")
