"""Donors written out by the caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from weighin._samplers.block import Block
from weighin._samplers.donors import Donors, Positions


@dataclass(frozen=True)
class ExplicitSampler:
    """Donors written out by the caller: one block, fixed points and all.

    `donors`, ndarray of shape (n_repeats, n_rows): Row whose values each row receives; the same for every feature.
    """

    donors: Positions
    name: ClassVar[str] = "explicit"
    copies: ClassVar[int] = 1
    moved: ClassVar[frozenset[str]] = frozenset()
    closed: ClassVar[bool] = False
    strata: ClassVar[None] = None

    @property
    def n_repeats(self) -> int:
        """Number of permutations."""
        return len(self.donors)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.donors.shape[1]

    @property
    def n_receivers(self) -> int:
        """Rows that receive: all of them."""
        return self.n_rows

    @property
    def largest_block(self) -> int:
        """Rows that cannot be parted: any may receive alone, since all give."""
        return 1

    def blocks(self) -> Iterator[Block]:
        """Yield the one block."""
        yield Block(None, Donors(self.donors))
