"""Raw columns of a table as numbers, and what becomes of a value when a row receives another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["number", "integer", "category"]
Values = NDArray[np.float64]

# a number of so few levels, or with so large a share of rows at one value, is not moved: the donor's value is given
FEW_LEVELS = 12
LARGE_SHARE = 0.05
# whole numbers are moved to the nearest there is, so that they may be fewer, and more of them alike
FEW_WHOLE = 6
LARGE_SHARE_OF_WHOLE = 0.4
# levels of a category with a probability of their own; the rarer ones share one
MOST_LEVELS = 50
RARE_ROWS = 3


@dataclass(frozen=True, eq=False)
class RawColumn:
    """A column as the user has it, told in numbers.

    `name`: As the user knows it.
    `values`, ndarray of shape (n_rows,): Numbers, codes of levels, seconds of dates; NaN where missing.
    `kind`: "number"; "integer" for numbers that are whole; "category" for codes without an order.
    """

    name: str
    values: Values
    kind: Kind = "number"


@dataclass(frozen=True)
class Unit:
    """What is swapped at once, and the columns whose values it has to go with.

    `name`: Of the feature or group.
    `members`: Names of the columns that move together.
    `given`: Names of the columns that stay and are taken into account; none for an ordinary shuffle.
    """

    name: str
    members: tuple[str, ...]
    given: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Treatment:
    """How the values of one column are given to another row.

    `moved`: Whether the donor's value is moved by what the other columns explain; otherwise it is given as it is.
    `classes`: Values, sorted, whose probabilities are estimated where it is not moved; a value between two
        of them counts as the lower one, where `ranges` is true.
    `existing`: Sorted values of which the nearest replaces a moved one; empty if any value may stand.
    `missing`: Whether some values are missing.
    `varies`: Whether there is anything to swap.
    """

    moved: bool
    classes: Values
    ranges: bool
    existing: Values
    missing: bool
    varies: bool

    @classmethod
    def of(cls, column: RawColumn, rows: NDArray[np.int64]) -> Treatment:
        """Decide by the values of these rows."""
        values = column.values[rows]
        is_missing = np.isnan(values)
        levels, counts = np.unique(values[~is_missing], return_counts=True)
        missing, varies = bool(is_missing.any()), len(levels) + bool(is_missing.any()) > 1
        whole = column.kind != "category" and bool((np.floor(levels) == levels).all())
        share, few = (LARGE_SHARE_OF_WHOLE, FEW_WHOLE) if whole else (LARGE_SHARE, FEW_LEVELS)
        atoms = levels[counts > max(share * len(values), RARE_ROWS)]
        none = np.empty(0)
        if column.kind == "category":
            common = np.sort(levels[np.argsort(-counts, kind="stable")[:MOST_LEVELS]])
            frequent = np.isin(levels, common) & (counts >= RARE_ROWS)
            return cls(False, levels[frequent], False, none, missing, varies)
        if len(levels) <= few or len(atoms) or np.isinf(column.values).any():
            classes = levels if len(levels) <= FEW_LEVELS else _ranges(values[~is_missing], atoms)
            return cls(False, classes, len(levels) > FEW_LEVELS, none, missing, varies)
        return cls(True, none, False, levels if whole else none, missing, varies)

    def one_hot(self, values: Values) -> Values:
        """Whether each value is of each class, and missing: of shape (n, n_classes)."""
        if self.ranges:
            codes = np.searchsorted(self.classes, values, side="right") - 1
            hot = codes[:, None] == np.arange(len(self.classes))
        else:
            hot = values[:, None] == self.classes
        is_missing = np.isnan(values)
        hot[is_missing] = False
        return np.column_stack([hot, is_missing] if self.missing else [hot]).astype(np.float64)

    def snapped(self, values: Values) -> Values:
        """Moved values, whole where the column's are."""
        if not len(self.existing):
            return values
        above = np.clip(np.searchsorted(self.existing, values), 1, len(self.existing) - 1)
        lower, upper = self.existing[above - 1], self.existing[above]
        nearest = np.where(values - lower < upper - values, lower, upper)
        return np.where(np.isnan(values), np.nan, nearest)


def _ranges(values: Values, atoms: Values) -> Values:
    """Lower ends of ranges: each frequent value alone, quarters of what lies between."""
    rest = values[~np.isin(values, atoms)]
    quarters = np.quantile(rest, [0, 0.25, 0.5, 0.75], method="lower") if len(rest) else np.empty(0)
    ends = np.concatenate([[-np.inf], quarters, atoms, np.nextafter(atoms, np.inf)])
    return np.unique(ends)


def by_name(columns: Sequence[RawColumn]) -> dict[str, int]:
    """Position of each column."""
    return {column.name: place for place, column in enumerate(columns)}
