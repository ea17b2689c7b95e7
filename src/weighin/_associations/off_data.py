"""How far rows land from the data when one column is shuffled: nearest neighbours, with and without the shuffle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from weighin._results.clusters import chance_level
from weighin._tables.columns import Column

# columns a feature is looked at with: more would hide what a swap does to one among many
CLOSE_COLUMNS = 3
# shuffles of a feature
SHIFTS = 3
# more rows show little more and cost their square
MOST_ROWS = 1000
# association from which a column is a close column; unless chance makes it; else the closest
ALIKE = 0.3
# shorter distances count as this one; two random rows differ by 1.4 in each column
TWIN = 0.02
# units; of more, those with the closest columns: each takes some milliseconds
MOST_UNITS, MOST_CLOSE_UNITS = 2000, 400
LEAST_ROWS = 50
FEW_ROWS = 400
# coordinates; with more, a product of matrices is quicker
FEW_COLUMNS = 40
UNIFORM_SD = 12**-0.5


def distance_ratios(
    columns: Sequence[Column],
    strength: NDArray[np.float64],
    units: Mapping[str, Sequence[int]],
    rng: np.random.Generator,
    advance: Callable[[int], None] = lambda units: None,
) -> dict[str, float]:
    """Tell how much farther swapped rows lie from their nearest real row than other real rows do.

    `columns`: The same rows of each.
    `strength`, ndarray of shape (n, n): Associations from 0 to 1, to choose the close columns of each feature;
        NaN counts as 0.
    `units`: What is shuffled: columns by number, those of a group together.
    `rng`: Generator
    `advance`: Called with the number of units that are done.

    Of more than 2,000 units only the 400 that go closest with another column are looked at; NaN for the others.

    Returns About 1 where a shuffled value fits the rest of its row as well as its own. NaN with fewer than 50 rows.

    Half of the rows are the reference; nearest neighbours in it are looked for from the other half, as they are and
    after a shuffle within that half; then the halves change places, and few rows are halved several times. Both come
    from the same distribution when the feature does not depend on the others, so the ratio of mean distances is 1,
    however many rows or columns there are. Otherwise it grows with the number of rows, of which at most 1,000 are
    taken: the more there are, the nearer real neighbours are.
    """
    n_rows = len(columns[0].values) if columns else 0
    if n_rows < LEAST_ROWS:
        return dict.fromkeys(units, np.nan)
    cuts = [
        np.array_split(rng.permutation(n_rows)[:MOST_ROWS], 2) for _ in range(min(8, 1 + FEW_ROWS // n_rows))
    ]
    cuts += [halves[::-1] for halves in cuts]
    shifts = 1 + rng.permutation(min(n_rows, MOST_ROWS) // 2 - 1)[:SHIFTS]
    space = cache(lambda place: _space(columns[place]))
    wide = len(units) > MOST_UNITS
    near = strength
    looked_at = _closest_units(units, near) if wide else units.keys()
    ratios = {}
    for name, members in units.items():
        advance(1)
        if name not in looked_at:
            ratios[name] = np.nan
            continue
        close_columns = _close_columns(members, near, max(ALIKE, chance_level(n_rows)))
        if not close_columns:
            # there is nothing to fit to
            ratios[name] = 1.0
            continue
        own, others = (np.hstack([space(i) for i in places]) for places in (members, close_columns))
        real, swapped = np.mean(
            [_distances(own, others, first, other, shifts) for first, other in cuts], axis=0
        )
        ratios[name] = float(swapped / real)
    return ratios


def _distances(
    own: NDArray[np.float64],
    others: NDArray[np.float64],
    reference: NDArray[np.int64],
    moved: NDArray[np.int64],
    shifts: NDArray[np.int64],
) -> tuple[float, float]:
    """Mean distance of some rows to their nearest neighbours among others: as they are, and shuffled.

    Squares of distances add up over columns, and a shuffle moves the rows of one of the two sums.
    """
    mine, rest = (_squares(values[moved], values[reference]) for values in (own, others))
    means = [
        float(np.sqrt((np.roll(mine, shift, axis=0) + rest).min(1).clip(TWIN**2)).mean())
        for shift in (0, *shifts)
    ]
    return means[0], float(np.mean(means[1:]))


def _squares(rows: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square of the distance of each row to each of the others."""
    if rows.shape[1] <= FEW_COLUMNS:
        return cdist(rows, others, "sqeuclidean")
    squares = (rows**2).sum(1)[:, None] + (others**2).sum(1) - 2 * rows @ others.T
    return squares.clip(0)


def _closest_units(units: Mapping[str, Sequence[int]], near: NDArray[np.floating]) -> set[str]:
    """The units that go closest with a column that is not theirs."""

    def closest(members: Sequence[int]) -> float:
        rows = near[list(members)]
        rows[:, list(members)] = -1.0
        return float(np.nanmax(rows, initial=-1.0))

    strongest = {name: closest(members) for name, members in units.items()}
    return set(sorted(units, key=lambda name: -strongest[name])[:MOST_CLOSE_UNITS])


def _close_columns(members: Sequence[int], near: NDArray[np.float64], alike: float) -> list[int]:
    """The columns most like the members of a unit, or like those found before; where none is, any of the closest.

    What is like a close column matters as well: a sum is tied to each part by the other one.
    """
    taken = list(members)
    for _ in range(CLOSE_COLUMNS):
        closeness = np.nan_to_num(near[taken]).max(0)
        closeness[taken] = -1.0
        best = int(np.argmax(closeness))
        if closeness[best] < alike:
            break
        taken.append(best)
    if len(taken) > len(members):
        return taken[len(members) :]
    closeness = np.nan_to_num(near[list(members)]).max(0)
    closeness[list(members)] = -1.0
    return [int(i) for i in np.argsort(-closeness, kind="stable")[:CLOSE_COLUMNS] if closeness[i] >= 0]


def _space(column: Column) -> NDArray[np.float64]:
    """A column as coordinates in which two random rows differ by about the square root of 2, whatever it holds.

    Ranks, so that no outlier decides; a coordinate for each level; missing values in the middle, with one of their own.
    """
    missing = np.isnan(column.values)
    if column.ranked:
        from scipy.stats import rankdata

        ranks = rankdata(column.values[~missing])
        place = np.zeros(len(missing))
        place[~missing] = ((ranks - 0.5) / max(1, len(ranks)) - 0.5) / UNIFORM_SD
        parts = [place]
    else:
        _, codes = np.unique(column.values[~missing], return_inverse=True)
        levels = np.zeros((len(missing), int(codes.max(initial=-1)) + 1))
        levels[np.flatnonzero(~missing), codes] = 1.0
        parts = list(levels.T)
    if missing.any():
        parts.append(missing.astype(np.float64))
    return np.stack(parts, axis=1) if parts else np.zeros((len(missing), 1))
