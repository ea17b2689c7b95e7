"""One metric of all predictions at once, on all rows or on a segment of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine._plan import Batch
from weighin._engine._run_parts import Answer, Run
from weighin._engine._sums import Sums
from weighin._inference import LeftOut
from weighin._metrics import Metric

LEFT_OUT = 25  # parts of the rows, left out one after the other
LEFT_OUT_REPEATS = 10  # shuffles looked at so; more would make the noise smaller than what is told

Floats = NDArray[np.float64]


class Cell:
    """Scores before and after swaps, with values per row or parts left out to judge them by.

    With sample weights a pair weighs as its receiver times its donor; what a swap changes is then against the
    predictions as they are under the same weights.

    Parameters
    ----------
    run : Run
        What all steps share.
    batch : Batch
        All rows.
    metric : Metric
        Without a value per row of its own.
    cell : int
        Number of the segment; -1 for all rows.
    baseline : array of shape (n_rows, n_outputs)
        Predictions before any swap.
    n_features : int
        To come.
    """

    def __init__(
        self, run: Run, batch: Batch, metric: Metric, cell: int, baseline: Any, n_features: int
    ) -> None:
        self.run, self.batch, self.metric, self.pred = run, batch, metric, baseline
        self.weights = run.question.weights_of(batch)
        self.segment = run.question.segment_of(cell, batch)
        n_repeats, n_rows = batch.donors.shape
        everyone: NDArray[np.int64] = np.arange(n_rows)
        self.here = everyone if self.segment is None else everyone[self.segment]
        self.target = run.data.target[batch.numbers]
        self.baseline = self._score(baseline, self.weights, self.here)
        self.change = np.full((n_features, n_repeats), np.nan)
        self._changes: NDArray[np.float32] | None = None
        self._parts: list[NDArray[np.int64]] = []
        closed = run.donors.closed and not np.isnan(self.baseline)
        if closed and metric.values is not None:
            self._values_before(metric)
            self._changes = np.zeros((n_features, n_repeats, len(self.here)), dtype=np.float32)
        elif closed and metric.smooth and len(batch.edges) > 2:
            self._parts = self._left_out_parts()
        self._before = self._references(range(n_repeats), self.here)
        self._before_without = [self._references(self._looked_at, part) for part in self._parts]
        self._without = np.full((n_features, len(self._parts)), np.nan)

    def add(self, number: int, after: Any, moved: NDArray[np.bool_]) -> None:
        """Take the predictions of one feature, (n_repeats, n_rows, n_outputs), and which of them moved."""
        if np.isnan(self.baseline):
            return
        if not moved[:, self.here].any():  # exactly nothing, which rounding might not give
            self.change[number] = self._without[number] = 0.0
            return
        self.change[number] = self._differences(after, range(len(after)), self.here, self._before)
        if self._changes is not None:
            assert self.metric.values is not None
            # without copies that can be spared: of many rows there is room for few
            pred = after if self.segment is None else after[:, self.here]
            values = self.metric.values(self.target[self.here], pred, self._pair_weights)
            np.subtract(values, self._of_rows, out=self._changes[number], casting="same_kind")
        if self._parts:
            self._without[number] = [
                self._differences(after, self._looked_at, part, before).mean()
                for part, before in zip(self._parts, self._before_without, strict=True)
            ]

    def answer(self, n_done: int, moved: NDArray[np.bool_]) -> Answer:
        """What is known of the first features; `moved` has shape (n_done, n_repeats, n_rows)."""
        change, n_rows = self.change[:n_done], len(self.here)
        if self._changes is not None:
            before = np.zeros(len(self.batch.donors[0]))
            before[self.here] = self._of_own_rows
            sums = Sums.nothing(n_done, change.shape[1], self.run.n_strata).add(
                self.batch,
                before,
                self._of_all_rows(self._changes[:n_done]),
                weights=self.weights,
                segment=self.segment,
                moved=moved,
            )
            return Answer(self.baseline, change, n_rows, sums.evidence())
        if not self._parts or not n_done:
            return Answer(self.baseline, change, n_rows, ())
        looked_at = len(self._looked_at)
        # what all shuffles say beyond those that parts were left out of
        further = change.mean(1) - change[:, :looked_at].mean(1)
        sizes = np.array([n_rows - len(part) for part in self._parts], dtype=np.float64)
        changed = moved[:, :, self.here].sum((1, 2)) / change.shape[1]
        without = self._without[:n_done] + further[:, None]
        return Answer(self.baseline, change, n_rows, (LeftOut(change.mean(1), without, sizes, changed),))

    def _of_all_rows(self, changes: NDArray[np.float32]) -> NDArray[np.float32]:
        """With zeros for receivers elsewhere, which are not kept: many segments take no more memory than one."""
        if self.segment is None:
            return changes
        spread = np.zeros((*changes.shape[:-1], len(self.segment)), dtype=np.float32)
        spread[..., self.here] = changes
        return spread

    @property
    def _looked_at(self) -> range:
        return range(min(LEFT_OUT_REPEATS, len(self.batch.donors)))

    @property
    def _pair_weights(self) -> Floats | None:
        """Of the receivers here, in each shuffle."""
        if self.weights is None:
            return None
        return np.asarray(self.weights[self.here] * self.weights[self.batch.donors[:, self.here]])

    def _values_before(self, metric: Metric) -> None:
        """Values of the rows as they are: with the rows' own weights, and with those of the pairs."""
        assert metric.values is not None
        target, pred = self.target[self.here], self.pred[self.here]
        with self._in_peace():
            if self.weights is None:
                self._of_rows = self._of_own_rows = metric.values(target, pred)
                return
            self._of_own_rows = metric.values(target, pred, self.weights[self.here])
            pairs = self._pair_weights
            assert pairs is not None
            self._of_rows = np.stack([metric.values(target, pred, own) for own in pairs])

    def _references(self, repeats: range, here: NDArray[np.int64]) -> Floats:
        """Score before any swap that each shuffle is compared with, on some rows."""
        if self.weights is None:
            known = here is self.here
            return np.full(len(repeats), self.baseline if known else self._score(self.pred, None, here))
        return np.array([self._score(self.pred, self._weights_of(r), here) for r in repeats])

    def _differences(self, after: Any, repeats: range, here: NDArray[np.int64], before: Floats) -> Floats:
        """Score after each shuffle minus that before, on some rows."""
        scores = [self._score(after[r], self._weights_of(r), here) for r in repeats]
        return np.array(scores) - before

    def _weights_of(self, repeat: int) -> Floats | None:
        return None if self.weights is None else self.weights * self.weights[self.batch.donors[repeat]]

    def kept(self, n_done: int) -> tuple[Floats, NDArray[np.float32]]:
        """Values of all rows before any swap, and what swaps changed of them, for a metric that has such values."""
        if self._changes is None:  # it is not defined on these rows
            shape = n_done, *self.batch.donors.shape
            return np.full(shape[-1], np.nan), np.full(shape, np.nan, dtype=np.float32)
        return self._of_own_rows, self._changes[:n_done]

    def _score(self, pred: Any, weights: Floats | None, here: NDArray[np.int64]) -> float:
        """The metric on some rows; NaN where a segment or part does not allow it."""
        given = () if weights is None else (weights[here],)
        if self.segment is None and len(here) == len(self.batch.donors[0]):
            return self.metric.score(self.target[here], pred[here], *given)
        try:
            with self._in_peace():
                return self.metric.score(self.target[here], pred[here], *given)
        except Exception:  # whatever the metric makes of fewer rows, such as one class only
            return float("nan")

    @contextmanager
    def _in_peace(self) -> Iterator[None]:
        """Without warnings of what the result says in words: where the metric is not defined."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield

    def _left_out_parts(self) -> list[NDArray[np.int64]]:
        """Rows that remain when some donor-closed blocks are left out, for each share of the blocks."""
        spans = list(self.batch.spans)
        parts = []
        for some in np.array_split(np.arange(len(spans)), min(LEFT_OUT, len(spans))):
            stays = np.ones(len(self.batch.donors[0]), dtype=bool)
            for block in some:
                stays[slice(*spans[block])] = False
            part = self.here[stays[self.here]]
            if 0 < len(part) < len(self.here):  # else there are no rows of the segment in that share
                parts.append(part)
        return parts if len(parts) > 1 else []
