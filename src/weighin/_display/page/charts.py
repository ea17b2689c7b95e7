"""Vega-Lite specifications: drawn here without a browser, and again in the browser, where they answer.

Colours are the page's own CSS variables, so light, dark and print need no second chart.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

Spec = dict[str, Any]
ROW_WIDE, ROW_NARROW = 34, 50
WIDE, NARROW = 900, 340
LABEL = {
    "absolute": "format(datum.value, ',.6~g')",
    "plain": "format(datum.value, '.6~g')",
    "relative": "format(datum.value, ',.4~%')",
}
_CONFIG: Spec = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "ticks": False,
        "gridColor": "var(--line)",
        "labelColor": "var(--quiet)",
        "labelFontSize": 12,
        "labelPadding": 8,
        "title": None,
    },
}


def width_of(text: str) -> float:
    """Estimate how wide a text of 13 pixels is, where nothing can measure it."""
    return sum(13.5 if unicodedata.east_asian_width(letter) in "WF" else 7.4 for letter in text)


def bars(rows: Sequence[Spec], *, narrow: bool, relative: bool = False) -> Spec:
    """Specify horizontal bars with whiskers, a name before and a number behind each; `rows` may be given later.

    Parameters
    ----------
    rows : sequence of dict
        i (place), name, arrow, label, value, low, high (None where there is no number), sure (bool).
    narrow : bool
        For a phone: the name stands above its bar.
    relative : bool
        Values are parts of the baseline.
    """
    names = max((width_of(row["name"]) for row in rows), default=0)
    numbers = max((width_of(row["label"]) for row in rows), default=0)
    arrows = 20 if any(row["arrow"] for row in rows) else 0
    left = 2 if narrow else min(300, names + arrows + 18)
    right = 6 if narrow else numbers + 18
    width = (NARROW if narrow else WIDE) - left - right
    place: Spec = {"field": "i", "type": "ordinal", "sort": None, "axis": None}
    place["scale"] = {"paddingInner": 0, "paddingOuter": 0}
    down, up = (11, -11) if narrow else (0, 0)
    axis = {
        "orient": "top",
        "tickCount": 4 if narrow else 6,
        "labelExpr": LABEL["relative" if relative else "absolute"],
    }
    colour = {
        "condition": {"test": "datum.value < 0", "value": "var(--bar-negative)"},
        "value": "var(--bar)",
    }
    ink: Spec = {"color": "var(--ink)", "opacity": 1}
    faint: Spec = {"condition": {"test": "datum.sure", "value": "var(--ink)"}, "value": "var(--quiet)"}
    text: Spec = {"type": "text", "baseline": "middle", "fontSize": 13, "yOffset": up, **ink}
    name = (
        {"align": "left", "x": -left + 2, "limit": width - numbers}
        if narrow
        else {
            "align": "right",
            "x": -10 - arrows,
            "limit": left - arrows - 14,
        }
    )
    layers: list[Spec] = [
        {
            "name": "bars",
            "mark": {"type": "bar", "height": 14 if narrow else 18, "yOffset": down},
            "encoding": {
                "y": place,
                "x": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": axis,
                    "scale": {"domain": domain(rows), "nice": False},
                },
                "color": colour,
                "fillOpacity": {"condition": {"test": "datum.sure", "value": 1}, "value": 0.38},
            },
        },
        *(_whiskers(place, down, colour, size) for colour, size in (("var(--ground)", 4), ("var(--ink)", 2))),
        {
            "mark": {
                "type": "tick",
                "thickness": 1,
                "size": 24 if narrow else ROW_WIDE,
                "yOffset": down,
                **ink,
            },
            "encoding": {"y": place, "x": {"datum": 0, "type": "quantitative"}},
        },
        {"name": "names", "mark": {**text, **name}, "encoding": {"y": place, "text": {"field": "name"}}},
        {
            "name": "numbers",
            "mark": {**text, "align": "right", "x": width + right - 2, "fontWeight": 600},
            "encoding": {"y": place, "text": {"field": "label"}, "color": faint},
        },
    ]
    if arrows and not narrow:
        arrow = {**text, "align": "right", "x": -10, "color": "var(--quiet)"}
        layers.append({"mark": arrow, "encoding": {"y": place, "text": {"field": "arrow"}}})
    return {
        "width": width,
        "height": {"step": ROW_NARROW if narrow else ROW_WIDE},
        "autosize": {"type": "none"},
        "padding": {"left": left, "right": right, "top": 28, "bottom": 6},
        "data": {"name": "rows", "values": list(rows)},
        "layer": layers,
        "config": _CONFIG,
    }


def _whiskers(place: Spec, down: int, colour: str, size: int) -> Spec:
    return {
        "transform": [{"filter": "datum.low != null && datum.high != null"}],
        "mark": {"type": "rule", "strokeWidth": size, "yOffset": down, "color": colour},
        "encoding": {"y": place, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
    }


def domain(rows: Sequence[Spec]) -> list[float]:
    """Ends of the axis: zero, every bar and every whisker, and a little room."""
    ends = [0.0, *(row[key] for row in rows for key in ("value", "low", "high") if row[key] is not None)]
    low, high = min(ends), max(ends)
    room = 0.02 * (high - low)
    return [low - room if low < 0 else 0.0, high + room if high > low else 1.0]


def effect(content: Spec, ends: Sequence[float]) -> Spec:
    """Specify how the prediction moves with one feature: a curve, or a dot per level.

    Parameters
    ----------
    content : dict
        kind: "numeric", "ordered" (levels along an axis) or "levels" (a dot for each); mean: list of {x, y, low, high,
        tip}; curves: list of {c, x, y}.
    ends : two floats
        Of the axis of predictions, the same in all charts, so that flat ones look flat.
    """
    return _levels(content, ends) if content["kind"] == "levels" else _curve(content, ends)


def _curve(content: Spec, ends: Sequence[float]) -> Spec:
    x: Spec = {"field": "x"}
    if content["kind"] == "ordered":
        x |= {"type": "ordinal", "sort": None, "scale": {"domain": [row["x"] for row in content["mean"]]}}
        x["axis"] = {"grid": False, "labelAngle": 0, "labelOverlap": "parity", "labelLimit": 90}
    else:
        x |= {"type": "quantitative", "scale": {"zero": False, "nice": False}}
        # or other numbers nobody puts a comma in
        years = all(abs(row["x"]) < 10_000 for row in content["mean"])
        label = LABEL["plain" if years else "absolute"]
        x["axis"] = {"grid": False, "tickCount": 4, "labelExpr": label, "labelFlush": True}
    y: Spec = {"field": "y", "type": "quantitative", "scale": {"domain": list(ends), "zero": False}}
    y["axis"] = {"tickCount": 4, "labelExpr": LABEL["absolute"]}
    hover = {
        "name": "at",
        "select": {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"},
    }
    lit: Spec = {"condition": {"param": "at", "empty": False, "value": 1}, "value": 0}
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "color": "var(--bar)", "opacity": 0.22},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "color": "var(--bar)", "strokeWidth": 2.5}, "encoding": {"x": x, "y": y}},
        {
            "params": [hover],
            "mark": {
                "type": "point",
                "filled": True,
                "size": 70,
                "color": "var(--bar)",
                "tooltip": {"content": "data"},
            },
            "encoding": {"x": x, "y": y, "opacity": lit},
        },
    ]
    if any("local" in row for row in content["mean"]):
        dashed = {
            "type": "line",
            "color": "var(--ink)",
            "strokeWidth": 1.5,
            "strokeDash": [4, 3],
            "clip": True,
        }
        layers.insert(2, {"mark": dashed, "encoding": {"x": x, "y": {**y, "field": "local"}}})
    if content["curves"]:
        thin = {"type": "line", "color": "var(--quiet)", "strokeWidth": 1, "opacity": 0.28}
        layers.insert(
            0,
            {
                "data": {"name": "curves", "values": content["curves"]},
                "mark": {**thin, "clip": True},
                "encoding": {"x": x, "y": y, "detail": {"field": "c"}},
            },
        )
    mean = {"name": "mean", "values": content["mean"]}
    return {"width": 246, "height": 165, "padding": 4, "data": mean, "layer": layers, "config": _CONFIG}


def _levels(content: Spec, ends: Sequence[float]) -> Spec:
    place: Spec = {"field": "x", "type": "nominal", "sort": None}
    place["axis"] = {"labelLimit": 110, "labelColor": "var(--ink)"}
    x: Spec = {"field": "y", "type": "quantitative", "scale": {"domain": list(ends), "zero": False}}
    x["axis"] = {"orient": "top", "tickCount": 4, "labelExpr": LABEL["absolute"]}
    tip = {"tooltip": {"content": "data"}}
    return {
        "width": 165,
        "height": {"step": 24},
        "padding": 4,
        "data": {"name": "mean", "values": content["mean"]},
        "layer": [
            {
                "transform": [{"filter": "datum.low != null && datum.high != null"}],
                "mark": {"type": "rule", "color": "var(--bar)", "strokeWidth": 7, "opacity": 0.3, **tip},
                "encoding": {"y": place, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 70,
                    "opacity": 1,
                    "color": "var(--bar)",
                    **tip,
                },
                "encoding": {"y": place, "x": x},
            },
        ],
        "config": _CONFIG,
    }


def span(values: Sequence[float | None]) -> list[float]:
    """Ends of an axis that all of these fit on."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    room = 0.05 * (high - low) or 0.5
    return [low - room, high + room]
