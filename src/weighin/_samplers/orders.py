"""In which order the units of a row are swapped, one after the other, until the row is all donor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.donors import Positions

Places = NDArray[np.int16]
# beside the streams of `MarginalSampler`
STREAM = 2


@dataclass(frozen=True)
class Orders:
    """Random orders of the units: every row has its own in every repeat.

    One order for all rows of a repeat would move all rows alike, and intervals would hold in a third to a half of the
    cases. Every second repeat reverses the orders of the one before, which takes the place of a quarter more repeats.

    `n_units`: Features and groups.
    `seed`: Everything random comes from it. More repeats begin with the same orders as fewer.
    """

    n_units: int
    seed: int

    def places(self, rows: Positions, n_repeats: int) -> Places:
        """Place of each unit in the order of each row of a block, from 0: shape (n_units, n_repeats, m).

        `rows`: Row numbers of the block; the first one tells blocks apart.
        """
        stream = np.random.SeedSequence(self.seed, spawn_key=(STREAM, int(rows[0])))
        rng = np.random.default_rng(stream)
        plain = np.broadcast_to(np.arange(self.n_units, dtype=np.int16), (len(rows), self.n_units))
        places = np.empty((self.n_units, n_repeats, len(rows)), dtype=np.int16)
        for repeat in range(n_repeats):
            if repeat % 2:
                np.subtract(self.n_units - 1, places[:, repeat - 1], out=places[:, repeat])
            else:
                places[:, repeat] = rng.permuted(plain, axis=1).T
        return places
