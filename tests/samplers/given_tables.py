"""Tables for swaps given other columns, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from weighin._samplers import MarginalSampler
from weighin._samplers.block import Block
from weighin._samplers.conditional import GivenModel, RawColumn, Unit, UnitSwap, fit_given


def raw(values: Mapping[str, Any], **kinds: Any) -> list[RawColumn]:
    """Columns of a table, numbers unless a kind is given."""
    return [
        RawColumn(name, np.asarray(column, dtype=np.float64), kinds.get(name, "number"))
        for name, column in values.items()
    ]


def given_the_rest(columns: Sequence[RawColumn], *members: str, name: str = "") -> Unit:
    """A feature or group, given all other columns."""
    rest = tuple(column.name for column in columns if column.name not in members)
    return Unit(name or members[0], members, rest)


def one_block(n_rows: int, n_repeats: int = 5, seed: int = 0) -> Block:
    """All rows in one block."""
    (block,) = MarginalSampler(n_rows, n_repeats, seed, block_rows=n_rows).blocks()
    return block


def swapped(
    columns: Sequence[RawColumn], *members: str, seed: int = 0, **options: Any
) -> tuple[GivenModel, UnitSwap]:
    """One unit, given the rest, in one block."""
    unit = given_the_rest(columns, *members)
    model = fit_given(columns, [unit], seed=seed, **options)
    return model, model.swaps(unit, one_block(len(columns[0].values), seed=seed), 0)
