"""A heatmap of features by segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._display.charts import cells as _cells
from weighin._display.charts.look import look_of
from weighin._display.charts.texts import axes_for, fit_height, name_rows, space_of, write_around


def heatmap(
    names: Sequence[str],
    segments: Sequence[str],
    values: NDArray[np.float64],
    *,
    labels: Sequence[Sequence[str]],
    unsure: NDArray[np.bool_],
    title: str,
    subtitle: str,
    xlabel: str,
    percent: bool = False,
    ax: Any = None,
) -> Any:
    """Draw a cell for each feature in each segment, the first name on top.

    Parameters
    ----------
    names, segments : sequence of str
        Of rows and of columns.
    values : ndarray of shape (n, n_segments)
        Colours: blue above 0, orange below. What is no number is an empty cell.
    labels : sequence of sequence of str
        Written into the cells where there is room.
    unsure : ndarray of bool of shape (n, n_segments)
        Cells whose interval holds 0: their numbers are pale.
    title, subtitle, xlabel : str
        Texts; the last one says what the colours mean.
    percent : bool
        Whether values are parts, to be written as percentages.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax, own = axes_for(ax)
    look = look_of(ax)
    pitch = name_rows(ax, names, look, own=own)
    ax.set_ylim(len(names) - 0.5, -0.5)
    width = space_of(ax) / max(1, len(segments))
    lift = _cells.name_columns(ax, segments, look, top=True, width=width)
    most = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    image = _cells.colour(ax, values, look.diverging(), -most, most, look)
    _cells.write(ax, values, labels, unsure, image, width=width, height=pitch)
    write_around(ax, look, title, subtitle, xlabel, lift=lift + 4)
    low = min(0.0, float(values[np.isfinite(values)].min(initial=0.0)))
    high = max(0.0, float(values[np.isfinite(values)].max(initial=0.0)))
    ends = (low, high) if high > low else (0.0, most)
    ax.xaxis.labelpad = 36
    if own:
        fit_height(ax, pitch, extra=lift + 36)
    _cells.scale(ax, image, look, height=pitch * len(names), percent=percent, ends=ends)
    return ax
