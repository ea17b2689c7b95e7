"""Columns as what a linear fit can bend: values, squares, hinges, levels, and whether they are missing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.conditional.columns import MOST_LEVELS, RARE_ROWS, RawColumn, Values

# columns of all bases together, beyond which each number gets fewer hinges; with few rows twice as many as rows
MOST_WIDTH, FEW_WIDTH = 1600, 400
# numbers in the matrix of all bases, by which rows are limited in wide tables
MOST_CELLS = 16_000_000
KNOTS = (16, 12, 8, 6, 4, 2, 1, 0, -1)
# a number of so few values is a straight line
FEW_VALUES = 4
CONSTANT = 1e-12
# levels of a given category with a column of their own: more than MOST_LEVELS where this many rows are there for each,
# and this many columns for all categories
ROWS_PER_LEVEL, MOST_LEVELS_OF_ALL = 10, 800


@dataclass(frozen=True, eq=False)
class Basis:
    """One column as several, scaled by the rows it was made from.

    `levels`: Of a category, those with a column of their own; None for a number.
    `missing`: Whether there is a column that says so.
    `centre`, `spread`: Of the number.
    `knots`: Where the slopes of the hinges begin, on the scaled number.
    `curved`, ndarray of bool: Which columns bend.
    `square`: Whether there is a square.
    `limits`: Smallest and largest number; infinite ones count as these.
    """

    levels: Values | None
    missing: bool
    centre: float
    spread: float
    knots: Values
    square: bool
    limits: tuple[float, float]
    means: Values
    sds: Values
    kept: NDArray[np.bool_]
    curved: NDArray[np.bool_]

    @classmethod
    def of(
        cls, column: RawColumn, rows: NDArray[np.int64], n_knots: int, most_levels: int = MOST_LEVELS
    ) -> Basis:
        """Make it from these rows: `n_knots` hinges; below 0 no square either; `most_levels` of a category."""
        values = column.values[rows]
        is_missing = np.isnan(values)
        there = values[np.isfinite(values)] if column.kind != "category" else values[~is_missing]
        missing, none = bool(is_missing.any()), np.empty(0)
        levels, centre, spread, knots, square = None, 0.0, 1.0, none, False
        limits = (float(there.min()), float(there.max())) if len(there) else (0.0, 0.0)
        if column.kind == "category" or not len(there):
            found, counts = np.unique(there, return_counts=True)
            often = np.argsort(-counts, kind="stable")[:most_levels]
            levels = np.sort(found[often][counts[often] >= RARE_ROWS])
        else:
            centre, spread = float(np.median(there)), float(there.std())
            spread = spread if np.isfinite(spread) and spread > 0 else 1.0
            scaled = (there - centre) / spread
            if n_knots >= 0 and len(np.unique(scaled[:10_000])) > FEW_VALUES:
                square = True
                # closer in the tails
                share = (1 - np.cos(np.pi * (np.arange(n_knots) + 0.7) / (n_knots + 0.4))) / 2
                knots = np.unique(np.quantile(scaled, share))
        width = missing + (len(levels) if levels is not None else 1 + square + len(knots))
        plain = cls(
            levels, missing, centre, spread, knots, square, limits,
            np.zeros(width), np.ones(width), np.ones(width, dtype=bool), np.zeros(width, dtype=bool),
        )  # fmt: skip
        raw = plain.columns(values)
        means, sds = raw.mean(0), raw.std(0)
        kept = sds > CONSTANT
        straight = missing + (len(levels) if levels is not None else 1)
        curved = np.arange(width) >= straight
        return cls(
            levels, missing, centre, spread, knots, square, limits, means[kept], sds[kept], kept, curved[kept]
        )

    def columns(self, values: Values) -> Values:
        """Columns of shape (n, width), of mean 0 and variance 1 on the rows the basis was made from."""
        is_missing = np.isnan(values)
        parts = [is_missing] if self.missing else []
        if self.levels is not None:
            parts += [values == level for level in self.levels]
        else:
            # infinite ones count as the largest that is not
            low, high = self.limits
            finite = np.nan_to_num(values, nan=self.centre, posinf=high, neginf=low)
            number = (finite - self.centre) / self.spread
            parts.append(number)
            if self.square:
                parts.append(number**2)
            parts += [np.maximum(0.0, number - knot) for knot in self.knots]
        raw = np.array(parts, dtype=np.float64).reshape(len(parts), len(values)).T
        return (raw[:, self.kept] - self.means) / self.sds


@dataclass(frozen=True, eq=False)
class Design:
    """All columns' bases side by side.

    `places`: Columns of the matrix that belong to each raw column.
    `curved`, ndarray of bool: Which of them bend.
    """

    bases: tuple[Basis, ...]
    places: tuple[NDArray[np.int64], ...]
    curved: NDArray[np.bool_]

    @classmethod
    def of(cls, columns: Sequence[RawColumn], rows: NDArray[np.int64], knots: int | None = None) -> Design:
        """Make it from these rows, with hinges by the number of rows and columns."""
        numbers = sum(column.kind != "category" for column in columns)
        most = 8 if len(rows) < 2000 else 12 if len(rows) < 10_000 else 16
        width = min(MOST_WIDTH, max(FEW_WIDTH, 2 * len(rows)))
        fitting = [k for k in KNOTS if k <= most and numbers * (2 + k) <= width]
        n_knots = knots if knots is not None else (fitting or [KNOTS[-1]])[0]
        own = MOST_LEVELS_OF_ALL // max(1, len(columns) - numbers)
        most_levels = max(MOST_LEVELS, min(len(rows) // ROWS_PER_LEVEL, own))
        bases = tuple(Basis.of(column, rows, n_knots, most_levels) for column in columns)
        ends = np.cumsum([0, *(len(basis.means) for basis in bases)])
        places = tuple(np.arange(start, stop) for start, stop in itertools.pairwise(ends))
        return cls(bases, places, np.concatenate([basis.curved for basis in bases]))

    def matrix(self, columns: Sequence[RawColumn], rows: NDArray[np.int64]) -> Values:
        """Values of these rows in the bases, of shape (n_rows, width)."""
        out = np.empty((len(rows), len(self.curved)))
        for basis, column, place in zip(self.bases, columns, self.places, strict=True):
            out[:, place] = basis.columns(column.values[rows])
        return out

    def of_columns(self, places: Sequence[int]) -> NDArray[np.int64]:
        """Columns of the matrix that belong to these raw columns."""
        return np.concatenate([self.places[place] for place in places] or [np.empty(0, dtype=np.int64)])
