"""The values a feature is moved to: actual values of rows, so that every model takes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._tables.columns import Column


@dataclass(frozen=True, eq=False)
class Grid:
    """Points a feature is moved to.

    `kind`, {"numeric", "ordered", "nominal"}: Whether points lie on an axis, have an order, or only names. Dates are
        numeric.
    `values`, ndarray of shape (n_points,): Numbers, or the places of levels.
    `labels`: tuple of str
    `givers`, ndarray of shape (n_points,) or (n_points + 1,): A row that has each value; the last one none at all,
        where some rows have none.
    `shares`, ndarray of shape (n_points,): Part of the rows nearest to each point; they add up to 1.
    `missing_share`: Part of all rows without a value.
    `left_out`: Levels that are too many to show.
    """

    kind: str
    values: NDArray[np.float64]
    labels: tuple[str, ...]
    givers: NDArray[np.int64]
    shares: NDArray[np.float64]
    missing_share: float = 0.0
    left_out: int = 0

    @property
    def n_points(self) -> int:
        """Points with a value."""
        return len(self.values)


def choose_grid(column: Column, size: int) -> Grid:
    """Choose at most `size` points among a column's values.

    Up to `size` distinct numbers are all taken. Of more, those that a part of 1/`size` of the rows share, and the
    middles of equal parts of the other rows: quantiles, without the two ends where single rows lie. Of too many
    levels the most frequent.

    `column`: All rows.
    `size`: int
    """
    rows = np.flatnonzero(~np.isnan(column.values))
    values = column.values[rows]
    distinct, first, counts = np.unique(values, return_index=True, return_counts=True)
    kind = "numeric" if column.kind in ("numeric", "date") else column.kind
    left_out = 0
    if len(distinct) > size:
        if kind == "nominal":
            kept = np.sort(np.argsort(-counts, kind="stable")[:size])
            left_out = len(distinct) - size
        else:
            kept = _spread(distinct, counts, size)
        places, firsts = distinct[kept], first[kept]
    else:
        places, firsts = distinct, first
    if kind == "nominal":
        amounts = counts[np.searchsorted(distinct, places)]
    else:
        nearest = np.searchsorted((places[1:] + places[:-1]) / 2, values)
        amounts = np.bincount(nearest, minlength=len(places))
    missing = np.flatnonzero(np.isnan(column.values))
    return Grid(
        kind,
        places,
        tuple(column.label(value) for value in places),
        np.concatenate([rows[firsts], missing[:1]]).astype(np.int64),
        amounts / max(1, amounts.sum()),
        len(missing) / max(1, len(column.values)),
        left_out,
    )


def _spread(distinct: NDArray[np.float64], counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Numbers of the distinct values to take."""
    heavy = np.flatnonzero(counts * size >= counts.sum())
    light = np.flatnonzero(counts * size < counts.sum())
    n_light = size - len(heavy)
    if not len(light) or n_light < 1:
        return heavy[:size]
    upto = np.cumsum(counts[light])
    middles = (np.arange(n_light) + 0.5) / n_light * upto[-1]
    return np.union1d(heavy, light[np.searchsorted(upto, middles)])
