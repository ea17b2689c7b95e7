"""Features that carry the same information: clusters of columns any two of which go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# columns whose best order is looked for: it takes the cube of their number
MOST_ORDERED = 200
# columns in one tree, which holds all their pairs several times
MOST_IN_TREE = 2000
# of an association that is the threshold
ROUNDING = 1e-9


def cluster(strength: NDArray[np.float64], threshold: float) -> tuple[list[list[int]], list[int]]:
    """Put columns together by complete linkage: any two of a cluster are associated by `threshold` or more.

    `strength`, ndarray of shape (n, n): From 0 to 1; NaN counts as 0.
    `threshold`: Above 0, at most 1.

    Returns `clusters`: those of two columns or more, the largest first; `order`: all columns, similar ones side by
    side.
    """
    n = len(strength)
    if n < 2:
        return [], list(range(n))
    if n <= MOST_IN_TREE:
        members, order = _tree(strength, threshold)
    else:
        # below the threshold nothing is put together: what is not tied by such pairs needs no tree of its own
        parts = _tied(strength, threshold)
        trees = [_tree(strength[np.ix_(part, part)], threshold) for part in parts]
        members = [
            [int(part[place]) for place in cluster]
            for part, (clusters, _) in zip(parts, trees, strict=True)
            for cluster in clusters
        ]
        order = [int(part[place]) for part, (_, places) in zip(parts, trees, strict=True) for place in places]
        order += sorted(set(range(n)) - set(order))
    return sorted(members, key=lambda columns: (-len(columns), columns)), order


def _tied(strength: NDArray[np.floating], threshold: float) -> list[NDArray[np.int64]]:
    """Columns connected by pairs at the threshold, the most first; those of no such pair left out."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(strength)
    # row by row: of a wide table there is no room for a copy
    pairs = [(i, np.flatnonzero(strength[i] >= threshold - ROUNDING)) for i in range(n)]
    first = np.concatenate([np.full(len(js), i) for i, js in pairs])
    second = np.concatenate([js for _, js in pairs])
    _, labels = connected_components(
        coo_array((np.ones(len(first)), (first, second)), (n, n)), directed=False
    )
    parts = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    return sorted((part for part in parts if len(part) > 1), key=lambda part: (-len(part), part[0]))


def _tree(strength: NDArray[np.floating], threshold: float) -> tuple[list[list[int]], list[int]]:
    """Clusters of two columns or more, and the order of the tree."""
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    n = len(strength)
    distance = 1 - np.nan_to_num(strength).astype(np.float64)
    distance = np.maximum(distance, distance.T).clip(0, 1)
    np.fill_diagonal(distance, 0.0)
    condensed = squareform(distance, checks=False)
    tree = linkage(condensed, "complete")
    labels = fcluster(tree, 1 - threshold + ROUNDING, "distance")
    if n <= MOST_ORDERED:
        tree = optimal_leaf_ordering(tree, condensed)
    members: dict[int, list[int]] = {}
    for column, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(column)
    clusters = [columns for columns in members.values() if len(columns) > 1]
    return clusters, leaves_list(tree).tolist()
