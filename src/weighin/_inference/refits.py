"""From repeated fits to a standard error: rows by fits on a fixed split, Nadeau and Bengio's factor on random ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True)
class Spread:
    """What the variance of a mean over fits is made of.

    `kind`: "rows x fits", "resampled", or "unknown" where nothing can be said.
    `rows`: Part that other test rows would change, and more fits do not lower.
    `fits`: Part of the fits, at `n_fits` of them.
    `residual`: Part of both together.
    `n_fits`: Fits it is a mean of.
    `n_units`: Test rows, or blocks of them.
    `df`: Degrees of freedom.
    """

    kind: str
    rows: float = math.nan
    fits: float = math.nan
    residual: float = 0.0
    n_fits: int = 0
    n_units: int = 0
    df: float = math.nan

    @property
    def se(self) -> float:
        """Standard error; NaN where there is none."""
        return math.sqrt(self.rows + self.fits + self.residual)

    def at(self, n_fits: int, more_rows: float = 1.0) -> tuple[float, float]:
        """Standard error and degrees of freedom there would be with other numbers of fits and test rows."""
        share = self.n_fits / n_fits
        if self.kind == "resampled":
            return math.sqrt((self.rows + self.fits * share) / more_rows), n_fits - 1.0
        by_rows = self.rows / more_rows
        by_fits = (self.fits + self.residual / more_rows) * share
        variance = by_rows + by_fits
        of_rows = by_rows**2 / max(1.0, self.n_units * more_rows - 1)
        of_fits = by_fits**2 / max(1, n_fits - 1)
        return math.sqrt(variance), _satterthwaite(variance, of_rows + of_fits)

    def interval(self, estimate: float, confidence_level: float = 0.95) -> tuple[float, float]:
        """Interval around an estimate; NaN where there is none."""
        if not self.known:
            return math.nan, math.nan
        half = self.quantile((1 + confidence_level) / 2) * self.se
        return estimate - half, estimate + half

    def quantile(self, probability: float) -> float:
        """Of Student's t."""
        return float(stdtrit(self.df, probability))

    def above(self, value: float) -> float:
        """One-sided p-value of "not above 0" for a value with this standard error."""
        if not self.known:
            return math.nan
        if self.se == 0:
            return 0.0 if value > 0 else 1.0
        return float(stdtr(self.df, -value / self.se))

    @property
    def known(self) -> bool:
        """Whether there is a standard error."""
        return self.kind != "unknown"


def rows_by_fits(tables: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> Spread:
    """Take apart tables of values per row and fit, one for each fold: the same rows in every fit.

    Var = V_row / n + V_fit / m + V_res / (n m), from the mean squares of the two-way table; folds have rows, seeds and
    training rows of their own and add up. Degrees of freedom are Satterthwaite's.

    `tables`, sequence of ndarray of shape (n_units, n_fits): Their mean is what is estimated.
    `weights`: Of the folds, adding up to 1.
    """
    n_fits = min((table.shape[1] for table in tables), default=0)
    if n_fits < 2 or any(len(table) < 2 or not np.isfinite(table).all() for table in tables):
        return Spread("unknown", n_fits=n_fits)
    rows = fits = residual = doubt = 0.0
    for table, weight in zip(tables, weights, strict=True):
        n, m = table.shape
        of_row, of_fit, mean = table.mean(1), table.mean(0), table.mean()
        rest = table - of_row[:, None] - of_fit + mean
        both = float((rest**2).sum()) / ((n - 1) * (m - 1)) / (n * m)
        # no component is negative
        by_row = max(float(of_row.var(ddof=1)) / n, both)
        by_fit = max(float(of_fit.var(ddof=1)) / m, both)
        rows += weight**2 * (by_row - both)
        fits += weight**2 * (by_fit - both)
        residual += weight**2 * both
        doubt += weight**4 * (by_row**2 / (n - 1) + by_fit**2 / (m - 1) + both**2 / ((n - 1) * (m - 1)))
    n_units = sum(len(table) for table in tables)
    df = _satterthwaite(rows + fits + residual, doubt)
    return Spread("rows x fits", rows, fits, residual, n_fits, n_units, df)


def resampled(values: NDArray[np.float64], ratio: float, n_units: int = 0) -> Spread:
    """Take the spread over random splits: training sets overlap, so the variance of a mean is (1/m + ratio) s2.

    `values`, ndarray of shape (n_fits,): One for each split.
    `ratio`: Test rows over training rows.
    `n_units`: Test rows of a split.

    Nadeau, Bengio (2003), "Inference for the Generalization Error", Machine Learning 52.
    """
    m = len(values)
    if m < 2 or not np.isfinite(values).all():
        return Spread("unknown", n_fits=m)
    variance = float(values.var(ddof=1))
    return Spread("resampled", ratio * variance, variance / m, 0.0, m, n_units, m - 1.0)


def _satterthwaite(variance: float, doubt: float) -> float:
    return max(1.0, variance**2 / doubt) if doubt > 0 and math.isfinite(doubt) else 1e9
