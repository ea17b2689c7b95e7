"""How predictions move with one feature: texts, table and chart of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from weighin._report import _charts
from weighin._report._names import short, visible
from weighin._report._rows import NONE, finite

LEVELS = 12  # dots in one chart; the table has the others
CURVES = 24


def worded(direction: str) -> str:
    """Write a direction as a reader takes it."""
    return "hardly moves" if direction == "none" else direction


def effect_views(effects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Write each effect; all charts share one axis of predictions."""
    cleaned = [_clean(effect) for effect in effects]
    every = [row[key] for effect in cleaned for row in effect["mean"] for key in ("y", "low", "high")]
    ends = _charts.span(every)
    return [_write(effect, ends) for effect in cleaned]


def _clean(effect: Mapping[str, Any]) -> dict[str, Any]:
    levels = effect["kind"] == "levels"
    lower, upper = effect.get("lower") or [], effect.get("upper") or []
    mean = []
    for k, (x, y) in enumerate(zip(effect["grid"], effect["mean"], strict=True)):
        low = finite(lower[k]) if k < len(lower) else None
        high = finite(upper[k]) if k < len(upper) else None
        place: Any = visible(x) if levels else finite(x)
        if place is None or finite(y) is None:
            continue
        at = place if levels else f"{place:.5g}"
        row: dict[str, Any] = {"x": place, "y": finite(y), "low": low, "high": high, "at": at}
        row["tip"] = [f"{visible(effect['feature'])} {row['at']}", _text(row)]
        if not levels and effect.get("ale"):
            row["local"] = finite(effect["ale"][k])
        mean.append(row)
    curves = [] if levels else _curves(effect)
    return {"source": effect, "kind": effect["kind"], "mean": mean, "curves": curves}


def _curves(effect: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the sample's curves, point by point."""
    points = []
    for c, curve in enumerate(list(effect.get("curves") or [])[:CURVES]):
        for x, y in zip(effect["grid"], curve, strict=True):
            if finite(x) is not None and finite(y) is not None:
                points.append({"c": c, "x": finite(x), "y": float(f"{y:.4g}")})
    return points


def packed(spec: dict[str, Any] | None) -> dict[str, Any] | None:
    """Write the points of curves as lists of numbers, each place once: a tenth of the room."""
    if spec is None:
        return None
    layers = []
    for layer in spec.get("layer", []):
        if layer.get("data", {}).get("name") == "curves":
            points = layer["data"]["values"]
            xs = sorted({point["x"] for point in points})
            ys: dict[int, dict[float, float]] = {}
            for point in points:
                ys.setdefault(point["c"], {})[point["x"]] = point["y"]
            lists = {"x": xs, "y": [[curve.get(x) for x in xs] for curve in ys.values()]}
            layer = {**layer, "data": {"name": "curves", "values": lists}}
        layers.append(layer)
    return {**spec, "layer": layers}


def _write(effect: dict[str, Any], ends: Sequence[float]) -> dict[str, Any]:
    source = effect["source"]
    name = visible(source["feature"])
    drawn = {**effect, "mean": effect["mean"][:LEVELS] if effect["kind"] == "levels" else effect["mean"]}
    if effect["kind"] == "levels":
        drawn["mean"] = [{**row, "x": short(row["x"], 18)} for row in drawn["mean"]]
        drawn["mean"] = _apart(drawn["mean"])
    direction, arrow = (
        worded(source.get("direction", "")),
        source.get("arrow", ""),
    )
    return {
        "raw": source["feature"],
        "name": name,
        "direction": direction,
        "arrow": arrow,
        "sentence": source.get("sentence", ""),
        "note": source.get("note", ""),
        "has_local": any("local" in row for row in effect["mean"]),
        "kind": effect["kind"],
        "left_out": len(effect["mean"]) - len(drawn["mean"]),
        "rows": [
            (row["at"], f"{row['y']:.5g}", _interval(row)) for row in [*effect["mean"], *_missing(source)]
        ],
        "spoken": f"Chart: how the prediction moves with {name}. {direction}. The numbers follow.",
        "spec": _charts.effect(drawn, ends) if drawn["mean"] else None,
    }


def _missing(effect: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the row for rows without a value, where there are some."""
    missing = effect.get("missing")
    if not missing or finite(missing["mean"]) is None:
        return []
    numbers = {
        key: finite(missing[name]) for key, name in (("y", "mean"), ("low", "lower"), ("high", "upper"))
    }
    return [{**numbers, "at": f"missing ({missing['share']:.1%} of rows)"}]


def _apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell levels apart that were cut to the same text."""
    seen: dict[str, int] = {}
    for row in rows:
        seen[row["x"]] = seen.get(row["x"], 0) + 1
        if seen[row["x"]] > 1:
            row["x"] = f"{row['x']} ({seen[row['x']]})"
    return rows


def _text(row: Mapping[str, Any]) -> str:
    interval = _interval(row)
    return f"prediction {row['y']:.5g}" + (f" ({interval})" if interval != NONE else "")


def _interval(row: Mapping[str, Any]) -> str:
    if row["low"] is None or row["high"] is None or math.isnan(row["low"]):
        return NONE
    return f"{row['low']:.5g} to {row['high']:.5g}"
