"""The way for any model: encoded columns overwritten with the donors' values, and predicted on again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


Predict = Callable[[Any], Any]


class GenericPath:
    """Predict on rows as they are and as swapped, through the model itself.

    Parameters
    ----------
    predict_rows : callable
        From encoded rows to predictions of shape (n_rows, n_outputs).
    row_exact : bool
        Whether a row's prediction is the same to the bit whatever rows come with it (trees), so that a
        prediction for one row and level serves every shuffle.
    chunk_rows : int
        Rows of one call of the model.
    workers : Workers
        Threads over chunks.
    """

    way = "generic"

    def __init__(self, predict_rows: Predict, row_exact: bool, chunk_rows: int, workers: Workers) -> None:
        self.predict_rows, self.row_exact, self.chunk_rows, self.workers = (
            predict_rows,
            row_exact,
            chunk_rows,
            workers,
        )

    def ways(self, features: Sequence[Feature]) -> list[str]:
        """Name the way each feature goes."""
        return [self.way] * len(features)

    def predict(
        self, rows: Rows, features: Sequence[Feature], donors: Positions, baseline: Any, out: Any
    ) -> None:
        """Fill in predictions for some rows and their swaps.

        Parameters
        ----------
        rows : Rows
            Rows that exchange values among themselves.
        features : sequence of Feature
            What to swap.
        donors : ndarray of shape (n_repeats, n_rows)
            Position of the row that gives its values to this row.
        baseline : array of shape (n_rows, n_outputs)
            Filled in: predictions as the rows are.
        out : array of shape (n_features, n_repeats, n_rows, n_outputs)
            Filled in: predictions after each swap.
        """
        if self.row_exact:
            self._predict_pairs(rows, features, donors, baseline, out)
        else:
            self._predict_stacks(rows, features, donors, baseline, out)

    def _predict_stacks(
        self, rows: Rows, features: Sequence[Feature], donors: Positions, baseline: Any, out: Any
    ) -> None:
        """Every prediction at the place in its batch where the row's own was made: equal inputs, equal bits."""
        n_repeats = len(donors)
        step = min(self.chunk_rows, rows.n_rows)
        copies = max(1, min(n_repeats, self.chunk_rows // step))

        def task(start: int) -> tuple[Any, list[Any]]:
            here = slice(start, min(start + step, rows.n_rows))
            n = here.stop - here.start
            tiled = np.tile(np.arange(here.start, here.stop), copies)
            stack, own = rows.take(here if copies == 1 else tiled), rows.index(tiled)
            before = _checked(self.predict_rows(stack), n * copies).reshape(copies, n, -1)
            swapped = []
            for feature in features:
                for first in range(0, n_repeats, copies):
                    # the last stack is filled up with a shuffle it has had: its shape stays the same
                    repeats = np.arange(first, first + copies).clip(max=n_repeats - 1)
                    stack.replace(feature.columns, rows, rows.index(donors[repeats, here].ravel()))
                    after = _checked(self.predict_rows(stack), n * copies).reshape(copies, n, -1)
                    swapped.append(_where(after == before, before[0], after)[: n_repeats - first])
                stack.replace(feature.columns, rows, own)
            return before[0], swapped

        starts = range(0, rows.n_rows, step)
        for start, (before, swapped) in zip(starts, self.workers.each(task, starts), strict=True):
            here = slice(start, start + step)
            baseline[here] = before
            pieces = iter(swapped)
            for filled in out:
                for first in range(0, n_repeats, copies):
                    filled[first : first + copies, here] = next(pieces)

    def _predict_pairs(
        self, rows: Rows, features: Sequence[Feature], donors: Positions, baseline: Any, out: Any
    ) -> None:
        """One prediction per pair of a row and a value it does not have; equal pairs are predicted once."""
        own = np.arange(rows.n_rows)
        self._fill(rows, (), own, own, baseline)
        for feature, filled in zip(features, out, strict=True):
            flat = filled.reshape(-1, filled.shape[-1])
            receivers = np.tile(own, len(donors))
            givers = donors.ravel()
            codes = rows.levels(feature.columns, LEVELS)
            if codes is None:
                self._fill(rows, feature.columns, receivers, givers, flat)
                continue
            moved = np.flatnonzero(codes[givers] != codes[receivers])
            flat[...] = baseline[receivers]
            keys = receivers[moved] * (int(codes.max()) + 1) + codes[givers[moved]]
            _, firsts, where = np.unique(keys, return_index=True, return_inverse=True)
            pairs = moved[firsts]
            once = np.empty((len(pairs), flat.shape[-1]), dtype=flat.dtype)
            self._fill(rows, feature.columns, receivers[pairs], givers[pairs], once)
            flat[moved] = once[where]

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
            return _checked(self.predict_rows(chunk), chunk.n_rows)

        starts = range(0, len(receivers), step)
        for start, pred in zip(starts, self.workers.each(task, starts), strict=True):
            out[start : start + step] = pred

    def shrink(self) -> bool:
        """Halve the rows of one call; False at one."""
        self.chunk_rows //= 2
        return self.chunk_rows > 0


def probe(predict: Predict, rows: Rows) -> tuple[Any, float, bool]:
    """Look at a model's predictions on a few rows before the run.

    Returns
    -------
    pred : array of shape (n_rows, n_outputs)
        Predictions, for their type and width.
    noise : float
        Largest difference between two predictions of the same rows: above 0 for a stochastic model.
    row_exact : bool
        Whether every row predicted in another company gave the same bits.

    Raises
    ------
    ModelError
        If predictions are not one per row.
    """
    n = min(SAMPLE_ROWS, rows.n_rows)
    sample = rows.take(slice(0, n))
    first = _checked(predict(sample), n)
    second = _checked(predict(sample), n)
    noise = float(abs(first - second).max())
    split = max(1, n // 3)
    parts = [np.arange(split - 1, -1, -1), np.arange(n - 1, split - 1, -1)]
    # a matrix product may take another kernel for other shapes than these: arrays of torch never count as exact
    same = isinstance(first, np.ndarray) and all(
        bool((_checked(predict(sample.take(part)), len(part)) == first[sample.index(part)]).all())
        for part in parts
        if len(part)
    )
    return first, noise, same


def _checked(pred: Any, n_rows: int) -> Any:
    if len(pred) != n_rows:
        raise ModelError(f"The model gave {len(pred)} predictions for {n_rows} rows; one per row is needed.")
    return pred


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if isinstance(yes, np.ndarray):
        return np.where(condition, yes, no)
    return yes.where(condition, no)
