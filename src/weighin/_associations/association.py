"""How strongly columns go together, on one scale from 0 to 1 whatever they hold.

Two columns with an order: Spearman's rank correlation. Two without: Cramer's V. One of each: the correlation ratio of
the ranks. The last two are corrected for the bias that many levels bring, so that all are near 0 for independent
columns; for columns of two levels all three are the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._tables.columns import Column

MEASURES = ("", "spearman", "cramers_v", "correlation_ratio")
# rows with both values, to measure anything
LEAST_ROWS = 5
# patterns of missing values; with more, ranks are those among all rows that have the value
MANY_PATTERNS = 40
# columns; with more, numbers are single, and ranks those among all rows that have the value
WIDE = 2000
# columns worked on at once
BLOCK = 256
# cells of a table of counts; with more, sorting is quicker than counting
MANY_CELLS = 100_000


@dataclass(frozen=True)
class Association:
    """Associations between all pairs of columns.

    `signed`, ndarray of shape (n, n): From -1 to 1; below 0 where one grows as the other shrinks. NaN where it cannot
        be measured. Single precision for more than 2,000 columns.
    `measure`, ndarray of int8 of shape (n, n): Place in `MEASURES`.
    """

    signed: NDArray[np.float64]
    measure: NDArray[np.int8]


def associate(
    columns: Sequence[Column], advance: Callable[[int], None] = lambda columns: None
) -> Association:
    """Measure every pair; values missing in either column of a pair are left out.

    A column without order that has a level of its own for more than every second row is not measured: it is an id.
    `advance` is called with the number of columns that are done.

    Bergsma (2013), "A bias-correction for Cramer's V and Tschuprow's T", J. Korean Stat. Soc. 42.
    """
    n = len(columns)
    signed = np.full((n, n), np.nan, dtype=np.float32 if n > WIDE else np.float64)
    measure = np.zeros((n, n), dtype=np.int8)
    ranked = np.array([i for i, column in enumerate(columns) if column.ranked], dtype=np.int64)
    nominal = [i for i, column in enumerate(columns) if not column.ranked]
    if len(ranked):
        measure[np.ix_(ranked, ranked)] = 1
        ranks: NDArray[np.floating]
        if n > WIDE:
            ranks = _ranks_of(columns, ranked)
            _correlate(ranks, ranked, signed, advance)
        else:
            values = np.stack([columns[i].values for i in ranked], axis=1)
            signed[np.ix_(ranked, ranked)] = spearman(values)
            ranks = own_ranks(values) if nominal else values
            advance(len(ranked))
        for i in nominal:
            ratios = correlation_ratios(columns[i].values, ranks)
            signed[i, ranked] = signed[ranked, i] = ratios
            measure[i, ranked] = measure[ranked, i] = 3
    for place, i in enumerate(nominal):
        for j in nominal[place:]:
            signed[i, j] = signed[j, i] = cramers_v(columns[i].values, columns[j].values)
            measure[i, j] = measure[j, i] = 2
        advance(1)
    np.fill_diagonal(signed, 1.0)
    # as it is handed out: nobody copies it to be sure
    signed.flags.writeable = False
    return Association(signed, measure)


def _ranks_of(columns: Sequence[Column], places: NDArray[np.int64]) -> NDArray[np.floating]:
    """Ranks of columns among their own values, of mean 0 and variance 1; NaN where missing or constant."""
    ranks = np.empty((len(columns[0].values), len(places)), dtype=np.float32)
    for first in range(0, len(places), BLOCK):
        here = places[first : first + BLOCK]
        block = own_ranks(np.stack([columns[i].values for i in here], axis=1))
        there = ~np.isnan(block)
        n = np.maximum(there.sum(0), 1)
        block -= np.nansum(block, axis=0) / n
        sd = np.sqrt(np.nansum(block**2, axis=0) / n)
        ranks[:, first : first + BLOCK] = block / np.where(sd > 0, sd, 1.0)
    return ranks


def _correlate(
    ranks: NDArray[np.floating],
    places: NDArray[np.int64],
    out: NDArray[np.floating],
    advance: Callable[[int], None],
) -> None:
    """Write correlations of columns of mean 0 and variance 1 into `out`, block by block."""
    there = np.isfinite(ranks)
    complete = bool(there.all())
    filled = ranks if complete else np.where(there, ranks, np.float32(0))
    known = None if complete else there.astype(np.float32)
    for first in range(0, len(places), BLOCK):
        here, rest = slice(first, first + BLOCK), slice(first, None)
        block = _of_block(filled, known, here, rest)
        out[np.ix_(places[here], places[rest])] = block
        out[np.ix_(places[rest], places[here])] = block.T
        advance(len(places[here]))


def _of_block(
    filled: NDArray[np.floating], known: NDArray[np.floating] | None, here: slice, rest: slice
) -> NDArray[np.floating]:
    """Correlations of some columns with others, pairwise complete."""
    mine, theirs = filled[:, here], filled[:, rest]
    cross: NDArray[np.floating] = mine.T @ theirs
    with np.errstate(invalid="ignore", divide="ignore"):
        if known is None:
            own, other = (mine**2).sum(0)[:, None], (theirs**2).sum(0)
            enough = (own > 0) & (other > 0) & (len(filled) >= LEAST_ROWS)
            return np.where(enough, (cross / np.sqrt(own * other)).clip(-1, 1), np.nan)
        mine_known, theirs_known = known[:, here], known[:, rest]
        n = mine_known.T @ theirs_known
        # sums of each column over the rows of the pair
        own, other = mine.T @ theirs_known, mine_known.T @ theirs
        squares, others = (mine**2).T @ theirs_known, mine_known.T @ theirs**2
        spread, spreads = squares - own**2 / n, others - other**2 / n
        enough = (n >= LEAST_ROWS) & (spread > 1e-5 * squares) & (spreads > 1e-5 * others)
        cross -= own * other / n
        return np.where(enough, (cross / np.sqrt(spread * spreads)).clip(-1, 1), np.nan)


def spearman(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank correlations of columns; of each pair the rows that have both values.

    `values`, ndarray of shape (n_rows, n_columns): NaN where missing.
    """
    patterns, which = np.unique(~np.isnan(values), axis=1, return_inverse=True)
    which = which.ravel()
    if patterns.shape[1] > MANY_PATTERNS:
        return _pearson(own_ranks(values))
    correlations = np.full((values.shape[1],) * 2, np.nan)
    for g in range(patterns.shape[1]):
        for h in range(g, patterns.shape[1]):
            rows = patterns[:, g] & patterns[:, h]
            if rows.sum() < LEAST_ROWS:
                continue
            here = np.flatnonzero((which == g) | (which == h))
            first, second = here[which[here] == g], here[which[here] == h]
            block = _pearson(own_ranks(values[np.ix_(rows, here)]))
            place = {column: position for position, column in enumerate(here)}
            rows_of = [place[column] for column in first]
            columns_of = [place[column] for column in second]
            correlations[np.ix_(first, second)] = block[np.ix_(rows_of, columns_of)]
            correlations[np.ix_(second, first)] = block[np.ix_(columns_of, rows_of)]
    return correlations


