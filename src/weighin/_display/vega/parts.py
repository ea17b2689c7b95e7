"""What all charts in Vega-Lite have in common.

Colours are CSS variables of the page, so light, dark and print need no second chart; `coloured` puts in those of a
chart that stands elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from weighin._base.text import printable
from weighin._display.charts.look import LIGHT

Spec = dict[str, Any]
# how numbers along an axis are written: in percent, as amounts, as they are
PERCENT, AMOUNT, PLAIN = (
    "format(datum.value, ',.4~%')",
    "format(datum.value, ',.6~g')",
    "format(datum.value, '.6~g')",
)
_AXIS = {"domain": False, "ticks": False, "gridColor": "var(--line)", "labelColor": "var(--quiet)"}
CONFIG: Spec = {
    "aria": False,
    "background": "transparent",
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {**_AXIS, "labelFontSize": 12, "labelPadding": 8, "title": None},
}
_INKS = {
    "bar": LIGHT.bar,
    "bar-negative": LIGHT.negative,
    "ink": LIGHT.ink,
    "quiet": LIGHT.quiet,
    "line": LIGHT.grid,
    "ground": LIGHT.ground,
    "between": LIGHT.between,
}


def coloured(spec: Spec) -> Spec:
    """Put colours for a light ground in the place of the page's variables."""
    text = re.sub(r"var\(--([\w-]+)\)", lambda found: _INKS[found[1]], json.dumps(spec))
    literal: Spec = json.loads(text)
    return literal


def harmless(content: Any) -> Any:
    """Write out in every text of a specification what is not printable: Vega's own program stops at it."""
    if isinstance(content, str):
        return printable(content)
    if isinstance(content, dict):
        return {key: harmless(value) for key, value in content.items()}
    return [harmless(value) for value in content] if isinstance(content, list | tuple) else content


def short(name: str, limit: int = 36) -> str:
    """Cut the middle out of a long name: the ends tell names of one family apart.

    >>> short("average_of_the_last_five_games_at_home_before_the_bye", 20)
    'average_of_t…the_bye'
    """
    if len(name) <= limit:
        return name
    head = (limit - 1) * 2 // 3
    return f"{name[:head].rstrip()}…{name[len(name) - (limit - 1 - head) :].lstrip()}"


def finite(value: Any) -> float | None:
    """Give a number JSON can hold, to nine digits; None for NaN and infinity."""
    return float(f"{value:.9g}") if math.isfinite(value) else None


def rule_layer(x: Spec, down: int, look: Spec, size: float, low: str = "low", high: str = "high") -> Spec:
    """A line between two numbers of each row, where both are known."""
    return {
        "transform": [{"filter": f"datum.{low} != null && datum.{high} != null"}],
        "mark": {"type": "rule", "strokeWidth": size, "yOffset": down, **look},
        "encoding": {"x": {**x, "field": low}, "x2": {"field": high}},
    }


def apart(labels: Sequence[str]) -> list[str]:
    """Tell levels apart that were cut to the same text."""
    own: dict[str, None] = {}
    for label in labels:
        number, text = 1, label
        while text in own:
            number += 1
            text = f"{label} ({number})"
        own[text] = None
    return list(own)
