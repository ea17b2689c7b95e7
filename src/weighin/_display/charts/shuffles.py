"""Single shuffles: how far one shuffle lies from the next."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._display.charts.chart import Shuffles
from weighin._display.charts.look import look_of
from weighin._display.charts.texts import axes_for, bare, fit_height, name_rows, write_around

# shuffles from which on quartiles say something
BOXED = 5


def shuffles(chart: Shuffles, ax: Any = None) -> Any:
    """Draw a dot for every shuffle over a box of the middle half of them, the first name on top.

    What is no number is left out. Boxes, with the median as a line, take five shuffles or more.
    """
    names, singles = chart.names, chart.singles
    ax, own = axes_for(ax)
    look = look_of(ax)
    write_around(ax, look, chart)
    pitch = name_rows(ax, names, look, own=own)
    rows, repeats = np.arange(len(names)), singles.shape[1]
    finite = np.where(np.isfinite(singles), singles, np.nan)
    measured = np.flatnonzero(np.isfinite(finite).any(axis=1))
    if repeats >= BOXED and len(measured):
        low, middle, high = np.nanpercentile(finite[measured], [25, 50, 75], axis=1)
        ax.barh(measured, high - low, left=low, height=0.62, color=look.bar, alpha=0.45, zorder=2)
        ax.vlines(
            middle, measured - 0.31, measured + 0.31, color=look.bar, linewidth=2, zorder=3, gid="medians"
        )
    ax.plot(
        finite.ravel(),
        np.repeat(rows, repeats),
        linestyle="none",
        marker="o",
        markersize=float(np.clip(0.2 * pitch, 1.0, 5.0)),
        markeredgewidth=0,
        color=look.ink,
        alpha=0.6,
        zorder=4,
        gid="shuffles",
    )
    ax.axvline(0, color=look.ink, linewidth=1, zorder=1)
    ax.margins(x=0.03)
    bare(ax, look, percent=chart.percent)
    if own:
        fit_height(ax, pitch)
    return ax
