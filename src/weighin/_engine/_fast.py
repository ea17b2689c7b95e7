"""The way for networks that are a sum of parts under a head: features mapped to the columns of the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from weighin._donors import Rows as Positions
from weighin._engine._levels import Unit
from weighin._engine._split import plan_units, predict_swapped
from weighin._engine._workers import Workers
from weighin._features import Feature
from weighin._models import Split

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
        cat, cont = split.tensors(rows)
        units = [_unit(feature, cat.shape[1]) for feature in features]
        planned = plan_units(split.view, units, cat, cont, n_repeats)
        self.planned = {feature.name: plan for feature, plan in zip(features, planned, strict=True)}

    def ways(self, features: Sequence[Feature]) -> list[str]:
        """Name the way each feature goes: ignored, levels or sum."""
        return [self.planned[feature.name].way for feature in features]

    def predict(
        self, rows: Any, features: Sequence[Feature], donors: Positions, baseline: Any, out: Any
    ) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        cat, cont = self.split.tensors(rows)
        predict_swapped(
            self.split.view,
            cat,
            cont,
            [self.planned[feature.name] for feature in features],
            torch.from_numpy(donors).to(cont.device),
            baseline,
            out,
            chunk_rows=self.chunk_rows,
            workers=self.workers,
        )

    def shrink(self) -> bool:
        """Halve the rows of one matrix product; False below what any machine holds."""
        self.chunk_rows = (self.chunk_rows or 2 * FIRST_SHRINK) // 2
        return self.chunk_rows >= LEAST_CHUNK


def _unit(feature: Feature, n_cat: int) -> Unit:
    return Unit(
        tuple(column for column in feature.columns if column < n_cat),
        tuple(column - n_cat for column in feature.columns if column >= n_cat),
    )
