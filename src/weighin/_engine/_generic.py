"""The way for any model: encoded columns overwritten with the donors' values, and predicted on again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._donors import Rows as Positions
from weighin._engine._workers import Workers
from weighin._errors import ModelError
from weighin._features import Feature
from weighin._models import Rows

SAMPLE_ROWS = 257  # looked at before the run
LEVELS = 256  # a unit with more distinct values is not worth looking up
STACKED_ROWS = 256  # of one call; fewer do not pay for it
PAIRS = 2**20  # of a receiver and a giver, looked at together
ROUNDINGS = 1000  # by which two predictions of a row may differ where the order of a sum is not fixed
FEW_ROUNDINGS = 64  # a change so small is no leaf of a tree, but a sum in another order
CALL_BYTES = 32 * 2**20  # that one call of the model may take for itself
LEAST_ROWS = 64  # of one call

Predict = Callable[[Any], Any]


class GenericPath:
    """Predict on rows as they are and as swapped, through the model itself.

    Parameters
    ----------
    predict_rows : callable
        From encoded rows to predictions of shape (n_rows, n_outputs).
    found : Probe
        What the model did with a few rows.
    chunk_rows : int
        Rows of one call of the model.
    workers : Workers
        Threads over chunks.
    """

    way = "generic"

    def __init__(self, predict_rows: Predict, found: Probe, chunk_rows: int, workers: Workers) -> None:
        self.predict_rows, self.found, self.chunk_rows, self.workers = (
            predict_rows,
            found,
            chunk_rows,
            workers,
        )
        self.row_exact = found.row_exact
        self._rows: Any = None
        self._codes: dict[tuple[int, ...], NDArray[np.int64] | None] = {}

    def ways(self, features: Sequence[Feature]) -> list[str]:
        """Name the way each feature goes."""
        return [self.way] * len(features)

    def predict(
        self,
        rows: Rows,
        start: int,
        features: Sequence[Feature],
        donors: Positions,
        baseline: Any,
        out: Any,
    ) -> None:
        """Fill in predictions for some rows and their swaps.

        Parameters
        ----------
        rows : Rows
            Rows that give values, those that receive among them.
        start : int
            Position of the first receiver; the others follow.
        features : sequence of Feature
            What to swap.
        donors : ndarray of shape (n_repeats, n_receivers)
            Position of the row that gives its values to each receiver.
        baseline : array of shape (n_receivers, n_outputs)
            Filled in: predictions as the rows are.
        out : array of shape (n_features, n_repeats, n_receivers, n_outputs)
            Filled in: predictions after each swap.
        """
        receivers = np.arange(start, start + donors.shape[1])
        self.row_exact = self.row_exact and self._predict_pairs(
            rows, receivers, features, donors, baseline, out
        )
        if not self.row_exact:
            self._predict_stacks(rows, receivers, features, donors, baseline, out)

    def _predict_stacks(
        self,
        rows: Rows,
        receivers: Positions,
        features: Sequence[Feature],
        donors: Positions,
        baseline: Any,
        out: Any,
    ) -> None:
        """Every prediction at the place in its batch where the row's own was made: equal inputs, equal bits."""
        n_repeats = len(donors)
        step = min(self.chunk_rows, -(-len(receivers) // self.workers.n_threads))
        # repeats of few rows go together, where the last stack need not be filled up by much
        stacks = -(-n_repeats // max(1, min(self.chunk_rows, STACKED_ROWS) // step))
        copies = -(-n_repeats // stacks)

        def task(start: int) -> tuple[Any, Any]:
            here = slice(start, min(start + step, len(receivers)))
            n = here.stop - here.start
            tiled = np.tile(receivers[here], copies)
            stack, own = rows.take(tiled), rows.index(tiled)
            before = self._predict(stack).reshape(copies, n, -1)
            # room for all at once: kept one by one, each would lie in the way of what the next call needs
            swapped = _empty(before, len(features), n_repeats, *before.shape[1:])
            for feature, filled in zip(features, swapped, strict=True):
                for first in range(0, n_repeats, copies):
                    # the last stack is filled up with a shuffle it has had: its shape stays the same
                    repeats = np.arange(first, first + copies).clip(max=n_repeats - 1)
                    stack.replace(feature.columns, rows, rows.index(donors[repeats, here].ravel()))
                    after = self._predict(stack).reshape(copies, n, -1)
                    with np.errstate(invalid="ignore"):  # infinite ones are found later
                        same = (after == before) | (abs(after - before) <= self.found.rounding)
                    filled[first : first + copies] = _where(same, before[0], after)[: n_repeats - first]
                stack.replace(feature.columns, rows, own)
            return before[0], swapped

        starts = range(0, len(receivers), step)
        for start, (before, swapped) in zip(starts, self.workers.each(task, starts), strict=True):
            here = slice(start, start + step)
            baseline[here], out[:, :, here] = before, swapped

    def _predict_pairs(
        self,
        rows: Rows,
        own: Positions,
        features: Sequence[Feature],
        donors: Positions,
        baseline: Any,
        out: Any,
    ) -> bool:
        """One prediction per pair of a row and a value it does not have; equal pairs are predicted once.

        False when a prediction changed by a few roundings: then rows are not exact after all, only among the few
        that were looked at, and what is filled in so far is no use.
        """
        self._fill(rows, (), own, own, baseline)
        together = max(1, PAIRS // len(own))
        for feature, filled in zip(features, out, strict=True):
            codes = self._levels(rows, feature.columns)
            for first in range(0, len(donors), together):
                some = slice(first, first + together)
                if not self._predict_feature(rows, own, feature, codes, donors[some], baseline, filled[some]):
                    return False
        return True

    def _predict_feature(
        self,
        rows: Rows,
        own: Positions,
        feature: Feature,
        codes: NDArray[np.int64] | None,
        donors: Positions,
        baseline: NDArray[Any],
        out: NDArray[Any],
    ) -> bool:
        if (
            codes is None
        ):  # the repeats of a row together: trees take almost the same turns, which processors foresee
            together = np.empty((len(own), len(donors), out.shape[-1]), dtype=out.dtype)
            receivers, flat = np.repeat(own, len(donors)), together.reshape(-1, out.shape[-1])
            self._fill(rows, feature.columns, receivers, donors.T.ravel(), flat)
            out[...] = together.swapaxes(0, 1)
            return not _rounded(out, baseline)
        flat = out.reshape(-1, out.shape[-1])
        places = np.tile(np.arange(len(own)), len(donors))
        receivers, givers = own[places], donors.ravel()
        moved = np.flatnonzero(codes[givers] != codes[receivers])
        flat[...] = baseline[places]
        keys = receivers[moved] * (int(codes.max()) + 1) + codes[givers[moved]]
        _, firsts, where = np.unique(keys, return_index=True, return_inverse=True)
        pairs = moved[firsts]
        once = np.empty((len(pairs), flat.shape[-1]), dtype=flat.dtype)
        self._fill(rows, feature.columns, receivers[pairs], givers[pairs], once)
        flat[moved] = once[where]
        return not _rounded(once, baseline[places[pairs]])

    def _levels(self, rows: Rows, columns: tuple[int, ...]) -> NDArray[np.int64] | None:
        """Number the levels of some columns, once for rows that come again."""
        if rows is not self._rows:
            self._rows, self._codes = rows, {}
        if columns not in self._codes:
            self._codes[columns] = rows.levels(columns, LEVELS)
        return self._codes[columns]

    def _fill(
        self, rows: Rows, columns: Sequence[int], receivers: Positions, givers: Positions, out: NDArray[Any]
    ) -> None:
        """Predict receivers with the values of givers; results travel, so that processes may do it."""
        step = max(1, min(self.chunk_rows, -(-len(receivers) // self.workers.n_threads)))

        def task(start: int) -> Any:
            here = slice(start, start + step)
            chunk = rows.take(receivers[here])
            if columns:
                chunk.replace(columns, rows, rows.index(givers[here]))
            return _predicted(self.predict_rows, chunk)

        starts = range(0, len(receivers), step)
        for start, pred in zip(starts, self.workers.each(task, starts), strict=True):
            out[start : start + step] = pred

    def _predict(self, stack: Rows) -> Any:
        """Predict rows that are used again."""
        return _predicted(self.predict_rows, stack.take(slice(None)) if self.found.writes else stack)

    def shrink(self) -> bool:
        """Halve the rows of one call; False at one."""
        self.chunk_rows //= 2
        return self.chunk_rows > 0


@dataclass(frozen=True)
class Probe:
    """What a model did with a few rows before the run.

    Attributes
    ----------
    pred : array of shape (n_rows, n_outputs)
        Predictions, for their type and width.
    noise : float
        Largest difference between two predictions of the same rows; 0 when it is no more than rounding.
    rounding : float
        Where it is rounding (threads that add up in any order), a bound for other rows. In double precision that
        much is allowed to any model but those of torch, for the few rows may have repeated themselves by chance.
    company : float
        Largest difference for rows predicted beside others, beyond rounding: above 0 where a batch has a say.
    row_exact : bool
        Whether every row predicted in another company gave the same bits (trees), so that a prediction for one row
        and level serves every shuffle.
    writes : bool
        Whether the model overwrote the rows it was given, or that cannot be told.
    row_bytes : float
        What a call takes for itself for each of its rows; 0 where that is not known.
    """

    pred: Any
    noise: float = 0.0
    rounding: float = 0.0
    company: float = 0.0
    row_exact: bool = False
    writes: bool = False
    row_bytes: float = 0.0

    def rows_of_call(self, most: int) -> int:
        """Rows of one call: `most` of them, or a power of two where so many would take too much memory."""
        if self.row_bytes * most <= CALL_BYTES:
            return most
        return max(LEAST_ROWS, 1 << int(CALL_BYTES / self.row_bytes).bit_length() - 1)


def probe(predict: Predict, rows: Rows, chunk_rows: int | None = None) -> Probe:
    """Look at a model's predictions on a few rows, no more than `chunk_rows` at once.

    Raises
    ------
    ModelError
        If predictions are not one per row.
    """
    n = min(SAMPLE_ROWS, rows.n_rows, chunk_rows or SAMPLE_ROWS)
    sample = rows.take(slice(0, n))
    first = _predicted(predict, sample)
    writes = not sample.equals(rows.take(slice(0, n)))
    # a matrix product may take another kernel for other shapes than these: arrays of torch never count as exact
    exact = isinstance(first, np.ndarray)
    look = _traced if exact else _untraced
    again, taken = look(predict, rows.take(slice(0, n)))
    difference = _difference(first, again)
    scale = float(abs(first).max())
    allowed = ROUNDINGS * _precision(first) * (scale if scale < np.inf else 0.0)
    noise = 0.0 if difference <= allowed else difference
    by_chance = FEW_ROUNDINGS / ROUNDINGS * allowed if first.dtype == np.float64 else 0.0
    split = max(1, n // 3)
    parts = [np.arange(split - 1, -1, -1), np.arange(n - 1, split - 1, -1)][: 2 if exact else 1]
    company, row_bytes = 0.0, 0.0
    for part in parts if n > 1 and not noise else ():
        apart, taken_apart = look(predict, rows.take(part))
        if len(part) < n:  # what every call takes, whatever its rows, is no part of the difference
            row_bytes = max(row_bytes, (taken - taken_apart) / (n - len(part)))
        company = max(company, _difference(apart, first[sample.index(part)]))
    return Probe(
        first,
        noise,
        max(4 * difference, by_chance) if noise == 0 else 0.0,
        company if company > allowed else 0.0,
        exact and difference == 0 and company == 0,
        writes,
        row_bytes,
    )


def _untraced(predict: Predict, rows: Rows) -> tuple[Any, int]:
    return _predicted(predict, rows), 0


def _traced(predict: Predict, rows: Rows) -> tuple[Any, int]:
    """Predictions, and the most memory that Python and numpy held meanwhile; 0 where others are looking at that."""
    if tracemalloc.is_tracing():
        return _untraced(predict, rows)
    tracemalloc.start()
    try:
        pred = _predicted(predict, rows)
        return pred, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _predicted(predict: Predict, rows: Rows) -> Any:
    """Predictions with memory of their own: a model may give a view of its inputs, or a buffer it writes again."""
    pred = predict(rows)
    if len(pred) != rows.n_rows:
        raise ModelError(
            f"The model gave {len(pred)} predictions for {rows.n_rows} rows; one per row is needed."
        )
    return pred.clone() if hasattr(pred, "clone") else pred.copy()


def _rounded(after: NDArray[Any], before: NDArray[Any]) -> bool:
    """Whether most of the predictions that changed did so by a few roundings only."""
    with np.errstate(invalid="ignore"):  # infinite predictions are somebody else's business
        change = abs(after - before)
    few = change <= FEW_ROUNDINGS * _precision(before) * abs(before)
    return int(np.count_nonzero(few & (change > 0))) * 2 > int(np.count_nonzero(change))


def _difference(one: Any, other: Any) -> float:
    with np.errstate(invalid="ignore"):
        return float(abs(one - other).max())


def _precision(pred: Any) -> float:
    if isinstance(pred, np.ndarray):
        return float(np.finfo(pred.dtype).eps)
    import torch

    return float(torch.finfo(pred.dtype).eps)


def _empty(like: Any, *shape: int) -> Any:
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if isinstance(yes, np.ndarray):
        return np.where(condition, yes, no)
    return yes.where(condition, no)
