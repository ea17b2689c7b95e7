"""What the numbers have to be: a plain loop over the rows each shuffle gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weighin._samplers import MarginalSampler


def importances(
    predict: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    y: np.ndarray,
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
    columns: Sequence[Sequence[int]],
    n_repeats: int,
    seed: int,
    weights: np.ndarray | None = None,
    strata: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """How much larger the mean loss is after each shuffle of each set of columns, shape (n_sets, n_repeats)."""
    sampler = MarginalSampler(len(X), n_repeats, seed, strata=strata)
    donors = np.empty((n_repeats, len(X)), dtype=int)
    for block in sampler.blocks():
        rows = np.arange(len(X)) if block.rows is None else block.rows
        donors[:, rows] = rows[block.donors]
    w = np.ones(len(X)) if weights is None else weights
    found = np.empty((len(columns), n_repeats))
    for f, own in enumerate(columns):
        for r in range(n_repeats):
            swapped = X.copy()
            swapped[:, own] = X[donors[r]][:, own]
            pair = w * w[donors[r]]
            change = loss(y, predict(swapped)) - loss(y, predict(X))
            found[f, r] = (pair * change).sum() / pair.sum()
    return found


def differs(result: Any, expected: np.ndarray, what: str = "importances", near: float = 0.0) -> str:
    """Say where two arrays differ by more than rounding, which is that of numbers as large as `near`."""
    got = np.asarray(result, dtype=float)
    if got.shape != expected.shape:
        return f"{what} of shape {got.shape}, not {expected.shape}"
    scale = max(float(np.abs(expected).max(initial=0.0)), near, 1e-300)
    worst = float(np.abs(got - expected).max(initial=0.0))
    return "" if worst <= 1e-5 * scale + 1e-12 else f"{what} off by {worst:.3g} of {scale:.3g}"
