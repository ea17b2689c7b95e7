"""From predictions of rows moved to each point: the mean curve, the local one, and how sure both are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._results.curves import Curve

# rows that show the local effect between two points; where fewer lie between them, the nearest
LEAST_ROWS = 5


@dataclass(frozen=True, eq=False)
class CurveOfRows:
    """A curve over points, while it is known how much each row moves it.

    Variances of what is derived from the curve are sums of squares of what the rows move: never differences of sums,
    which leave something where 0 belongs, how much depending on the processor.

    `effect`, ndarray of shape (n_points,): Height at each point.
    `influence`, ndarray of shape (n_points, n_rows): What each row moves: sums of products over the rows are
        covariances of the estimates.
    `df`, ndarray of shape (n_points,): Degrees of freedom.
    """

    effect: NDArray[np.float64]
    influence: NDArray[np.float64]
    df: NDArray[np.float64]

    @property
    def curve(self) -> Curve:
        """The same without rows."""
        return Curve(self.effect, np.square(self.influence).sum(1), self.df)

    def first(self, n: int) -> CurveOfRows:
        """Only the first points."""
        return CurveOfRows(self.effect[:n], self.influence[:n], self.df[:n])

    @property
    def n_rows(self) -> int:
        """Rows it is made of."""
        return self.influence.shape[1]

    def error_of_range(self) -> float:
        """Standard error of the move from the lowest to the highest point; NaN without two points."""
        if len(self.effect) < 2:
            return np.nan
        moved = self.influence[np.argmax(self.effect)] - self.influence[np.argmin(self.effect)]
        return float(np.sqrt(np.square(moved).sum()))

    def variance_of_moves(self) -> NDArray[np.float64]:
        """Variance of the difference between each point and each other one, shape (n_points, n_points)."""
        n = len(self.effect)
        moves = np.zeros((n, n))
        for k in range(n):
            moves[k, k + 1 :] = np.square(self.influence[k + 1 :] - self.influence[k]).sum(1)
        return moves + moves.T


def partial_dependence(predicted: NDArray[np.float64]) -> CurveOfRows:
    """Average what all rows are predicted at each point.

    `predicted`, ndarray of shape (n_points, n_rows): Of rows moved to each point.

    Friedman (2001), "Greedy function approximation: a gradient boosting machine", Ann. Statist. 29(5).
    """
    n = predicted.shape[1]
    mean = predicted.mean(1)
    influence = (predicted - mean[:, None]) / np.sqrt(n * (n - 1))
    return CurveOfRows(mean, influence, np.full(len(mean), n - 1.0))


def accumulated_local_effects(
    predicted: NDArray[np.float64],
    places: NDArray[np.float64],
    points: NDArray[np.float64],
    shares: NDArray[np.float64],
) -> CurveOfRows | None:
    """Add up, from point to point, what the step does to the rows that lie between the two.

    `predicted`, ndarray of shape (n_points, n_rows): Of rows moved to each point.
    `places`, ndarray of shape (n_rows,): The rows' own values; NaN where missing.
    `points`, ndarray of shape (n_points,): Increasing.
    `shares`, ndarray of shape (n_points,): Part of the rows at each point, to make the curve's mean 0.

    Returns None with fewer than two points or too few rows.

    Rows at a point count on both sides of it; rows beyond the first and the last point do not count. Rows between
    two points are few, so each step has its own degrees of freedom, put together by Satterthwaite's formula.

    Apley & Zhu (2020), "Visualizing the effects of predictor variables in black box supervised learning models",
    JRSS B 82(4).
    """
    present = np.flatnonzero(~np.isnan(places))
    if len(points) < 2 or len(present) < 2:
        return None
    n_steps = len(points) - 1
    steps, sizes = np.zeros(n_steps), np.zeros(n_steps)
    influence = np.zeros((n_steps, predicted.shape[1]))
    for k in range(n_steps):
        rows = _between(places, present, points[k], points[k + 1])
        change = predicted[k + 1, rows] - predicted[k, rows]
        steps[k], sizes[k] = change.mean(), len(rows)
        influence[k, rows] = (change - steps[k]) / np.sqrt(len(rows) * (len(rows) - 1))
    # steps that lead to each point
    upto = np.tril(np.ones((len(points), n_steps)), -1)
    weights = upto - shares @ upto
    moved = weights @ influence
    own = weights**2 * (influence**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        df = own.sum(1) ** 2 / (own**2 / (sizes - 1)).sum(1)
    return CurveOfRows(weights @ steps, moved, np.where(np.isfinite(df), df, len(present) - 1.0).clip(1))


def _between(
    places: NDArray[np.float64], present: NDArray[np.int64], low: float, high: float
) -> NDArray[np.int64]:
    """Rows from `low` to `high`; the nearest ones where these are too few."""
    rows = present[(places[present] >= low) & (places[present] <= high)]
    if len(rows) >= LEAST_ROWS:
        return rows
    away = np.maximum(low - places[present], places[present] - high).clip(0)
    return present[np.argsort(away, kind="stable")[:LEAST_ROWS]]
