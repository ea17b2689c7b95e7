"""Which features go together: a square of associations, in clusters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from weighin._display.charts import cells as _cells
from weighin._display.charts.chart import Clusters
from weighin._display.charts.look import look_of
from weighin._display.charts.texts import axes_for, fit_height, name_rows, space_of, write_around
from weighin._display.numbers import write

# features; among more of them numbers near 0, and the diagonal, are left out
MANY = 12
WRITTEN_FROM = 0.2


def clusters(chart: Clusters, ax: Any = None) -> Any:
    """Draw a cell for each pair of features, those of one cluster side by side in a frame."""
    from matplotlib.patches import Rectangle

    names, xlabel = chart.names, chart.xlabel
    ax, own = axes_for(ax)
    look = look_of(ax)
    _, seen, cluster = np.unique(np.asarray(chart.labels), return_index=True, return_inverse=True)
    # clusters as their first members come
    order = np.argsort(seen[cluster], kind="stable")
    values = np.asarray(chart.associations, dtype=float)[np.ix_(order, order)]
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
    write_around(ax, look, replace(chart, xlabel=xlabel), lift=lift + 4)
    ax.xaxis.labelpad = 36
    if own:
        fit_height(ax, pitch, extra=lift + 36)
    _cells.scale(ax, image, look, height=pitch * len(names), ends=(-1.0 if signed else 0.0, 1.0))
    return ax
