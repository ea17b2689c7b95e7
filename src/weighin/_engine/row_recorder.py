"""What each swap changed, row by row, for those who ask for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.plan import Batch
from weighin._inference import RowChanges


class RowRecorder:
    """Fills in what each swap changed, row by row.

    Parameters
    ----------
    n_features, n_repeats, n_rows : int
        Its shape.
    weights : ndarray of shape (n_rows,), optional
        Sample weights.

    Attributes
    ----------
    kept : RowChanges
        What came in so far.
    """

    def __init__(
        self, n_features: int, n_repeats: int, n_rows: int, weights: NDArray[np.float64] | None = None
    ) -> None:
        self.kept = RowChanges.room(n_features, n_repeats, n_rows)
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
        kept.donors[:, here] = rows[batch.donors]
        for (start, stop), stratum in zip(batch.spans, batch.strata, strict=True):
            kept.block[rows[start:stop]] = self._n_blocks
            kept.stratum[rows[start:stop]] = stratum
            self._n_blocks += 1
