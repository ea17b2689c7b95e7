"""What each swap changed, row by row, for whom moments are not enough: two models compared on the same swaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RowChanges:
    """What each swap changed of a loss per row, or of a value that stands for the metric, in the order of the table.

    `before`, ndarray of shape (n_rows,): Loss before any swap; NaN for rows there was no time for.
    `changes`, ndarray of shape (n_features, n_repeats, n_rows): Loss after each swap minus loss before.
    `donors`, ndarray of int of shape (n_repeats, n_rows): Row whose values each row received.
    `block`, ndarray of int of shape (n_rows,): Number of the donor-closed block of each row; -1 for rows there was no
        time for.
    `stratum`, ndarray of int of shape (n_rows,): Number of its stratum.
    `spread`, ndarray of shape (n_rows,) or None: Squared distance of each target from their mean, for R2.
    `weights`, ndarray of shape (n_rows,) or None: Sample weights.
    """

    before: NDArray[np.float32]
    changes: NDArray[np.float32]
    donors: NDArray[np.int32]
    block: NDArray[np.int32]
    stratum: NDArray[np.int32]
    spread: NDArray[np.float32] | None = None
    weights: NDArray[np.float32] | None = None

    @classmethod
    def room(cls, n_features: int, n_repeats: int, n_rows: int) -> RowChanges:
        """Room for all of them."""
        return cls(
            np.full(n_rows, np.nan, dtype=np.float32),
            np.full((n_features, n_repeats, n_rows), np.nan, dtype=np.float32),
            np.zeros((n_repeats, n_rows), dtype=np.int32),
            np.full(n_rows, -1, dtype=np.int32),
            np.zeros(n_rows, dtype=np.int32),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those there are, by name, for ``numpy.savez``."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value is not None}
