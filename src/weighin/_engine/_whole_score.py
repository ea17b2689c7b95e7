"""Metrics of all predictions at once: predictions of a few features at a time are held for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine._cell import Cell
from weighin._engine._plan import Batch
from weighin._engine._run_parts import Advance, Answer, Run, on_host
from weighin._features import Feature
from weighin._metrics import Metric

Metrics = Sequence[tuple[int, Metric, int]]


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
        """Predict all rows for a few features, score them, and go on to the next few."""
        run, scoring = self.run, None
        try:
            for first in range(0, max(1, len(self.section)), run.plan.step):
                some = self.section[first : first + run.plan.step]
                parts: list[Batch] | None = [] if scoring is None else None
                baseline, out = self._predict(some, advance, parts)
                if parts:
                    batch = Batch.joined(parts, run.data.rows.n_rows)
                    parts.clear()
                    scoring = _Scoring(run, batch, baseline, len(self.section))
                assert scoring is not None
                for after in out:
                    scoring.add(after)
                    advance(self.n_rows * run.donors.n_repeats)
        finally:  # what is known of the features so far is kept
            if scoring is not None:
                self.answers = scoring.answers
                self.finished = self.section[: scoring.n_done]
                if self.keeper is not None:
                    self.keeper.add(scoring.batch, *scoring.kept)

    def _predict(
        self, features: Sequence[Feature], advance: Advance, parts: list[Batch] | None
    ) -> tuple[Any, Any]:
        """Predict all rows as they are and as swapped, batch by batch; who gives to whom is added to `parts`."""
        run, at = self.run, 0
        width = run.like.shape[-1]
        baseline: Any = run.empty(self.n_rows, width)
        out: Any = run.empty(len(features), run.donors.n_repeats, self.n_rows, width)
        for batch, rows in run.batches():
            here = slice(at, at + batch.n_receivers)
            # the same batches come for all features, but for one that may have to stop soon: then they grow
            known = run.known.setdefault((at, batch.n_receivers), {})
            baseline[here], out[:, :, here] = run.predict(batch, rows, features, known)
            if parts is not None:
                parts.append(batch.moved(at))
            advance(batch.n_receivers * run.donors.n_repeats * len(features))
            at = here.stop
        return baseline, out


class _Scoring:
    """All metrics on all cells, feature after feature."""

    def __init__(self, run: Run, batch: Batch, baseline: Any, n_features: int) -> None:
        self.run, self.batch, self.baseline, self.n_done = run, batch, baseline, 0
        shape = (n_features, *batch.donors.shape)
        self.moved = np.zeros(shape, dtype=bool)
        self._changes: dict[int, NDArray[np.floating]] = {}  # of a loss per row, the same for every segment
        self._before: dict[int, NDArray[Any]] = {}
        for number, metric in enumerate(run.question.metrics):
            if metric.per_row is not None:
                self._before[number] = on_host(metric.per_row(*self._compared(metric, baseline)))
                self._changes[number] = np.zeros(shape, self._before[number].dtype)
        self._cells = {
            (number, cell): Cell(run, batch, metric, cell, baseline, n_features)
            for number, metric, cell in run.question.places
            if metric.per_row is None
        }

    @property
    def kept(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64] | None]:
        """Loss before any swap, changes so far, and distances for R2, of the first metric."""
        if 0 not in self._before:
            return *self._cells[0, -1].kept(self.n_done), None
        spread = self.run.spread_of(self.run.question.metrics[0], -1, self.batch)
        return self._before[0], self._changes[0][: self.n_done], spread

    def add(self, after: Any) -> None:
        """Take the predictions of one more feature, shape (n_repeats, n_rows, n_outputs)."""
        here = self.n_done
        moved = self.moved[here] = on_host((after != self.baseline).any(-1))
        for number, metric in enumerate(self.run.question.metrics):
            if metric.per_row is not None:
                losses = metric.per_row(*self._compared(metric, after))
                self._changes[number][here] = on_host(losses) - self._before[number]
        for cell in self._cells.values():
            cell.add(here, after, moved)
        self.n_done += 1

    def _compared(self, metric: Metric, pred: Any) -> tuple[Any, Any]:
        """What a metric compares predictions with, and predictions as it takes them."""
        if metric.against == "baseline":
            return self.run.model.settle(self.baseline), self.run.model.settle(pred)
        return self.run.data.target[self.batch.numbers], pred

    @property
    def answers(self) -> list[Answer]:
        """One for each metric, on all rows and on each segment."""
        return [
            self.run.answer(
                self.batch, metric, cell, self._before[number], self._changes[number][: self.n_done]
            )
            if metric.per_row is not None
            else self._cells[number, cell].answer(self.n_done, self.moved[: self.n_done])
            for number, metric, cell in self.run.question.places
        ]
