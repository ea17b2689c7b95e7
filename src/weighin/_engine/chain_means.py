"""Metrics that are means over rows, as all features are swapped one after the other: what each step changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from weighin._base.arrays import arrays_of
from weighin._engine.loss_size import check_not_vanished
from weighin._engine.measurement import SwapEffect
from weighin._engine.plan import Batch
from weighin._engine.row_means import RowMeans
from weighin._engine.run import Advance, Run
from weighin._engine.sums import Sums
from weighin._inference import Parts
from weighin._tables.features import Feature


class ChainMeans(RowMeans):
    """What each feature changes of the loss of a row when its turn comes, and last what all together change.

    `run`: what all steps share.
    `section`: all features.
    """

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        super().__init__(run, section)
        nothing = Sums.nothing(len(section) + 1, run.sampler.n_repeats, run.n_strata, n_shared=1)
        self._sums = [nothing] * len(run.measurement.places)

    def collect(self, advance: Advance) -> None:
        """Go through all batches; of one that is interrupted nothing counts."""
        for batch, rows in self.run.batches():
            before, changes = self._steps(batch, rows)
            self._add(batch, before, changes, len(self.section))
            advance(batch.n_receivers * self.run.sampler.n_repeats * len(self.section))

    def _steps(self, batch: Batch, rows: Any) -> tuple[list[Any], list[Any]]:
        """For each metric: loss before any swap, and what steps change, features and then all, repeats next."""
        run = self.run
        baseline, out, places = run.predict_chain(batch, rows, self.section)
        befores, changes = [], []
        for metric in run.measurement.metrics:
            assert metric.per_row is not None
            if metric.against == "baseline":
                target = unmoved = run.view.model.to_user_scale(baseline)
                after = run.view.model.to_user_scale(out)
            else:
                target, unmoved, after = run.target(batch), baseline, out
            # losses that are infinite are refused
            with np.errstate(over="ignore", invalid="ignore"):
                before = self._here(metric.per_row(target, unmoved), metric)
                losses = self._here(metric.per_row(target, after), metric)
                at = arrays_of(losses)
                losses, first = at.doubles(losses), at.doubles(before)
                steps = at.joined(losses[:1] - first, losses[1:] - losses[:-1])
                change = at.joined(at.along(steps, places), losses[-1:] - first)
            check_not_vanished(metric, before, change, target, unmoved, after)
            befores.append(before)
            changes.append(change)
        return befores, changes

    @property
    def swap_effects(self) -> list[SwapEffect]:
        """One for each metric, on all rows and on each segment; its evidence knows the total, too."""
        return [
            replace(
                effect,
                change=effect.change[:-1],
                evidence=tuple(Parts(strata.moments) for strata in effect.evidence),
            )
            for effect in super().swap_effects
        ]
