"""Charts as files, and as pictures inside a page for a light and for a dark screen."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from html import escape
from typing import Any

from weighin._base.text import printable
from weighin._display.charts.look import DARK, LIGHT
from weighin._display.charts.texts import OURS, WIDTH, unknown_glyphs

# letters stay letters, and the same chart is the same file every time
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "weighin", "savefig.transparent": True}


def save(draw: Callable[[Any], Any], path: Any, *, dpi: int = 160) -> None:
    """Draw onto a fresh figure without a screen and write it; the format follows the suffix."""
    figure = _figure()
    with unknown_glyphs():
        draw(figure)
        figure.savefig(path, dpi=dpi)


def picture(draw: Callable[[Any], Any], spoken: str) -> str:
    """Draw onto a figure twice, and give the HTML that shows the one for the reader's screen.

    `spoken` is what somebody hears who does not see it.
    """
    light, dark = (_data(draw, look.ink) for look in (LIGHT, DARK))
    return (
        f'<picture><source media="screen and (prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{escape(printable(spoken), quote=True)}" style="max-width:100%;height:auto">'
        "</picture>"
    )


def _figure() -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 5), layout="constrained", label=OURS)
    FigureCanvasAgg(figure)
    return figure


def _data(draw: Callable[[Any], Any], ink: str) -> str:
    """An SVG as address of itself."""
    import matplotlib as mpl

    grounds = dict.fromkeys(("figure.facecolor", "axes.facecolor"), "none")
    with mpl.rc_context({**_STYLE, **grounds, "text.color": ink}), unknown_glyphs():
        figure, page = _figure(), io.BytesIO()
        draw(figure)
        figure.savefig(page, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(page.getvalue()).decode()}"
