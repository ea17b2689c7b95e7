"""The table as scikit-learn's function takes it: rows that can be given other values, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._tables.arrays import ArrayRows, number_values
from weighin._tables.frame_rows import FrameRows


class PandasRows:
    """Rows of a pandas frame whose columns may be named by anything; its index stays with the rows.

    `frame`: Never written to; or another frame with pandas' methods.
    """

    # an estimator gets the frame itself
    shielded = False

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self._frame)

    def index(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions as they are."""
        return positions

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, about."""
        head = self._frame.iloc[:1000]
        return max(1, int(head.memory_usage(index=False, deep=True).sum()) // max(1, len(head)))

    @property
    def native(self) -> Any:
        """The frame."""
        return self._frame

    def levels(self, columns: Sequence[int], limit: int) -> NDArray[np.int64] | None:
        """Number the distinct joint values of some columns; None when there are more than `limit`."""
        # scikit-learn's function swaps one at a time
        (column,) = columns
        values = self._frame.iloc[:, column]
        if isinstance(values.dtype, np.dtype):
            return number_values(values.to_numpy(), limit)
        # what pandas holds its own way: categories, its strings, numbers with a mask
        if values.iloc[: 4 * limit].nunique(dropna=False) > limit:
            return None
        codes, distinct = values.factorize(use_na_sentinel=False)
        return codes if len(distinct) <= limit else None

    def take(self, rows: Any) -> PandasRows:
        """Some rows, as a new frame."""
        taken = self._frame.iloc[rows]
        return PandasRows(taken.copy() if isinstance(rows, slice) else taken)

    def equals(self, other: PandasRows) -> bool:
        """Whether all values are the same; False also where that cannot be told."""
        try:
            return bool(self._frame.equals(other.native))
        # objects with ideas of their own about equality
        except (TypeError, ValueError):
            return False

    def replace(self, columns: Sequence[int], source: PandasRows, rows: Any) -> None:
        """Take some columns from `source`."""
        for column in columns:
            cell_value = source.native.iloc[rows, column]
            cell_value.index = self._frame.index
            self._frame.isetitem(column, cell_value)

    @contextmanager
    def swapped(self, columns: Sequence[int], source: PandasRows, rows: Any) -> Iterator[None]:
        """Take some columns from `source`, until the block ends."""
        before = self._frame
        self._frame = before.copy(deep=False)
        self.replace(columns, source, rows)
        yield
        self._frame = before


Table = PandasRows | FrameRows | ArrayRows


def as_rows(X: Any) -> Table:
    """Rows of a frame, or of a matrix."""
    if hasattr(X, "iloc"):
        return PandasRows(X)
    if isinstance(X, np.ndarray):
        return ArrayRows((X,))
    return FrameRows(nw.from_native(X, eager_only=True))


def native(rows: Table) -> Any:
    """What an estimator takes."""
    return rows.parts[0] if isinstance(rows, ArrayRows) else rows.native


def pick(values: Any, rows: NDArray[np.int64]) -> Any:
    """Some of the entries of what has one per row, in the form it has."""
    if values is None:
        return None
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if hasattr(values, "shape"):
        return values[rows]
    # an arrow column
    if hasattr(values, "to_numpy"):
        return values.to_numpy()[rows]
    return [values[row] for row in rows.tolist()]
