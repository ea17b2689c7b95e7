"""What the engine asks of a sampler: who gives values to whom, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from weighin._samplers.block import Block
from weighin._samplers.donors import Positions


class Sampler(Protocol):
    """Who gives values to whom."""

    @property
    def name(self) -> str:
        """What kind it is, in a word."""
        ...

    @property
    def closed(self) -> bool:
        """Whether donors stay in their block, and nobody receives their own values: intervals need it."""
        ...

    @property
    def strata(self) -> Sequence[Positions] | None:
        """Rows of each stratum, none of which gives to another; None for one of all rows."""
        ...

    @property
    def n_repeats(self) -> int:
        """Shuffles of each row."""
        ...

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        ...

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
        ...

    @property
    def copies(self) -> int:
        """Encoded rows held at once for each row: more than one where values are made."""
        ...

    @property
    def moved(self) -> frozenset[str]:
        """Features and groups that may be given values no row has."""
        ...

    @property
    def largest_block(self) -> int:
        """Rows of the largest block that cannot be cut."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks, the same ones whenever called."""
        ...
