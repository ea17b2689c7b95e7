"""A heatmap of features by segments."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._display.charts import cells as _cells
from weighin._display.charts.chart import Cells
from weighin._display.charts.look import look_of
from weighin._display.charts.texts import axes_for, fit_height, name_rows, space_of, write_around


def heatmap(chart: Cells, ax: Any = None) -> Any:
    """Draw a cell for each feature in each segment, the first name on top."""
    names, segments, values = chart.names, chart.segments, chart.values
    ax, own = axes_for(ax)
    look = look_of(ax)
    pitch = name_rows(ax, names, look, own=own)
    ax.set_ylim(len(names) - 0.5, -0.5)
    width = space_of(ax) / max(1, len(segments))
    lift = _cells.name_columns(ax, segments, look, top=True, width=width)
    most = float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    image = _cells.colour(ax, values, look.diverging(), -most, most, look)
    _cells.write(ax, values, chart.labels, chart.unsure, image, width=width, height=pitch)
    write_around(ax, look, chart, lift=lift + 4)
    low = min(0.0, float(values[np.isfinite(values)].min(initial=0.0)))
    high = max(0.0, float(values[np.isfinite(values)].max(initial=0.0)))
    ends = (low, high) if high > low else (0.0, most)
    ax.xaxis.labelpad = 36
    if own:
        fit_height(ax, pitch, extra=lift + 36)
    _cells.scale(ax, image, look, height=pitch * len(names), percent=chart.percent, ends=ends)
    return ax
