"""Row means where each feature has donors and values of its own: sums and moments bin by bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import empty
from weighin._engine.measurement import SwapEffect
from weighin._engine.moving import FeatureSwaps, MovingSampler, layers
from weighin._engine.moving_sums import MovingSums
from weighin._engine.plan import Batch
from weighin._engine.row_means import RowMeans
from weighin._engine.run import Run, swap_effect
from weighin._metrics import Metric
from weighin._metrics.allowance import allowance
from weighin._samplers import Donors
from weighin._tables.features import Feature


class MovingMeans(RowMeans):
    """Functions of the mean over rows of a loss per row; arguments as for `RowMeans`.

    The values of all features of a batch lie in rows after its own, a repeat after the other, so that kernels see
    donors that are the same for every feature. Features that share columns have rows of their own.
    """

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        super().__init__(run, section)
        self.on_device, self.why_on_host = False, "each feature is swapped in bins of its own"
        assert isinstance(run.sampler, MovingSampler)
        self.sampler = run.sampler
        self._sums = [MovingSums.of_none(len(section), run.sampler.n_repeats, run.n_strata)] * len(self._sums)
        self._layers = layers(section)
        self._batch: Batch | None = None
        self._swaps: dict[str, FeatureSwaps] = {}
        self._rows: dict[int, Any] = {}
        self._allowances: dict[str, list[NDArray[Any] | None]] = {}

    def _predict(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap; `rows` are made here."""
        if batch is not self._batch:
            self._batch, self._swaps, self._rows = batch, {}, {}
            self._allowances = {metric.name: [] for metric in self.run.measurement.metrics}
        n, n_repeats = batch.n_receivers, self.sampler.n_repeats
        appended = replace(batch, given=Donors(n + np.arange(n_repeats * n).reshape(n_repeats, n)))
        baseline, out = None, None
        for number, layer in enumerate(self._layers):
            places = [place for place, feature in enumerate(features) if feature in layer]
            if not places and features:
                continue
            here = [features[place] for place in places]
            baseline, part = self.run.predict(appended, self._moved(number, batch), here, cache)
            if len(places) == len(features):
                return baseline, part
            if out is None:
                out = empty(part, len(features), *part.shape[1:])
            for place, pred in zip(places, part, strict=True):
                out[place] = pred
        return baseline, out

    def _moved(self, number: int, batch: Batch) -> Any:
        """Rows of a batch, and what they become: made once for all features of a layer."""
        if number not in self._rows:
            for feature in self._layers[number]:
                self._swaps[feature.name] = self.sampler.swaps(feature.name, batch)
            swaps = {feature.name: self._swaps[feature.name] for feature in self._layers[number]}
            assert batch.rows is not None
            self._rows[number] = self.sampler.rows(swaps, batch.rows)
        return self._rows[number]

    def _allow(self, metric: Metric, target: Any, unmoved: Any, after: Any) -> None:
        """Keep what swaps would change were the model right, beside what they do change."""
        self._allowances[metric.name].append(allowance(metric, target, unmoved, after))

    def _add(
        self, batch: Batch, before: list[NDArray[Any]], changes: list[NDArray[Any]], n_features: int
    ) -> None:
        super()._add(batch, before, changes, n_features)
        if self.recorder is not None:
            swaps = [self._swaps[feature.name] for feature in self.section[:n_features]]
            allowed = self._allowed(self.run.measurement.metrics[0])
            self.recorder.add_swaps(batch, swaps, None if allowed is None else allowed[:n_features])

    def _allowed(self, metric: Metric) -> NDArray[Any] | None:
        allowed = [part for part in self._allowances[metric.name] if part is not None]
        return np.concatenate(allowed) if allowed else None

    def _added(
        self, place: int, batch: Batch, before: NDArray[Any], changes: NDArray[Any], **of_rows: Any
    ) -> MovingSums:
        """Sums of a metric and segment with a batch added."""
        swaps = [self._swaps[feature.name] for feature in self.section[: len(changes)]]
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
