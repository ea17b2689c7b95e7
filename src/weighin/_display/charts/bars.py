"""Bars with whiskers: what each feature weighs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._display.charts.chart import Bars
from weighin._display.charts.look import PALE, Look, look_of
from weighin._display.charts.texts import (
    axes_for,
    bare,
    ends_of_rows,
    fit_height,
    letters,
    literal,
    name_rows,
    room_beside,
    write_around,
)


def bars(chart: Bars, ax: Any = None) -> Any:
    """Draw horizontal bars, the first name on top, and give their Axes."""
    values, names, singles = chart.values, chart.names, chart.singles
    # the label says that there is no number
    values = np.where(np.isfinite(values), values, 0.0)
    starts = np.zeros(len(values)) if chart.starts is None else chart.starts
    ends = starts + values
    ax, own = axes_for(ax)
    look = look_of(ax)
    rows = np.arange(len(names))
    write_around(ax, look, chart)
    pitch = name_rows(ax, names, look, own=own, signs=chart.signs)
    colours = [look.bar if value >= 0 else look.negative for value in values]
    drawn = ax.barh(rows, values, height=0.62, left=starts, color=colours, zorder=2)
    reach = np.stack([starts, ends], axis=1)
    if chart.interval is not None:
        low, high = (np.where(np.isfinite(end), starts + end, ends) for end in chart.interval)
        there = np.isfinite(chart.interval[0]) & np.isfinite(chart.interval[1])
        whiskers(ax, rows[there], low[there], high[there], look, pitch)
        for bar, pale in zip(drawn, chart.unsure, strict=True):
            bar.set_alpha(PALE if pale else 1.0)
        reach = np.stack([starts, ends, low, high], axis=1)
    elif singles is not None and singles.shape[1] > 1:
        marks = np.where(np.isfinite(singles), singles, np.nan)
        ax.plot(
            marks.ravel(),
            np.repeat(rows, marks.shape[1]),
            linestyle="none",
            marker="|",
            markersize=float(np.clip(0.4 * pitch, 1.0, 9.0)),
            color=look.ink,
            alpha=0.55,
            zorder=3,
        )
        reach = np.concatenate([reach, np.nan_to_num(marks)], axis=1)
    # one that begins at 0 keeps its number off the line there
    numbered = reach if chart.starts is not None else np.c_[reach, np.zeros(len(values))]
    _number(ax, values, chart.labels, numbered.min(1), numbered.max(1), look)
    ends_of_rows(ax, chart.asides, np.ones(len(names), bool), look)
    ax.axvline(0, color=look.ink, linewidth=1, zorder=4)
    bare(ax, look, percent=chart.percent)
    if chart.line is not None:
        ax.axvline(chart.line, color="0.5", linewidth=1, linestyle=":", zorder=1, gid="tolerance")
    if own:
        fit_height(ax, pitch)
    return ax


def whiskers(
    ax: Any, rows: NDArray[Any], low: NDArray[np.float64], high: NDArray[np.float64], look: Look, pitch: float
) -> None:
    """Draw a line from `low` to `high` over each row, `pitch` points high, with a cap at either end."""
    width = float(np.clip(pitch / 12, 0.5, 1.8))
    ax.hlines(rows, low, high, color=look.ink, linewidth=width, zorder=3, gid="whiskers")
    ax.plot(
        np.concatenate([low, high]),
        np.concatenate([rows, rows]),
        linestyle="none",
        marker="|",
        markersize=float(np.clip(0.35 * pitch, 1.0, 8.0)),
        markeredgewidth=width,
        color=look.ink,
        zorder=3,
        gid="caps",
    )


def _number(
    ax: Any,
    values: NDArray[np.float64],
    labels: Sequence[str],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    look: Look,
) -> None:
    """Write each number beside its bar and whiskers, and make room for it."""
    span = float(high.max() - low.min()) or 1.0
    to_left = values < -0.02 * span
    size = letters(ax)
    for row, label in enumerate(labels):
        ax.annotate(
            literal(label),
            (low[row] if to_left[row] else high[row], row),
            xytext=(-7 if to_left[row] else 7, 0),
            textcoords="offset points",
            va="center",
            ha="right" if to_left[row] else "left",
            color=look.ink,
            fontsize=size,
        )
    room = room_beside(ax, labels, size)
    left, right = (room if to_left.any() else 0.01), room
    scale = span / max(0.1, 1 - left - right)
    ax.set_xlim(low.min() - left * scale, high.max() + right * scale)
