"""Encoded rows that stay a data frame, dtypes kept: for estimators and functions that take frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._tables.arrays import number_values, smallest


class FrameRows:
    """Rows of a data frame; a feature is a column.

    `frame`: never written to; what changes is a new frame that shares the other columns.
    """

    def __init__(self, frame: nw.DataFrame[Any]) -> None:
        self.frame = frame

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, about."""
        return max(1, int(self.frame.head(1000).estimated_size()) // max(1, min(1000, self.n_rows)))

    @property
    def shielded(self) -> bool:
        """Whether a model that writes into what it is lent leaves these rows as they are."""
        pandas = nw.dependencies.get_pandas()
        # pandas before 3 overwrites values of the frame that a shallow copy was made of
        return (
            not nw.dependencies.is_pandas_dataframe(self.native) or int(pandas.__version__.split(".")[0]) >= 3
        )

    @property
    def native(self) -> Any:
        """The frame as the user's library has it."""
        return self.frame.to_native()

    @property
    def lent(self) -> Any:
        """The same to give away: what becomes of its columns changes nothing here."""
        native = self.native
        if nw.dependencies.is_pandas_dataframe(native):
            return native.copy(deep=False)
        return self.frame.clone().to_native()

    def index(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions as they are."""
        return positions

    def levels(self, columns: Sequence[int], limit: int) -> NDArray[np.integer] | None:
        """Number the distinct joint values of some columns; None when there are more than `limit`."""
        code = np.zeros(self.n_rows, dtype=np.int64)
        for column in columns:
            own = number_values(values_of(self.frame[:, column]), limit)
            if own is None:
                return None
            distinct, code = np.unique(code * (int(own.max()) + 1) + own, return_inverse=True)
            if len(distinct) > limit:
                return None
        return smallest(code, limit)

    def take(self, rows: Any) -> FrameRows:
        """Some rows, as a new frame."""
        if not isinstance(rows, slice):
            return FrameRows(self.frame[np.asarray(rows)])
        # a slice of a pandas frame may share its memory with it: who gets the slice may write to it
        return FrameRows(self.frame[rows].clone())

    def equals(self, other: FrameRows) -> bool:
        """Whether all values are the same; False also where that cannot be told."""
        try:
            return bool(self.native.equals(other.native))
        except (TypeError, ValueError):
            # objects with ideas of their own about equality
            return False

    def replace(self, columns: Sequence[int], source: FrameRows, rows: Any) -> None:
        """Take some columns from `source`."""
        if nw.dependencies.is_pandas_dataframe(self.native):
            self.frame = nw.from_native(_replaced(self.native, columns, source.native, rows))
            return
        taken = source.frame[:, list(columns)][rows]
        self.frame = self.frame.with_columns(*(taken[name] for name in taken.columns))

    def writes(self, column: int) -> bool:
        """Whether a column holds floats, so that any number can be written there."""
        return self.frame[:, column].dtype.is_float()

    def write(self, column: int, numbers: NDArray[np.float64]) -> None:
        """Take other numbers for a column of floats where they are not NaN."""
        own = self.frame[:, column]
        if nw.dependencies.is_pandas_dataframe(self.native):
            before: Any = self.native.iloc[:, column]
            # one index for both, or pandas would put them together by it
            after = type(before)(numbers, index=before.index).astype(before.dtype)
            frame = self.native.copy(deep=False)
            frame.isetitem(column, before.mask(~np.isnan(numbers), after))
            self.frame = nw.from_native(frame)
            return
        there = nw.new_series("there", ~np.isnan(numbers), nw.Boolean, backend=own.implementation)
        new = nw.new_series(own.name, numbers, nw.Float64, backend=own.implementation).cast(own.dtype)
        self.frame = self.frame.with_columns(new.zip_with(there, own).alias(own.name))

    @contextmanager
    def swapped(self, columns: Sequence[int], source: FrameRows, rows: Any) -> Iterator[None]:
        """Take some columns from `source`, until the block ends."""
        before = self.frame
        self.replace(columns, source, rows)
        yield
        self.frame = before


def _replaced(frame: Any, columns: Sequence[int], source: Any, rows: Any) -> Any:
    """A pandas frame with other columns, which shares the rest: what it costs does not grow with their number."""
    frame = frame.copy(deep=False)
    for column in columns:
        taken = source.iloc[:, column].iloc[rows]
        # pandas puts columns together by index
        taken.index = frame.index
        frame.isetitem(column, taken)
    return frame


def values_of(column: nw.Series[Any]) -> NDArray[Any]:
    """Values of a column; as objects where an array of numbers would make a null and a nan the same."""
    plain = column.dtype.is_numeric() or column.dtype == nw.Boolean
    if plain and (
        isinstance(getattr(column.to_native(), "dtype", None), np.dtype) or not column.null_count()
    ):
        return column.to_numpy()
    return np.fromiter(column.to_list(), dtype=object, count=len(column))
