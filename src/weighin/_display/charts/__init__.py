"""Charts from plain values; each gives Axes, never shows them, and knows no result."""

from weighin._display.charts.article import article_bars
from weighin._display.charts.bars import bars
from weighin._display.charts.clusters import clusters
from weighin._display.charts.dumbbell import dumbbell
from weighin._display.charts.look import BAR, BAR_NEGATIVE, PALE
from weighin._display.charts.save import save
from weighin._display.charts.segments import heatmap
from weighin._display.charts.shuffles import shuffles
from weighin._display.charts.texts import literal, wrap

__all__ = [
    "BAR",
    "BAR_NEGATIVE",
    "PALE",
    "article_bars",
    "bars",
    "clusters",
    "dumbbell",
    "heatmap",
    "literal",
    "save",
    "shuffles",
    "wrap",
]
