"""The article's own chart, for those who know it."""

from __future__ import annotations

from typing import Any

from weighin._base.checks import check_limit
from weighin._base.text import printable
from weighin._display.charts.texts import literal


def article_bars(frame: Any, *, limit: int, asc: bool, absolute: bool, **kwargs: Any) -> Any:
    """Draw the article's chart: pandas' horizontal bars of a frame (feature, importance), a number at each end."""
    check_limit(limit)
    shown = frame.copy()
    key = (lambda column: column.abs()) if absolute else None
    shown = shown.sort_values("importance", ascending=asc, key=key, kind="stable")[:limit]
    shown["feature"] = [literal(printable(str(name)[:25])) for name in shown["feature"]]
    shown = shown.sort_values("importance", ascending=not asc, key=key, kind="stable")
    import matplotlib.pyplot as plt

    with plt.style.context("fivethirtyeight"):
        ax = shown.plot.barh(x="feature", y="importance", **{"figsize": (20, 10), **kwargs})
    if "ax" not in kwargs:
        # long names stay in the picture
        ax.figure.set_layout_engine("constrained")
    # the numbers, too
    ax.margins(x=0.08)
    for patch in ax.patches:
        width = patch.get_width()
        # beside the bar, not on it
        side = "left" if width >= 0 else "right"
        ax.annotate(f"{width:.4f}", (width * 1.005, patch.get_y() * 1.005), ha=side)
    return ax
