"""Which way curves go: a word for each, decided with regard to its size and, among all of them, to chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from weighin._effects.curves import CurveOfRows
from weighin._inference import holm
from weighin._inference.intervals import FEW_ROWS
from weighin._results.curves import small

# of the curve's range: a move back that is smaller does not spoil a direction
COUNTER = 0.15
# of one false move or more, among all pairs of points of all features
CHANCE = 0.05


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
            pvalue = np.where(move > 0, 2 * stats.t.sf(move / error, df), 1.0)
        if curve.n_rows < FEW_ROWS:
            pvalue = np.full(len(move), np.nan)
        return cls(curve.effect, pvalue, small(curve.effect, spread), ordered)


def directions(moves: Sequence[Moves]) -> list[str]:
    """Name the way each curve goes.

    `moves`: Of all curves that are looked at together.

    Returns
    -------
    list of {"rises", "falls", "peaks", "dips", "mixed", "differs", "none"}
        "differs" is for points without an order.

    Notes
    -----
    "none" where the range of the curve is below 5% of that of the predictions, or the rows are fewer than 20. A move
    between two points counts where it is at least 15% of the range, and its p-value, adjusted for all pairs of points
    of all curves (Holm 1979), is below 5%.
    Only ups: rises. Only downs: falls. Ups before the highest point and downs after it: peaks; the reverse: dips.
    """
    if not moves:
        return []
    adjusted = holm(np.concatenate([of_one.pvalue for of_one in moves]))
    ends = np.cumsum([len(of_one.pvalue) for of_one in moves])[:-1]
    return [_word(of_one, values) for of_one, values in zip(moves, np.split(adjusted, ends), strict=True)]


def _word(curve: Moves, adjusted: NDArray[np.float64]) -> str:
    effect, n = curve.effect, len(curve.effect)
    if not len(adjusted) or curve.small:
        return "none"
    first, second = np.triu_indices(n, 1)
    move = effect[second] - effect[first]
    real = (abs(move) >= COUNTER * np.ptp(effect)) & (adjusted < CHANCE)
    if not real.any():
        return "none"
    if not curve.ordered:
        return "differs"
    ups, downs = np.zeros((2, n, n), dtype=bool)
    ups[first, second], downs[first, second] = real & (move > 0), real & (move < 0)
    if not downs.any():
        return "rises"
    if not ups.any():
        return "falls"
    top, bottom = int(np.argmax(effect)), int(np.argmin(effect))
    if not downs[: top + 1, : top + 1].any() and not ups[top:, top:].any():
        return "peaks"
    if not ups[: bottom + 1, : bottom + 1].any() and not downs[bottom:, bottom:].any():
        return "dips"
    return "mixed"
