"""A curve over the points of a feature, with what chance of the rows moves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

# of the spread of predictions: a curve that moves less counts as flat
SMALL = 0.05


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over points, with what chance of the rows moves it.

    Attributes
    ----------
    effect : ndarray of shape (n_points,)
        Height at each point.
    variance : ndarray of shape (n_points,)
        Of the estimates, one point at a time.
    df : ndarray of shape (n_points,)
        Degrees of freedom.
    """

    effect: NDArray[np.float64]
    variance: NDArray[np.float64]
    df: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("effect", "variance", "df"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def shifted(self, by: float) -> Curve:
        """Add a number."""
        return Curve(self.effect + by, self.variance, self.df)

    def interval(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper ends at each point, one point at a time."""
        reach = stdtrit(self.df, (1 + confidence_level) / 2) * np.sqrt(self.variance)
        return self.effect - reach, self.effect + reach


def read_only(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give values that nobody can change: a copy, or those that are so already."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f" and not values.flags.writeable:
        return values
    copy = np.array(values, dtype=float)
    copy.flags.writeable = False
    return copy


def small(effect: NDArray[np.float64], spread: float) -> bool:
    """Whether a curve moves so little, beside the spread of predictions, that it counts as flat; or has no points."""
    return not (len(effect) and float(np.ptp(effect)) > SMALL * spread)


def around_mean(predicted: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take from each row's predictions their mean over the points.

    `predicted`, shape (n_points, n_rows): of rows moved to each point. `shares`, shape (n,): part of the rows at each
    of the first n points, to weigh their mean by; points beyond count nothing. Returns shape (n_points, n_rows):
    exactly 0 in rows that are predicted the same at all points.
    """
    if not len(shares):
        return predicted
    moved = predicted - predicted[0]
    moved -= shares @ moved[: len(shares)]
    return moved
