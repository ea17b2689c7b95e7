"""Rows in which features have values that no row of the table has: numbers moved, everything else a donor's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._tables.arrays import ArrayRows
from weighin._tables.features import Feature


class WritableRows(Protocol):
    """Rows that take numbers no other row has; the other methods are those of a model's rows."""

    def index(self, positions: Any) -> Any:
        """Positions in the form these rows are indexed fastest by."""
        ...

    def take(self, rows: Any) -> Any:
        """Copy some rows."""
        ...

    def replace(self, columns: Sequence[int], source: Any, rows: Any) -> None:
        """Overwrite some columns with what `source` has there."""
        ...

    def writes(self, column: int) -> bool:
        """Whether a column holds floats, so that any number can be written there."""
        ...

    def write(self, column: int, numbers: NDArray[np.float64]) -> None:
        """Overwrite a column of floats, in place, where `numbers` are not NaN."""
        ...


@dataclass(frozen=True, eq=False)
class Move:
    """What a feature is given in each of some rows.

    `feature`: A raw feature.
    `donors`, shape (n_rows,): row of the table whose values it gets: a missing value with its indicator, a level with
        all its columns.
    `numbers`, shape (n_rows,): what it gets instead of the donor's number; NaN for the donor's own.
    """

    feature: str
    donors: NDArray[np.int64]
    numbers: NDArray[np.float64] | None = None


def _as_is(rows: Any) -> Any:
    return rows


@dataclass(frozen=True, eq=False)
class Mover:
    """Makes encoded rows in which features have been given other values.

    `rows`: all rows of the table, in the form that values are written in: encoded ones, or those of an encoder's table.
    `columns`: what each raw feature owns there.
    `scale`: mean and scale of features whose numbers are held as (number - mean) / scale.
    `encode`: from such rows to encoded ones.
    """

    rows: WritableRows
    columns: Mapping[str, tuple[int, ...]]
    scale: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    encode: Callable[[Any], Any] = _as_is

    @classmethod
    def of(cls, rows: WritableRows, features: Sequence[Feature]) -> Mover:
        """Of rows that hold the table's own numbers."""
        return cls(rows, {feature.name: feature.columns for feature in features})

    def writes(self, feature: str) -> bool:
        """Whether a feature takes any number: one of its columns, its last, holds floats."""
        return self.rows.writes(self.columns[feature][-1])

    def moved(self, receivers: NDArray[np.int64], moves: Iterable[Move]) -> Any:
        """Encoded copies of rows, with moves made in them."""
        rows: WritableRows = self.rows.take(receivers)
        for move in moves:
            columns = self.columns[move.feature]
            rows.replace(columns, self.rows, self.rows.index(move.donors))
            if move.numbers is not None:
                mean, scale = self.scale.get(move.feature, (0.0, 1.0))
                rows.write(columns[-1], (move.numbers - mean) / scale)
        return self.encode(rows)

    def keeps(self, encoded: Any, numbers: Mapping[str, NDArray[np.float64]]) -> bool:
        """Whether features given their own numbers are encoded as they are, in every row, but for rounding."""
        every = np.arange(encoded.n_rows)
        again = self.moved(every, [Move(name, every, own) for name, own in numbers.items()])
        if not isinstance(encoded, ArrayRows):
            return bool(encoded.equals(again))
        return all(map(_close, again.parts, encoded.parts))


def _close(one: Any, other: Any) -> bool:
    one, other = (part if isinstance(part, np.ndarray) else part.cpu().numpy() for part in (one, other))
    if other.dtype.kind != "f":
        return np.array_equal(one, other)
    # numbers that were read back from encoded ones have six digits
    rounding = 1e-3 * np.nan_to_num(np.nanstd(other.astype(np.float64), 0)) + 1e-6
    return bool(np.isclose(one, other, 1e-6, rounding, equal_nan=True).all())
