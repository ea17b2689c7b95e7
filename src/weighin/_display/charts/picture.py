"""A chart inside a page, as data: for a light and for a dark screen."""

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


def picture(draw: Callable[[Any], Any], spoken: str) -> str:
    """Draw a chart twice, and give the HTML that shows the one for the reader's screen.

    Parameters
    ----------
    draw : callable
        Draws on a matplotlib Figure that no window has, and may change its size.
    spoken : str
        What somebody hears who does not see it.

    Returns
    -------
    str
        A picture element that needs nothing from elsewhere.
    """
    light, dark = (_data(draw, look.ink) for look in (LIGHT, DARK))
    return (
        f'<picture><source media="screen and (prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{escape(printable(spoken), quote=True)}" style="max-width:100%;height:auto">'
        "</picture>"
    )


def _data(draw: Callable[[Any], Any], ink: str) -> str:
    """An SVG as address of itself."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    grounds = dict.fromkeys(("figure.facecolor", "axes.facecolor"), "none")
    with mpl.rc_context({**_STYLE, **grounds, "text.color": ink}), unknown_glyphs():
        figure = Figure(figsize=(WIDTH, 5), layout="constrained", label=OURS)
        FigureCanvasAgg(figure)
        draw(figure)
        page = io.BytesIO()
        figure.savefig(page, format="svg", metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(page.getvalue()).decode()}"
