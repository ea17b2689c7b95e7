"""Which way a curve goes: one word, decided with regard to its size and to chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from weighin._results.curves import CurveOfRows

SMALL = 0.05  # of the spread of predictions: a curve that moves less counts as flat
COUNTER = 0.15  # of the curve's range: a move back that is smaller does not spoil a direction
CHANCE = 0.05  # for all pairs of points together


def small(effect: NDArray[np.float64], spread: float) -> bool:
    """Whether a curve moves so little, beside the spread of predictions, that it counts as flat."""
    return not float(np.ptp(effect)) > SMALL * spread


def direction(curve: CurveOfRows, spread: float, *, ordered: bool = True) -> str:
    """Name the way a curve goes.

    Parameters
    ----------
    curve : CurveOfRows
        Over points in order.
    spread : float
        Distance between the 2.5 % and the 97.5 % quantile of the predictions.
    ordered : bool
        Whether the order of the points means anything.

    Returns
    -------
    {"rises", "falls", "peaks", "dips", "mixed", "differs", "none"}
        "differs" is for points without an order.

    Notes
    -----
    "none" where the range of the curve is below 5 % of `spread`. A move between two points counts where it is at least
    15 % of the range, and further from 0 than chance would bring it for one pair of points in 20 curves (Bonferroni).
    Only ups: rises. Only downs: falls. Ups before the highest point and downs after it: peaks; the reverse: dips.
    """
    n = len(curve.effect)
    if n < 2 or small(curve.effect, spread):
        return "none"
    reach = float(np.ptp(curve.effect))
    # from the first index to the second
    moves = curve.effect[None, :] - curve.effect[:, None]
    error = np.sqrt(curve.variance_of_moves())
    quantile = stats.t.ppf(1 - CHANCE / (n * (n - 1)), max(1.0, float(curve.df.min())))
    real = (abs(moves) >= COUNTER * reach) & (abs(moves) > quantile * error)
    if not real.any():
        return "none"
    if not ordered:
        return "differs"
    later = np.triu(np.ones((n, n), dtype=bool), 1)
    ups, downs = real & later & (moves > 0), real & later & (moves < 0)
    if not downs.any():
        return "rises"
    if not ups.any():
        return "falls"
    top, bottom = int(np.argmax(curve.effect)), int(np.argmin(curve.effect))
    if not downs[: top + 1, : top + 1].any() and not ups[top:, top:].any():
        return "peaks"
    if not ups[: bottom + 1, : bottom + 1].any() and not downs[bottom:, bottom:].any():
        return "dips"
    return "mixed"
