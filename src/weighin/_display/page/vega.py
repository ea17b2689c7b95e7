"""Charts in Vega-Lite: drawn without a browser first, and again in it, where they answer.

Colours are the page's own CSS variables, so light, dark and print need no second chart.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin._base.text import printable
from weighin._display.charts import Bars, Dumbbell, Rows

Spec = dict[str, Any]
ROW_WIDE, ROW_NARROW = 34, 50
WIDE, NARROW = 900, 340
# how numbers along an axis are written: in percent, as amounts, as they are
PERCENT, AMOUNT, PLAIN = (
    "format(datum.value, ',.4~%')",
    "format(datum.value, ',.6~g')",
    "format(datum.value, '.6~g')",
)
# ends of the whiskers of two dots
WHISKERS = ("low1", "high1", "low2", "high2")
_AXIS = {"domain": False, "ticks": False, "gridColor": "var(--line)", "labelColor": "var(--quiet)"}
# the scale of another layer
_LENGTH: Spec = {"type": "quantitative"}
CONFIG: Spec = {
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {**_AXIS, "labelFontSize": 12, "labelPadding": 8, "title": None},
}


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


def rows_of(chart: Rows) -> list[Spec]:
    """Give what a chart of rows is drawn from: `value`, and `low` and `high`, which are whiskers or the two dots."""
    nothing = np.full(len(chart.names), np.nan)
    numbers = {"value": nothing, "low": nothing, "high": nothing}
    faint = chart.unsure
    if isinstance(chart, Bars):
        low, high = chart.interval or (nothing, nothing)
        numbers = {"value": chart.values, "low": low, "high": high}
        if chart.starts is not None:
            starts = chart.starts
            numbers |= {
                "low": starts + low,
                "high": starts + high,
                "start": starts,
                "end": starts + chart.values,
            }
    elif isinstance(chart, Dumbbell):
        numbers = {"value": chart.first, "low": chart.first, "high": chart.second}
        faint = faint if chart.unsure_first is None else chart.unsure_first
        if not chart.directed:
            whiskers = [*(chart.first_interval or [nothing] * 2), *(chart.second_interval or [nothing] * 2)]
            numbers |= dict(zip(WHISKERS, whiskers, strict=True))
    none = [""] * len(chart.names)
    return [
        {
            "i": place,
            "name": short(printable(name)),
            "arrow": sign,
            "label": label,
            "aside": aside,
            "sure": not unsure,
            "firm": not pale,
            **{key: finite(values[place]) for key, values in numbers.items()},
        }
        for place, (name, sign, label, aside, unsure, pale) in enumerate(
            zip(
                chart.names,
                chart.signs or none,
                chart.labels,
                chart.asides or none,
                chart.unsure,
                faint,
                strict=True,
            )
        )
    ]


def finite(value: Any) -> float | None:
    """Give a number JSON can hold, to nine digits; None for NaN and infinity."""
    return float(f"{value:.9g}") if math.isfinite(value) else None


def rows_spec(chart: Rows, rows: Sequence[Spec], *, narrow: bool) -> Spec:
    """Specify rows with a name before and a number behind each; `narrow` for a phone: the name above its bar."""
    names, numbers, asides = (
        max((_width(row[key]) for row in rows), default=0) for key in ("name", "label", "aside")
    )
    arrows = 20 if any(row["arrow"] for row in rows) else 0
    left = 2 if narrow else min(300, names + arrows + 18)
    # behind the numbers; on a phone on a line of their own
    room = 0.0 if narrow or not asides else asides + 22
    step = (ROW_NARROW + 18 * bool(asides)) if narrow else ROW_WIDE
    right = 6 if narrow else numbers + 18 + room
    width = (NARROW if narrow else WIDE) - left - right
    down, up = (step // 2 - 14 - 18 * bool(asides), 14 - step // 2) if narrow else (0, 0)
    place: Spec = {"field": "i", "type": "ordinal", "sort": None, "axis": None}
    place["scale"] = {"paddingInner": 0, "paddingOuter": 0}
    ink: Spec = {"color": "var(--ink)", "opacity": 1}
    text: Spec = {"type": "text", "baseline": "middle", "fontSize": 13, "yOffset": up, **ink}
    at_left = {"align": "left", "x": -left + 2, "limit": width - numbers}
    before = {"align": "right", "x": -10 - arrows, "limit": left - arrows - 14}
    zero = {"type": "tick", "thickness": 1, "size": 24 if narrow else ROW_WIDE, "yOffset": down, **ink}
    faint: Spec = {"condition": {"test": "datum.sure", "value": "var(--ink)"}, "value": "var(--quiet)"}
    last = {**text, "align": "right", "x": width + right - 2 - room, "fontWeight": 600}
    beside = {**text, "align": "left", "fontSize": 12, "color": "var(--quiet)"}
    beside |= (
        {"x": 2 - left, "yOffset": step // 2 - 11, "limit": width}
        if narrow
        else {"x": width + right - room + 18}
    )

    def layer(mark: Spec, **encoding: Any) -> Spec:
        return {"mark": mark, "encoding": {"y": place, **encoding}}

    axis = {
        "orient": "top",
        "tickCount": 4 if narrow else 6,
        "labelExpr": PERCENT if chart.percent else AMOUNT,
    }
    x: Spec = {"type": "quantitative", "axis": axis, "scale": {"domain": domain(rows), "nice": False}}
    marks = (
        _dots(chart, x, down)
        if isinstance(chart, Dumbbell)
        else _bars(x, down, 14 if narrow else 18, cascade="start" in (rows[0] if rows else {}))
    )
    layers = [
        *({**layer(mark.pop("mark"), **mark.pop("encoding")), **mark} for mark in marks),
        layer(zero, x={"datum": 0, "type": "quantitative"}),
        {"name": "names", **layer({**text, **(at_left if narrow else before)}, text={"field": "name"})},
        {"name": "numbers", **layer(last, text={"field": "label"}, color=faint)},
    ]
    if asides:
        layers.append({"name": "asides", **layer(beside, text={"field": "aside"})})
    if arrows and not narrow:
        sign = {**text, "align": "right", "x": -10, "color": "var(--quiet)"}
        layers.append(layer(sign, text={"field": "arrow"}))
    line = getattr(chart, "line", None)
    if line is not None:
        dotted = {"type": "rule", "color": "var(--quiet)", "strokeDash": [2, 3]}
        layers.append(
            {
                "data": {"values": [{"at": line}]},
                "mark": dotted,
                "encoding": {"x": {**_LENGTH, "field": "at"}},
            }
        )
    return {
        "width": width,
        "height": {"step": step},
        "autosize": {"type": "none"},
        "padding": {"left": left, "right": right, "top": 28, "bottom": 6},
        "data": {"name": "rows", "values": list(rows)},
        "layer": layers,
        "config": CONFIG,
    }


def _bars(x: Spec, down: int, height: int, *, cascade: bool) -> list[Spec]:
    colour = {"condition": {"test": "datum.value < 0", "value": "var(--bar-negative)"}, "value": "var(--bar)"}
    pale = {"condition": {"test": "datum.sure", "value": 1}, "value": 0.38}
    ends: Spec = (
        {"x": {**x, "field": "end"}, "x2": {"field": "start"}} if cascade else {"x": {**x, "field": "value"}}
    )
    return [
        {
            "name": "bars",
            "mark": {"type": "bar", "height": height, "yOffset": down},
            "encoding": {**ends, "color": colour, "fillOpacity": pale},
        },
        *(
            rule_layer(_LENGTH, down, {"color": ink}, size)
            for ink, size in (("var(--ground)", 4), ("var(--ink)", 2))
        ),
    ]


def _dots(chart: Dumbbell, x: Spec, down: int) -> list[Spec]:
    less = {
        "condition": {"test": "datum.high < datum.low", "value": "var(--bar-negative)"},
        "value": "var(--bar)",
    }
    pale = {"condition": {"test": "datum.sure", "value": 1}, "value": 0.38}
    faint = {"condition": {"test": "datum.firm", "value": 1}, "value": 0.38}
    rule = rule_layer(x, down, {}, 5 if chart.directed else 9)
    ink = "var(--ink)" if chart.directed else "var(--bar)"
    dot = {"type": "point", "filled": True, "opacity": 1, "stroke": ink, "strokeWidth": 1.5}
    if chart.directed:
        rule["encoding"] |= {"color": less, "opacity": pale}
        return [{"name": "bars", **rule}, *_points(dot, ink, down, down)]
    rule["encoding"]["color"] = {"value": "var(--between)"}
    apart = 5
    whiskers = [
        mark
        for ends, shift in ((WHISKERS[:2], -apart), (WHISKERS[2:], apart))
        for mark in _whisker(ends, down + shift)
    ]
    under = {**dot, "stroke": "var(--ground)"}
    first, second = _points(dot, ink, down - apart, down + apart)
    ground = _points(under, "var(--ground)", down - apart, down + apart)
    first["encoding"]["opacity"], second["encoding"]["opacity"] = faint, pale
    return [{"name": "bars", **rule}, *whiskers, ground[0], first, ground[1], second]


def _points(dot: Spec, full: str, first: int, second: int) -> list[Spec]:
    ends = (("low", "var(--ground)", 80, first), ("high", full, 60, second))
    return [
        {
            "mark": {**dot, "fill": fill, "size": size, "yOffset": place},
            "encoding": {"x": {**_LENGTH, "field": field}},
        }
        for field, fill, size, place in ends
    ]


def _whisker(ends: Sequence[str], down: int) -> list[Spec]:
    """A thin line with a cap at either end."""
    low, high = ends
    rule = rule_layer(_LENGTH, down, {"color": "var(--ink)"}, 1.5, low, high)
    cap = {"type": "tick", "thickness": 1.5, "size": 7, "color": "var(--ink)", "opacity": 1, "yOffset": down}
    return [rule, *({"mark": cap, "encoding": {"x": {**_LENGTH, "field": end}}} for end in ends)]


def rule_layer(x: Spec, down: int, look: Spec, size: float, low: str = "low", high: str = "high") -> Spec:
    return {
        "transform": [{"filter": f"datum.{low} != null && datum.{high} != null"}],
        "mark": {"type": "rule", "strokeWidth": size, "yOffset": down, **look},
        "encoding": {"x": {**x, "field": low}, "x2": {"field": high}},
    }


def domain(rows: Sequence[Spec]) -> list[float]:
    """Ends of the axis: zero, every bar and every whisker, and a little room."""
    keys = [key for key in ("value", "low", "high", "start", "end", *WHISKERS) if rows and key in rows[0]]
    ends = [0.0, *(row[key] for row in rows for key in keys if row[key] is not None)]
    low, high = min(ends), max(ends)
    room = 0.02 * (high - low)
    return [low - room if low < 0 else 0.0, high + room if high > low else 1.0]


def _width(text: str) -> float:
    """Estimate how wide a text of 13 pixels is, where nothing can measure it."""
    return sum(13.5 if unicodedata.east_asian_width(letter) in "WF" else 7.4 for letter in text)
