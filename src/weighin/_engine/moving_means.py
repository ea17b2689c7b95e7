"""Row means where each feature has donors and values of its own: sums and moments bin by bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.measurement import SwapEffect
from weighin._engine.moving import MovingSampler
from weighin._engine.moving_predictions import MovedPredictions
from weighin._engine.moving_sums import MovingSums
from weighin._engine.plan import Batch
from weighin._engine.row_means import RowMeans
from weighin._engine.run import Run, swap_effect
from weighin._metrics import Metric
from weighin._metrics.allowance import allowance
from weighin._tables.features import Feature


class MovingMeans(RowMeans):
    """Functions of the mean over rows of a loss per row; arguments as for `RowMeans`."""

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        super().__init__(run, section)
        self.on_device, self.why_on_host = False, "each feature is swapped in bins of its own"
        assert isinstance(run.sampler, MovingSampler)
        self.sampler = run.sampler
        self._sums = [MovingSums.of_none(len(section), run.sampler.n_repeats, run.n_strata)] * len(self._sums)
        self._moved = MovedPredictions(run, section)
        self._allowances: dict[str, list[NDArray[Any] | None]] = {}

    def _predict(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap; `rows` are made here."""
        if batch is not self._moved.batch:
            self._allowances = {metric.name: [] for metric in self.run.measurement.metrics}
        return self._moved.predict(batch, features, cache)

    def _allow(self, metric: Metric, target: Any, unmoved: Any, after: Any) -> None:
        """Keep what swaps would change were the model right, beside what they do change."""
        self._allowances[metric.name].append(allowance(metric, target, unmoved, after))

    def _add(
        self, batch: Batch, before: list[NDArray[Any]], changes: list[NDArray[Any]], n_features: int
    ) -> None:
        super()._add(batch, before, changes, n_features)
        if self.recorder is not None:
            swaps = [self._moved.swaps[feature.name] for feature in self.section[:n_features]]
            allowed = self._allowed(self.run.measurement.metrics[0])
            self.recorder.add_swaps(batch, swaps, None if allowed is None else allowed[:n_features])

    def _allowed(self, metric: Metric) -> NDArray[Any] | None:
        allowed = [part for part in self._allowances[metric.name] if part is not None]
        return np.concatenate(allowed) if allowed else None

    def _added(
        self, place: int, batch: Batch, before: NDArray[Any], changes: NDArray[Any], **of_rows: Any
    ) -> MovingSums:
        """Sums of a metric and segment with a batch added."""
        swaps = [self._moved.swaps[feature.name] for feature in self.section[: len(changes)]]
        sums, metric = self._sums[place], self.run.measurement.places[place][1]
        assert isinstance(sums, MovingSums)
        allowed = self._allowed(metric)
        if allowed is not None:
            of_rows["allowance"] = allowed[: len(changes)]
        return sums.add_swaps(batch, swaps, before, changes, **of_rows)

    @property
    def swap_effects(self) -> list[SwapEffect]:
        """One for each metric, on all rows and on each segment."""
        effects = []
        for sums, (_, metric, _) in zip(self._sums, self.run.measurement.places, strict=True):
            assert isinstance(sums, MovingSums)
            evidence = sums.evidence_of(self.sampler, self.finished)
            effects.append(replace(swap_effect(metric, sums), evidence=evidence))
        return effects
