"""Metrics of all rows at once, as values per row: the area under the ROC curve, and all that count predicted labels."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._inference import auc_values

Codes = NDArray[np.int64]
STEP = 1e-4  # of a share, to either side, for a slope


def auc_changes(
    positive: Callable[[Any], NDArray[np.bool_]], score: Callable[[Any], NDArray[Any]]
) -> Callable[[Any, Any, Any], NDArray[np.float64]]:
    """Make `Metric.changes` for the area under the ROC curve.

    Parameters
    ----------
    positive : callable
        From a target to True for rows of the positive class, shape (n_rows,).
    score : callable
        From predictions (..., n_rows, n_outputs) to scores (..., n_rows), larger for the positive class.
    """

    def changes(target: Any, before: Any, after: Any) -> NDArray[np.float64]:
        truth = positive(target)
        return auc_values(truth, score(after)) - auc_values(truth, score(before))

    return changes


class LabelCounts:
    """A metric of true and predicted labels: a function of how often each pair of them occurs.

    Parameters
    ----------
    function : callable
        ``function(true, predicted, sample_weight=...)``, which depends on the weights' proportions alone.
    true, predicted : callable
        From targets, and from predictions (..., n_rows, n_outputs), to label codes (..., n_rows).
    labels : ndarray
        Label of each code.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        true: Callable[[Any], Codes],
        predicted: Callable[[Any], Codes],
        labels: NDArray[Any],
    ) -> None:
        self.function, self.true, self.predicted, self.labels = function, true, predicted, labels

    def score(self, target: Any, pred: Any, weights: Any = None) -> float:
        """The metric, from the counts of pairs."""
        pairs = self._pairs(self.true(target), self.predicted(pred))
        counts = np.bincount(pairs, weights=weights, minlength=len(self.labels) ** 2).astype(np.float64)
        return self._of_counts(counts)

    def changes(self, target: Any, before: Any, after: Any) -> NDArray[np.float64]:
        """Values per row and repeat whose mean is what swaps change, repeats pooled."""
        true = self.true(target)
        return self._values(self._pairs(true, self.predicted(after))) - self._values(
            self._pairs(true, self.predicted(before))
        )

    def _pairs(self, true: Codes, predicted: Codes) -> Codes:
        return true * len(self.labels) + predicted

    def _values(self, pairs: Codes) -> NDArray[np.float64]:
        """The metric plus its slope in the share of each row's pair: a mean of values linearised about the shares."""
        counts = np.bincount(pairs.ravel(), minlength=len(self.labels) ** 2).astype(np.float64)
        slopes = np.zeros(len(counts))
        for pair in np.flatnonzero(counts):
            step = STEP * counts[pair]
            more, less = counts.copy(), counts.copy()
            more[pair] += step
            less[pair] -= step
            slopes[pair] = (self._of_counts(more) - self._of_counts(less)) / (2 * step)
        slopes *= counts.sum()
        # the metric depends on proportions alone, so the slopes weighted by the shares add up to 0
        return np.asarray(self._of_counts(counts) + slopes[pairs])

    def _of_counts(self, counts: NDArray[np.float64]) -> float:
        there = np.flatnonzero(counts)
        n = len(self.labels)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a label that is never predicted is scikit-learn's to define
            return float(
                self.function(self.labels[there // n], self.labels[there % n], sample_weight=counts[there])
            )
