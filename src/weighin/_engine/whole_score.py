"""Metrics of all predictions at once: predictions of a few features at a time are held for all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import on_host
from weighin._engine.loss_size import check_not_vanished, check_size
from weighin._engine.measurement import SwapEffect
from weighin._engine.plan import Batch
from weighin._engine.row_recorder import RowRecorder
from weighin._engine.run import Advance, Run, swap_effect
from weighin._engine.sums import Sums
from weighin._engine.whole_metric import ValuesOf, WholeMetric
from weighin._inference import Evidence
from weighin._metrics import Metric
from weighin._tables.features import Feature


class WholeScore:
    """Any metrics, from the predictions of all rows.

    `run`: what all steps share.
    `section`: what to weigh.
    """

    why_on_host = "a metric needs all rows at once"

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        self.run, self.section = run, section
        self.n_rows = run.n_receivers
        self.recorder = run.recorder(section)
        self.finished: Sequence[Feature] = ()
        # one for each metric, on all rows and on each segment
        self.swap_effects: list[SwapEffect] = []

    def collect(self, advance: Advance) -> None:
        """Predict all rows for a few features, score them, and go on to the next few."""
        run, scoring = self.run, None
        try:
            for first in range(0, max(1, len(self.section)), run.plan.step):
                features = self.section[first : first + run.plan.step]
                baseline, out = self._predict(features, advance)
                if scoring is None:
                    scoring = self._scoring(baseline)
                for after in out:
                    scoring.add(after)
                    advance(self.n_rows * run.sampler.n_repeats)
                # what is added up next needs the room
                after = out = None
        # what is known of the features so far is kept
        finally:
            if scoring is not None:
                self.swap_effects = scoring.swap_effects
                self.finished = self.section[: scoring.n_done]
                if self.recorder is not None:
                    scoring.keep(self.recorder)

    def _scoring(self, baseline: Any) -> Scoring:
        """Of the features of the section."""
        return Scoring(self.run, baseline, self.section)

    def _predict_batch(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> Any:
        """Predictions of a batch as it is and as swapped."""
        return self.run.predict(batch, rows, features, cache)

    def _predict(self, features: Sequence[Feature], advance: Advance) -> tuple[Any, Any]:
        """Predict all rows as they are and as swapped, batch by batch."""
        run, at = self.run, 0
        width = run.view.probe.pred.shape[-1]
        baseline: Any = run.empty(self.n_rows, width)
        out: Any = run.empty(len(features), run.sampler.n_repeats, self.n_rows, width)
        for batch, rows in run.batches():
            here = slice(at, at + batch.n_receivers)
            # the same batches come for all features, but for one that may have to stop soon: then they grow
            cache = run.cache.setdefault((at, batch.n_receivers), {})
            baseline[here], out[:, :, here] = self._predict_batch(batch, rows, features, cache)
            advance(batch.n_receivers * run.sampler.n_repeats * len(features))
            at = here.stop
        return baseline, out


class Scoring:
    """All metrics on all rows and each segment, feature after feature."""

    def __init__(self, run: Run, baseline: Any, section: Sequence[Feature]) -> None:
        self.run, self.baseline, self.section, self.n_done = run, baseline, section, 0
        n_features = len(section)
        whole = run.whole(with_donors=run.measurement.weights is not None)
        shape = n_features, run.sampler.n_repeats, whole.n_rows
        self.moved = np.zeros(shape, dtype=bool)
        self.target = run.data.target[whole.numbers]
        # of a loss per row, the same for every segment
        self._changes: dict[int, NDArray[np.floating]] = {}
        self._before: dict[int, NDArray[Any]] = {}
        for number, metric in enumerate(run.measurement.metrics):
            if metric.per_row is not None:
                target, pred = self._compared(metric, baseline)
                before = self._before[number] = on_host(metric.per_row(target, pred))
                check_not_vanished(metric, before, before, target, pred, pred)
                self._changes[number] = np.zeros(shape, self._before[number].dtype)
        self._whole = {
            (number, segment): WholeMetric(run, whole, metric, segment, self.target, baseline, n_features)
            for number, metric, segment in run.measurement.places
            if metric.per_row is None
        }

    def keep(self, recorder: RowRecorder) -> None:
        """Hand over what is known of the first metric, row by row."""
        if 0 in self._before:
            before, changes = self._before[0], self._changes[0][: self.n_done]
        else:
            before, changes = self._whole[0, -1].kept(self.n_done)
        for here, batch in self.run.pieces():
            spread = self.run.spread_of(self.run.measurement.metrics[0], -1, batch.numbers)
            recorder.add(batch, before[here], changes[:, :, here], spread)

    def add(self, after: Any) -> None:
        """Take the predictions of one more feature, shape (n_repeats, n_rows, n_outputs)."""
        here = self.n_done
        # one by one: of many rows there is room for few
        for r, pred in enumerate(after):
            self.moved[here, r] = on_host((pred != self.baseline).any(-1))
            for number, metric in enumerate(self.run.measurement.metrics):
                if metric.per_row is not None:
                    losses = on_host(metric.per_row(*self._compared(metric, pred)))
                    np.subtract(losses, self._before[number], out=self._changes[number][here, r])
        for scored in self._whole.values():
            scored.add(here, after, self.moved[here])
        self.n_done += 1

    def _compared(self, metric: Metric, pred: Any) -> tuple[Any, Any]:
        """What a metric compares predictions with, and predictions as it takes them."""
        if metric.against == "baseline":
            model = self.run.view.model
            return model.to_user_scale(self.baseline), model.to_user_scale(pred)
        return self.target, pred

    @property
    def swap_effects(self) -> list[SwapEffect]:
        """One for each metric, on all rows and on each segment."""
        return [self._swap_effect(*place) for place in self.run.measurement.places]

    def _swap_effect(self, number: int, metric: Metric, segment: int) -> SwapEffect:
        add_up = partial(self._add_up, number, metric, segment)
        if metric.per_row is None:
            effect = self._whole[number, segment].swap_effect(
                self.n_done, self.moved[: self.n_done], lambda *values: add_up(*values)[1]
            )
            check_size(metric, effect.baseline, effect.change, single=metric.values is not None)
            return effect
        before, changes = self._before[number], self._changes[number][: self.n_done]
        sums, evidence = add_up(lambda rows: (before[rows], changes[:, :, rows]))
        check_size(metric, *sums.means, single=self.run.measurement.keep or before.dtype == np.float32)
        return replace(swap_effect(metric, sums), evidence=evidence)

    def _add_up(
        self, number: int, metric: Metric, segment: int, values_of: ValuesOf, moved: Any = None
    ) -> tuple[Sums, tuple[Evidence, ...]]:
        """Sums of what is known of all rows, as `Run.add_up`, and what intervals are made of."""
        sums = self.run.add_up(metric, segment, self.n_done, values_of, moved)
        return sums, sums.evidence()
