"""Metrics of label counts (F1, MCC, precision, recall) as values per row, for the study of their intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from weighin._inference.moments import Floats

STEP = 1e-30


def linearised_changes(function: Callable[[Floats], Floats], after: ArrayLike, before: ArrayLike) -> Floats:
    """Turn a smooth function of several means into changes per pair, whose mean is the change of the function.

    The means after a swap are pooled over repeats: the change is that of the function of the pooled means, not the
    mean of the functions of each repeat.

    Parameters
    ----------
    function : callable
        From means (n_parts, ...) to values (...), in numpy operations that also take complex numbers:
        `f1`, `precision`, `recall`, `matthews`.
    after : array of shape (n_parts, n_units, n_repeats, n_rows)
        What the function takes the mean of, after each swap.
    before : array of shape (n_parts, n_rows)
        The same before any swap.

    Returns
    -------
    ndarray of shape (n_units, n_repeats, n_rows)
        ``changes`` for `Moments.of`: function after minus function before.
    """
    after, before = np.asarray(after, dtype=np.float64), np.asarray(before, dtype=np.float64)
    changes = np.zeros(after.shape[1:])
    for parts, axes, side in ((after, (-2, -1), 1.0), (before, (-1,), -1.0)):
        means = parts.mean(axis=axes)
        value, slopes = function(means), _slopes(function, means)
        spread = tuple(range(-len(axes), 0))
        own = np.expand_dims(value, spread) + sum(
            np.expand_dims(slope, spread) * (part - np.expand_dims(mean, spread))
            for slope, part, mean in zip(slopes, parts, means, strict=True)
        )
        changes = changes + side * own
    return changes


def confusion(target: ArrayLike, predicted: ArrayLike) -> Floats:
    """Parts of the metrics of two classes: hits, predicted and true positives, shape (3, ..., n_rows)."""
    predicted = np.asarray(predicted).astype(bool)
    positive = np.broadcast_to(np.asarray(target).astype(bool), predicted.shape)
    return np.stack([positive & predicted, predicted, positive]).astype(np.float64)


def precision(means: Floats) -> Floats:
    """Hits among predicted positives, from means of `confusion`."""
    return means[0] / means[1]


def recall(means: Floats) -> Floats:
    """Hits among true positives, from means of `confusion`."""
    return means[0] / means[2]


def f1(means: Floats) -> Floats:
    """Harmonic mean of precision and recall, from means of `confusion`."""
    return 2 * means[0] / (means[1] + means[2])


def matthews(means: Floats) -> Floats:
    """Correlation of predicted and true classes, from means of `confusion`."""
    hits, predicted, positive = means
    return np.asarray(
        (hits - predicted * positive) / np.sqrt(predicted * (1 - predicted) * positive * (1 - positive))
    )


def _slopes(function: Callable[[Floats], Floats], means: Floats) -> list[Floats]:
    """Derivatives by complex steps, exact to rounding: Squire and Trapp 1998."""
    slopes = []
    for part in range(len(means)):
        moved = means.astype(complex)
        moved[part] += 1j * STEP
        slopes.append(np.imag(function(moved)) / STEP)
    return slopes
