"""What each swap changed, row by row, for whom moments are not enough: two models compared on the same swaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RowChanges:
    """What each swap changed of a loss per row, or of a value that stands for the metric, in the order of the table.

    `before`, ndarray of shape (n_rows,): Loss before any swap; NaN for rows there was no time for.
    `changes`, ndarray of shape (n_features, n_repeats, n_rows): Loss after each swap minus loss before.
    `donors`, ndarray of int of shape (n_repeats, n_rows): Row whose values each row received; given other columns of
        shape (n_features, n_repeats, n_rows).
    `block`, ndarray of int of shape (n_rows,): Number of the donor-closed block of each row; -1 for rows there was no
        time for.
    `stratum`, ndarray of int of shape (n_rows,): Number of its stratum.
    `spread`, ndarray of shape (n_rows,) or None: Squared distance of each target from their mean, for R2.
    `weights`, ndarray of shape (n_rows,) or None: Sample weights.
    `bins`, ndarray of int of shape (n_features, n_rows) or None: Given other columns, the bin of each row in its block.
    `lam`, ndarray of shape (n_features,) or None: Given other columns, how much worse their model is than it could be.
    `allowance`, ndarray of shape (n_features, n_repeats, n_rows) or None: What each swap would change were the model
        right.
    """

    before: NDArray[np.float32]
    changes: NDArray[np.float32]
    donors: NDArray[np.int32]
    block: NDArray[np.int32]
    stratum: NDArray[np.int32]
    spread: NDArray[np.float32] | None = None
    weights: NDArray[np.float32] | None = None
    bins: NDArray[np.int32] | None = None
    lam: NDArray[np.float64] | None = None
    allowance: NDArray[np.float32] | None = None

    @classmethod
    def room(
        cls, n_features: int, n_repeats: int, n_rows: int, lam: NDArray[np.float64] | None = None
    ) -> RowChanges:
        """Room for all of them; with `lam` for features that have donors of their own."""
        changes = np.full((n_features, n_repeats, n_rows), np.nan, dtype=np.float32)
        return cls(
            np.full(n_rows, np.nan, dtype=np.float32),
            changes,
            np.zeros(changes.shape[1:] if lam is None else changes.shape, dtype=np.int32),
            np.full(n_rows, -1, dtype=np.int32),
            np.zeros(n_rows, dtype=np.int32),
            bins=None if lam is None else np.zeros((n_features, n_rows), dtype=np.int32),
            lam=lam,
        )

    def joined(self, others: Sequence[RowChanges]) -> RowChanges:
        """The features of all, of the same rows."""
        parts = (self, *others)
        return replace(
            self,
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in self._by_feature},
        )

    def of(self, features: Sequence[int]) -> RowChanges:
        """Some of the features, by their numbers."""
        return replace(self, **{name: getattr(self, name)[features] for name in self._by_feature})

    @property
    def _by_feature(self) -> list[str]:
        """Names of arrays with a row for each feature."""
        names = ["changes"] if self.lam is None else ["changes", "donors", "bins", "lam", "allowance"]
        return [name for name in names if getattr(self, name) is not None]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those there are, by name, for ``numpy.savez``."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value is not None}
