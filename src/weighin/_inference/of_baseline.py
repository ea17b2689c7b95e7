"""Importances in parts of the baseline, which the same rows gave: both are estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from weighin._inference.estimates import Function, Means

Floats = NDArray[np.float64]
# the metric before any swap, from means of row components, and its derivatives in them
Baseline = Callable[[Floats], tuple[float, Floats]]


def _slopes(rows: Floats, *first: float) -> Floats:
    return np.array([*first, *np.zeros(len(rows) - len(first))])


def _mean(rows: Floats) -> tuple[float, Floats]:
    return rows[0], _slopes(rows, 1.0)


def _root(rows: Floats) -> tuple[float, Floats]:
    before = float(np.sqrt(max(0.0, rows[0])))
    return before, _slopes(rows, 0.5 / before if before else 0.0)


def _exponential(rows: Floats) -> tuple[float, Floats]:
    return float(np.exp(rows[0])), _slopes(rows, np.exp(rows[0]))


def _r2(rows: Floats) -> tuple[float, Floats]:
    variance = rows[1] if rows[1] else np.nan
    return 1 - rows[0] / variance, _slopes(rows, -1 / variance, rows[0] / variance**2)


BASELINES: Mapping[str, Baseline] = {"identity": _mean, "root": _root, "exp": _exponential, "r2": _r2}


def in_parts(function: Function, baseline: Baseline) -> Function:
    """Make of what is reported the same in parts of the size of the baseline; NaN where that is 0."""

    def parts(means: Means) -> tuple[Floats, Floats, Floats]:
        value, by_change, by_rows = function(means)
        base, slopes = baseline(means.rows)
        size = abs(base) or np.nan
        return (
            value / size,
            by_change / size,
            by_rows / size - np.outer(value * np.sign(base) / size**2, slopes),
        )

    return parts
