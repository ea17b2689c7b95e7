"""Encoded rows held in 2-D arrays: numpy arrays and torch tensors alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ArrayRows:
    """Rows of one or several 2-D arrays side by side.

    `parts`, shape (n_rows, n_columns_of_the_part): the model's inputs, say ``(x_cat, x_cont)``. Columns are numbered
        through all parts.
    `keys`: names of the parts, for a model that takes them by keyword.
    """

    parts: tuple[Any, ...]
    keys: tuple[str, ...] | None = None
    # a model gets the parts themselves
    shielded: ClassVar[bool] = False

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.parts[0])

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return sum(part[:1].nbytes for part in self.parts)

    def index(self, positions: Any) -> Any:
        """Positions as the parts take them fastest."""
        if isinstance(self.parts[0], np.ndarray):
            return positions
        import torch

        return torch.from_numpy(positions).to(self.parts[0].device)

    def levels(self, columns: Sequence[int], limit: int) -> NDArray[np.integer] | None:
        """Number the distinct joint values of some columns; None when there are more than `limit`."""
        code = np.zeros(self.n_rows, dtype=np.int64)
        for column in columns:
            part, position = self.locate(column)
            array = self.parts[part]
            values = array[:, position] if isinstance(array, np.ndarray) else array[:, position].cpu().numpy()
            own = number_values(values, limit)
            if own is None:
                return None
            distinct, code = np.unique(code * (int(own.max()) + 1) + own, return_inverse=True)
            if len(distinct) > limit:
                return None
        return smallest(code, limit)

    def take(self, rows: Any) -> ArrayRows:
        """Copy some rows."""
        if isinstance(rows, slice):
            return ArrayRows(tuple(_copy(part[rows]) for part in self.parts), self.keys)
        rows = self.index(rows)
        return ArrayRows(tuple(part[rows] for part in self.parts), self.keys)

    def replace(self, columns: Sequence[int], source: ArrayRows, rows: Any) -> None:
        """Overwrite some columns, in place, with those of `source`."""
        for column in columns:
            part, position = self.locate(column)
            self.parts[part][:, position] = source.parts[part][rows, position]

    @contextmanager
    def swapped(self, columns: Sequence[int], source: ArrayRows, rows: Any) -> Iterator[None]:
        """Overwrite some columns, in place, with those of `source`, until the block ends."""
        places = [self.locate(column) for column in columns]
        before = [_copy(self.parts[part][:, position]) for part, position in places]
        self.replace(columns, source, rows)
        yield
        for (part, position), own in zip(places, before, strict=True):
            self.parts[part][:, position] = own

    def writes(self, column: int) -> bool:
        """Whether a column holds floats, so that any number can be written there."""
        part, _ = self.locate(column)
        kind = self.parts[part].dtype
        return bool(kind.kind == "f" if isinstance(kind, np.dtype) else kind.is_floating_point)

    def write(self, column: int, numbers: NDArray[np.float64]) -> None:
        """Overwrite a column of floats, in place, where `numbers` are not NaN."""
        part, position = self.locate(column)
        array, there = self.parts[part], ~np.isnan(numbers)
        if isinstance(array, np.ndarray):
            array[there, position] = numbers[there]
            return
        import torch

        array[self.index(np.flatnonzero(there)), position] = torch.from_numpy(numbers[there]).to(array)

    def equals(self, other: ArrayRows) -> bool:
        """Whether all values are the same; False also where that cannot be told."""
        try:
            # nan differs from itself
            return all(
                a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())
                for a, b in zip(self.parts, other.parts, strict=True)
            )
        except (TypeError, ValueError):
            # objects with ideas of their own about equality
            return False

    def locate(self, column: int) -> tuple[int, int]:
        """Part and position of an encoded column."""
        for part, array in enumerate(self.parts):
            if column < array.shape[1]:
                return part, column
            column -= array.shape[1]
        raise IndexError(column)


def smallest(codes: NDArray[np.int64], limit: int) -> NDArray[np.integer]:
    """Numbers below `limit` in the least memory."""
    return codes.astype(np.min_scalar_type(limit - 1))


def number_values(values: NDArray[Any], limit: int) -> NDArray[np.int64] | None:
    """Number the distinct values of an array; None when there are more than `limit`, or they cannot be told apart."""
    if values.dtype != object:
        if len(np.unique(values[: 4 * limit])) > limit:
            return None
        distinct, codes = np.unique(values, return_inverse=True)
        return codes if len(distinct) <= limit else None
    numbers: dict[Any, int] = {}
    codes = np.empty(len(values), dtype=np.int64)
    try:
        for position, value in enumerate(values):
            # 1, 1.0 and True are equal, and not the same to every model
            codes[position] = numbers.setdefault((type(value), value), len(numbers))
            if len(numbers) > limit:
                return None
    except TypeError:
        # a list in a cell
        return None
    return codes


def _copy(array: Any) -> Any:
    return array.clone() if hasattr(array, "clone") else array.copy()
