"""Dumbbells: where each feature was, and where it is now."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._display.charts.chart import Dumbbell
from weighin._display.charts.look import PALE, Look, look_of
from weighin._display.charts.texts import (
    axes_for,
    bare,
    cut,
    fit_height,
    letters,
    literal,
    name_rows,
    write_around,
)

# points that the two lines of the legend take, between the axis and its label
LEGEND = 32.0


def dumbbell(chart: Dumbbell, ax: Any = None) -> Any:
    """Draw two dots per feature and the way from one to the other, the first name on top."""
    names, unsure = chart.names, chart.unsure
    ax, own = axes_for(ax)
    look = look_of(ax)
    write_around(ax, look, chart)
    pitch = name_rows(ax, names, look, own=own)
    rows = np.arange(len(names))
    first, second = (np.where(np.isfinite(ends), ends, np.nan) for ends in (chart.first, chart.second))
    both = rows[np.isfinite(first) & np.isfinite(second)]
    if len(both):
        ax.hlines(
            both,
            first[both],
            second[both],
            colors=[look.bar if second[row] >= first[row] else look.negative for row in both],
            alpha=np.where(unsure[both], PALE, 1.0),
            linewidth=float(np.clip(0.14 * pitch, 1.0, 4.0)),
            capstyle="butt",
            zorder=2,
            gid="ways",
        )
    size = float(np.clip(1.8 * pitch, 6.0, 64.0))
    ax.scatter(first, rows, s=size, color=look.ground, edgecolors=look.ink, linewidths=1.4, zorder=3)
    # the ring stays in sight
    ax.scatter(second, rows, s=0.6 * size, color=look.ink, linewidths=0, zorder=4)
    for row, label in enumerate(chart.labels):
        ax.annotate(
            literal(label),
            (1.0, row),
            xycoords=ax.get_yaxis_transform(),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=look.quiet if unsure[row] else look.ink,
            fontsize=letters(ax),
        )
    ax.axvline(0, color=look.ink, linewidth=1, zorder=1)
    ax.margins(x=0.04)
    bare(ax, look)
    _explain(ax, chart.legend, look)
    ax.xaxis.labelpad = LEGEND
    if own:
        fit_height(ax, pitch, extra=LEGEND)
    return ax


def _explain(ax: Any, legend: tuple[str, str], look: Look) -> None:
    """Say what the dots stand for, at the left under the Axes."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation

    dots = [
        Line2D([], [], linestyle="none", marker="o", color=look.ground, markeredgecolor=look.ink),
        Line2D([], [], linestyle="none", marker="o", color=look.ink),
    ]
    below = ax.transAxes + ScaledTranslation(0, -22 / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        dots,
        [cut(text, 60) for text in legend],
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=below,
        frameon=False,
        labelcolor=look.ink,
        fontsize=10,
        handletextpad=0.2,
        borderpad=0,
        borderaxespad=0,
    )
