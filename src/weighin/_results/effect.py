"""The curves of one feature, which way they go, and how far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from weighin._base.checks import check_level
from weighin._base.text import ARROWS, printable
from weighin._display.numbers import interval_name, rounded
from weighin._inference.intervals import FEW_ROWS
from weighin._results.curves import Curve, around_mean, read_only, small
from weighin._results.directions import MoveChances


@dataclass(frozen=True, eq=False, repr=False)
class FeatureEffect:
    """The curves of one feature.

    Attributes
    ----------
    feature : str
        Which one.
    kind : {"numeric", "ordered", "nominal"}
        Whether its points lie on an axis, have an order, or only names.
    values : ndarray of shape (n_points,)
        Numbers, or places of levels.
    labels : tuple of str
        Of the points.
    shares : ndarray of shape (n_points,)
        Part of the rows nearest to each point.
    missing_share : float
        Part of all rows without a value; above 0 the last point of `pd` and of `curves` is for them.
    left_out : int
        Levels that were too many.
    pd : Curve
        Partial dependence.
    pd_centered : Curve
        The same around its mean over the rows.
    ale : Curve or None
        Accumulated local effects, with mean 0.
    no_ale : str
        Why there are none.
    curves : ndarray of shape (n_curves, n_points)
        Predictions of single rows.
    chances : MoveChances
        How likely chance alone makes the moves of `pd`: what its direction follows from.
    chances_ale : MoveChances or None
        Likewise of `ale`.
    spread : float
        Distance between the 2.5% and the 97.5% quantile of the predictions.
    dates : bool
        Whether the numbers are dates, in seconds.
    reach_se : float
        Standard error of `reach`, as the move between its two points; NaN without two of them.
    confidence_level : float
        Of `direction`, `claim` and all that follows from them.
    """

    feature: str
    kind: str
    values: NDArray[np.float64]
    labels: tuple[str, ...]
    shares: NDArray[np.float64]
    missing_share: float
    left_out: int
    pd: Curve
    pd_centered: Curve
    ale: Curve | None
    no_ale: str
    curves: NDArray[np.float64]
    chances: MoveChances
    chances_ale: MoveChances | None
    spread: float
    dates: bool = False
    reach_se: float = float("nan")
    confidence_level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("values", "shares"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        # no curves are a list of nothing in a file
        curves = self.curves if np.size(self.curves) else np.empty((0, len(self.pd.effect)))
        object.__setattr__(self, "curves", read_only(curves))

    @property
    def direction(self) -> str:
        """Which way predictions go as the feature grows.

        "rises", "falls", "peaks", "dips", "mixed", or "differs" between levels without an order. "none" where the mean
        curve moves by less than 5% of `spread`, and on fewer than 20 rows; moves below 15% of its range do not count,
        nor do those that chance explains, given the number of features (Holm).
        """
        return self.chances.direction(self.confidence_level)

    @property
    def direction_ale(self) -> str:
        """The same of the accumulated local effects; "" without any."""
        return self.chances_ale.direction(self.confidence_level) if self.chances_ale else ""

    @property
    def n_points(self) -> int:
        """Points with a value."""
        return len(self.values)

    @property
    def average(self) -> NDArray[np.float64]:
        """The mean curve at the points with a value, shape (n_points,)."""
        return self.pd.effect[: self.n_points]

    @property
    def reach(self) -> float:
        """From the lowest to the highest point of the mean curve."""
        return float(np.ptp(self.average)) if self.n_points else 0.0

    @property
    def arrow(self) -> str:
        """The direction as one character; "" where it is not known."""
        return ARROWS[self.direction] if self.direction_known else ""

    @property
    def few_rows(self) -> bool:
        """Whether so few rows were averaged over that no interval holds."""
        return bool(self.pd.df.min(initial=np.inf) + 1 < FEW_ROWS)

    @property
    def claim(self) -> str:
        """The direction, where one is claimed: bold, and an arrow that counts; else empty."""
        return self.direction if self.direction != "none" else ""

    @property
    def flat(self) -> bool:
        """Whether it is known that predictions barely move; False also where nothing is known."""
        return not self.claim and self.n_points > 1 and not self.few_rows and small(self.average, self.spread)

    @property
    def direction_known(self) -> bool:
        """Whether a direction is claimed, or predictions are known to barely move: the others have no arrow."""
        return bool(self.claim) or self.flat

    @property
    def direction_word(self) -> str:
        """The direction, or why none is claimed."""
        if self.claim:
            return self.claim
        if self.n_points < 2:
            return "one value" if self.n_points else "no value"
        if self.few_rows:
            return "too few rows"
        if self.unmoved:
            return "does not move"
        return "barely moves" if self.flat else "may be chance"

    @property
    def unmoved(self) -> bool:
        """Whether the mean curve is the same at all points, to the last bit, and each row's part in it."""
        return self.n_points > 1 and self.reach == self.reach_se == 0

    @property
    def in_numbers(self) -> bool:
        """Whether the points are plain numbers: no names, no dates."""
        return self.kind == "numeric" and not self.dates

    def reach_interval(self, confidence_level: float | None = None) -> tuple[float, float]:
        """Give the interval of `reach`.

        Parameters
        ----------
        confidence_level : float, optional
            Between 0 and 1; that of the directions by default.

        Returns
        -------
        lower, upper : float
            NaN where there are too few rows or points. The two points were looked for among all, so the interval is one
            that holds for the moves between any two points at once (Bonferroni).

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        confidence_level = self.confidence_level if confidence_level is None else confidence_level
        check_level(confidence_level)
        pairs = self.n_points * (self.n_points - 1) / 2
        if not pairs or self.few_rows:
            return float("nan"), float("nan")
        quantile = stdtrit(float(self.pd.df.min()), 1 - (1 - confidence_level) / (2 * pairs))
        # however large the quantile, what never moves has no error
        half = float(quantile * self.reach_se) if self.reach_se else 0.0
        return max(0.0, self.reach - half), self.reach + half

    def single_rows(self, *, centered: bool = False) -> NDArray[np.float64]:
        """Give predictions of single rows, or how far they are from each row's mean over the points.

        Parameters
        ----------
        centered : bool
            Subtract each row's mean over the points, weighted by the rows there.

        Returns
        -------
        ndarray of shape (n_curves, n_points)
            The point for missing values last.
        """
        return (around_mean(self.curves.T, self.shares).T if centered else self.curves).copy()

    def mean_curves(self, mean_prediction: float, *, centered: bool = False) -> dict[str, Curve]:
        """Give the curves there are: "pd", and "ale" around the mean prediction unless centered.

        Parameters
        ----------
        mean_prediction : float
            Level of the local effects, which have none of their own.
        centered : bool
            Each around its mean over the rows.
        """
        average = self.pd_centered if centered else self.pd
        if self.ale is None:
            return {"pd": average}
        return {"pd": average, "ale": self.ale if centered else self.ale.shifted(mean_prediction)}

    def __repr__(self) -> str:
        low, high = self.reach_interval()
        number = rounded(self.reach, low, high)
        interval = "exact" if low == high else f"{interval_name(self.confidence_level)} {number.interval}"
        return (
            f"{printable(f'{self.feature} {self.arrow}'.rstrip())}: {self.direction_word}, range {number.value} "
            f"({'too few rows for an interval' if self.few_rows else interval}), {self.n_points} points"
        )
