"""Charts as files."""

from __future__ import annotations

from typing import Any

from weighin._display.charts.texts import OURS, WIDTH, unknown_glyphs


def save(draw: Any, path: Any, *, dpi: int = 160) -> None:
    """Draw onto a figure without a screen and write it; the format follows the suffix.

    Parameters
    ----------
    draw : callable
        Gets a fresh Figure.
    path : path
        Where to.
    dpi : int
        Dots per inch.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5), layout="constrained", label=OURS)
    FigureCanvasAgg(figure)
    with unknown_glyphs():
        draw(figure)
        figure.savefig(path, dpi=dpi)
