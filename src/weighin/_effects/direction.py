"""What decides which way curves go: with regard to their size and, among all of them, to chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from weighin._effects.curves import CurveOfRows
from weighin._inference import holm
from weighin._inference.intervals import FEW_ROWS
from weighin._results.curves import small
from weighin._results.directions import MoveChances

# of the curve's range: a move back that is smaller does not spoil a direction
COUNTER = 0.15


@dataclass(frozen=True, eq=False)
class Moves:
    """How a curve moves between its points, and how likely chance does that.

    `effect`, ndarray of shape (n_points,): The curve.
    `pvalue`, ndarray of shape (n_points * (n_points - 1) / 2,): Of each move from a point to a later one, two-sided;
        NaN where there are too few rows.
    `small`: Whether its range is below 5% of that of the predictions.
    `ordered`: Whether the order of the points means anything.
    """

    effect: NDArray[np.float64]
    pvalue: NDArray[np.float64]
    small: bool
    ordered: bool

    @classmethod
    def of(cls, curve: CurveOfRows, spread: float, *, ordered: bool = True) -> Moves:
        """Test each move of a curve; `spread` lies between the 2.5% and the 97.5% quantile of the predictions."""
        first, second = np.triu_indices(len(curve.effect), 1)
        move = abs(curve.effect[second] - curve.effect[first])
        error = np.sqrt(curve.variance_of_moves()[first, second])
        df = max(1.0, float(curve.df.min(initial=np.inf)))
        with np.errstate(divide="ignore", invalid="ignore"):
            pvalue = np.where(move > 0, 2 * stdtr(df, -move / error), 1.0)
        if curve.n_rows < FEW_ROWS:
            pvalue = np.full(len(move), np.nan)
        return cls(curve.effect, pvalue, small(curve.effect, spread), ordered)


def chances(moves: Sequence[Moves]) -> list[MoveChances]:
    """Say how likely chance alone makes what decides the direction of each of the curves that are looked at together.

    A move between two points counts where it is at least 15% of the range of a curve that is not small; its p-value is
    adjusted for all pairs of points of all curves (Holm 1979). Only ups: rises. Only downs: falls. Ups before the
    highest point and downs after it: peaks; the reverse: dips.
    """
    if not moves:
        return []
    adjusted = holm(np.concatenate([of_one.pvalue for of_one in moves]))
    ends = np.cumsum([len(of_one.pvalue) for of_one in moves])[:-1]
    return [_chances(of_one, values) for of_one, values in zip(moves, np.split(adjusted, ends), strict=True)]


def _chances(curve: Moves, adjusted: NDArray[np.float64]) -> MoveChances:
    effect = curve.effect
    if not len(adjusted) or curve.small:
        return MoveChances(ordered=curve.ordered)
    first, second = np.triu_indices(len(effect), 1)
    move = effect[second] - effect[first]
    counts = abs(move) >= COUNTER * np.ptp(effect)
    up, down = counts & (move > 0), counts & (move < 0)
    top, bottom = int(np.argmax(effect)), int(np.argmin(effect))

    def surest(moves: NDArray[np.bool_]) -> float:
        # of too few rows there are no p-values
        return float(np.fmin.reduce(adjusted[moves], initial=1.0))

    return MoveChances(
        up=surest(up),
        down=surest(down),
        against_peak=surest((down & (second <= top)) | (up & (first >= top))),
        against_dip=surest((up & (second <= bottom)) | (down & (first >= bottom))),
        ordered=curve.ordered,
    )
