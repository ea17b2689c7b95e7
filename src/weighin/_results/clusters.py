"""Features that carry the same information: clusters of columns any two of which go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANCE = 3.5  # standard errors of an association of independent columns

# from here on swapped rows count as outside the data: independent columns stay below, but for few rows of names
FARTHER = 1.5


def chance_level(n_rows: int) -> float:
    """Associations up to here are what independent columns show on so few rows."""
    return CHANCE / np.sqrt(max(n_rows - 1, 1))


def cluster(strength: NDArray[np.float64], threshold: float) -> tuple[list[list[int]], list[int]]:
    """Put columns together by complete linkage: any two of a cluster are associated by `threshold` or more.

    Parameters
    ----------
    strength : ndarray of shape (n, n)
        From 0 to 1; NaN counts as 0.
    threshold : float

    Returns
    -------
    clusters : list of list of int
        Those of two columns or more, the largest first.
    order : list of int
        All columns, similar ones side by side.
    """
    n = len(strength)
    if n < 2:
        return [], list(range(n))
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distance = 1 - np.nan_to_num(strength)
    distance = np.maximum(distance, distance.T).clip(0, 1)
    np.fill_diagonal(distance, 0.0)
    condensed = squareform(distance, checks=False)
    tree = linkage(condensed, "complete")
    labels = fcluster(tree, 1 - threshold + 1e-9, "distance")
    if n <= 200:  # it takes the cube of n
        tree = optimal_leaf_ordering(tree, condensed)
    members: dict[int, list[int]] = {}
    for column, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(column)
    found = [some for some in members.values() if len(some) > 1]
    return sorted(found, key=lambda some: (-len(some), some)), leaves_list(tree).tolist()


def group_names(clusters: Sequence[Sequence[str]], taken: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Name clusters after their members, unlike any name that is taken."""
    groups: dict[str, tuple[str, ...]] = {}
    for members in clusters:
        name = " + ".join(members[:3]) + (f" + {len(members) - 3} more" if len(members) > 3 else "")
        while name in groups or name in taken:
            name += " (together)"
        groups[name] = tuple(members)
    return groups
