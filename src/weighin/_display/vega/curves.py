"""Curves of features in Vega-Lite: a panel each."""

from __future__ import annotations

import math
from typing import Any

from weighin._base.text import printable
from weighin._display.charts import Curves, Panel
from weighin._display.numbers import rounded
from weighin._display.vega.parts import AMOUNT, CONFIG, PLAIN, Spec, apart, finite, rule_layer, short

# levels in order from which a curve tells more than dots, curves of single rows, and letters of a level
LINE_FROM, CURVES, LEVEL = 5, 24, 18


def panel_specs(chart: Curves) -> list[Spec | None]:
    """Specify each panel, all on one scale so that flat ones look flat; None where there is no point to draw."""
    ends = chart.limits()
    return [_panel_spec(panel, ends) for panel in chart.panels]


def points(panel: Panel) -> list[tuple[str, str, str]]:
    """Write each point: its name, the mean prediction and the interval."""
    low, high = panel.interval
    written = []
    for label, *numbers in zip(panel.labels, panel.mean, low, high, strict=True):
        number = rounded(*map(float, numbers))
        written.append((printable(label), number.value, number.interval))
    return written


def _panel_spec(panel: Panel, ends: tuple[float, float]) -> Spec | None:
    kind = panel.kind if panel.in_numbers else "ordered" if panel.kind != "nominal" else "nominal"
    if kind == "ordered" and len(panel.values) < LINE_FROM:
        kind = "nominal"
    # a curve ends before the point for missing values; dots have one for them
    names = apart([short(printable(label), LEVEL) for label in panel.labels])
    places: Any = list(map(finite, panel.values)) if kind == "numeric" else names
    mean: list[Spec] = []
    for k, (x, (at, value, interval)) in enumerate(zip(places, points(panel), strict=False)):
        y, low, high = (finite(ends[k]) for ends in (panel.mean, *panel.interval))
        if x is None or y is None or (kind == "ordered" and k >= len(panel.values)):
            continue
        tip = f"{value} ({interval})" if interval != "-" else value
        point: Spec = {
            "x": x,
            "y": y,
            "low": low,
            "high": high,
            "tip": [f"{panel.name} {at}", f"prediction {tip}"],
        }
        if panel.local is not None and k < len(panel.local) and kind != "nominal":
            point["local"] = finite(panel.local[k])
        if kind != "nominal":
            point |= _singles(panel, k, ends)
        mean.append(point)
    if not mean:
        return None
    if kind == "nominal":
        mean.sort(key=lambda point: -point["y"])
        return _levels(mean, ends)
    return _curve(mean, ends, ordered=kind == "ordered")


def _singles(panel: Panel, place: int, ends: tuple[float, float]) -> Spec:
    """Give single rows at one point, in as many digits as can be seen."""
    digits = max(0, math.ceil(3 - math.log10(ends[1] - ends[0])))
    values = [float(curve[place]) for curve in panel.curves[:CURVES]] if place < len(panel.values) else []
    return {f"c{c}": round(y, digits) if math.isfinite(y) else None for c, y in enumerate(values)}


def _curve(mean: list[Spec], ends: tuple[float, float], *, ordered: bool) -> Spec:
    x: Spec = {"field": "x"}
    if ordered:
        x |= {"type": "ordinal", "sort": None, "scale": {"domain": [row["x"] for row in mean]}}
        x["axis"] = {"grid": False, "labelAngle": 0, "labelOverlap": "parity", "labelLimit": 90}
    else:
        # years, or other numbers nobody puts a comma in
        label = PLAIN if all(abs(row["x"]) < 10_000 for row in mean) else AMOUNT
        x |= {"type": "quantitative", "scale": {"zero": False, "nice": False}}
        x["axis"] = {"grid": False, "tickCount": 4, "labelExpr": label, "labelFlush": True}
    y: Spec = {"field": "y", "type": "quantitative", "scale": {"domain": list(ends), "zero": False}}
    y["axis"] = {"tickCount": 4, "labelExpr": AMOUNT}
    hover = {
        "name": "at",
        "select": {"type": "point", "on": "pointerover", "nearest": True, "clear": "pointerout"},
    }
    lit: Spec = {"condition": {"param": "at", "empty": False, "value": 1}, "value": 0}
    line = {"type": "line", "color": "var(--bar)", "strokeWidth": 2.5}
    dot = {"type": "point", "filled": True, "size": 70, "color": "var(--bar)", "tooltip": {"content": "data"}}
    area = {"type": "area", "color": "var(--bar)", "opacity": 0.22}
    layers: list[Spec] = [
        {"mark": area, "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}}
    ]
    singles = [name for name in mean[0] if name[0] == "c"]
    if singles:
        thin = {"type": "line", "color": "var(--quiet)", "strokeWidth": 1, "opacity": 0.28, "clip": True}
        single = {"x": x, "y": {**y, "field": "single"}, "detail": {"field": "c"}}
        fold = [{"fold": singles, "as": ["c", "single"]}]
        layers.insert(0, {"transform": fold, "mark": thin, "encoding": single})
    layers.append({"mark": line, "encoding": {"x": x, "y": y}})
    if any("local" in row for row in mean):
        dashed = {
            "type": "line",
            "color": "var(--ink)",
            "strokeWidth": 1.5,
            "strokeDash": [4, 3],
            "clip": True,
        }
        layers.append({"mark": dashed, "encoding": {"x": x, "y": {**y, "field": "local"}}})
    layers.append({"params": [hover], "mark": dot, "encoding": {"x": x, "y": y, "opacity": lit}})
    data = {"name": "mean", "values": mean}
    return {"width": 250, "height": 150, "padding": 4, "data": data, "layer": layers, "config": CONFIG}


def _levels(mean: list[Spec], ends: tuple[float, float]) -> Spec:
    place: Spec = {"field": "x", "type": "nominal", "sort": None}
    place["axis"] = {"labelLimit": 110, "labelColor": "var(--ink)"}
    x: Spec = {"field": "y", "type": "quantitative", "scale": {"domain": list(ends), "zero": False}}
    x["axis"] = {"orient": "top", "tickCount": 4, "labelExpr": AMOUNT}
    tip = {"tooltip": {"content": "data"}, "color": "var(--bar)"}
    whisker = rule_layer(x, 0, {**tip, "opacity": 0.3}, 7)
    whisker["encoding"]["y"] = place
    dot = {
        "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, **tip},
        "encoding": {"y": place, "x": x},
    }
    data = {"name": "mean", "values": mean}
    return {
        "width": 170, "height": {"step": 22}, "padding": 4, "data": data, "layer": [whisker, dot], "config": CONFIG,
    }  # fmt: skip
