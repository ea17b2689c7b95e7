"""What a model does with a few rows before the run: does it repeat itself, depend on the batch, write, is it slow."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from weighin._base.errors import ModelError, of_the_model
from weighin._base.random_state import random_state_kept, restored
from weighin._engine.arrays import out_of_memory
from weighin._engine.pace import Pace, Stopwatch
from weighin._models import Rows

# looked at before the run
SAMPLE_ROWS = 257
# first, where time is short
FEW_ROWS = 64
# by which two predictions of a row may differ where the order of a sum is not fixed
ROUNDINGS = 1000
# a change so small is no leaf of a tree, but a sum in another order
FEW_ROUNDINGS = 64
# of the range of predictions, that a sum in another order may move one by
OF_RANGE = 1e-5
# that one call of the model may take for itself
CALL_BYTES = 32 * 2**20
# of one call
LEAST_ROWS = 64

Predict = Callable[[Any], Any]


@dataclass(frozen=True)
class Probe:
    """What a model did with a few rows before the run.

    `pred`, shape (n_rows, n_outputs): predictions, for their type and width.
    `noise`: largest difference between two predictions of the same rows; 0 when it is no more than rounding.
    `rounding`: where it is rounding (threads that add up in any order), a bound for other rows. In double precision
        that much is allowed to any model but those of torch, for the few rows may have repeated themselves by chance.
    `batch_dependence`: largest difference for rows predicted beside others, beyond rounding: above 0 where a batch has
        a say.
    `failure`: what the model said when it was called on a part of the rows; empty where it can be.
    `row_exact`: whether every row predicted beside other rows gave the same bits (trees), so that a prediction for one
        row and level serves every shuffle.
    `writes`: whether the model overwrote the rows it was given, or that cannot be told.
    `row_bytes`: what a call takes for itself for each of its rows; 0 where that is not known.
    `row_seconds`: what a call of few rows takes for each of them, which is more than it does among many.
    `pace`: what calls of a slow model take; None where it is fast.
    """

    pred: Any
    noise: float = 0.0
    rounding: float = 0.0
    batch_dependence: float = 0.0
    failure: str = ""
    row_exact: bool = False
    writes: bool = False
    row_bytes: float = 0.0
    row_seconds: float = 0.0
    pace: Pace | None = None

    @property
    def why_at_once(self) -> str:
        """Why the model has to be called on the whole table; empty where it need not."""
        if self.failure:
            return f"The model fails when called on part of the rows ({self.failure})"
        if not self.batch_dependence:
            return ""
        by = (
            f"by up to {self.batch_dependence:.3g}"
            if self.batch_dependence < np.inf
            else ("even the number of predictions changes")
        )
        return f"A row's prediction depends on which rows are predicted together ({by})"

    def rows_of_call(self, most: int) -> int:
        """Rows of one call: `most` of them, or a power of two where so many would take too much memory."""
        if self.row_bytes * most <= CALL_BYTES:
            return most
        return max(LEAST_ROWS, 1 << int(CALL_BYTES / self.row_bytes).bit_length() - 1)


def probe(
    predict: Predict, rows: Rows, chunk_rows: int | None = None, name: str = "model", soon: bool = False
) -> Probe:
    """Look at a model's predictions on a few rows, no more than `chunk_rows` at once.

    `soon`: whether time is short: then on fewer where the model is slow.
    Raises ModelError if predictions are not one per row.
    """
    n = min(SAMPLE_ROWS, rows.n_rows, chunk_rows or SAMPLE_ROWS)
    for n_first in dict.fromkeys((min(FEW_ROWS, n), n) if soon else (n,)):
        sample = rows.take(slice(0, n_first))
        first, watch, taken = _timed(predict, sample)
        if watch.slow:
            break
    writes = not sample.equals(rows.take(slice(0, n_first)))
    # a matrix product may take another kernel for other shapes than these: arrays of torch never count as exact
    exact, pace, earlier = isinstance(first, np.ndarray), None, None
    if watch.slow:
        pace = Pace()
        pace.learn(n_first, watch.seconds, traced=taken > 0)
        seen = Probe(first, writes=writes, row_exact=exact, row_bytes=taken, pace=pace)
        # a model that draws at random draws the same afterwards, slow or not
        with random_state_kept():
            earlier = _timed(predict, rows.take(np.arange(max(1, n_first // 3) - 1, -1, -1)))
        check_width(earlier[0], first, name)
        if (found := _slow(seen, rows, *earlier)) is not None:
            return found
    n = n_first
    look = _traced if exact else _untraced
    with Stopwatch() as second_watch:
        again, taken = look(predict, rows.take(slice(0, n)))
    check_width(again, first, name)
    with np.errstate(invalid="ignore"):
        change = float(abs(first - again).max())
    allowed = _allowed(first)
    noise = 0.0 if change <= allowed else change
    by_chance = FEW_ROUNDINGS / ROUNDINGS * allowed if first.dtype == np.float64 else 0.0
    split = max(1, n // 3)
    parts = [np.arange(split - 1, -1, -1), np.arange(n - 1, split - 1, -1)][: 2 if exact else 1]
    rounding, batch_dependence, exact_beside, row_bytes = rounding_of(first), 0.0, True, 0.0
    for number, part in enumerate(parts if n > 1 and not noise else ()):
        apart, taken_apart = look(predict, rows.take(part)) if number or not earlier else earlier[::2]
        # what every call takes, whatever its rows, is no part of the difference
        if len(part) < n:
            row_bytes = max(row_bytes, (taken - taken_apart) / (n - len(part)))
        beside = first[sample.index(part)]
        batch_dependence = max(batch_dependence, difference(apart, beside, rounding))
        exact_beside = exact_beside and apart.shape == beside.shape and bool((apart == beside).all())
    return Probe(
        first,
        noise,
        max(4 * change, by_chance) if noise == 0 else 0.0,
        batch_dependence,
        "",
        exact and change == 0 and exact_beside,
        writes,
        row_bytes,
        min(watch.seconds, second_watch.seconds) / n,
        pace if second_watch.slow and not noise else None,
    )


def _slow(found: Probe, rows: Rows, again: Any, watch: Stopwatch, taken: int) -> Probe | None:
    """What a second call of a slow model says, of some of the rows in another order; None where more calls have to.

    The model repeats itself and rows have no say in each other's predictions, as far as these show, where it gives the
    same again. How long that takes tells what a call costs, and what each of its rows does.
    """
    first, pace, part = found.pred, found.pace, np.arange(len(again) - 1, -1, -1)
    beside = first[rows.index(part)]
    with np.errstate(invalid="ignore"):
        change = float(abs(again - beside).max())
    allowed = _allowed(first)
    assert pace is not None
    pace.learn(len(part), watch.seconds, traced=taken > 0)
    pace.row_bytes = max(0.0, found.row_bytes - taken) / max(1, len(first) - len(part))
    # what took long may have been loading what the first call needs
    if not change <= allowed or not watch.slow:
        return None
    exact = found.row_exact and change == 0
    few = 0.0 if exact and first.dtype != np.float64 else FEW_ROUNDINGS / ROUNDINGS * allowed
    return replace(
        found,
        rounding=max(4 * change, few),
        row_exact=exact,
        row_bytes=pace.row_bytes,
        row_seconds=watch.seconds / len(part),
    )


def _timed(predict: Predict, rows: Rows) -> tuple[Any, Stopwatch, int]:
    """Predictions, the time they took, and the most memory, as `_traced` says."""
    with Stopwatch() as watch:
        pred, taken = _traced(predict, rows)
    return pred, watch, taken


def _allowed(pred: Any) -> float:
    """By how much two predictions of the same rows may differ where the order of a sum is not fixed."""
    scale = float(abs(pred).max())
    return ROUNDINGS * precision(pred) * (scale if scale < np.inf else 0.0)


def probe_in_memory(predict: Predict, rows: Rows, chunk_rows: int, name: str, soon: bool = False) -> Probe:
    """Look at fewer rows where memory runs out."""
    while True:
        try:
            return probe(predict, rows, chunk_rows, name, soon)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or chunk_rows == 1:
                raise
        chunk_rows //= 2


def _untraced(predict: Predict, rows: Rows) -> tuple[Any, int]:
    return predicted(predict, rows), 0


def _traced(predict: Predict, rows: Rows) -> tuple[Any, int]:
    """Predictions, and the most memory that Python and numpy held meanwhile; 0 where others are looking at that."""
    if tracemalloc.is_tracing():
        return _untraced(predict, rows)
    with restored(tracemalloc.stop):
        tracemalloc.start()
        pred = predicted(predict, rows)
        return pred, tracemalloc.get_traced_memory()[1]


def predicted(predict: Predict, rows: Rows) -> Any:
    """Predictions with memory of their own: a model may give a view of its inputs, or a buffer it writes again."""
    with of_the_model():
        pred = predict(rows)
    if len(pred) != rows.n_rows:
        raise ModelError(
            f"The model gave {len(pred)} predictions for {rows.n_rows} rows; one per row is needed."
        )
    if not pred.shape[-1]:
        raise ModelError(f"The model gave no outputs: its predictions have the shape {tuple(pred.shape)}.")
    return pred.clone() if hasattr(pred, "clone") else pred.copy()


def check_width(pred: Any, like: Any, name: str) -> None:
    """Refuse predictions with another number of outputs than others had.

    Raises ModelError.
    """
    if pred.shape[-1] != like.shape[-1]:
        raise ModelError(
            f"The {name} gave {like.shape[-1]} outputs for each row in one call and {pred.shape[-1]} in "
            "another; every call must give the same number."
        )


def rounding_of(pred: Any) -> Any:
    """By how much predictions of the same rows may differ that come from sums in another order, for each output.

    A few roundings of the largest prediction; or a hundred-thousandth of their range, for a function that gives
    double precision may have computed in single. So little is below the digits of any importance.
    """
    low, high = (pred.min(0), pred.max(0)) if isinstance(pred, np.ndarray) else (pred.amin(0), pred.amax(0))
    with np.errstate(invalid="ignore", over="ignore"):
        # the largest, or up to half of it
        size = (abs(high) + abs(low)) / 2
        return FEW_ROUNDINGS * precision(pred) * size + OF_RANGE * (high - low)


def difference(one: Any, other: Any, allowed: Any) -> float:
    """Largest difference of predictions of the same rows, 0 where all are within what is allowed; infinite widths."""
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = abs(one - other)
        # infinite ones that are equal, or two that are no numbers, are found later
        wrong = ~(apart <= allowed) & (one != other) & ~((one != one) & (other != other))
        if not bool(wrong.any()):
            return 0.0
        furthest = float(apart[wrong].max())
    return furthest if furthest > 0 else float("inf")


def precision(pred: Any) -> float:
    """Rounding of a number near one."""
    if isinstance(pred, np.ndarray):
        return float(np.finfo(pred.dtype).eps)
    import torch

    return float(torch.finfo(pred.dtype).eps)
