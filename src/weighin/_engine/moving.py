"""Features given values that fit the row they go to: own donors for each, and numbers that no row has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weighin._engine.plan import Batch
from weighin._inference.given_evidence import Offer
from weighin._samplers import Block, Donors, Positions
from weighin._samplers.conditional import GivenModel, Unit
from weighin._samplers.in_blocks import InBlocksOf
from weighin._tables.features import Feature
from weighin._tables.mover import Move, Mover


@dataclass(frozen=True, eq=False)
class FeatureSwaps:
    """How a feature is swapped in a batch.

    Attributes
    ----------
    donors : ndarray of int of shape (n_repeats, n_rows)
        Position in the batch of the row that gives to each.
    bins : ndarray of int of shape (n_rows,)
        Number of the bin that each row exchanges values in; bins of different blocks have different numbers.
    moved : dict of str to ndarray of shape (n_repeats, n_rows)
        What each member is given, where that is not the donor's value.
    """

    donors: Positions
    bins: Positions
    moved: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class MovingSampler(InBlocksOf):
    """Donors among rows that are alike in given columns, values moved to fit: blocks, order and shuffles as without.

    Attributes
    ----------
    free : MarginalSampler
        Cuts the rows into blocks.
    model : GivenModel
        What given columns tell of each feature.
    units : dict of str to Unit
        By the name of what is swapped.
    mover : Mover
        Makes rows that have such values.
    values : dict of str to ndarray of shape (n_rows,)
        Raw values of columns that take only values some row has.
    lam : dict of str to float
        What p-values and lower ends allow for, as a share of what a swap would change were the model right.
    offer : dict of str to {"all", "interval", "estimate", "nothing"}
        What may be said of each; see `GivenEvidence`.
    """

    model: GivenModel
    units: Mapping[str, Unit]
    mover: Mover
    values: Mapping[str, NDArray[np.float64]]
    lam: Mapping[str, float] = field(default_factory=dict)
    offer: Mapping[str, Offer] = field(default_factory=dict)
    _places: dict[str, tuple[NDArray[np.float64], Positions]] = field(default_factory=dict)
    name: ClassVar[str] = "given"
    closed: ClassVar[bool] = True

    @property
    def copies(self) -> int:
        """A row for each repeat, and its own."""
        return 1 + self.n_repeats

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        return self.free.block_rows

    @property
    def moved(self) -> frozenset[str]:
        """Features and groups that may be given numbers no row has."""
        return frozenset(
            name
            for name, unit in self.units.items()
            if any(member not in self.values for member in self.model.moves(unit))
        )

    def offers(self, features: Sequence[str]) -> tuple[list[float], list[Offer]]:
        """What is allowed for, and what may be said, of some features."""
        lam = [self.lam.get(name, 0.0) for name in features]
        return lam, [self.offer.get(name, "all") for name in features]

    def swaps(self, feature: str, batch: Batch) -> FeatureSwaps:
        """Choose donors and values for a feature, block by block: they depend on the seed, the block and the name."""
        assert batch.rows is not None
        unit, parts, n_bins = self.units[feature], [], 0
        for start, stop in batch.spans:
            rows = batch.rows[start:stop]
            if not unit.given:
                donors = batch.donors[:, start:stop]
                parts.append(FeatureSwaps(donors, np.full(len(rows), n_bins), {}))
                n_bins += 1
                continue
            block = Block(rows, Donors(batch.donors[:, start:stop] - start))
            # its first row names a block, however rows are put together
            swap = self.model.swaps(unit, block, self.free.first_row + int(rows[0]))
            moved = {name: swap.moved[name] for name in self.model.moves(unit)}
            parts.append(FeatureSwaps(swap.donors + start, swap.bins + n_bins, moved))
            n_bins += int(swap.bins.max()) + 1
        if len(parts) == 1:
            return parts[0]
        moved = {name: np.concatenate([part.moved[name] for part in parts], 1) for name in parts[0].moved}
        donors = np.concatenate([part.donors for part in parts], 1)
        return FeatureSwaps(donors, np.concatenate([part.bins for part in parts]), moved)

    def rows(self, swaps: Mapping[str, FeatureSwaps], numbers: Positions) -> Any:
        """Encode rows as they are, and after them each repeat of them with swaps made in them.

        Parameters
        ----------
        swaps : dict of str to FeatureSwaps
            By feature or group, none of which share a column.
        numbers : ndarray of int of shape (n_rows,)
            Row of the table that each row of the batch is.
        """
        moves = (
            self._move(member, swap, numbers)
            for feature, swap in swaps.items()
            for member in self.units[feature].members
        )
        return self.mover.moved(np.tile(numbers, self.n_repeats + 1), moves)

    def _move(self, member: str, swap: FeatureSwaps, numbers: Positions) -> Move:
        donors = np.concatenate([numbers, numbers[swap.donors].ravel()])
        values = swap.moved.get(member)
        if values is None:
            return Move(member, donors)
        values = np.concatenate([np.full(len(numbers), np.nan), values.ravel()])
        if member not in self.values:
            return Move(member, donors, values)
        if member not in self._places:
            self._places[member] = np.unique(self.values[member], return_index=True)
        distinct, places = self._places[member]
        there = ~np.isnan(values)
        above = np.searchsorted(distinct, values[there]).clip(1, len(distinct) - 1)
        nearer = values[there] - distinct[above - 1] < distinct[above] - values[there]
        donors[there] = places[above - nearer]
        return Move(member, donors)


def layers(features: Sequence[Feature]) -> list[list[Feature]]:
    """Part features so that none shares a column with another of its part."""
    parts: list[tuple[set[int], list[Feature]]] = []
    for feature in features:
        columns = set(feature.columns)
        free = next(((taken, part) for taken, part in parts if not taken & columns), None)
        if free is None:
            parts.append((columns, [feature]))
        else:
            free[0].update(columns)
            free[1].append(feature)
    return [part for _, part in parts]
