"""What the tests of charts look for on the Axes."""

from __future__ import annotations

import numpy as np

from weighin import Importance


def result(values, names=None, **changes) -> Importance:
    values = np.atleast_2d(np.asarray(values, dtype=float).T).T
    names = names or [f"feature_{i}" for i in range(len(values))]
    fields = {
        "baseline": 10.0,
        "metric": "mae",
        "greater_is_better": False,
        "n_rows": 100,
        "rows": "100 rows",
    }
    return Importance(tuple(names), values, **{**fields, **changes})


def drawn(ax):
    """Draw everything now: a text matplotlib cannot set raises here."""
    ax.figure.canvas.draw()
    return ax


def names_on(ax) -> list[str]:
    """Names from top to bottom."""
    labels = {label.get_position()[1]: label.get_text() for label in ax.get_yticklabels()}
    low, high = ax.get_ylim()
    return [labels[y] for y in sorted(labels, reverse=bool(low < high))]


def bars_on(ax) -> list:
    """Bars from top to bottom."""
    low, high = ax.get_ylim()
    return sorted(ax.patches, key=lambda bar: bar.get_y(), reverse=bool(low < high))


def numbers_on(ax) -> list:
    return [text for text in ax.texts if text.get_gid() != "subtitle"]


def labels_on(ax) -> list[str]:
    """Numbers beside the bars, from top to bottom."""
    return [text.get_text() for text in sorted(numbers_on(ax), key=lambda text: text.xy[1])]


def subtitle_on(ax) -> str:
    (text,) = [text for text in ax.texts if text.get_gid() == "subtitle"]
    return " ".join(text.get_text().split())


def boxes(ax, texts):
    renderer = ax.figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


def texts_on(ax) -> list:
    around = [ax._left_title, ax.xaxis.label]
    return [text for text in [*ax.texts, *ax.get_yticklabels(), *around] if text.get_text()]


def inside(ax, extent=None) -> None:
    extent = extent or ax.figure.bbox
    for text, box in zip(texts_on(ax), boxes(ax, texts_on(ax)), strict=True):
        assert extent.x0 <= box.x0, text
        assert box.x1 <= extent.x1, text
        assert extent.y0 <= box.y0, text
        assert box.y1 <= extent.y1, text
