"""Features that carry the same information: clusters of columns any two of which go together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# columns whose best order is looked for: it takes the cube of their number
MOST_ORDERED = 200


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
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distance = 1 - np.nan_to_num(strength)
    distance = np.maximum(distance, distance.T).clip(0, 1)
    np.fill_diagonal(distance, 0.0)
    condensed = squareform(distance, checks=False)
    tree = linkage(condensed, "complete")
    labels = fcluster(tree, 1 - threshold + 1e-9, "distance")
    if n <= MOST_ORDERED:
        tree = optimal_leaf_ordering(tree, condensed)
    members: dict[int, list[int]] = {}
    for column, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(column)
    clusters = [columns for columns in members.values() if len(columns) > 1]
    return sorted(clusters, key=lambda columns: (-len(columns), columns)), leaves_list(tree).tolist()
