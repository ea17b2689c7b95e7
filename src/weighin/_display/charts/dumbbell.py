"""Dumbbells: where each feature was, and where it is now."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._display.charts.bars import whiskers
from weighin._display.charts.chart import Dumbbell
from weighin._display.charts.look import PALE, Look, look_of
from weighin._display.charts.texts import (
    axes_for,
    bare,
    cut,
    ends_of_rows,
    fit_height,
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
    pitch = name_rows(ax, names, look, own=own, signs=chart.signs)
    rows = np.arange(len(names))
    first, second = (np.where(np.isfinite(ends), ends, np.nan) for ends in (chart.first, chart.second))
    both = rows[np.isfinite(first) & np.isfinite(second)]
    if len(both):
        directions = [look.bar if second[row] >= first[row] else look.negative for row in both]
        ax.hlines(
            both,
            first[both],
            second[both],
            colors=directions if chart.directed else look.between,
            alpha=np.where(unsure[both], PALE, 1.0) if chart.directed else 1.0,
            linewidth=float(np.clip((0.14 if chart.directed else 0.3) * pitch, 1.0, 10.0)),
            capstyle="butt",
            zorder=2,
            gid="ways",
        )
    size = float(np.clip(1.8 * pitch, 6.0, 64.0))
    ink = look.ink if chart.directed else look.bar
    pale = np.zeros(len(names), bool) if chart.directed else unsure
    faint = pale if chart.unsure_first is None else chart.unsure_first
    # whiskers lie a little above and below each other, each through its dot
    apart = 0.0 if chart.directed else 0.14
    for interval, values, shift in (
        (chart.first_interval, first, -apart),
        (chart.second_interval, second, apart),
    ):
        if interval is not None:
            there = np.isfinite(interval[0]) & np.isfinite(interval[1]) & np.isfinite(values)
            whiskers(ax, rows[there] + shift, interval[0][there], interval[1][there], look, 0.6 * pitch)
    for values, shift, hidden, full in ((first, -apart, faint, False), (second, apart, pale, True)):
        inks = [look.pale(ink) if thin else ink for thin in hidden]
        ax.scatter(
            values,
            rows + shift,
            # the ring of the first stays in sight
            s=0.6 * size if full and chart.directed else size,
            color=inks if full else look.ground,
            edgecolors=inks,
            linewidths=0 if full else 1.4 if chart.directed else 2,
            zorder=5 if full else 4,
        )
    ends_of_rows(ax, chart.asides if not chart.directed else chart.labels, unsure, look)
    ax.axvline(0, color=look.ink, linewidth=1, zorder=1)
    ax.margins(x=0.04)
    bare(ax, look, percent=chart.percent)
    _explain(ax, chart.legend, look, ink)
    ax.xaxis.labelpad = LEGEND
    if own:
        fit_height(ax, pitch, extra=LEGEND)
    return ax


def _explain(ax: Any, legend: tuple[str, str], look: Look, ink: str) -> None:
    """Say what the dots stand for, at the left under the Axes."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation

    dots = [
        Line2D([], [], linestyle="none", marker="o", color=look.ground, markeredgecolor=ink),
        Line2D([], [], linestyle="none", marker="o", color=ink),
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
