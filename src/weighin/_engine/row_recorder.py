"""What each swap changed, row by row, for those who ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.moving import FeatureSwaps
from weighin._engine.plan import Batch
from weighin._inference import RowChanges


class RowRecorder:
    """Fills in what each swap changed, row by row.

    `n_features`, `n_repeats`, `n_rows`: its shape.
    `weights`, shape (n_rows,): sample weights.
    `lam`, shape (n_features,): of features that have donors of their own, given other columns.
    `kept`: what came in so far.
    """

    def __init__(
        self,
        n_features: int,
        n_repeats: int,
        n_rows: int,
        weights: NDArray[np.float64] | None = None,
        lam: NDArray[np.float64] | None = None,
    ) -> None:
        self.kept = RowChanges.room(n_features, n_repeats, n_rows, lam)
        if weights is not None:
            self.kept = replace(self.kept, weights=weights.astype(np.float32))
        self._n_blocks = 0

    def add(
        self,
        batch: Batch,
        before: NDArray[Any],
        changes: NDArray[Any],
        spread: NDArray[np.float64] | None = None,
    ) -> None:
        """Take a batch of receivers."""
        kept, here = self.kept, batch.numbers
        if spread is not None:
            if kept.spread is None:
                kept = self.kept = replace(kept, spread=np.full_like(kept.before, np.nan))
            assert kept.spread is not None
            kept.spread[here] = spread
        kept.before[here] = before
        kept.changes[: len(changes), :, here] = changes.astype(np.float32)
        rows = np.arange(len(kept.before)) if batch.rows is None else batch.rows
        if kept.lam is None:
            kept.donors[:, here] = rows[batch.donors]
        for (start, stop), stratum in zip(batch.spans, batch.strata, strict=True):
            kept.block[rows[start:stop]] = self._n_blocks
            kept.stratum[rows[start:stop]] = stratum
            self._n_blocks += 1

    def add_swaps(
        self, batch: Batch, swaps: Sequence[FeatureSwaps], allowance: NDArray[np.floating] | None
    ) -> None:
        """Take the donors that each feature has of its own in a batch, and what is allowed for."""
        here, rows = batch.numbers, batch.rows
        bins = self.kept.bins
        assert rows is not None
        assert bins is not None
        if allowance is not None:
            if self.kept.allowance is None:
                self.kept = replace(self.kept, allowance=np.full_like(self.kept.changes, np.nan))
            assert self.kept.allowance is not None
            self.kept.allowance[: len(allowance), :, here] = allowance
        for feature, swap in enumerate(swaps):
            self.kept.donors[feature][:, here] = rows[swap.donors]
            bins[feature, here] = swap.bins
