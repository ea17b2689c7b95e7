"""Rows that exchange values among themselves."""

from __future__ import annotations

from dataclasses import dataclass

from weighin._samplers.donors import Donors, Positions


@dataclass(frozen=True)
class Block:
    """Rows that exchange values among themselves; donors are the same for every feature.

    `rows`, ndarray of shape (m,) or None: Row numbers of the encoded data; None for all of them, in order.
    `given`: Who gives to each row.
    `stratum`: Number of the stratum all its rows are of.
    """

    rows: Positions | None
    given: Donors
    stratum: int = 0

    @property
    def donors(self) -> Positions:
        """Position within `rows` whose values each position receives, shape (n_repeats, m)."""
        return self.given.matrix

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
        return self.given.shape[-1]
