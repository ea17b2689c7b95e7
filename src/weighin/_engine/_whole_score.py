"""Metrics of all predictions at once: predictions of some features at a time are held for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine._plan import Batch
from weighin._engine._row_means import answer_of
from weighin._engine._run_parts import Advance, Answer, Run, on_host
from weighin._engine._sums import Sums
from weighin._features import Feature
from weighin._inference import LeftOut
from weighin._metrics import Metric

LEFT_OUT = 25  # parts of the rows, left out one after the other
LEFT_OUT_REPEATS = 10  # shuffles looked at so; more would make the noise smaller than what is told


class WholeScore:
    """Any metrics, from the predictions of all rows.

    Parameters
    ----------
    run : Run
        What all steps share.
    section : sequence of Feature
        What to weigh.
    """

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        self.run, self.section = run, section
        self.n_rows = run.n_receivers
        self.keeper = run.keeper(len(section))
        self.finished: Sequence[Feature] = ()
        self.answers: list[Answer] = []  # one for each metric, on all rows and on each segment

    def collect(self, advance: Advance) -> None:
        """Go through all batches, then through all features."""
        run, at = self.run, 0
        parts: list[Batch] = []
        width = run.like.shape[-1]
        baseline: Any = run.empty(self.n_rows, width)
        out: Any = run.empty(len(self.section), run.donors.n_repeats, self.n_rows, width)
        for batch, rows in run.batches():
            here = slice(at, at + batch.n_receivers)
            for first in range(0, max(1, len(self.section)), run.plan.step):
                some = slice(first, first + run.plan.step)
                baseline[here], out[some, :, here] = run.predict(batch, rows, self.section[some])
            parts.append(batch.moved(at))
            advance(batch.n_receivers * run.donors.n_repeats * len(self.section))
            at = here.stop
        joined = Batch.joined(parts, run.data.rows.n_rows)
        cells = [
            _Cell(run, joined, metric, cell, baseline, len(self.section))
            for _, metric, cell in run.question.places
        ]
        n_done = 0
        try:
            for number, after in enumerate(out):
                for cell in cells:
                    cell.add(number, after)
                n_done = number + 1
        finally:  # predictions are let go of; what is known of the features so far is kept
            self.answers = [cell.answer(n_done) for cell in cells]
            if self.keeper is not None and cells[0].changes is not None:
                self.keeper.add(joined, cells[0].before, cells[0].changes[:n_done])
            self.finished = self.section[:n_done]


class _Cell:
    """One metric, on all rows or on a segment of them."""

    def __init__(
        self, run: Run, batch: Batch, metric: Metric, cell: int, baseline: Any, n_features: int
    ) -> None:
        self.run, self.batch, self.metric = run, batch, metric
        self.weights = run.question.weights_of(batch)
        self.segment = run.question.segment_of(cell, batch)
        self.spread = run.spread_of(metric, cell, batch)
        self.here = slice(None) if self.segment is None else np.flatnonzero(self.segment)
        self.n_rows = len(batch.donors[0]) if self.segment is None else len(self.here)  # type: ignore[arg-type]
        self.baseline_pred = run.model.settle(baseline) if metric.against == "baseline" else baseline
        self.target = self.baseline_pred if metric.against == "baseline" else run.data.target[batch.numbers]
        self.by_row = metric.per_row is not None
        self.linear = metric.changes is not None and self.weights is None and run.donors.closed
        self.changes: NDArray[np.floating] | None = None
        self.scores = np.full((n_features, run.donors.n_repeats), np.nan)
        self.without: NDArray[np.float64] | None = None
        self._parts: list[NDArray[np.int64]] = []
        self.before: NDArray[Any] = np.zeros(len(batch.donors[0]))
        if self.by_row:
            assert metric.per_row is not None
            self.before = on_host(metric.per_row(self.target, self.baseline_pred))
            self.baseline = float("nan")  # the sums know it
        else:
            self.baseline = self._score(self.baseline_pred, None, self.here)
            self.before[:] = self.baseline
        if self.by_row or self.linear:
            shape = (n_features, run.donors.n_repeats, len(batch.donors[0]))
            self.changes = np.zeros(shape, self.before.dtype if self.by_row else np.float32)
        elif run.donors.closed and len(batch.edges) > 2:
            self._parts = self._left_out_parts()
        if self._parts:
            self.without = np.full((n_features, len(self._parts)), np.nan)
            self.baseline_without = np.array(
                [self._score(self.baseline_pred, None, part) for part in self._parts]
            )

    def add(self, number: int, after: Any) -> None:
        """Take the predictions of one feature, shape (n_repeats, n_rows, n_outputs)."""
        if self.metric.against == "baseline":
            after = self.run.model.settle(after)
        if self.by_row:
            assert self.metric.per_row is not None
            assert self.changes is not None
            losses = self.metric.per_row(self.target, after)
            self.changes[number] = on_host(losses) - self.before
            return
        if np.isnan(self.baseline):
            return
        self.scores[number] = [self._score(pred, r, self.here) for r, pred in enumerate(after)]
        if self.linear:
            assert self.metric.changes is not None
            assert self.changes is not None
            here = self.here
            self.changes[number][:, here] = self.metric.changes(
                self.target[here], self.baseline_pred[here], after[:, here]
            )
        elif self.without is not None:
            self.without[number] = [
                np.mean([self._score(pred, r, part) for r, pred in enumerate(after[:LEFT_OUT_REPEATS])])
                for part in self._parts
            ]

    def answer(self, n_done: int) -> Answer:
        """What is known of the first features."""
        if self.changes is not None:
            sums = Sums.nothing(n_done, self.run.donors.n_repeats).add(
                self.batch,
                self.before,
                self.changes[:n_done],
                weights=self.weights,
                segment=self.segment,
                spread=self.spread,
                closed=self.run.donors.closed,
            )
            if self.by_row:
                return answer_of(self.metric, sums)
            change = self.scores[:n_done] - self.baseline
            evidence = () if np.isnan(self.baseline) else sums.evidence()
            return Answer(self.baseline, change, self.n_rows, evidence)
        change = self.scores[:n_done] - self.baseline
        if self.without is None or np.isnan(self.baseline) or not n_done:
            return Answer(self.baseline, change, self.n_rows, ())
        sizes = np.array([self.n_rows - len(part) for part in self._parts], dtype=np.float64)
        further = change.mean(1) - change[:, :LEFT_OUT_REPEATS].mean(
            1
        )  # what all shuffles say beyond the first
        without = self.without[:n_done] - self.baseline_without + further[:, None]
        left_out = LeftOut(change.mean(1), without, sizes)
        return Answer(self.baseline, change, self.n_rows, (left_out,))

    def _score(self, pred: Any, repeat: int | None, here: Any) -> float:
        """The metric on some rows; NaN where a segment does not allow it."""
        weights: tuple[Any, ...] = ()
        if self.weights is not None:
            own = self.weights if repeat is None else self.weights * self.weights[self.batch.donors[repeat]]
            weights = (own[here],)
        try:
            value = self.metric.score(self.target[here], pred[here], *weights)
        except Exception:
            if self.segment is None and here is self.here:
                raise
            return float("nan")  # whatever the metric makes of fewer rows, such as one class only
        return value

    def _left_out_parts(self) -> list[NDArray[np.int64]]:
        """Rows that remain when some donor-closed blocks are left out, for each share of the blocks."""
        spans = list(self.batch.spans)
        parts = []
        for some in np.array_split(np.arange(len(spans)), min(LEFT_OUT, len(spans))):
            stays = np.ones(len(self.batch.donors[0]), dtype=bool)
            for block in some:
                stays[slice(*spans[block])] = False
            if self.segment is not None:
                stays &= self.segment
            if stays.sum() < self.n_rows:  # else there are no rows of the segment in that share
                parts.append(np.flatnonzero(stays))
        return parts if len(parts) > 1 else []
