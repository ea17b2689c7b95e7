"""Charts from plain values; each gives Axes, never shows them, and knows no result."""

from __future__ import annotations

from typing import Any

from weighin._display.charts.article import article_bars
from weighin._display.charts.bars import bars
from weighin._display.charts.chart import (
    Bars,
    Cells,
    Chart,
    Clusters,
    Curves,
    Dumbbell,
    Panel,
    Rows,
    Shuffles,
)
from weighin._display.charts.clusters import clusters
from weighin._display.charts.curves import panels
from weighin._display.charts.dumbbell import dumbbell
from weighin._display.charts.look import BAR, BAR_NEGATIVE, PALE
from weighin._display.charts.picture import picture, save
from weighin._display.charts.segments import heatmap
from weighin._display.charts.shuffles import shuffles
from weighin._display.charts.texts import literal, wrap

__all__ = [
    "BAR",
    "BAR_NEGATIVE",
    "PALE",
    "Bars",
    "Cells",
    "Chart",
    "Clusters",
    "Curves",
    "Dumbbell",
    "Panel",
    "Rows",
    "Shuffles",
    "article_bars",
    "draw",
    "literal",
    "picture",
    "save",
    "wrap",
]

_BY_KIND: dict[type, Any] = {
    Bars: bars,
    Dumbbell: dumbbell,
    Shuffles: shuffles,
    Cells: heatmap,
    Clusters: clusters,
}


def draw(chart: Chart, ax: Any = None, *, figure: Any = None) -> Any:
    """Draw a chart in matplotlib: on Axes given, on new ones of a figure, or on those of a new figure of pyplot."""
    if isinstance(chart, Curves):
        return panels(chart, axes=ax, figure=figure)
    return _BY_KIND[type(chart)](chart, figure.add_subplot() if ax is None and figure is not None else ax)