def own_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each column among its own values; NaN where missing."""
    # slow to load, and not for importances
    from scipy.stats import rankdata

    return rankdata(values, axis=0, nan_policy="omit") if len(values) else values


def correlation_ratios(codes: NDArray[np.float64], ranks: NDArray[np.floating]) -> NDArray[np.float64]:
    """How much of the variance of ranks lies between levels: the root of epsilon squared.

    `codes`, ndarray of shape (n_rows,): Levels by number; NaN where missing.
    `ranks`, ndarray of shape (n_rows, n_columns): NaN where missing.
    """
    there = ~np.isnan(codes)
    ranks, level = ranks[there], codes[there].astype(np.int64)
    has_value = ~np.isnan(ranks)
    middle = np.nansum(ranks, axis=0) / np.maximum(has_value.sum(0), 1)
    filled = np.where(has_value, ranks - middle, 0.0)
    n_levels = int(level.max(initial=-1)) + 1
    counts, sums = np.zeros((n_levels, ranks.shape[1])), np.zeros((n_levels, ranks.shape[1]))
    np.add.at(counts, level, has_value.astype(float))
    np.add.at(sums, level, filled)
    n, used = counts.sum(0), (counts > 0).sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = sums.sum(0) ** 2 / n
        between = np.where(counts > 0, sums**2 / counts, 0.0).sum(0) - shift
        total = (filled**2).sum(0) - shift
        corrected = 1 - (1 - between / total) * (n - 1) / (n - used)
    ok = (n >= LEAST_ROWS) & (2 * used <= n) & (used > 1) & (total > 0)
    return np.where(ok, np.sqrt(corrected.clip(0, 1), where=ok, out=np.zeros_like(n)), np.nan)


def cramers_v(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Cramer's V of two columns of level numbers, corrected for bias; NaN where it cannot be measured."""
    there = ~np.isnan(first) & ~np.isnan(second)
    n = int(there.sum())
    if n < LEAST_ROWS:
        return np.nan
    a, b = first[there].astype(np.int64), second[there].astype(np.int64)
    in_a, in_b = np.bincount(a), np.bincount(b)
    r, c = int(np.count_nonzero(in_a)), int(np.count_nonzero(in_b))
    if min(r, c) < 2 or 2 * max(r, c) > n:
        return np.nan
    cells, in_cell = _counts(a * len(in_b) + b, len(in_a) * len(in_b))
    phi2 = float((in_cell**2 / (in_a[cells // len(in_b)] * in_b[cells % len(in_b)])).sum()) - 1
    phi2 = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return min(1.0, float(np.sqrt(phi2 / (min(rows, columns) - 1))))


def _counts(values: NDArray[np.int64], most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct whole numbers below `most`, and how often each one is there."""
    if most > MANY_CELLS:
        distinct, counts = np.unique(values, return_counts=True)
        return distinct, counts
    counts = np.bincount(values)
    distinct = np.flatnonzero(counts)
    return distinct, counts[distinct]


def _pearson(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations of columns, pairwise complete; NaN with a constant one or too few rows."""
    has_value = ~np.isnan(values)
    if not has_value.any():
        return np.full((values.shape[1],) * 2, np.nan)
    there = has_value.astype(float)
    middle = np.nansum(values, axis=0) / np.maximum(there.sum(0), 1)
    filled = np.where(has_value, values - middle, 0.0)
    n = there.T @ there
    with np.errstate(invalid="ignore", divide="ignore"):
        # sums of each column over the rows of the pair
        own, other = filled.T @ there, there.T @ filled
        cross = filled.T @ filled - own * other / n
        squares = (filled**2).T @ there
        spread = squares - own**2 / n
        varies = spread > 1e-9 * squares
        enough = (n >= LEAST_ROWS) & varies & varies.T
        return np.where(enough, (cross / np.sqrt(spread * spread.T)).clip(-1, 1), np.nan)
