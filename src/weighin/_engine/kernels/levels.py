"""Units with few distinct values: number them, and know when predicting each (row, value) once is cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from weighin._models.split_view import SplitView

# joint levels of a unit, at most
MAX_LEVELS = 256


@dataclass(frozen=True)
class Unit:
    """Encoded columns that move together: a feature with its missing indicator, or a group.

    `cats`: categorical columns.
    `conts`: continuous columns.
    """

    cats: tuple[int, ...] = ()
    conts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Levels:
    """The joint levels of a unit, numbered, and what each adds to the sum of the parts.

    `keys`: sorted keys, see `_key`, of the distinct values of the continuous columns; empty without such columns.
    `strides`: A row's number is the sum of stride times level, over categorical columns, then all continuous ones as
        one.
    `table`, shape (n_levels, n_hidden).
    """

    unit: Unit
    keys: Tensor
    strides: tuple[int, ...]
    table: Tensor

    def number(self, cats: Tensor, conts: Tensor) -> Tensor:
        """Number the level of each row.

        `cats`, shape (n_cat, n_rows). `conts`, shape (n_cont, n_rows). Returns shape (n_rows,).
        """
        codes = [cats[j] for j in self.unit.cats]
        if self.unit.conts:
            codes.append(torch.searchsorted(self.keys, _key([conts[j] for j in self.unit.conts])))
        if len(codes) == 1:
            return codes[0]
        return torch.stack([code * stride for code, stride in zip(codes, self.strides, strict=True)]).sum(0)


def find_levels(view: SplitView, unit: Unit, cont: Tensor, limit: int = MAX_LEVELS) -> Levels | None:
    """Number the joint levels of a unit; None when there are too many.

    `cont`, shape (n_rows, n_cont): all rows whose values may be given or received. `limit`: joint levels, at most.
    """
    tables = [view.tables[j] for j in unit.cats]
    if prod(map(len, tables)) > limit:
        return None
    keys = cont.new_empty(0)
    if unit.conts:
        columns = [cont[:, j] for j in unit.conts]
        if len(torch.unique(_key([column[: 4 * limit] for column in columns]))) > limit:
            return None
        key = _key(columns)
        keys, number = torch.unique(key, return_inverse=True)
        if not 0 < len(keys) <= limit:
            return None
        row = torch.empty_like(keys, dtype=torch.long).scatter_(
            0, number, torch.arange(len(key), device=key.device)
        )
        values = torch.stack([column[row] for column in columns], 1)
        if not all(torch.equal(values[number, i], column) for i, column in enumerate(columns)):
            # two values with one key
            return None
        tables.append(values @ view.weights[list(unit.conts)])
    sizes = [len(table) for table in tables]
    if not 0 < prod(sizes) <= limit:
        return None
    joint = tables[0]
    for table in tables[1:]:
        joint = (joint[:, None] + table).flatten(0, 1)
    strides = tuple(prod(sizes[i + 1 :]) for i in range(len(sizes)))
    return Levels(unit, keys, strides, joint.contiguous())


def share_of_work(number: Tensor, n_repeats: int) -> float:
    """Predictions needed per row and repeat when none is made twice, and none for a value like the row's own.

    With p the share of a level, a row needs it unless the row has it itself or none of the R donors has it:
    the sum over levels of (1 - p) (1 - (1 - p)^R), divided by R.

    `number`, shape (n_rows,): level of each row.
    """
    others = 1 - torch.bincount(number).double() / len(number)
    return float((others * (1 - others**n_repeats)).sum()) / n_repeats


def _key(columns: list[Tensor]) -> Tensor:
    """One number for the values of a row: the value itself, or a sum with incommensurable weights."""
    if len(columns) == 1:
        return columns[0].contiguous()
    key = torch.zeros_like(columns[0], dtype=torch.float64)
    for i, column in enumerate(columns):
        key += column.double() * (i + 2) ** 0.5
    return key
