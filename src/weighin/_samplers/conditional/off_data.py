"""How far swapped rows land from real ones: nearest neighbours, with and without the swap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import cKDTree

from weighin._samplers.conditional.columns import RawColumn, Values
from weighin._samplers.conditional.ridge import Places

LEAST_ROWS, MOST_ROWS = 50, 2000
REPEATS = 3
# shorter distances count as this one; two random rows differ by 1.4 in each column
TWIN = 0.02
UNIFORM_SD = 12**-0.5


def off_data_ratio(
    columns: Sequence[RawColumn],
    rows: Places,
    donors: Places,
    moved: Mapping[str, Values],
    rng: np.random.Generator,
) -> float:
    """Tell how much farther swapped rows lie from their nearest real row than other real rows do.

    `columns`: those that are swapped, and those they should fit. `rows`, shape (m,): of the table. `donors`, shape
    (n_repeats, m): position within `rows` of who gave to each. `moved`, shape (n_repeats, m): what they received, for
    each column swapped. `rng`: halves the rows: one half is the reference for the other, and for what it receives from
    its own. Returns About 1 where received values fit the rest of a row as well as its own; NaN below 50 rows.
    """
    if len(rows) < LEAST_ROWS:
        return np.nan
    order = rng.permutation(len(rows))[:MOST_ROWS]
    spaces = [_Space(column, rows) for column in columns]
    real = np.hstack([space.of(column.values[rows]) for space, column in zip(spaces, columns, strict=True)])
    ratios = []
    for moving, reference in (np.array_split(order, 2), np.array_split(order, 2)[::-1]):
        tree = cKDTree(real[reference])
        own = tree.query(real[moving])[0].clip(TWIN).mean()
        mine = np.isin(np.arange(len(rows)), moving)
        swapped = []
        for repeat, givers in enumerate(donors[:REPEATS]):
            at = moving[mine[givers[moving]]]
            values = [moved[c.name][repeat, at] if c.name in moved else c.values[rows[at]] for c in columns]
            swapped.append(np.hstack([space.of(v) for space, v in zip(spaces, values, strict=True)]))
        distances = tree.query(np.vstack(swapped))[0].clip(TWIN)
        ratios.append(distances.mean() / own)
    return float(np.mean(ratios))


class _Space:
    """Values as coordinates in which two random rows differ by about the square root of 2.

    Ranks, so that no outlier decides; beyond the real values by their spread. A coordinate for each level; missing
    values in the middle, with one of their own.
    """

    def __init__(self, column: RawColumn, rows: Places) -> None:
        values = column.values[rows]
        there = values[np.isfinite(values)]
        self.category = column.kind == "category"
        self.missing = bool(np.isnan(values).any())
        self.levels, counts = np.unique(there, return_counts=True)
        ranks = np.cumsum(counts) - (counts + 1) / 2
        self.places = ((ranks + 0.5) / max(1, len(there)) - 0.5) / UNIFORM_SD
        self.sd = float(there.std()) or 1.0 if len(there) else 1.0

    def of(self, values: Values) -> Values:
        """Coordinates of shape (n, n_coordinates)."""
        is_missing = np.isnan(values)
        if self.category:
            parts = list((values[:, None] == self.levels).T)
        elif not len(self.levels):
            parts = []
        else:
            inside = np.clip(np.where(is_missing, self.levels[0], values), self.levels[0], self.levels[-1])
            place = np.interp(inside, self.levels, self.places)
            beyond = np.where(np.isfinite(values), values - inside, 0.0) / self.sd
            parts = [np.where(is_missing, 0.0, place + beyond)]
        if self.missing:
            parts.append(is_missing)
        return np.array(parts, dtype=np.float64).reshape(len(parts), len(values)).T
