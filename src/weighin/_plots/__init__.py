"""Charts from plain values; each gives Axes, never shows them, and knows no result."""

from weighin._plots._article import article_bars
from weighin._plots._bars import bars
from weighin._plots._clusters import clusters
from weighin._plots._dumbbell import dumbbell
from weighin._plots._look import BAR, BAR_NEGATIVE, PALE
from weighin._plots._save import save
from weighin._plots._segments import heatmap
from weighin._plots._shuffles import shuffles
from weighin._plots._texts import literal, wrap

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
