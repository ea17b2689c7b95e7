"""A random order of the rows of a table, which need not be held in memory to be followed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.donors import Positions

# up to so many rows the order is drawn, and held, at once
HELD_ROWS = 2**21
# of a bucket, about
BUCKET_ROWS = 2**16
# whose buckets are drawn at once
PAGE_ROWS = 2**16


@dataclass(frozen=True, eq=False)
class RandomOrder:
    """A uniformly random order of rows, drawn in two steps where they are many.

    Every row draws a bucket, and the rows of each bucket are put in random order: one bucket after the other, that is a
    uniformly random order of all (Rao 1961, Sandelius 1962). Who reads rows from a file puts each into its bucket as it
    comes, and orders one bucket at a time; the order is the same as in memory.

    `n_rows`: rows to order.
    `seed`: everything random comes from it.

    Examples
    --------
    >>> sorted(RandomOrder(4, np.random.SeedSequence(0)).rows().tolist())
    [0, 1, 2, 3]
    """

    n_rows: int
    seed: np.random.SeedSequence

    @property
    def n_buckets(self) -> int:
        """Number of buckets."""
        return -(-self.n_rows // BUCKET_ROWS)

    def rows(self) -> Positions:
        """All rows in random order."""
        if self.n_rows <= HELD_ROWS:
            return self._held
        buckets = self.buckets(0, self.n_rows)
        # stable, so that each bucket has its rows in their first order
        rows = np.argsort(buckets, kind="stable")
        edges = np.cumsum([0, *np.bincount(buckets, minlength=self.n_buckets)])
        for bucket in range(self.n_buckets):
            here = rows[edges[bucket] : edges[bucket + 1]]
            here[:] = here[self.within(bucket, len(here))]
        return rows

    def buckets(self, start: int, stop: int) -> NDArray[np.unsignedinteger]:
        """Bucket of each row from `start` to before `stop`."""
        if self.n_rows <= HELD_ROWS:
            return self._held_buckets[start:stop]
        first = start // PAGE_ROWS
        pages = [self._page(page) for page in range(first, -(-stop // PAGE_ROWS))]
        drawn = np.concatenate(pages) if len(pages) != 1 else pages[0]
        return drawn[start - first * PAGE_ROWS : stop - first * PAGE_ROWS]

    def within(self, bucket: int, n_rows: int) -> Positions:
        """Order of the rows of a bucket: positions among these, which come as they do in the table."""
        if self.n_rows > HELD_ROWS:
            return self._generator(1, bucket).permutation(n_rows)
        here = self._held[bucket * BUCKET_ROWS : (bucket + 1) * BUCKET_ROWS]
        return np.argsort(np.argsort(here))

    @cached_property
    def _held(self) -> Positions:
        return np.random.default_rng(self.seed).permutation(self.n_rows)

    @cached_property
    def _held_buckets(self) -> NDArray[np.unsignedinteger]:
        buckets = np.empty(self.n_rows, dtype=self._kind)
        buckets[self._held] = np.arange(self.n_rows) // BUCKET_ROWS
        return buckets

    def _page(self, page: int) -> NDArray[np.unsignedinteger]:
        n_rows = min(PAGE_ROWS, self.n_rows - page * PAGE_ROWS)
        return self._generator(0, page).integers(0, self.n_buckets, n_rows, dtype=self._kind)

    @property
    def _kind(self) -> type[np.unsignedinteger]:
        return np.uint16 if self.n_buckets <= 2**16 else np.uint32

    def _generator(self, *key: int) -> np.random.Generator:
        stream = np.random.SeedSequence(self.seed.entropy, spawn_key=(*self.seed.spawn_key, *key))
        return np.random.default_rng(stream)
