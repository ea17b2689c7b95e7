"""Slow models: swaps of all features and repeats in as few calls as time and memory allow, none of them twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import empty, where
from weighin._engine.kernels.generic import GenericKernel
from weighin._engine.kernels.kernel import Chain, Swaps, View
from weighin._engine.workers import Workers
from weighin._models import Rows
from weighin._samplers import Positions
from weighin._tables.features import Feature


class StackedKernel(GenericKernel):
    """Predict rows of all swaps together; arguments as for every kernel.

    A call holds some rows as they are and after every swap. So rows as they are are predicted beside other rows, and in
    another order, than in the call of the whole table which they have to equal. A prediction that changes by what the
    other rows of a call may move it, as found before the run, has not changed.
    """

    def __init__(
        self,
        view: View,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None:
        super().__init__(view, features, n_repeats, chunk_rows, workers)
        assert view.probe.pace is not None
        self.pace, self.most_rows, self.together = view.probe.pace, chunk_rows, view.together

    @classmethod
    def applies(cls, view: View) -> bool:
        """Where a call of a few rows takes long."""
        return view.probe.pace is not None

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        rows, n, n_repeats = swaps.rows, swaps.n_receivers, len(out[0]) if len(out) else 0
        own = np.arange(swaps.start, swaps.start + n)
        each = np.broadcast_to(swaps.each, (len(swaps.features), *swaps.donors.shape))
        # what each row is given, and the repeat that gave it first
        firsts = np.zeros((n, len(swaps.features), n_repeats), dtype=np.int64)
        for number, feature in enumerate(swaps.features):
            firsts[:, number] = _first_repeats(self._levels(rows, feature.columns), own, swaps.of(number)).T
        new = firsts == np.arange(n_repeats)
        # rows as they are come once, in the first of the calls for these receivers
        before = np.full((n, 1), "rows" not in swaps.cache)
        row, place = np.nonzero(np.concatenate([before, new.reshape(n, -1)], axis=1))
        unit, repeat = np.divmod(place - 1, max(1, n_repeats))

        def call(here: slice) -> Rows:
            givers = each[unit[here].clip(0), repeat[here], row[here]] if len(each) else own[row[here]]
            return _swapped(rows, swaps.features, own[row[here]], unit[here], givers)

        preds = self._predict_calls(call, len(row), baseline)
        as_they_are = np.flatnonzero(unit < 0)
        if len(as_they_are):
            swaps.cache["rows"] = preds[rows.index(as_they_are)]
            self._find_rounding(swaps, swaps.cache["rows"])
        baseline[...] = swaps.cache["rows"]
        if not len(out):
            return
        # number of the prediction for each swap, -1 where a row was given what it has
        numbers = np.full(new.shape, -1)
        swapped = np.flatnonzero(unit >= 0)
        numbers[row[swapped], unit[swapped], repeat[swapped]] = swapped
        numbers = np.take_along_axis(numbers, firsts.clip(0), axis=2)
        numbers[firsts < 0] = -1
        for k, filled in enumerate(out):
            self._fill_in(filled, baseline, preds, numbers[:, k].T, rows)

    def _find_rounding(self, swaps: Swaps, before: Any) -> None:
        """Find by how much rows as they are differ from the call of all of them: where that is too much, others say."""
        if self.together is None or self.found.noise:
            return
        here = slice(swaps.start, swaps.start + swaps.n_receivers)
        with np.errstate(invalid="ignore"):
            change = float(
                abs(before - self.together[here if swaps.numbers is None else swaps.numbers[here]]).max()
            )
        if change > self.found.rounding / 4:
            self.found = replace(self.found, rounding=4 * change)

    def _fill_in(self, filled: Any, baseline: Any, preds: Any, numbers: Positions, rows: Rows) -> None:
        """Predictions of one feature, shape (n_repeats, n_receivers, n_outputs), of those made.

        `numbers`, shape (n_repeats, n_receivers): which of those made; -1 where a row was given what it has.
        """
        for after, number in zip(filled, numbers, strict=True):
            after[...] = baseline
            moved = np.flatnonzero(number >= 0)
            if len(moved):
                here = rows.index(moved)
                after[here] = self._beyond_rounding(preds[rows.index(number[moved])], baseline[here])

    def _beyond_rounding(self, after: Any, before: Any) -> Any:
        """Predictions after a swap, and those before where the change is rounding."""
        if not self.found.rounding:
            return after
        # infinite ones are found later
        with np.errstate(invalid="ignore"):
            return where(abs(after - before) <= self.found.rounding, before, after)

    def _predict_calls(self, rows_of: Callable[[slice], Rows], n: int, like: Any) -> Any:
        """Predict rows, call by call; each is as large as the ones before it say."""

        def task(here: slice) -> tuple[Any, float]:
            rows = rows_of(here)
            start = time.monotonic()
            pred = self._checked(rows)
            return pred, time.monotonic() - start

        preds, at = empty(like, n, like.shape[-1]), 0
        while at < n:
            if at:
                self.pace.check()
            n_threads = self.workers.n_threads
            step = min(self.pace.rows_of_call, self.most_rows or n, -(-(n - at) // n_threads))
            # calls of a size; rows left over that take less than a call of their own would go with the others
            left = (n - at) / step - self.pace.costs[0] / max(self.pace.seconds(step), 1e-9)
            n_calls = max(n_threads, int(np.ceil(left)), -(-(n - at) // (self.most_rows or n)))
            step = -(-(n - at) // n_calls)
            stop = min(n, at + step * n_threads)
            parts = [slice(start, min(start + step, stop)) for start in range(at, stop, step)]
            for here, (pred, seconds) in zip(parts, self.workers.each(task, parts), strict=True):
                preds[here] = pred
                self.pace.learn(here.stop - here.start, seconds)
            at = stop
        return preds

    def predict_chain(self, chain: Chain, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each step."""
        n_units, n_repeats, n = chain.places.shape
        own, lanes = np.arange(chain.start, chain.start + n), np.arange(n)
        moved = np.zeros((n, n_repeats, n_units), dtype=bool)
        repeats = np.arange(n_repeats)[:, None]
        for feature, place in zip(chain.features, chain.places, strict=True):
            codes = self._levels(chain.rows, feature.columns)
            moved[lanes, repeats, place] = True if codes is None else codes[chain.donors] != codes[own]
        row, state = np.nonzero(np.concatenate([np.ones((n, 1), bool), moved.reshape(n, -1)], axis=1))
        repeat, step = np.divmod(state - 1, n_units)
        step[state == 0] = -1

        def call(here: slice) -> Rows:
            stack: Rows = chain.rows.take(own[row[here]])
            at = repeat[here].clip(0), row[here]
            for feature, place in zip(chain.features, chain.places, strict=True):
                givers = np.where(place[at] <= step[here], chain.donors[at], own[row[here]])
                stack.replace(feature.columns, chain.rows, chain.rows.index(givers))
            return stack

        preds = self._predict_calls(call, len(row), baseline)
        baseline[...] = preds[chain.rows.index(np.flatnonzero(state == 0))]
        self._find_rounding(chain, baseline)
        numbers = np.full((n, n_repeats, n_units), -1)
        swapped = np.flatnonzero(state > 0)
        numbers[row[swapped], repeat[swapped], step[swapped]] = swapped
        before = empty(out, n_repeats, *baseline.shape)
        before[...] = baseline
        for k, filled in enumerate(out):
            for after, was, number in zip(filled, before, numbers[:, :, k].T, strict=True):
                self._fill_in(after[None], was, preds, number[None], chain.rows)
            before = filled

    def shrink(self) -> bool:
        """Halve the rows of one call; False at one."""
        self.most_rows = (self.most_rows or 2 * self.pace.rows_of_call) // 2
        return self.most_rows > 0


def _first_repeats(codes: NDArray[np.integer] | None, own: Positions, donors: Positions) -> Positions:
    """The first repeat in which each receiver is given the same value, -1 where it is its own; shape as donors."""
    first = np.repeat(np.arange(len(donors))[:, None], donors.shape[1], axis=1)
    if codes is None:
        return first
    values = codes[donors]
    # backwards: the earliest that is the same stays
    for repeat in range(len(donors) - 1, -1, -1):
        np.copyto(first, repeat, where=values == values[repeat])
    first[values == codes[own]] = -1
    return first


def _swapped(
    rows: Rows, features: Sequence[Feature], receivers: Positions, unit: Positions, givers: Positions
) -> Rows:
    """Rows as they are where `unit` is -1, else with that feature's values of a giver."""
    stack: Rows = rows.take(receivers)
    owners: dict[int, list[int]] = {}
    for number, feature in enumerate(features):
        for column in feature.columns:
            owners.setdefault(column, []).append(number)
    for column, numbers in owners.items():
        source = np.where(np.isin(unit, numbers), givers, receivers)
        stack.replace((column,), rows, rows.index(source))
    return stack
