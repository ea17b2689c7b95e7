"""Who gives to each receiver: made where it is asked for, on this machine or on a device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]


class Donors:
    """Position of the row that gives to each receiver, written out.

    `matrix`, shape (n_repeats, n_receivers), or (n_features, n_repeats, n_receivers) where features have their own.
    """

    def __init__(self, matrix: Positions) -> None:
        self._matrix = matrix
        self._there: dict[Any, Any] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """Repeats, receivers."""
        return self._matrix.shape

    @property
    def matrix(self) -> Positions:
        """All of them."""
        return self._matrix

    def at(self, device: Any) -> Any:
        """All of them as a tensor on a device, or as an array where that is None."""
        return self.matrix if device is None else self.on(device)

    def on(self, device: Any) -> Any:
        """The same as a tensor on a device, made once."""
        if device not in self._there:
            self._there[device] = self._made_on(device)
        return self._there[device]

    def _made_on(self, device: Any) -> Any:
        import torch

        return torch.from_numpy(self.matrix).to(device)


class TableDonors(Donors):
    """Donors of features' own, which follow from slots of tables: see `weighin._samplers.spread.Tables`.

    `own`: numbers of the features that have tables. `givers`, `slots`, shape (n_own, n): row that gives from each slot,
    and slot of each receiver. `begins`, `sizes`, shape (n,): where the table of each slot begins, and its slots.
    `shared`: donors of the other features. `n_features`: of all.
    """

    def __init__(
        self,
        own: Sequence[int],
        givers: Positions,
        slots: Positions,
        begins: Positions,
        sizes: Positions,
        *,
        shared: Donors,
        n_features: int,
    ) -> None:
        self.own, self.arrays = list(own), (givers, slots, begins, sizes)
        self.shared, self.n_features = shared, n_features
        self._there = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """Features, repeats, receivers."""
        return self.n_features, *self.shared.shape

    @cached_property
    def matrix(self) -> Positions:
        """All of them."""
        return np.asarray(self._made_on("cpu").numpy())

    def _made_on(self, device: Any) -> Any:
        import torch

        # half of what long integers take to be sent
        small = np.int32 if self.shape[-1] < 2**31 else np.int64
        givers, slots, begins, sizes = (
            torch.from_numpy(a.astype(small)).to(device).long() for a in self.arrays
        )
        donors = self.shared.on(device).repeat(self.n_features, 1, 1)
        own = torch.tensor(self.own, dtype=torch.long, device=device)
        begin, size = begins[slots], sizes[slots]
        for repeat in range(donors.shape[1]):
            donors[own, repeat] = givers.gather(1, begin + (slots - begin + repeat) % size)
        return donors


class ShiftedDonors(Donors):
    """Blocks shifted in a circle: a few numbers for each, from which donors are computed.

    `distances`, shape (n_repeats, n_blocks): how far each block is shifted.
    `sizes`, shape (n_blocks,): rows of each block.
    """

    def __init__(self, distances: Positions, sizes: Positions) -> None:
        self.distances, self.sizes = distances, sizes
        self._there = {}

    @classmethod
    def together(cls, parts: Sequence[ShiftedDonors]) -> ShiftedDonors:
        """Blocks behind each other."""
        return cls(np.hstack([part.distances for part in parts]), np.hstack([part.sizes for part in parts]))

    @property
    def shape(self) -> tuple[int, ...]:
        """Repeats, receivers."""
        return len(self.distances), int(self.sizes.sum())

    @cached_property
    def matrix(self) -> Positions:
        """All of them."""
        starts = np.cumsum(self.sizes) - self.sizes
        blocks = zip(starts, self.sizes, self.distances.T[:, :, None], strict=True)
        return np.hstack([start + (np.arange(size) - distance) % size for start, size, distance in blocks])

    def _made_on(self, device: Any) -> Any:
        import torch

        distances, sizes = (torch.from_numpy(part).to(device) for part in (self.distances, self.sizes))
        n_rows = self.shape[1]
        block = torch.arange(len(sizes), device=device).repeat_interleave(sizes, output_size=n_rows)
        start, size = (sizes.cumsum(0) - sizes)[block], sizes[block]
        return start + (torch.arange(n_rows, device=device) - start - distances[:, block]) % size
