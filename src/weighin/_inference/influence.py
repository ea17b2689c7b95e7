"""Metrics that are no mean over rows, turned into values per row, or judged by leaving out blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighin._base.errors import MetricError
from weighin._inference.intervals import FEW_ROWS, Inference
from weighin._inference.moments import Floats


def auc_values(target: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Values per row whose mean is the area under the ROC curve and whose spread is its sampling noise.

    DeLong, DeLong and Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 44, 837-845. The importance is the mean of the values of the predictions as
    they are minus those after a swap.

    `target`, array of shape (n_rows,): True or 1 for the positive class; or how probable it is, for the area expected.
    `score`, array of shape (..., n_rows): Larger for rows more likely positive. Ties count one half.
    `weights`, array of shape (..., n_rows), optional: Sample weights: their mean of the values is the area with these
        weights.

    Returns shape (..., n_rows).
    """
    return _each(_area_values, target, score, weights)


def average_precision_values(target: ArrayLike, score: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Values per row whose mean is the average precision and whose spread is its sampling noise; as `auc_values`.

    They are the average precision plus its derivative in the weight of each row, times the weight of all rows.
    """
    return _each(_precision_values, target, score, weights)


def _each(
    values_of: Callable[[Floats, NDArray[Any], Floats], Floats],
    target: ArrayLike,
    score: ArrayLike,
    weights: ArrayLike | None,
) -> Floats:
    positive, score = np.asarray(target, dtype=np.float64), np.asarray(score)
    rows = score.reshape(-1, score.shape[-1])
    own = np.broadcast_to(1.0 if weights is None else np.asarray(weights, dtype=float), score.shape)
    own, values = own.reshape(rows.shape), np.empty(rows.shape)
    # each alone: equal inputs, equal bits
    for filled, one, weight in zip(values, rows, own, strict=True):
        filled[...] = values_of(positive, one, weight)
    return values.reshape(score.shape)


def _precision_values(positive: Floats, score: NDArray[Any], weight: Floats) -> Floats:
    _, level = np.unique(score, return_inverse=True)
    ours, everyone = _weight_at(level, weight * positive), _weight_at(level, weight)
    our_weight, total = ours.sum(), everyone.sum()
    if not our_weight:
        raise MetricError("The average precision needs rows of the positive class, and these rows have none.")
    # of the rows with at least this score
    true, selected = np.cumsum(ours[::-1])[::-1], np.cumsum(everyone[::-1])[::-1]
    share = np.divide(1.0, selected, out=np.zeros_like(selected), where=selected > 0)
    precision = true * share
    average = float(ours @ precision) / our_weight
    # a row is counted at the levels of its score and below: there it adds to those selected, and maybe to the true
    ours *= share
    of_selected = np.cumsum(ours * precision)
    of_true = np.cumsum(ours) + precision - average
    values = positive * of_true[level]
    values -= of_selected[level]
    values *= total / our_weight
    values += average
    return values


def _area_values(positive: Floats, score: NDArray[Any], weight: Floats) -> Floats:
    _, level = np.unique(score, return_inverse=True)
    ours, theirs = (_weight_at(level, weight * side) for side in (positive, 1 - positive))
    our_weight, their_weight = ours.sum(), theirs.sum()
    if not our_weight or not their_weight:
        raise MetricError("The area under the ROC curve needs both classes, and these rows have only one.")
    # share of the other class on the right side: below for us, above for them
    theirs, ours = _shares_below(theirs, their_weight), _shares_below(ours, our_weight)
    np.subtract(1, ours, out=ours)
    values = theirs[level]
    area = float((weight * positive) @ values) / our_weight
    total = our_weight + their_weight
    values -= area
    values *= positive * (total / our_weight)
    values += (1 - positive) * (ours[level] - area) * (total / their_weight)
    values += area
    return values


def _weight_at(level: NDArray[np.intp], weight: Floats) -> Floats:
    return np.bincount(level, weights=weight).astype(np.float64, copy=False)


def _shares_below(counts: Floats, total: float) -> Floats:
    """Share below each level, and half of what is at it; in place: there may be as many as rows."""
    below = np.cumsum(counts)
    counts /= 2
    below -= counts
    below /= total
    return below


def delete_one_block(
    estimate: ArrayLike, without: ArrayLike, sizes: ArrayLike, changed: ArrayLike | None = None
) -> Inference:
    """Judge any estimate by leaving out one donor-closed block after the other; t with one less than blocks.

    Busing, Meijer and van der Leeden (1999), "Delete-m jackknife for unequal m", Statistics and Computing 9, 3-8.

    `estimate`, array of shape (n,): From all rows.
    `without`, array of shape (n, n_blocks): From all rows but those of one block.
    `sizes`, array of shape (n_blocks,): Rows of each block. Below 20 blocks everything is marked `few_rows`.
    `changed`, array of shape (n,), optional: Rows that a swap changed, on average: below 20 they are few.
    """
    estimate, without = np.asarray(estimate, dtype=float), np.asarray(without, dtype=float)
    sizes = np.asarray(sizes, dtype=float)
    n_blocks, unknown = len(sizes), np.full(len(estimate), np.nan)
    if n_blocks < 2:
        variance = np.full(len(estimate), np.inf)
    else:
        times = sizes.sum() / sizes
        centre = n_blocks * estimate - ((1 - 1 / times) * without).sum(axis=1)
        pseudo = times * estimate[:, None] - (times - 1) * without
        variance = ((pseudo - centre[:, None]) ** 2 / (times - 1)).mean(axis=1)
    df = np.full(len(estimate), float(max(1, n_blocks - 1)))
    few: NDArray[np.bool_] = np.full(len(estimate), n_blocks < FEW_ROWS)
    if changed is not None:
        few |= np.asarray(changed) < FEW_ROWS
    return Inference(estimate + 0.0, np.sqrt(variance), unknown, unknown, np.zeros(len(estimate)), df, few)
