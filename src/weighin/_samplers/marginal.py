"""Who gives their values to whom: rows in random order, cut into closed blocks, shifted in a circle.

Inside a block of m rows, repeat r gives the row at position i the values of position i - s_r. No row receives its
own values, every row gives once per repeat, and all features share the donors. Shifts are distinct and never both s
and m - s, nor m/2: two repeats that swap the same pairs would count one draw twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from weighin._samplers.block import Block
from weighin._samplers.donors import Positions, ShiftedDonors
from weighin._samplers.order import RandomOrder

BLOCK_ROWS = 4096


@dataclass(frozen=True, eq=False)
class MarginalSampler:
    """Donor-closed blocks of randomly ordered rows, each shifted in a circle.

    `n_rows`: rows to exchange; at least 2.
    `n_repeats`: shifts asked for. Small blocks have fewer distinct ones: see `n_repeats_possible`.
    `seed`: everything random comes from it. More repeats begin with the same shifts as fewer.
    `block_rows`: rows of a block; one block below twice that, and the last one takes the remainder.
    `strata`: rows of each stratum, at least 2: nobody gives to another stratum. Blocks then come in random order.
    `first`: only so many blocks.
    `begin`: number that the first block has in a larger table of which these rows are a part; they come in random order
        already. By default they are all rows, and put in random order here (`row_order`).

    Examples
    --------
    >>> block, = MarginalSampler(n_rows=7, n_repeats=2, seed=0).blocks()
    >>> bool((block.donors == range(7)).any())
    False
    """

    n_rows: int
    n_repeats: int
    seed: int
    block_rows: int = BLOCK_ROWS
    strata: Sequence[Positions] | None = None
    first: int | None = None
    begin: int | None = None
    name: ClassVar[str] = "marginal"
    copies: ClassVar[int] = 1
    moved: ClassVar[frozenset[str]] = frozenset()
    closed: ClassVar[bool] = True

    @property
    def n_repeats_possible(self) -> int:
        """Distinct shifts the smallest block has."""
        return max(1, (self.smallest_block - 1) // 2)

    @property
    def smallest_block(self) -> int:
        """Rows of the smallest block."""
        return min(n if n < 2 * self.block_rows else self.block_rows for n in self._sizes)

    @property
    def largest_block(self) -> int:
        """Rows of the largest block."""
        return max(
            n if n < 2 * self.block_rows else self.block_rows + n % self.block_rows for n in self._sizes
        )

    @property
    def n_receivers(self) -> int:
        """Rows that receive: all of them, unless only the first blocks are asked for."""
        return self.n_rows if self.first is None else sum(block.n_receivers for block in self.blocks())

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        n_blocks = sum(max(1, n // self.block_rows) for n in self._sizes)
        return n_blocks if self.first is None else min(n_blocks, self.first)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in order; the same ones whenever called."""
        yield from itertools.islice(self._blocks(), self.first)

    def _blocks(self) -> Iterator[Block]:
        order_seed, shift_seed = np.random.SeedSequence(self.seed).spawn(2)
        mixed = self.begin is None
        if self.strata is None:
            order = row_order(self.n_rows, self.seed) if mixed else np.arange(self.n_rows)
            cuts = self._cut(order, 0, shift_seed)
        else:
            orders = order_seed.spawn(len(self.strata))
            streams = shift_seed.spawn(len(self.strata))
            cuts = [
                cut
                for number, rows in enumerate(self.strata)
                for cut in self._cut(
                    np.random.default_rng(orders[number]).permutation(rows) if mixed else rows,
                    number,
                    streams[number],
                )
            ]
            if mixed:
                cuts = [cuts[k] for k in np.random.default_rng(order_seed).permutation(len(cuts))]
        for rows, number, stream in cuts:
            distances = shifts(len(rows), self.n_repeats, np.random.default_rng(stream))
            yield Block(rows, ShiftedDonors(distances[:, None], np.array([len(rows)])), number)

    def _cut(
        self, order: Positions, number: int, shift_seed: np.random.SeedSequence
    ) -> list[tuple[Positions, int, np.random.SeedSequence]]:
        """Rows of each block of a stratum, its number, and where its shifts come from."""
        n_blocks = max(1, len(order) // self.block_rows)
        edges = [*range(0, n_blocks * self.block_rows, self.block_rows), len(order)]
        key, begin = shift_seed.spawn_key, self.begin or 0
        streams = [np.random.SeedSequence(self.seed, spawn_key=(*key, begin + k)) for k in range(n_blocks)]
        return [
            (order[start:stop], number, stream)
            for (start, stop), stream in zip(itertools.pairwise(edges), streams, strict=True)
        ]

    @property
    def first_row(self) -> int:
        """Place of its first row in the larger table, about: it tells blocks apart where each has a stream."""
        return (self.begin or 0) * self.block_rows

    @property
    def _sizes(self) -> list[int]:
        return [self.n_rows] if self.strata is None else [len(rows) for rows in self.strata]


def row_order(n_rows: int, seed: int) -> Positions:
    """Random order in which rows without strata are cut into blocks."""
    order_seed, _ = np.random.SeedSequence(seed).spawn(2)
    return RandomOrder(n_rows, order_seed).rows()


def shifts(m: int, n_repeats: int, rng: np.random.Generator) -> Positions:
    """Distinct distances to shift a circle of `m` rows by: never both s and m - s, nor m/2."""
    if m == 2:
        return np.ones(1, dtype=np.int64)
    # one of each {s, m - s}, m/2 left out
    pairs = 1 + rng.permutation((m - 1) // 2)
    backwards = rng.random(len(pairs)) < 0.5
    return np.where(backwards, m - pairs, pairs)[:n_repeats]
