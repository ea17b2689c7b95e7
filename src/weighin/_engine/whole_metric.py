"""One metric of all predictions at once, on all rows or on a segment of them."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError
from weighin._engine.measurement import SwapEffect
from weighin._engine.plan import Whole
from weighin._engine.run import Run
from weighin._inference import Evidence, LeftOut
from weighin._metrics import Metric

# parts of the rows, left out one after the other
LEFT_OUT = 25
# shuffles scored without each part; noise of more would be below what the standard error shows
LEFT_OUT_REPEATS = 10

Floats = NDArray[np.float64]
T = TypeVar("T")
# of a slice of the rows: values before any swap, and what swaps change
ValuesOf = Callable[[slice], tuple[NDArray[Any], NDArray[Any]]]


class WholeMetric:
    """Scores before and after swaps, with values per row or parts left out to judge them by.

    With sample weights a pair weighs as its receiver times its donor; what a swap changes is then against the
    predictions as they are under the same weights.

    `run`: what all steps share.
    `whole`: all rows.
    `metric`: without a value per row of its own.
    `segment`: number of the segment; -1 for all rows.
    `target`, shape (n_rows, n_targets): in the order of the rows.
    `baseline`, shape (n_rows, n_outputs): predictions before any swap.
    `n_features`: to come.
    """

    def __init__(
        self,
        run: Run,
        whole: Whole,
        metric: Metric,
        segment: int,
        target: Any,
        baseline: Any,
        n_features: int,
    ) -> None:
        self.run, self.whole, self.metric, self.segment, self.pred = run, whole, metric, segment, baseline
        self.weights = run.measurement.weights_of(whole.numbers)
        self.mask = run.measurement.segment_of(segment, whole.numbers)
        self.here: Any = slice(None)
        self.n_rows, self.n_repeats = whole.n_rows, run.sampler.n_repeats
        if self.mask is not None:
            self.here = np.flatnonzero(self.mask)
            self.n_rows = len(self.here)
        self.target = target
        self.baseline = self._score(
            baseline, None if self.weights is None else self.weights[self.here], self.here
        )
        self.change = np.full((n_features, self.n_repeats), np.nan)
        self._changes: NDArray[np.float32] | None = None
        self._parts: Sequence[NDArray[np.int64]] = ()
        self._part: NDArray[np.int64] | None = None
        closed = run.sampler.closed and not np.isnan(self.baseline)
        if closed and metric.values is not None and self._values_known(metric):
            self._changes = np.zeros((n_features, self.n_repeats, self.n_rows), dtype=np.float32)
        elif closed and not np.isnan(self.baseline) and metric.smooth and len(whole.edges) > 2:
            self._parts = self._left_out_parts()
        if self._changes is None or not metric.averages:
            self._before = self._references(range(self.n_repeats), self.here)
        self._before_without = self._references_without()
        self._without = np.full((n_features, len(self._parts)), np.nan)

    def add(self, number: int, after: Any, moved: NDArray[np.bool_]) -> None:
        """Take the predictions of one feature, (n_repeats, n_rows, n_outputs), and which of them moved."""
        if np.isnan(self.baseline):
            return
        # exactly nothing, which rounding might not give
        if not moved[:, self.here].any():
            self.change[number] = self._without[number] = 0.0
            return
        if self._changes is None or not self.metric.averages:
            self.change[number] = self._differences(after, range(len(after)), self.here, self._before)
        if self._changes is not None:
            assert self.metric.values is not None
            preds = after if self.mask is None else _Each(len(after), lambda r: after[r][self.here])
            all_values = self.metric.values(self.target[self.here], preds, self._pair_weights)
            # one shuffle after the other: of many rows there is room for few
            for r, (values, before) in enumerate(zip(all_values, self._of_rows, strict=True)):
                change = self._changes[number, r]
                np.subtract(values, before, out=change, dtype=before.dtype, casting="same_kind")
                if self.metric.averages:
                    self.change[number, r] = self._average(values, r) - self._before[r]
        if self._parts:
            self._without[number] = self._differences_without(after)

    def swap_effect(
        self,
        n_done: int,
        moved: NDArray[np.bool_],
        add_up: Callable[[ValuesOf, NDArray[np.bool_]], tuple[Evidence, ...]],
    ) -> SwapEffect:
        """Of the features so far.

        `moved`, shape (n_done, n_repeats, n_rows): predictions that moved. `add_up`: from values of rows, and `moved`,
        to what intervals are made of.
        """
        change, n_rows = self.change[:n_done], self.n_rows
        if self._changes is not None:
            measured = self._of_own_rows, self._changes[:n_done]
            evidence = add_up(lambda rows: self._spread_out(rows, *measured), moved)
            return SwapEffect(self.baseline, change, n_rows, evidence)
        if not self._parts or not n_done:
            return SwapEffect(self.baseline, change, n_rows, ())
        looked_at = len(self._looked_at)
        # what all shuffles say beyond those that parts were left out of
        further = change.mean(1) - change[:, :looked_at].mean(1)
        sizes = np.array([n_rows - len(part) for part in self._parts], dtype=np.float64)
        changed = moved[:, :, self.here].sum((1, 2)) / change.shape[1]
        without = self._without[:n_done] + further[:, None]
        return SwapEffect(self.baseline, change, n_rows, (LeftOut(change.mean(1), without, sizes, changed),))

    def _spread_out(
        self, rows: slice, before: Floats, changes: NDArray[np.float32]
    ) -> tuple[Floats, NDArray[np.float32]]:
        """Values before and changes of some rows, zero outside the segment: of those rows nothing is held."""
        if self.mask is None:
            return before[rows], changes[:, :, rows]
        inside = self.mask[rows]
        own = slice(*np.searchsorted(self.here, (rows.start, rows.stop)))
        all_before = np.zeros(len(inside))
        all_changes = np.zeros((*changes.shape[:2], len(inside)), np.float32)
        all_before[inside], all_changes[..., inside] = before[own], changes[..., own]
        return all_before, all_changes

    @property
    def _looked_at(self) -> range:
        return range(min(LEFT_OUT_REPEATS, self.n_repeats))

    @property
    def _pair_weights(self) -> Sequence[Floats] | None:
        """Of the receivers here, in each shuffle."""
        if self.weights is None:
            return None
        return _Each(self.n_repeats, lambda r: self._weights_of(r, self.here))

    def _values_known(self, metric: Metric) -> bool:
        """As `_values_before`; a segment where the metric is not defined, such as one without positives, has none."""
        try:
            return self._values_before(metric)
        except MetricError:
            if self.mask is None:
                raise
        self.baseline = np.nan
        return False

    def _values_before(self, metric: Metric) -> bool:
        """Values of the rows as they are: with their own weights, and in each shuffle with those of the pairs.

        False where the pairs of a segment do not allow it, such as those that all weigh nothing.
        """
        assert metric.values is not None
        target, pred, pairs = self.target[self.here], self.pred[self.here], self._pair_weights
        with self._warnings_off():
            if self.weights is None or pairs is None:
                (self._of_own_rows,) = metric.values(target, pred[None])
                self._of_rows = [self._of_own_rows] * self.n_repeats
                self._before = np.full(len(self._of_rows), self._average(self._of_own_rows, 0))
                return True
            (self._of_own_rows,) = metric.values(target, pred[None], [self.weights[self.here]])
            self._of_rows, self._before = [], np.empty(len(pairs))
            for r, own in enumerate(pairs):
                try:
                    (values,) = metric.values(target, pred[None], [own])
                    self._before[r] = self._average(values, r)
                except (MetricError, ZeroDivisionError):
                    if self.mask is None:
                        raise
                    return False
                self._of_rows.append(values.astype(np.float32))
        return True

    def _average(self, values: Floats, repeat: int) -> float:
        """The metric after a shuffle, from its values."""
        pairs = self._pair_weights
        return float(values.mean() if pairs is None else np.average(values, weights=pairs[repeat]))

    def _references(self, repeats: range, here: Any) -> Floats:
        """Score before any swap that each shuffle is compared with, on some rows."""
        if self.weights is None:
            score = self.baseline if here is self.here else self._score(self.pred, None, here)
            return np.full(len(repeats), score)
        return np.array([self._score(self.pred, self._weights_of(r, here), here) for r in repeats])

    def _differences(self, after: Any, repeats: range, here: Any, before: Floats) -> Floats:
        """Score after each shuffle minus that before, on some rows."""
        scores = [self._score(after[r], self._weights_of(r, here), here) for r in repeats]
        return np.array(scores) - before

    def _references_without(self) -> Floats:
        """Score before any swap without each part of the rows, as `_references`, shape (n_parts, n_repeats)."""
        if not self._sorted:
            return np.array([self._references(self._looked_at, part) for part in self._parts])
        return np.repeat(self._scores_without(self.pred)[:, None], len(self._looked_at), axis=1)

    def _differences_without(self, after: Any) -> Floats:
        """Score after shuffles minus that before, on average, without each part of the rows."""
        before = self._before_without
        if self._sorted:
            changes = np.array([self._scores_without(after[r]) for r in self._looked_at]).T - before
            return np.asarray(changes.mean(1))
        pairs = zip(self._parts, before, strict=True)
        return np.array([self._differences(after, self._looked_at, *pair).mean() for pair in pairs])

    @property
    def _sorted(self) -> bool:
        """Whether the metric gives the scores without all parts at once."""
        return self.metric.without is not None and self.weights is None and len(self._parts) > 0

    def _scores_without(self, pred: Any) -> Floats:
        assert self.metric.without is not None
        assert self._part is not None
        return self.metric.without(self.target[self.here], pred[self.here], self._part, len(self._parts))

    def _weights_of(self, repeat: int, here: Any) -> Any:
        """Of pairs, by their receivers; None without sample weights."""
        if self.weights is None:
            return None
        assert self.whole.donors is not None
        return self.weights[here] * self.weights[self.whole.donors[repeat, here]]

    def kept(self, n_done: int) -> tuple[Floats, NDArray[np.float32]]:
        """Values of all rows before any swap, and what swaps changed of them, for a metric that has such values."""
        # it is not defined on these rows
        if self._changes is None:
            shape = n_done, self.n_repeats, self.n_rows
            return np.full(self.n_rows, np.nan), np.full(shape, np.nan, dtype=np.float32)
        return self._of_own_rows, self._changes[:n_done]

    def _score(self, pred: Any, weights: Floats | None, here: Any) -> float:
        """The metric on some rows; NaN where a segment or part does not allow it."""
        sample_weight = () if weights is None else (weights,)
        if here is self.here and self.mask is None:
            return self.metric.score(self.target[here], pred[here], *sample_weight)
        try:
            with self._warnings_off():
                return self.metric.score(self.target[here], pred[here], *sample_weight)
        # whatever the metric makes of fewer rows, such as one class only
        except Exception:
            return float("nan")

    @contextmanager
    def _warnings_off(self) -> Iterator[None]:
        """Without warnings where the metric is not defined: the result says so in words."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    def _left_out_parts(self) -> Sequence[NDArray[np.int64]]:
        """Rows that remain when some donor-closed blocks are left out, for each share of the blocks."""
        spans = list(itertools.pairwise(self.whole.edges))

        def remaining(share: NDArray[np.int64]) -> NDArray[np.int64]:
            stays = np.ones(self.whole.n_rows, dtype=bool)
            for block in share:
                stays[slice(*spans[block])] = False
            return np.flatnonzero(stays if self.mask is None else stays & self.mask)

        shares = [
            share
            for share in np.array_split(np.arange(len(spans)), min(LEFT_OUT, len(spans)))
            # else there are no rows of the segment in that share
            if 0 < len(remaining(share)) < self.n_rows
        ]
        part = np.zeros(self.whole.n_rows, dtype=np.int64)
        for number, share in enumerate(shares):
            for block in share:
                part[slice(*spans[block])] = number
        self._part = part[self.here]
        # made when they are asked for: of many rows there is no room for all
        return _Each(len(shares) if len(shares) > 1 else 0, lambda k: remaining(shares[k]))


class _Each(Sequence[T]):
    """What a function gives for 0, 1, 2 and so on, made when it is asked for."""

    def __init__(self, number: int, make: Callable[[int], T]) -> None:
        self.number, self.make = number, make

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self.number:
            raise IndexError(index)
        return self.make(index)
