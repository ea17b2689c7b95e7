"""Rows of bars or of two dots in Vega-Lite."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin._base.text import printable
from weighin._display.charts import Bars, Dumbbell, Rows
from weighin._display.vega.parts import AMOUNT, CONFIG, PERCENT, Spec, finite, rule_layer, short

# height of a row: names stand beside their bars, on a phone above them; small texts take a line of their own
ROW_WIDE, ROW_NARROW, ROW_ASIDE = 32, 50, 10
WIDE, NARROW = 840, 340
# of letters that small texts are written in
SMALL = 11 / 13
# ends of the whiskers of two dots
WHISKERS = ("low1", "high1", "low2", "high2")
# the scale of another layer
_LENGTH: Spec = {"type": "quantitative"}


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


def rows_spec(chart: Rows, rows: Sequence[Spec], *, narrow: bool) -> Spec:
    """Specify rows with a name before and a number behind each; `narrow` for a phone: the name above its bar."""
    names, numbers, asides = (
        max((_width(row[key]) for row in rows), default=0) for key in ("name", "label", "aside")
    )
    arrows = 20 if any(row["arrow"] for row in rows) else 0
    left = 2 if narrow else min(300, max(names + arrows, SMALL * asides) + 18)
    step = (ROW_NARROW + 18 * bool(asides)) if narrow else ROW_WIDE + ROW_ASIDE * bool(asides)
    right = 6 if narrow else numbers + 18
    width = (NARROW if narrow else WIDE) - left - right
    down, up = (step // 2 - 14 - 18 * bool(asides), 14 - step // 2) if narrow else (0, 0)
    place: Spec = {"field": "i", "type": "ordinal", "sort": None, "axis": None}
    place["scale"] = {"paddingInner": 0, "paddingOuter": 0}
    ink: Spec = {"color": "var(--ink)", "opacity": 1}
    text: Spec = {"type": "text", "baseline": "middle", "fontSize": 13, "yOffset": up, **ink}
    # the small text stands under the name
    lifted = {"yOffset": up if narrow or not asides else -8}
    at_left = {"align": "left", "x": -left + 2, "limit": width - numbers}
    before = {"align": "right", "x": -10 - arrows, "limit": left - arrows - 14}
    zero = {"type": "tick", "thickness": 1, "size": 24 if narrow else step, "yOffset": down, **ink}
    faint: Spec = {"condition": {"test": "datum.sure", "value": "var(--ink)"}, "value": "var(--quiet)"}
    last = {**text, "align": "right", "x": width + right - 2, "fontWeight": 600}
    beside = {**text, "fontSize": 11, "color": "var(--quiet)"}
    beside |= (
        {"align": "left", "x": 2 - left, "yOffset": step // 2 - 11, "limit": width}
        if narrow
        else {"align": "right", "x": -10, "yOffset": 9, "limit": left - 14}
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
        {
            "name": "names",
            **layer({**text, **lifted, **(at_left if narrow else before)}, text={"field": "name"}),
        },
        {"name": "numbers", **layer(last, text={"field": "label"}, color=faint)},
    ]
    if asides:
        layers.append({"name": "asides", **layer(beside, text={"field": "aside"})})
    if arrows and not narrow:
        sign = {**text, **lifted, "align": "right", "x": -10, "color": "var(--quiet)"}
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
