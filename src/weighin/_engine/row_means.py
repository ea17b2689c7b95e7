"""Metrics that are functions of a mean over rows: batch by batch, memory does not grow with rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin._engine.arrays import joined, on_host
from weighin._engine.loss_size import check_not_vanished, check_size
from weighin._engine.measurement import SwapEffect
from weighin._engine.plan import STEPS, Batch, features_together
from weighin._engine.run import Advance, Run, swap_effect
from weighin._engine.sums import Sums
from weighin._metrics import Metric
from weighin._tables.features import Feature


class RowMeans:
    """Functions of the mean over rows of a loss per row: what swaps changed, added up in double precision.

    `run`: what all steps share.
    `section`: what to weigh.
    """

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        self.run, self.section = run, section
        self.finished: Sequence[Feature] = ()
        self.n_rows = 0
        self.recorder = run.recorder(section)
        # whether sums are formed on the device of the predictions, and why some are not
        self.on_device, self.why_on_host = run.view.on_device, ""
        n_places = len(run.measurement.places)
        self._sums: Sequence[Sums] = [
            Sums.nothing(len(section), run.sampler.n_repeats, run.n_strata)
        ] * n_places

    def collect(self, advance: Advance) -> None:
        """Go through all batches."""
        for batch, rows in self.run.batches():
            changes_of: list[list[Any]] = [[] for _ in self.run.measurement.metrics]
            before: list[Any] = []
            cache: dict[Any, Any] = {}
            own: list[Batch] = []
            n_done = 0
            try:
                for first in range(0, max(1, len(self.section)), self._step):
                    features = self.section[first : first + self._step]
                    with_own = self.run.with_own_donors(batch, features)
                    own.append(with_own)
                    before, changes = self._changes(with_own, rows, features, cache)
                    for parts, change in zip(changes_of, changes, strict=True):
                        parts.append(change)
                    n_done += len(features)
                    advance(batch.n_receivers * self.run.sampler.n_repeats * len(features))
            finally:
                # interrupted in the first batch: some features; later: what earlier batches hold of all of them
                if n_done == len(self.section) or (n_done and not self.n_rows):
                    whole = [joined(parts, 0) for parts in changes_of]
                    whole_batch = features_together(own[: len(changes_of[0])]) if changes_of[0] else batch
                    self._add(whole_batch, before, [changes[:n_done] for changes in whole], n_done)

    @property
    def _step(self) -> int:
        """Features predicted at once: fewer in the first batch of a run that may have to stop in it."""
        step = self.run.plan.step
        first = self.run.batch_seconds is not None and not self.n_rows
        return -(-step // STEPS) if first and self.run.view.probe.pace is None else step

    def _predict(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap."""
        return self.run.predict(batch, rows, features, cache)

    def _changes(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> tuple[list[Any], list[Any]]:
        """For each metric: loss before any swap, (n_receivers,), and what swaps change, features and repeats first.

        On the device of the predictions, where sums can be formed there.
        """
        run = self.run
        baseline, out = self._predict(batch, rows, features, cache)
        before, changes = [], []
        for metric in run.measurement.metrics:
            assert metric.per_row is not None
            if metric.against == "baseline":
                target = unmoved = run.view.model.to_user_scale(baseline)
                after = run.view.model.to_user_scale(out)
            else:
                target, unmoved, after = run.target(batch), baseline, out
            # losses that are infinite are refused
            with np.errstate(over="ignore", invalid="ignore"):
                losses = metric.per_row(target, unmoved)
                change = metric.per_row(target, after) - losses
            losses, change = self._here(losses, metric), self._here(change, metric)
            before.append(losses)
            changes.append(change)
            check_not_vanished(metric, before[-1], change, target, unmoved, after)
            self._allow(metric, target, unmoved, after)
        return before, changes

    def _here(self, losses: Any, metric: Metric) -> Any:
        """Losses where sums of them are formed: on their device, or on the host."""
        if isinstance(losses, np.ndarray) and self.run.view.on_device:
            self.why_on_host = self.why_on_host or f"{metric.name} is computed there"
        return losses if self.on_device else on_host(losses)

    def _allow(self, metric: Metric, target: Any, unmoved: Any, after: Any) -> None:
        """Look at what a metric compares; nothing more is asked of plain means."""

    def _add(self, batch: Batch, before: list[Any], changes: list[Any], n_features: int) -> None:
        run = self.run
        sums = [
            self._added(
                place,
                batch,
                before[number],
                changes[number],
                weights=run.measurement.weights_of(batch.numbers),
                segment=run.measurement.segment_of(segment, batch.numbers),
                spread=run.spread_of(metric, segment, batch.numbers),
            )
            for place, (number, metric, segment) in enumerate(run.measurement.places)
        ]
        for place, (number, metric, _) in enumerate(run.measurement.places):
            single = run.measurement.keep or before[number].dtype.itemsize < 8
            check_size(metric, *sums[place].means, single=single)
        if self.recorder is not None:
            spread = run.spread_of(run.measurement.metrics[0], -1, batch.numbers)
            self.recorder.add(batch, on_host(before[0]), on_host(changes[0]), spread)
        # in one statement: an interrupt falls before it or after it
        self.n_rows, self._sums, self.finished = (
            self.n_rows + batch.n_receivers,
            sums,
            self.section[:n_features],
        )

    def _added(
        self,
        place: int,
        batch: Batch,
        before: Any,
        changes: Any,
        **of_rows: Any,
    ) -> Sums:
        """Sums of a metric and segment with a batch added; `of_rows` as `Sums.add` takes them."""
        return self._sums[place].add(batch, before, changes, closed=self.run.sampler.closed, **of_rows)

    @property
    def sums(self) -> Sequence[Sums]:
        """One for each metric, on all rows and on each segment."""
        return self._sums

    @property
    def swap_effects(self) -> list[SwapEffect]:
        """One for each metric, on all rows and on each segment."""
        return [
            swap_effect(metric, sums)
            for sums, (_, metric, _) in zip(self._sums, self.run.measurement.places, strict=True)
        ]
