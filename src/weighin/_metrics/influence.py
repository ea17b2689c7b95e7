"""Metrics of all rows at once, as values per row: the area under the ROC curve, and all that count predicted labels."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError
from weighin._inference import auc_values
from weighin._metrics.confusion import Formula, slopes

Codes = NDArray[np.int64]
# of a share, to either side, for a slope
STEP = 1e-4


def area_values(
    positive: Callable[[Any], NDArray[np.bool_]],
    score: Callable[[Any], NDArray[Any]],
    values_of: Callable[..., NDArray[np.float64]] = auc_values,
) -> Callable[..., Iterator[NDArray[np.float64]]]:
    """Make `Metric.values` for the area under the ROC curve, or what else `values_of` makes of ranks of two classes.

    `positive`: from a target to True for rows of the positive class, shape (n_rows,). `score`: from predictions
    (n_rows, n_outputs) to scores (n_rows,), larger for the positive class.
    """

    def values(
        target: Any, preds: Sequence[Any], weights: Sequence[Any] | None = None
    ) -> Iterator[NDArray[np.float64]]:
        of_class = positive(target)
        for pred, own in zip(preds, weights or itertools.repeat(None), strict=False):
            yield values_of(of_class, score(pred), own)

    return values


# of one class against the others, where it is named: "f1[yes]"
OF_ONE_CLASS = ("f1", "precision", "recall", "jaccard")


class LabelCounts:
    """A metric of true and predicted labels: a function of how often each pair of them occurs.

    `name`: of the metric, for messages.
    `function`: ``function(true, predicted, sample_weight=...)``, which depends on the weights' proportions alone.
    `true`, `predicted`: from targets, and from predictions (n_rows, n_outputs), to label codes (n_rows,).
    `labels`: label of each code.
    `formula`: what `function` does, where that is written out; then it is not called.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        true: Callable[[Any], Codes],
        predicted: Callable[[Any], Codes],
        labels: NDArray[Any],
        formula: Formula | None = None,
    ) -> None:
        self.name, self.function, self.formula = name, function, formula
        self.true, self.predicted, self.labels = true, predicted, labels

    def score(self, target: Any, pred: Any, weights: Any = None) -> float:
        """The metric, from the counts of pairs."""
        return self._of_counts(self._counts(self._pairs(target, pred), weights))

    def values(
        self, target: Any, preds: Sequence[Any], weights: Sequence[Any] | None = None
    ) -> Iterator[NDArray[np.float64]]:
        """Values whose mean is the metric of all predictions pooled, and whose spread is its noise."""
        small = np.min_scalar_type(len(self.labels) ** 2)
        pairs = [self._pairs(target, pred).astype(small) for pred in preds]
        counts = sum(map(self._counts, pairs, weights or itertools.repeat(None)))
        assert isinstance(counts, np.ndarray)
        # the metric depends on proportions alone, so the slopes weighted by the shares add up to 0
        of_pair = self._of_counts(counts) + self._slopes(counts) * counts.sum()
        for pair_of_row in pairs:
            yield of_pair[pair_of_row]

    def _pairs(self, target: Any, pred: Any) -> Codes:
        return self.true(target) * len(self.labels) + self.predicted(pred)

    def _counts(self, pairs: NDArray[np.integer], weights: Any) -> NDArray[np.float64]:
        return np.bincount(pairs, weights=weights, minlength=len(self.labels) ** 2).astype(np.float64)

    def _slopes(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivatives of the metric in the counts of pairs."""
        if self.formula is not None:
            margins, classes = self._margins(counts)
            of_hits, of_rows, of_predictions = slopes(self.formula, margins, classes)
            of_pair = np.zeros((len(self.labels),) * 2)
            of_pair[np.ix_(classes, classes)] = of_rows[:, None] + of_predictions + np.diag(of_hits)
            return of_pair.ravel()
        found = np.zeros(len(counts))
        for pair in np.flatnonzero(counts):
            step = STEP * counts[pair]
            more, less = counts.copy(), counts.copy()
            more[pair] += step
            less[pair] -= step
            found[pair] = (self._of_counts(more) - self._of_counts(less)) / (2 * step)
        return found

    def _margins(self, counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], Codes]:
        """Hits, rows and predictions of the classes that occur, and the codes of these."""
        table = counts.reshape((len(self.labels),) * 2)
        margins = np.stack([table.diagonal(), table.sum(1), table.sum(0)])
        classes = np.flatnonzero(margins.any(0))
        return margins[:, classes], classes

    def _of_counts(self, counts: NDArray[np.float64]) -> float:
        if self.formula is not None:
            margins, classes = self._margins(counts)
            return float(self.formula(margins[0], margins[1], margins[2], classes))
        occurring = np.flatnonzero(counts)
        n = len(self.labels)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # a label that is never predicted is scikit-learn's to define
            warnings.simplefilter("ignore")
            true, predicted = self.labels[occurring // n], self.labels[occurring % n]
            try:
                return float(self.function(true, predicted, sample_weight=counts[occurring]))
            except (ValueError, TypeError) as error:
                raise not_here(self.name, error) from error


def not_here(name: str, error: Exception) -> MetricError:
    """Build the error for a metric that refuses these labels or predictions, with a way out where there is one."""
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    hint = ""
    # "... one of ['no' 'yes']"
    last = re.search(r"(\w+)'?\]$", reason)
    if "pos_label" in reason and name in OF_ONE_CLASS and last:
        hint = f" Say which class counts: '{name}[{last[1]}]'."
    elif "pos_label" in reason:
        hint = " Say which class counts: sklearn.metrics.make_scorer(function, pos_label=...)."
    elif "average=" in reason or "multi_class" in reason:
        hint = " Say how classes are averaged: 'f1_macro', 'roc_auc_ovr', or make_scorer(..., average=...)."
    elif "y_prob" in reason and "greater than 1" in reason:
        hint = " The model's outputs are not probabilities."
    return MetricError(f"The metric {name!r} cannot be used here: {reason}.{hint}")
