"""Rows that look alike, and cyclic shifts among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.marginal import shifts

Places = NDArray[np.int64]

# rows of a bin at least, and twice the repeats and one, so that each repeat has a shift of its own
BIN_ROWS = 25
# scores are rounded to this, in their own spread: what differs by rounding alone is equal
GRID = 1e-8
# a gap between neighbouring scores at which a bin ends: so large a share of their range, and so many mean gaps
WIDE_GAP, WIDE_GAPS = 0.1, 8


def bin_rows(n_repeats: int) -> int:
    """Rows of a bin at least."""
    return max(BIN_ROWS, 2 * n_repeats + 1)


def cut(scores: NDArray[np.float64], least: int) -> Places:
    """Cut rows into bins of `least` to just under twice as many: by the score that differs most, again and again.

    `scores`, shape (n_rows, n_scores): comparable with each other. `least`: rows of a bin. Returns shape (n_rows,):
    number of the bin of each row.
    """
    bins = np.zeros(len(scores), dtype=np.int64)
    spread = scores.std(0)
    scores = np.round(scores / np.where(spread > 0, spread, 1.0) / GRID) * (GRID * spread)
    waiting, n_bins = [np.arange(len(scores))], 0
    while waiting:
        rows = waiting.pop()
        part = scores[rows]
        if len(rows) < 2 * least or not part.size or not (part != part[0]).any():
            bins[rows] = n_bins
            n_bins += 1
            continue
        score = part[:, int(np.argmax(part.var(0)))]
        order = np.argsort(score, kind="stable")
        ordered, middle = rows[order], _middle(score[order], least)
        waiting += [ordered[middle:], ordered[:middle]]
    return bins


def _middle(score: NDArray[np.float64], least: int) -> int:
    """Where to cut sorted scores: at a gap where there is a wide one, else in the middle, in bins of one size."""
    first, last = least, len(score) - least
    gaps = np.diff(score[first - 1 : last + 1])
    widest = int(np.argmax(gaps)) if len(gaps) else 0
    if len(gaps) and gaps[widest] > max(WIDE_GAP, WIDE_GAPS / len(score)) * (score[-1] - score[0]):
        return first + widest
    return len(score) // least // 2 * least


def shifted(bins: Places, n_repeats: int, rng: np.random.Generator) -> Places:
    """Donors of shape (n_repeats, n_rows): inside each bin rows in random order, shifted in a circle."""
    donors = np.empty((n_repeats, len(bins)), dtype=np.int64)
    order = np.argsort(bins, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(bins[order])) + 1):
        rows = rng.permutation(rows)
        places = (np.arange(len(rows)) - shifts(len(rows), n_repeats, rng)[:, None]) % len(rows)
        donors[:, rows] = rows[places]
    return donors
