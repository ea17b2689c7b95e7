"""Losses of a size that intervals can be made of: their fourth powers are neither 0 nor infinite."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError, ModelError
from weighin._engine.arrays import on_host
from weighin._metrics import Metric

DOUBLE = 1e-70, 1e70
# of what is computed or kept in single precision
SINGLE = 1e-30, 1e30
# of predictions, of whose moves the squares are taken, and fourth powers in double precision
DOUBLE_MOVES, SINGLE_MOVES = (1e-70, 1e70), (1e-18, 1e18)
ADVICE = "Measure in another unit: multiply y and the model's predictions by the same number, such as {}."


def check_size(metric: Metric, before: float, change: NDArray[np.float64], *, single: bool) -> None:
    """Refuse means of losses, and of what swaps change of them, that are too small or too large.

    Raises MetricError.
    """
    # a segment may not allow it; on all rows it is refused in other words
    if not np.isfinite(before):
        return
    largest = max(abs(before), float(np.abs(change[~np.isnan(change)]).max(initial=0.0)))
    least, most = SINGLE if single else DOUBLE
    if largest and not least <= largest <= most:
        kind, least_power, most_power = ("single", "1e15", "1e-15") if single else ("double", "1e50", "1e-50")
        raise MetricError(
            f"The losses behind {metric.name} are about {largest:.0e}, and intervals need their fourth "
            f"powers, which {kind} precision does not hold. "
            + ADVICE.format(most_power if largest > 1 else least_power)
        )


def check_not_vanished(metric: Metric, before: Any, change: Any, target: Any, pred: Any, after: Any) -> None:
    """Refuse losses that are all 0 because the square of a small number is.

    `before`, `change`: losses before swaps, and what these change of them. `target`, `pred`, `after`: what predictions
    are compared with, and predictions before swaps and after them. Raises MetricError.
    """
    if bool(before.any() | change.any()):
        return
    before = on_host(before)
    size = max(float(abs(on_host(values)).max(initial=0)) for values in (target, pred))
    if 0 < size < np.sqrt(np.finfo(before.dtype).tiny) and bool((after != target).any()):
        raise MetricError(
            f"{metric.name} is 0 for y and predictions of up to {size:.0e} that differ: their squares are "
            "too small for floating-point numbers. "
            + ADVICE.format("1e100" if before.dtype == np.float64 else "1e20")
        )


def check_moves(largest: float, *, single: bool) -> None:
    """Refuse predictions that differ by so little, or so much, that powers of their moves are 0 or infinite.

    Raises ModelError.
    """
    least, most = SINGLE_MOVES if single else DOUBLE_MOVES
    if largest and not least <= largest <= most:
        raise ModelError(
            f"Predictions differ by up to {largest:.0e}, and powers of that do not fit in floating-point numbers. "
            f"Measure in another unit: multiply the model's predictions by a number such as {1 / largest:.0e}."
        )
