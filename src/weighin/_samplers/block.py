"""Rows that exchange values among themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Rows that exchange values among themselves; donors are the same for every feature.

    `rows`, ndarray of shape (m,) or None: Row numbers of the encoded data; None for all of them, in order.
    `donors`, ndarray of shape (n_repeats, m): Position within `rows` whose values each position receives.
    `stratum`: Number of the stratum all its rows are of.
    """

    rows: Positions | None
    donors: Positions
    stratum: int = 0

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
        return self.donors.shape[1]
