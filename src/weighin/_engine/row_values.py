"""A value for each row of the table, by the name of a column or as an array: strata, segments, sample weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._models.protocol import Encoded
from weighin._tables.columns import is_missing
from weighin._tables.frame_rows import values_of
from weighin._tables.frames import column_at, column_names, is_frame, n_rows_of

MOST_SEGMENTS = 200


@dataclass(frozen=True)
class RowValues:
    """What is known of each encoded row besides its features.

    `strata`, `stratum_names`: rows of each stratum, and its value.
    `segment`: number of the segment of each row; -1 for none.
    `segments`: value of each segment.
    `by`: what they were told apart by.
    `weights`, shape (n_rows,): sample weights.
    """

    strata: tuple[NDArray[np.int64], ...] | None = None
    segment: NDArray[np.int64] | None = None
    segments: tuple[Any, ...] = ()
    by: str = ""
    weights: NDArray[np.float64] | None = field(default=None)
    stratum_names: tuple[Any, ...] = ()


def row_values(X: Any, data: Encoded, *, within: Any, by: Any, sample_weight: Any) -> RowValues:
    """Read strata, segments and weights of the encoded rows.

    Raises InputError on unknown columns, other lengths, strata of one row or with missing values, weights that are
    none.
    """
    strata, stratum_names = None, ()
    if within is not None:
        values = _column(X, within, data, "within")
        codes, labels = _codes(values)
        if (codes < 0).any():
            raise InputError(
                f"within has {int((codes < 0).sum())} missing value(s): every row needs a stratum."
            )
        sizes = np.bincount(codes, minlength=len(labels))
        if (sizes < 2).any():
            single = [labels[k] for k in np.flatnonzero(sizes < 2)]
            raise InputError(
                "A stratum of within has only one row, which has nothing to swap with: "
                f"{listing(single, 5)}. Leave such rows out, or merge strata."
            )
        order = np.argsort(codes, kind="stable")
        strata, stratum_names = tuple(np.split(order, np.cumsum(sizes)[:-1])), tuple(labels)
    segment, segments, name = None, (), ""
    if by is not None:
        segment, labels = _codes(_column(X, by, data, "by"))
        if not labels:
            raise InputError("by has only missing values.")
        if len(labels) > MOST_SEGMENTS:
            raise InputError(
                f"by has {len(labels):,} values; at most {MOST_SEGMENTS} segments are allowed. Bin them, "
                "for example with pandas.cut."
            )
        own_name = getattr(by, "name", None)
        segments = tuple(labels)
        name = (
            by if isinstance(by, str) else own_name if own_name and isinstance(own_name, str) else "segment"
        )
    weights = None
    if sample_weight is not None:
        weights = _weights(_column(X, sample_weight, data, "sample_weight"))
    return RowValues(strata, segment, segments, name, weights, stratum_names)


def _column(X: Any, given: Any, data: Encoded, what: str) -> NDArray[Any]:
    """Values of the encoded rows, from a column's name or one value for each row of the table."""
    if isinstance(given, str):
        if X is None or not is_frame(X):
            raise InputError(
                f"{what}={given!r} names a column, but there is no data frame to look it up in. Pass one "
                "value per row instead."
            )
        names = column_names(X)
        if given not in names:
            raise InputError(
                f"Unknown column {given!r} in {what}.{nearest(given, names)} Columns: {listing(names, 40)}."
            )
        given = column_at(X, given)
    if isinstance(given, nw.Series) or nw.dependencies.is_into_series(given):
        values = values_of(nw.from_native(given, series_only=True))
    # as they are: numpy would make text of numbers beside text
    elif isinstance(given, list | tuple):
        values = np.fromiter(given, dtype=object, count=len(given))
    else:
        values = given.to_numpy() if hasattr(given, "to_numpy") else np.asarray(given)
        if values.ndim != 1:
            raise InputError(
                f"{what} must be the name of a column or one value per row, got shape {np.shape(values)}."
            )
    n_given = data.rows.n_rows if X is None else n_rows_of(X)
    if len(values) == n_given and data.kept is not None:
        return np.asarray(values)[data.kept]
    if len(values) != data.rows.n_rows:
        raise InputError(f"{what} must have {n_given} values as X has rows, got {len(values)}.")
    return np.asarray(values)


def _codes(values: NDArray[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Number of each value among the distinct ones, sorted where they can be; -1 for missing."""
    if values.dtype.kind in "fiub":
        there = np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
        labels, inverse = np.unique(values[there], return_inverse=True)
        codes = np.full(len(values), -1, dtype=np.int64)
        codes[there] = inverse
        return codes, [_plain(label) for label in labels.tolist()]
    texts = [None if is_missing(value) else _plain(value) for value in values.tolist()]
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    try:
        distinct.sort()
    # of several kinds
    except TypeError:
        distinct.sort(key=str)
    number = {label: code for code, label in enumerate(distinct)}
    return np.array([-1 if text is None else number[text] for text in texts], dtype=np.int64), distinct


def _plain(value: Any) -> Any:
    """A value a file can hold: text for dates and the like; whole floats as integers, which years become by a gap."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int | float) else str(value).removesuffix(" 00:00:00")


def _weights(values: NDArray[Any]) -> NDArray[np.float64]:
    try:
        if values.dtype.kind == "c":
            raise TypeError
        weights = values.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"sample_weight must hold numbers, got {values.dtype}.") from None
    odd = ~np.isfinite(weights) | (weights < 0)
    if odd.any():
        raise InputError(
            f"sample_weight must be finite and >= 0; {int(odd.sum())} of {len(weights)} are not, the first in row "
            f"{int(odd.argmax())}: {weights[odd.argmax()]}."
        )
    n_weighed = np.count_nonzero(weights)
    if n_weighed < 2:
        which = (
            "every row, so nothing would count"
            if not n_weighed
            else "all rows but one, which has nothing to swap with"
        )
        raise InputError(f"sample_weight is 0 for {which}.")
    return weights
