"""How predictions move with one feature: texts, table and chart of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from weighin._display.page import charts as _charts
from weighin._display.page.names import short, visible
from weighin._display.page.rows import NONE, finite

LEVELS = 12  # dots in one chart; the table has the others
LINE_FROM = 5  # levels in order from which a curve tells more than dots
CURVES = 24


def worded(direction: str) -> str:
    """Write a direction as a reader takes it."""
    return "hardly moves" if direction == "none" else direction


def effect_views(effects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write each effect; all charts share one axis of predictions."""
    points = [_points(effect) for effect in effects]
    every = [point[key] for some in points for point in some for key in ("y", "low", "high")]
    ends = _charts.span(every)
    return [_write(effect, some, ends) for effect, some in zip(effects, points, strict=True)]


def _points(effect: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the points of the mean curve that there are, with their places on the grid."""
    levels = effect["kind"] == "levels"
    lower, upper = effect.get("lower") or [], effect.get("upper") or []
    labels = _apart([short(visible(x), 18) for x in effect["grid"]]) if levels else []
    found = []
    for k, (x, y) in enumerate(zip(effect["grid"], effect["mean"], strict=True)):
        place: Any = labels[k] if levels else finite(x)
        if place is None or finite(y) is None:
            continue
        low = finite(lower[k]) if k < len(lower) else None
        high = finite(upper[k]) if k < len(upper) else None
        at = visible(x) if levels else f"{place:.5g}"
        point: dict[str, Any] = {"k": k, "x": place, "y": finite(y), "low": low, "high": high, "at": at}
        point["tip"] = [f"{visible(effect['feature'])} {at}", _text(point)]
        if effect.get("ale") and finite(effect["ale"][k]) is not None:
            point["local"] = finite(effect["ale"][k])
        found.append(point)
    return found


def _write(effect: Mapping[str, Any], points: list[dict[str, Any]], ends: Sequence[float]) -> dict[str, Any]:
    name, kind = visible(effect["feature"]), effect["kind"]
    if kind == "levels" and effect.get("ordered") and len(points) >= LINE_FROM:
        kind = "ordered"
    shown = _most_frequent(effect, points) if kind == "levels" else points
    curves = [] if kind == "levels" else _curves(effect, points, ends)
    untold = ("k", "at", "local") if kind == "levels" else ("k", "at")
    means = [{key: point[key] for key in point if key not in untold} for point in shown]
    direction = worded(effect.get("direction", ""))
    return {
        "raw": effect["feature"],
        "name": name,
        "direction": direction,
        "arrow": effect.get("arrow", ""),
        "sentence": effect.get("sentence", ""),
        "note": effect.get("note", ""),
        "has_local": any("local" in point for point in means),
        "left_out": len(points) - len(shown),
        "rows": [(row["at"], f"{row['y']:.5g}", _interval(row)) for row in [*points, *_missing(effect)]],
        "spoken": f"Chart: how the prediction moves with {name}. {direction}. The numbers follow.",
        "spec": _charts.effect({"kind": kind, "mean": means, "curves": curves}, ends) if means else None,
    }


def _most_frequent(effect: Mapping[str, Any], points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the levels most rows have, and both ends; without an order of their own, the highest prediction on top."""
    shares = effect.get("shares") or [0.0] * len(effect["grid"])
    ends = {some(points, key=lambda point: point["y"])["k"] for some in (min, max) if points}
    often = sorted(points, key=lambda point: (point["k"] not in ends, -(finite(shares[point["k"]]) or 0.0)))[
        :LEVELS
    ]
    if effect.get("ordered"):
        return sorted(often, key=lambda point: point["k"])
    return sorted(often, key=lambda point: -point["y"])


def _curves(
    effect: Mapping[str, Any], points: list[dict[str, Any]], ends: Sequence[float]
) -> list[dict[str, Any]]:
    """Give the sample's curves, point by point, in as many digits as can be seen."""
    reach = ends[1] - ends[0]
    digits = max(0, math.ceil(3 - math.log10(reach))) if math.isfinite(reach) else 0
    found = []
    for c, curve in enumerate(list(effect.get("curves") or [])[:CURVES]):
        for point in points:
            y = finite(curve[point["k"]])
            if y is not None:
                found.append({"c": c, "x": point["x"], "y": round(y, digits)})
    return found


def packed(spec: dict[str, Any] | None) -> dict[str, Any] | None:
    """Write the points of curves as lists of numbers, each place once: a tenth of the room."""
    if spec is None:
        return None
    layers = []
    for layer in spec.get("layer", []):
        if layer.get("data", {}).get("name") == "curves":
            points = layer["data"]["values"]
            xs = list(dict.fromkeys(point["x"] for point in points))
            ys: dict[int, dict[Any, float]] = {}
            for point in points:
                ys.setdefault(point["c"], {})[point["x"]] = point["y"]
            lists = {"x": xs, "y": [[curve.get(x) for x in xs] for curve in ys.values()]}
            layer = {**layer, "data": {"name": "curves", "values": lists}}
        layers.append(layer)
    return {**spec, "layer": layers}


def _missing(effect: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the row for rows without a value, where there are some."""
    missing = effect.get("missing")
    if not missing or finite(missing["mean"]) is None:
        return []
    numbers = {
        key: finite(missing[name]) for key, name in (("y", "mean"), ("low", "lower"), ("high", "upper"))
    }
    return [{**numbers, "at": f"missing ({missing['share']:.1%} of rows)"}]


def _apart(labels: Sequence[str]) -> list[str]:
    """Tell levels apart that were cut to the same text."""
    found: dict[str, None] = {}
    for label in labels:
        number, own = 1, label
        while own in found:
            number += 1
            own = f"{label} ({number})"
        found[own] = None
    return list(found)


def _text(row: Mapping[str, Any]) -> str:
    interval = _interval(row)
    return f"prediction {row['y']:.5g}" + (f" ({interval})" if interval != NONE else "")


def _interval(row: Mapping[str, Any]) -> str:
    if row["low"] is None or row["high"] is None or math.isnan(row["low"]):
        return NONE
    return f"{row['low']:.5g} to {row['high']:.5g}"
