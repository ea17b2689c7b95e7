"""Predictions where each feature has donors and values of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from weighin._engine.arrays import empty
from weighin._engine.moving import FeatureSwaps, MovingSampler, layers
from weighin._engine.plan import Batch
from weighin._engine.run import Run
from weighin._samplers import Donors
from weighin._tables.features import Feature


class MovedPredictions:
    """Predicts batches as they are, and after swaps.

    The values of all features of a batch lie in rows after its own, a repeat after the other, so that kernels see
    donors that are the same for every feature. Features that share columns have rows of their own.

    `run`: what all steps share.
    `features`: all that may be asked for.
    `batch`: the last one.
    `swaps`: of the features, in that batch.
    """

    def __init__(self, run: Run, features: Sequence[Feature]) -> None:
        assert isinstance(run.sampler, MovingSampler)
        self.run, self.sampler, self._layers = run, run.sampler, layers(features)
        self.batch: Batch | None = None
        self.swaps: dict[str, FeatureSwaps] = {}
        self._rows: dict[int, Any] = {}

    def predict(self, batch: Batch, features: Sequence[Feature], cache: dict[Any, Any]) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap of some of the features."""
        if batch is not self.batch:
            self.batch, self.swaps, self._rows = batch, {}, {}
        n, n_repeats = batch.n_receivers, self.sampler.n_repeats
        appended = replace(batch, given=Donors(n + np.arange(n_repeats * n).reshape(n_repeats, n)))
        baseline, out = None, None
        for number, layer in enumerate(self._layers):
            places = [place for place, feature in enumerate(features) if feature in layer]
            if not places and features:
                continue
            here = [features[place] for place in places]
            baseline, part = self.run.predict(appended, self._moved_rows(number, batch), here, cache)
            if len(places) == len(features):
                return baseline, part
            if out is None:
                out = empty(part, len(features), *part.shape[1:])
            for place, pred in zip(places, part, strict=True):
                out[place] = pred
        return baseline, out

    def _moved_rows(self, number: int, batch: Batch) -> Any:
        """Rows of a batch, and what they become: made once for all features of a layer."""
        if number not in self._rows:
            for feature in self._layers[number]:
                self.swaps[feature.name] = self.sampler.swaps(feature.name, batch)
            swaps = {feature.name: self.swaps[feature.name] for feature in self._layers[number]}
            assert batch.rows is not None
            self._rows[number] = self.sampler.rows(swaps, batch.rows)
        return self._rows[number]
