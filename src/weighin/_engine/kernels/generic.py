"""What every model can do: rows copied, some columns overwritten with the donors' values, predicted on again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import empty, where
from weighin._engine.kernels.generic_chain import predict_exact, predict_in_place
from weighin._engine.kernels.kernel import Chain, Swaps, View
from weighin._engine.probe import FEW_ROUNDINGS, check_width, precision, predicted
from weighin._engine.workers import Workers
from weighin._models import Rows
from weighin._samplers import Positions
from weighin._tables.features import Feature

# a unit with more distinct values is not worth looking up
LEVELS = 256
# of one call; fewer do not pay for it
STACKED_ROWS = 256
# of a receiver and a giver, looked at together
PAIRS = 2**20


class _Overwritten(Exception):
    """The model wrote into rows that are used again."""


class GenericKernel:
    """Predict on rows as they are and as swapped, through the model itself; arguments as for every kernel."""

    def __init__(
        self,
        view: View,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None:
        # of the view only what a process needs to which tasks travel
        self.predict_rows, self.found, self.workers = view.predict, view.probe, workers
        self.name = view.model.name
        self.chunk_rows = chunk_rows or view.rows_of_call
        self.row_exact = view.probe.row_exact
        self._rows: Any = None
        self._codes: dict[tuple[int, ...], NDArray[np.integer] | None] = {}

    @classmethod
    def applies(cls, view: View) -> bool:
        """Always."""
        return True

    def names(self, features: Sequence[Feature]) -> list[str]:
        """Name how each feature is predicted: all of them alike."""
        return ["generic"] * len(features)

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        for _ in range(2):
            try:
                self._predict_all(swaps, baseline, out)
                return
            except _Overwritten:
                # not in the few rows looked at before the run: from here on it gets copies
                self.found = replace(self.found, writes=True)
                swaps.cache.clear()

    def _predict_all(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        receivers = np.arange(swaps.start, swaps.start + swaps.n_receivers)
        self.row_exact = self.row_exact and self._predict_pairs(swaps, receivers, baseline, out)
        if not self.row_exact:
            self._predict_stacks(swaps, receivers, baseline, out)

    def _predict_stacks(self, swaps: Swaps, receivers: Positions, baseline: Any, out: Any) -> None:
        """Every prediction at the place in its batch where the row's own was made: equal inputs, equal bits."""
        rows, features, donors, cache = swaps.rows, swaps.features, swaps.each, swaps.cache
        n_repeats = donors.shape[-2]
        step = min(self.chunk_rows, -(-len(receivers) // self.workers.n_threads))
        # repeats of few rows go together, where the last stack need not be filled up by much
        stacks = -(-n_repeats // max(1, min(self.chunk_rows, STACKED_ROWS) // step))
        copies = -(-n_repeats // stacks)
        firsts = range(0, n_repeats, copies)
        # the last stack is filled up with a shuffle it has had: its shape stays the same
        filled_up = np.arange(len(firsts) * copies).clip(max=n_repeats - 1)
        donors = donors if len(filled_up) == n_repeats else donors[..., filled_up, :]
        givers = rows.index(donors)
        place = (step, copies)
        # once for all features: of each row in each place of a stack
        befores = cache.get(place)

        def task(start: int) -> tuple[Any, Any]:
            here = slice(start, min(start + step, len(receivers)))
            n = here.stop - here.start
            tiled = np.tile(receivers[here], copies)
            stack = rows.take(tiled)
            before = self._predict(stack).reshape(copies, n, -1) if befores is None else befores[:, here]
            # room for all at once: kept one by one, each would lie in the way of what the next call needs
            swapped = empty(before, len(features), n_repeats, *before.shape[1:])
            for number, (feature, filled) in enumerate(zip(features, swapped, strict=True)):
                of_feature = givers if swaps.own is None else givers[number]
                with stack.swapped(feature.columns, rows, of_feature[:copies, here].reshape(-1)):
                    for first in firsts:
                        if first:
                            given = of_feature[first : first + copies, here].reshape(-1)
                            stack.replace(feature.columns, rows, given)
                        after = self._predict(stack).reshape(copies, n, -1)
                        # infinite ones are found later
                        with np.errstate(invalid="ignore"):
                            same = (after == before) | (abs(after - before) <= self.found.rounding)
                        filled[first : first + copies] = where(same, before[0], after)[: n_repeats - first]
            self._check(stack, rows, tiled)
            return before, swapped

        starts = range(0, len(receivers), step)
        preds = empty(baseline, copies, *baseline.shape) if befores is None else befores
        for start, (before, swapped) in zip(starts, self.workers.each(task, starts), strict=True):
            here = slice(start, start + step)
            preds[:, here], out[:, :, here] = before, swapped
        cache[place], baseline[...] = preds, preds[0]

    def _predict_pairs(self, swaps: Swaps, own: Positions, baseline: Any, out: Any) -> bool:
        """One prediction per pair of a row and a value it does not have; equal pairs are predicted once.

        False when a prediction changed by a few roundings: then rows are not exact after all, only among the few
        that were looked at, and what is filled in so far is no use.
        """
        rows, features, cache = swaps.rows, swaps.features, swaps.cache
        if "rows" not in cache:
            self._fill(rows, (), own, own, baseline)
            cache["rows"] = baseline.copy()
        baseline[...] = cache["rows"]
        codes = [self._levels(rows, feature.columns) for feature in features]
        many = [number for number, of_feature in enumerate(codes) if of_feature is None]
        together = max(1, min(PAIRS // len(own), self.chunk_rows))
        for first in range(0, len(swaps.donors), together):
            repeats = slice(first, first + together)
            donors = [swaps.donors[repeats]] * len(features)
            if swaps.own is not None:
                donors = list(swaps.own.matrix[:, repeats])
            # the first alone may tell that rows are not exact
            for numbers in (many[:1], many[1:]):
                preds = [out[number, repeats] for number in numbers]
                each = [donors[k] for k in numbers]
                self._predict_many(rows, own, [features[k] for k in numbers], each, preds)
                if any(_rounded(pred, baseline) for pred in preds):
                    return False
            for feature, of_feature, give, filled in zip(features, codes, donors, out, strict=True):
                if of_feature is not None and not self._predict_few(
                    rows, own, feature, of_feature, give, baseline, filled[repeats]
                ):
                    return False
        return True

    def _predict_many(
        self,
        rows: Rows,
        own: Positions,
        features: Sequence[Feature],
        donors: Sequence[Positions],
        out: Sequence[NDArray[Any]],
    ) -> None:
        """Features of many values: the same rows for all of them, with one feature's values swapped at a time."""
        if not features:
            return
        n_repeats, width = len(donors[0]), out[0].shape[-1]
        step = max(1, min(self.chunk_rows, -(-donors[0].size // self.workers.n_threads)) // n_repeats)

        def task(start: int) -> NDArray[Any]:
            here = slice(start, start + step)
            # the repeats of a row together: trees take almost the same turns, which processors foresee
            receivers = np.repeat(own[here], n_repeats)
            stack = rows.take(receivers)
            preds = np.empty((len(features), len(receivers), width), dtype=out[0].dtype)
            last, given = None, None
            for feature, give, filled in zip(features, donors, preds, strict=True):
                if give is not last:
                    last, given = give, rows.index(give[:, here].T.ravel())
                with stack.swapped(feature.columns, rows, given):
                    filled[...] = self._predict(stack)
            self._check(stack, rows, receivers)
            return preds

        starts = range(0, len(own), step)
        for start, preds in zip(starts, self.workers.each(task, starts), strict=True):
            for filled, pred in zip(out, preds, strict=True):
                filled[:, start : start + step] = pred.reshape(-1, n_repeats, width).swapaxes(0, 1)

    def _predict_few(
        self,
        rows: Rows,
        own: Positions,
        feature: Feature,
        codes: NDArray[np.integer],
        donors: Positions,
        baseline: NDArray[Any],
        out: NDArray[Any],
    ) -> bool:
        """A feature of few values: each pair of a row and a value it does not have once."""
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

    def _levels(self, rows: Rows, columns: tuple[int, ...]) -> NDArray[np.integer] | None:
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
            return self._checked(chunk)

        starts = range(0, len(receivers), step)
        for start, pred in zip(starts, self.workers.each(task, starts), strict=True):
            out[start : start + step] = pred

    def _predict(self, stack: Rows) -> Any:
        """Predict rows that are used again."""
        return self._checked(stack.take(slice(None)) if self.found.writes else stack)

    def _checked(self, rows: Rows) -> Any:
        pred = predicted(self.predict_rows, rows)
        check_width(pred, self.found.pred, self.name)
        return pred

    def _check(self, stack: Rows, rows: Rows, positions: Positions) -> None:
        """Look whether the model wrote into rows that it was given again and again."""
        if not (self.found.writes or stack.shielded or stack.equals(rows.take(positions))):
            raise _Overwritten

    def predict_chain(self, chain: Chain, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each step."""
        if not self.row_exact:
            predict_in_place(
                chain, self._checked, self.chunk_rows, self.workers, self.found.rounding, baseline, out
            )
            return
        own = np.arange(chain.start, chain.start + chain.n_receivers)
        self._fill(chain.rows, (), own, own, baseline)
        levels = [self._levels(chain.rows, feature.columns) for feature in chain.features]
        predict_exact(chain, levels, self._checked, self.chunk_rows, self.workers, baseline, out)

    def shrink(self) -> bool:
        """Halve the rows of one call; False at one."""
        self.chunk_rows //= 2
        return self.chunk_rows > 0


def _rounded(after: NDArray[Any], before: NDArray[Any]) -> bool:
    """Whether most of the predictions that changed did so by a few roundings only."""
    # infinite predictions are somebody else's business
    with np.errstate(invalid="ignore"):
        change = abs(after - before)
    few = change <= FEW_ROUNDINGS * precision(before) * abs(before)
    return int(np.count_nonzero(few & (change > 0))) * 2 > int(np.count_nonzero(change))
