"""Clusters of columns by name, and what counts as more than chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# standard errors of an association of independent columns
CHANCE = 3.5

# from here on swapped rows count as outside the data: independent columns stay below, but for few rows of names
FARTHER = 1.5


def chance_level(n_rows: int) -> float:
    """Associations up to here are what independent columns show on so few rows."""
    return CHANCE / np.sqrt(max(n_rows - 1, 1))


def group_names(clusters: Sequence[Sequence[str]], taken: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """Name clusters after their members, unlike any name that is taken."""
    groups: dict[str, tuple[str, ...]] = {}
    for members in clusters:
        name = " + ".join(members[:3]) + (f" + {len(members) - 3} more" if len(members) > 3 else "")
        while name in groups or name in taken:
            name += " (together)"
        groups[name] = tuple(members)
    return groups
