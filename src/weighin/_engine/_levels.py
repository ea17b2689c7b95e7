"""Units with few distinct values: number them, and know when predicting each (row, value) once is cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from weighin._models._split_view import SplitView

MAX_LEVELS = 256  # joint levels of a unit, at most


@dataclass(frozen=True)
class Unit:
    """Encoded columns that move together: a feature with its missing indicator, or a group.

    Attributes
    ----------
    cats : tuple of int
        Categorical columns.
    conts : tuple of int
        Continuous columns.
    """

    cats: tuple[int, ...] = ()
    conts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Levels:
    """The joint levels of a unit, numbered, and what each adds to the sum of the parts.

    Attributes
    ----------
    unit : Unit
    values : tuple of Tensors
        Sorted distinct values of each continuous column.
    strides : tuple of int
        A row's number is the sum of stride times level, over categorical then continuous columns.
    table : Tensor of shape (n_levels, n_hidden)
    """

    unit: Unit
    values: tuple[Tensor, ...]
    strides: tuple[int, ...]
    table: Tensor

    def number(self, cats: Tensor, conts: Tensor) -> Tensor:
        """Number the level of each row.

        Parameters
        ----------
        cats : LongTensor of shape (n_cat, n_rows)
        conts : Tensor of shape (n_cont, n_rows)

        Returns
        -------
        LongTensor of shape (n_rows,)
        """
        codes = [cats[j] for j in self.unit.cats]
        codes += [
            torch.searchsorted(v, conts[j].contiguous())
            for v, j in zip(self.values, self.unit.conts, strict=True)
        ]
        if len(codes) == 1:
            return codes[0]
        number = codes[0] * self.strides[0]
        for code, stride in zip(codes[1:], self.strides[1:], strict=True):
            number += code * stride
        return number


def find_levels(view: SplitView, unit: Unit, cont: Tensor) -> Levels | None:
    """Number the joint levels of a unit; None when there are too many to bother.

    Parameters
    ----------
    view : SplitView
    unit : Unit
    cont : Tensor of shape (n_rows, n_cont)
        All rows whose values may be given or received.
    """
    tables = [view.tables[j] for j in unit.cats]
    values = []
    for j in unit.conts:
        distinct = _few_distinct(cont[:, j])
        if distinct is None:
            return None
        values.append(distinct)
        tables.append(distinct[:, None] * view.weights[j])
    sizes = [len(table) for table in tables]
    if not 0 < prod(sizes) <= MAX_LEVELS:
        return None
    joint = tables[0]
    for table in tables[1:]:
        joint = (joint[:, None] + table).flatten(0, 1)
    strides = tuple(prod(sizes[i + 1 :]) for i in range(len(sizes)))
    return Levels(unit, tuple(values), strides, joint.contiguous())


def share_of_work(number: Tensor, n_repeats: int) -> float:
    """Predictions needed per row and repeat when none is made twice, and none for a value like the row's own.

    With p the share of a level, a row needs it unless the row has it itself or none of the R donors has it:
    the sum over levels of (1 - p) (1 - (1 - p)^R), divided by R.

    Parameters
    ----------
    number : LongTensor of shape (n_rows,)
        Level of each row.
    n_repeats : int
    """
    others = 1 - torch.bincount(number).double() / len(number)
    return float((others * (1 - others**n_repeats)).sum()) / n_repeats


def _few_distinct(column: Tensor) -> Tensor | None:
    if len(torch.unique(column[: 4 * MAX_LEVELS])) > MAX_LEVELS:
        return None
    distinct = torch.unique(column)
    return distinct if len(distinct) <= MAX_LEVELS else None
