"""Which features go together: a square of associations, in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighin._display.charts import cells as _cells
from weighin._display.charts.look import look_of
from weighin._display.charts.texts import axes_for, fit_height, name_rows, space_of, write_around
from weighin._display.numbers import write

# features; among more of them numbers near 0, and the diagonal, are left out
MANY = 12
WRITTEN_FROM = 0.2


def clusters(
    associations: NDArray[np.float64],
    names: Sequence[str],
    labels: ArrayLike,
    *,
    title: str,
    subtitle: str,
    xlabel: str,
    ax: Any = None,
) -> Any:
    """Draw a cell for each pair of features, those of one cluster side by side in a frame.

    Parameters
    ----------
    associations : ndarray of shape (n, n)
        From -1 or 0 to 1; what is no number is an empty cell.
    names : sequence of str
        Features.
    labels : array of shape (n,)
        Cluster of each feature, any values; features are drawn cluster by cluster, otherwise in their own order.
    title, subtitle, xlabel : str
        Texts; the last one says what the colours mean.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    from matplotlib.patches import Rectangle

    ax, own = axes_for(ax)
    look = look_of(ax)
    _, seen, cluster = np.unique(np.asarray(labels), return_index=True, return_inverse=True)
    # clusters as their first members come
    order = np.argsort(seen[cluster], kind="stable")
    values = np.asarray(associations, dtype=float)[np.ix_(order, order)]
    ordered = [names[i] for i in order]
    pitch = name_rows(ax, ordered, look, own=own, most=max(9.0, 560 / max(1, len(names))))
    ax.set_ylim(len(names) - 0.5, -0.5)
    width = space_of(ax) / max(1, len(names))
    lift = _cells.name_columns(ax, ordered, look, top=True, width=width)
    signed = bool((values < 0).any())
    image = _cells.colour(
        ax, values, look.diverging() if signed else look.rising(), -1.0 if signed else 0.0, 1.0, look
    )
    many = len(names) > MANY
    texts = [
        [
            "" if many and (i == j or abs(value) < WRITTEN_FROM) else write(float(value), 2)
            for j, value in enumerate(row)
        ]
        for i, row in enumerate(values)
    ]
    written = _cells.write(ax, values, texts, np.zeros(values.shape, bool), image, width=width, height=pitch)
    if written and many:
        xlabel += f"; numbers from {WRITTEN_FROM:g}"
    members = cluster[order]
    for start in np.flatnonzero(np.diff(members, prepend=-1)):
        held = int((members == members[start]).sum())
        if held > 1:
            ax.add_patch(
                Rectangle(
                    (start - 0.5, start - 0.5),
                    held,
                    held,
                    fill=False,
                    edgecolor=look.ink,
                    linewidth=2,
                    zorder=3,
                    clip_on=False,
                )
            )
    write_around(ax, look, title, subtitle, xlabel, lift=lift + 4)
    ax.xaxis.labelpad = 36
    if own:
        fit_height(ax, pitch, extra=lift + 36)
    _cells.scale(ax, image, look, height=pitch * len(names), ends=(-1.0 if signed else 0.0, 1.0))
    return ax
