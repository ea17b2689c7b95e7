"""Metrics of all predictions at once where each feature has donors and values of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.moving import MovingSampler
from weighin._engine.moving_predictions import MovedPredictions
from weighin._engine.moving_sums import MovingSums
from weighin._engine.plan import Batch
from weighin._engine.row_recorder import RowRecorder
from weighin._engine.run import Run
from weighin._engine.sums import Sums
from weighin._engine.whole_metric import ValuesOf
from weighin._engine.whole_score import Scoring, WholeScore
from weighin._inference import Evidence
from weighin._metrics import Metric
from weighin._metrics.allowance import allowance, expected_change
from weighin._tables.features import Feature


class MovingScore(WholeScore):
    """Any metrics with values per row; arguments as for `WholeScore`."""

    def _scoring(self, baseline: Any) -> Scoring:
        return _MovingScoring(self.run, baseline, self.section)

    def _predict(self, features: Sequence[Feature], advance: Any) -> tuple[Any, Any]:
        self._moved = MovedPredictions(self.run, features)
        return super()._predict(features, advance)

    def _predict_batch(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> Any:
        # rows are others for the features that come next
        return self._moved.predict(batch, features, {})


class _MovingScoring(Scoring):
    """The same, with what each swap would change were the model right."""

    def __init__(self, run: Run, baseline: Any, section: Sequence[Feature]) -> None:
        super().__init__(run, baseline, section)
        assert isinstance(run.sampler, MovingSampler)
        self.sampler = run.sampler
        self._allowed: dict[int, NDArray[np.float32]] = {}

    def add(self, after: Any) -> None:
        """Take the predictions of one more feature."""
        for number, metric in enumerate(self.run.measurement.metrics):
            compared = self.target, self.baseline, after
            change = allowance(metric, *compared) if metric.per_row else expected_change(metric, *compared)
            if change is not None:
                if number not in self._allowed:
                    self._allowed[number] = np.zeros(self.moved.shape, dtype=np.float32)
                self._allowed[number][self.n_done] = change
        super().add(after)

    def keep(self, recorder: RowRecorder) -> None:
        """Hand over what is known of the first metric, row by row, and the donors of each feature."""
        super().keep(recorder)
        for here, batch in self.run.pieces():
            allowed = self._allowed.get(0)
            part = None if allowed is None else allowed[: self.n_done, :, here]
            recorder.add_swaps(batch, self._swaps(batch), part)

    def _swaps(self, batch: Batch) -> list[Any]:
        """Made once more: of many rows there is no room for those of all features."""
        return [self.sampler.swaps(feature.name, batch) for feature in self.section[: self.n_done]]

    def _add_up(
        self, number: int, metric: Metric, segment: int, values_of: ValuesOf, moved: Any = None
    ) -> tuple[Sums, tuple[Evidence, ...]]:
        run, measurement = self.run, self.run.measurement
        sums = MovingSums.of_none(self.n_done, self.sampler.n_repeats, run.n_strata)
        # values for all rows are others than those of a segment alone
        allowed = self._allowed.get(number) if metric.per_row or segment < 0 else None
        for here, batch in run.pieces():
            sums = sums.add_swaps(
                batch,
                self._swaps(batch),
                *values_of(here),
                weights=measurement.weights_of(batch.numbers),
                segment=measurement.segment_of(segment, batch.numbers),
                spread=run.spread_of(metric, segment, batch.numbers),
                allowance=None if allowed is None else allowed[: self.n_done, :, here],
            )
        return sums, sums.evidence_of(self.sampler, self.section[: self.n_done])
