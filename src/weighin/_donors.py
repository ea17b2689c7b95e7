"""Who gives their values to whom: rows in random order, cut into closed blocks, shifted in a circle.

Inside a block of m rows, repeat r gives the row at position i the values of position i - s_r. No row receives its
own values, every row gives once per repeat, and all features share the donors. Shifts are distinct and never both s
and m - s, nor m/2: two repeats that swap the same pairs would count one draw twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 4096

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Rows that only exchange values among themselves.

    Attributes
    ----------
    rows : ndarray of shape (m,) or None
        Row numbers of the encoded data; None for all of them, in order.
    donors : ndarray of shape (n_repeats, m)
        Position within `rows` whose values each position receives.
    """

    rows: Rows | None
    donors: Rows


@dataclass(frozen=True)
class CyclicDonors:
    """Donor-closed blocks of randomly ordered rows, each shifted in a circle.

    Parameters
    ----------
    n_rows : int
        Rows to exchange; at least 2.
    n_repeats : int
        Shifts asked for. Small blocks have fewer distinct ones: see `n_repeats_possible`.
    seed : int
        Everything random comes from it. More repeats begin with the same shifts as fewer.
    block_rows : int
        Rows of a block; one block below twice that, and the last one takes the remainder.

    Examples
    --------
    >>> block, = CyclicDonors(n_rows=7, n_repeats=2, seed=0).blocks()
    >>> bool((block.donors == range(7)).any())
    False
    """

    n_rows: int
    n_repeats: int
    seed: int
    block_rows: int = BLOCK_ROWS
    closed: ClassVar[bool] = True  # donors stay in their block, and nobody receives their own values

    @property
    def n_repeats_possible(self) -> int:
        """Distinct shifts the smallest block has."""
        smallest = self.n_rows if self.n_rows < 2 * self.block_rows else self.block_rows
        return max(1, (smallest - 1) // 2)

    @property
    def largest_block(self) -> int:
        """Rows of the largest block."""
        if self.n_rows < 2 * self.block_rows:
            return self.n_rows
        return self.block_rows + self.n_rows % self.block_rows

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in order; the same ones whenever called."""
        order_seed, shift_seed = np.random.SeedSequence(self.seed).spawn(2)
        order = np.random.default_rng(order_seed).permutation(self.n_rows)
        n_blocks = max(1, self.n_rows // self.block_rows)
        for number, stream in enumerate(shift_seed.spawn(n_blocks)):
            start = number * self.block_rows
            stop = self.n_rows if number == n_blocks - 1 else start + self.block_rows
            rows = order[start:stop]
            shifts = _shifts(len(rows), self.n_repeats, np.random.default_rng(stream))
            yield Block(rows, (np.arange(len(rows)) - shifts[:, None]) % len(rows))


@dataclass(frozen=True)
class ExplicitDonors:
    """Donors written out by the caller: one block, fixed points and all.

    Parameters
    ----------
    donors : ndarray of shape (n_repeats, n_rows)
        Row whose values each row receives; the same for every feature.
    """

    donors: Rows
    closed: ClassVar[bool] = False

    @property
    def n_repeats(self) -> int:
        """Number of permutations."""
        return len(self.donors)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.donors.shape[1]

    @property
    def largest_block(self) -> int:
        """Rows that cannot be parted: any may receive alone, since all give."""
        return 1

    def blocks(self) -> Iterator[Block]:
        """Yield the one block."""
        yield Block(None, self.donors)


def _shifts(m: int, n_repeats: int, rng: np.random.Generator) -> Rows:
    if m == 2:
        return np.ones(1, dtype=np.int64)
    pairs = 1 + rng.permutation((m - 1) // 2)  # one of each {s, m - s}, m/2 left out
    backwards = rng.random(len(pairs)) < 0.5
    return np.where(backwards, m - pairs, pairs)[:n_repeats]
