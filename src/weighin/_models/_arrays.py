"""Encoded rows held in 2-D arrays: numpy arrays and torch tensors alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ArrayRows:
    """Rows of one or several 2-D arrays side by side.

    Attributes
    ----------
    parts : tuple of arrays of shape (n_rows, n_columns_of_the_part)
        The model's inputs, say ``(x_cat, x_cont)``. Columns are numbered through all parts.
    keys : tuple of str, optional
        Names of the parts, for a model that takes them by keyword.
    """

    parts: tuple[Any, ...]
    keys: tuple[str, ...] | None = None

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

    def levels(self, columns: Sequence[int], limit: int) -> NDArray[np.int64] | None:
        """Number the distinct joint values of some columns; None when there are more than `limit`."""
        code = np.zeros(self.n_rows, dtype=np.int64)
        for column in columns:
            part, position = self.locate(column)
            array = self.parts[part]
            values = array[:, position] if isinstance(array, np.ndarray) else array[:, position].cpu().numpy()
            if len(np.unique(values[: 4 * limit])) > limit:
                return None
            found, own = np.unique(values, return_inverse=True)
            joint = code * len(found) + own
            distinct, code = np.unique(joint, return_inverse=True)
            if len(distinct) > limit:
                return None
        return code

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

    def locate(self, column: int) -> tuple[int, int]:
        """Part and position of an encoded column."""
        for part, array in enumerate(self.parts):
            if column < array.shape[1]:
                return part, column
            column -= array.shape[1]
        raise IndexError(column)


def _copy(array: Any) -> Any:
    return array.clone() if hasattr(array, "clone") else array.copy()
