"""Encoded rows that stay a data frame, dtypes kept: for estimators and functions that take frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray


class FrameRows:
    """Rows of a data frame; a feature is a column.

    Parameters
    ----------
    frame : narwhals.DataFrame
        Never written to; what changes is a new frame that shares the other columns.
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
    def native(self) -> Any:
        """The frame as the user's library has it."""
        return self.frame.to_native()

    def index(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions as they are."""
        return positions

    def levels(self, columns: Sequence[int], limit: int) -> NDArray[np.int64] | None:
        """Number the distinct joint values of some columns; None when there are more than `limit`."""
        code = np.zeros(self.n_rows, dtype=np.int64)
        for column in columns:
            own = _codes(self.frame[:, column], limit)
            if own is None:
                return None
            distinct, code = np.unique(code * (int(own.max()) + 1) + own, return_inverse=True)
            if len(distinct) > limit:
                return None
        return code

    def take(self, rows: Any) -> FrameRows:
        """Some rows, as a new frame."""
        return FrameRows(self.frame[rows] if isinstance(rows, slice) else self.frame[np.asarray(rows)])

    def replace(self, columns: Sequence[int], source: FrameRows, rows: Any) -> None:
        """Take some columns from `source`."""
        given = source.frame[:, list(columns)][rows]
        if nw.dependencies.is_pandas_dataframe(self.native):
            # pandas puts columns together by index: the donors get that of the receivers
            native = given.to_native()
            native.index = self.native.index
            given = nw.from_native(native)
        self.frame = self.frame.with_columns(*(given[name] for name in given.columns))


def _codes(values: nw.Series[Any], limit: int) -> NDArray[np.int64] | None:
    if values.dtype.is_numeric() or values.dtype == nw.Boolean:
        array = values.to_numpy()
        if array.dtype != object:
            if len(np.unique(array[: 4 * limit])) > limit:
                return None
            distinct, codes = np.unique(array, return_inverse=True)
            return codes if len(distinct) <= limit else None
    numbers: dict[Any, int] = {}
    codes = np.empty(len(values), dtype=np.int64)
    for position, value in enumerate(values.to_list()):
        codes[position] = numbers.setdefault(value, len(numbers))
        if len(numbers) > limit:
            return None
    return codes
