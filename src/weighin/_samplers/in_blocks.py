"""Samplers that choose donors of their own in the blocks of an ordinary one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from weighin._samplers.block import Block, Positions
from weighin._samplers.marginal import MarginalSampler


@dataclass(frozen=True, eq=False)
class InBlocksOf:
    """What such a sampler takes from the one that cuts the rows.

    `free`: Cuts the rows into blocks; its shifts are the donors of what has none of its own.
    """

    free: MarginalSampler

    @property
    def strata(self) -> Sequence[Positions] | None:
        """Rows of each stratum."""
        return self.free.strata

    @property
    def n_repeats(self) -> int:
        """Shuffles of each row."""
        return self.free.n_repeats

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return self.free.n_rows

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
        return self.free.n_receivers

    @property
    def largest_block(self) -> int:
        """Rows of the largest block."""
        return self.free.largest_block

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in order, with the donors of what has none of its own."""
        return self.free.blocks()
