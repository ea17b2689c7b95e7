"""The way for networks that are a sum of parts under a head: features mapped to the columns of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from weighin._engine.kernels.levels import Unit
from weighin._engine.kernels.split import Source, plan_units, predict_swapped
from weighin._engine.workers import Workers
from weighin._models import Split
from weighin._samplers.marginal import Rows as Positions
from weighin._tables.features import Feature

COUNTED = 2**24  # numbers
FIRST_SHRINK, LEAST_CHUNK = 16_384, 16  # rows of one product after running out of memory once, and at last


class SplitPath:
    """Swap parts of a cached sum instead of columns of a table.

    Parameters
    ----------
    split : Split
        The network's view, proven on the rows it is used on.
    rows : Rows
        All encoded rows: levels are counted on them.
    features : sequence of Feature
        All features of the run; a way is chosen for each.
    n_repeats : int
        Shuffles per feature.
    chunk_rows : int or None
        Rows of one matrix product; as it pays by default.
    workers : Workers
        Threads over chunks.
    """

    def __init__(
        self,
        split: Split,
        rows: Any,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None:
        self.split, self.chunk_rows, self.workers = split, chunk_rows, workers
        units = [Unit(*split.unit(feature.columns)) for feature in features]
        # levels are counted on all rows at once: on none where that would take too much memory
        too_many = split.copies and rows.n_rows * len(split.view.weights) > COUNTED
        counted = rows.take(slice(0, 0)) if too_many else rows
        planned = plan_units(split.view, units, *split.tensors(counted), n_repeats)
        self.planned = {feature.name: plan for feature, plan in zip(features, planned, strict=True)}
        self._rows: Any = None
        self._source: Source | None = None

    def kernels(self, features: Sequence[Feature]) -> list[str]:
        """Name the way each feature goes: ignored, levels or sum."""
        return [self.planned[feature.name].way for feature in features]

    def predict(
        self,
        rows: Any,
        start: int,
        features: Sequence[Feature],
        donors: Positions,
        baseline: Any,
        out: Any,
        known: dict[Any, Any],
    ) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        if self._source is None or rows is not self._rows:
            self._rows, self._source = rows, Source(self.split.view, *self.split.tensors(rows))
        predict_swapped(
            self._source,
            [self.planned[feature.name] for feature in features],
            torch.from_numpy(donors).to(baseline.device),
            baseline,
            out,
            start=start,
            chunk_rows=self.chunk_rows,
            workers=self.workers,
        )

    def shrink(self) -> bool:
        """Halve the rows of one matrix product; False below what any machine holds."""
        self.chunk_rows = (self.chunk_rows or 2 * FIRST_SHRINK) // 2
        return self.chunk_rows >= LEAST_CHUNK
