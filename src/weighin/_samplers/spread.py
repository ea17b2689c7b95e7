"""Donors spread over the values of each feature: five such repeats tell as much as ten and more random ones.

The rows of a block are put in the order of a feature's values, and the ranks cut into R strata of equal size, R odd.
Table t takes one rank of each stratum: the t-th from below in the first, third, fifth, the t-th from above in the
others, so that linear and even parts of what a swap does nearly cancel within a table. Receivers come in a random
order, DRAWN SEPARATELY FOR EVERY FEATURE, and are cut into as many tables: receiver a of table t gets the value of
donor (a + r) mod R in repeat r. So every repeat is a permutation, every receiver sees one donor of each stratum, and
every donor gives R times. Rows that are left over form one larger table of ranks spread evenly over all.

A row meets itself as often as it meets any other, which changes nothing then: means over the pairs of a block of m
rows have to be multiplied by m/(m - 1), which is exact. Intervals: `weighin._inference.variance`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.block import Block
from weighin._samplers.donors import Donors, Positions, TableDonors
from weighin._samplers.in_blocks import InBlocksOf
from weighin._samplers.marginal import MarginalSampler

# beside the streams of `MarginalSampler` and `Orders`
STREAM = 3
# rows of a block, of a stratum, and of a block for each repeat, at least
LEAST_BLOCK, LEAST_STRATUM, LEAST_OF_REPEAT = 40, 25, 5


@dataclass(frozen=True, eq=False)
class Tables:
    """Who gives to whom in a block of m rows, for one feature, in compact form.

    Slots 0 to m - 1 are cut into tables of R slots; the last table has R + m % R where that is not R. The receiver in
    slot p of a table that begins at b and has z slots gets, in repeat r, from the giver in slot b + (p - b + r) % z.
    So donors follow from two arrays and arithmetic, on any device:
    ``givers[b + (places - b + r) % z]``, with b = cut and z = m - cut where ``places >= cut`` (see `cut`), else
    b = places - places % R and z = R.

    `givers`, ndarray of shape (m,): Position within the block of the row that gives from each slot.
    `places`, ndarray of shape (m,): Slot of each receiver.
    `n_repeats`: R.
    """

    givers: Positions
    places: Positions
    n_repeats: int

    @property
    def cut(self) -> int:
        """Slot at which the larger table begins; m where there is none."""
        return cut_of(len(self.givers), self.n_repeats)

    @property
    def donors(self) -> Positions:
        """Position of the row that gives to each receiver, shape (n_repeats, m)."""
        cut, n_repeats = self.cut, self.n_repeats
        small, large = self.givers[:cut].reshape(-1, n_repeats), self.givers[cut:]
        turned = np.empty((n_repeats, len(self.givers)), dtype=np.int64)
        for r, gives in enumerate(turned):
            even = gives[:cut].reshape(-1, n_repeats)
            even[:, : n_repeats - r], even[:, n_repeats - r :] = small[:, r:], small[:, :r]
            gives[cut:] = np.roll(large, -r)
        return turned.take(self.places, axis=1)


@dataclass(frozen=True, eq=False)
class SpreadSampler(InBlocksOf):
    """Blocks of random rows, with donors of its own for each feature that has an order; the others share shifts.

    `free`: Cuts the rows into blocks; its shifts are the donors of features and groups without an order. See `holds`.
    `values`: By feature, what gives the values of some rows that put them in order; equal ones come at random.
    `numbers`: Of each such feature among all of the model, so that its donors depend neither on its name nor on others.
    `shuffled`: Features of levels: ranks of a stratum come at random there.

    Examples
    --------
    >>> free = MarginalSampler(n_rows=50, n_repeats=5, seed=0)
    >>> sampler = SpreadSampler(free, {"age": lambda rows: rows % 7}, {"age": 0})
    >>> block, = sampler.blocks()
    >>> sampler.tables("age", block.rows).donors.shape
    (5, 50)
    """

    values: Mapping[str, Callable[[Positions], NDArray[np.generic]]]
    numbers: Mapping[str, int]
    shuffled: frozenset[str] = frozenset()
    name: ClassVar[str] = "spread"
    closed: ClassVar[bool] = True
    copies: ClassVar[int] = 1
    moved: ClassVar[frozenset[str]] = frozenset()

    def donors(self, features: Sequence[str], block: Block) -> Positions:
        """Donors of each feature in a block, shape (n_features, n_repeats, m); those of the block without an order."""
        assert block.rows is not None
        return np.stack(
            [
                self.tables(name, block.rows).donors if name in self.values else block.donors
                for name in features
            ]
        )

    def compact(
        self, features: Sequence[str], batch: Positions, edges: Sequence[int], shared: Donors
    ) -> TableDonors:
        """The same of rows of several blocks, from which a device computes them.

        `batch`, shape (n,): Row numbers. `edges`: Where blocks begin, and the last one ends. `shared`: Donors without
        an order.
        """
        own = [number for number, name in enumerate(features) if name in self.values]
        arrays = np.empty((2, len(own), len(batch)), dtype=np.int64)
        begins, sizes = np.empty((2, len(batch)), dtype=np.int64)
        for start, stop in itertools.pairwise(edges):
            cut, slots = start + cut_of(stop - start, self.n_repeats), np.arange(start, stop)
            begins[start:stop] = np.where(slots < cut, slots - (slots - start) % self.n_repeats, cut)
            sizes[start:stop] = np.where(slots < cut, self.n_repeats, stop - cut)
            for filled, number in zip(arrays.swapaxes(0, 1), own, strict=True):
                tables = self.tables(features[number], batch[start:stop])
                filled[:, start:stop] = tables.givers + start, tables.places + start
        return TableDonors(own, arrays[0], arrays[1], begins, sizes, shared=shared, n_features=len(features))

    def tables(self, feature: str, rows: Positions) -> Tables:
        """Who gives to whom in a block: it depends on the seed, the block and the number of the feature alone.

        `feature`: One of `values`. `rows`, shape (m,): Row numbers of the block; the first one tells blocks apart.
        """
        n_repeats, m = self.n_repeats, len(rows)
        key = STREAM, int(rows[0]), self.numbers[feature]
        rng = np.random.default_rng(np.random.SeedSequence(self.free.seed, spawn_key=key))
        # rows lie at random in their block, and those of equal values so in their order
        order = self.values[feature](rows).argsort(kind="stable")
        cut = cut_of(m, n_repeats)
        if cut < m:
            left = np.linspace(0, m - 1, m - cut + 2).astype(np.int64)[1:-1]
            stays = np.ones(m, dtype=bool)
            stays[left] = False
            order = np.concatenate([order[stays], order[left]])
        strata = order[:cut].reshape(n_repeats, -1)
        if feature in self.shuffled:
            strata = rng.permuted(strata, axis=1)
        else:
            strata[1::2] = strata[1::2, ::-1]
        return Tables(np.concatenate([strata.T.ravel(), order[cut:]]), rng.permutation(m), n_repeats)


def cut_of(m: int, n_repeats: int) -> int:
    """Slot at which the larger table of a block of `m` rows begins; `m` where there is none."""
    return m - (n_repeats + m % n_repeats if m % n_repeats else 0)


def holds(free: MarginalSampler) -> bool:
    """Whether donors may be spread: intervals were studied for these blocks, strata and numbers of repeats."""
    least = LEAST_BLOCK if free.strata is None else LEAST_STRATUM
    n_repeats = free.n_repeats
    return (
        n_repeats > 1
        and n_repeats % 2 == 1
        and free.smallest_block >= max(least, LEAST_OF_REPEAT * n_repeats)
    )
