"""The values a user knows, read back from encoded rows of frames and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._tables.arrays import ArrayRows
from weighin._tables.columns import Column, column_of, read_columns
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows


def of_frame(rows: FrameRows, features: Sequence[Feature]) -> tuple[Column, ...]:
    """Columns of a frame that was encoded as it is."""
    return read_columns(rows.native, [feature.name for feature in features])


def of_arrays(rows: ArrayRows, features: Sequence[Feature]) -> tuple[Column, ...]:
    """Columns of matrices; whole numbers beside another matrix are the codes of embeddings."""
    return tuple(_of_array(feature, rows) for feature in features)


def _of_array(feature: Feature, rows: ArrayRows) -> Column:
    values = encoded_values(rows, feature.columns[0])
    if len(rows.parts) > 1 and values.dtype.kind in "iu":
        distinct, codes = np.unique(values, return_inverse=True)
        return Column(feature.name, "nominal", codes.astype(np.float64), tuple(map(str, distinct.tolist())))
    return column_of(feature.name, values)


def encoded_values(rows: ArrayRows, column: int) -> NDArray[Any]:
    """One encoded column, as an array."""
    part, position = rows.locate(column)
    values = rows.parts[part][:, position]
    if isinstance(values, np.ndarray):
        return values
    return np.asarray(values.float().cpu().numpy() if values.is_floating_point() else values.cpu().numpy())
