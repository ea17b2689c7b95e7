"""The dict of a page in, its HTML out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from weighin._base.optional import require
from weighin._display.numbers import rounded
from weighin._display.page import bundle as _bundle
from weighin._display.page import charts as _charts
from weighin._display.page.effects import effect_views, packed, worded
from weighin._display.page.names import for_script, short, splitter, visible
from weighin._display.page.rows import (
    NONE,
    UNCLEAR,
    Record,
    between,
    drawn,
    finite,
    records,
    shades,
    table,
)

HERE = Path(__file__).parent
# of a metric, to the script
TOLD = ("metric", "effect", "axis", "axis_relative")
SHOWN = 20  # bars and rows before somebody asks for more


def render(page: Mapping[str, Any]) -> str:
    """Make one HTML page that needs nothing but itself.

    Parameters
    ----------
    page : mapping
        What is to be told; the package's docstring says what it holds.

    Returns
    -------
    str
        Every script in it is named, by its fingerprint, in the page's own security policy; no other one runs, and
        nothing is asked of any server.

    Raises
    ------
    MissingDependencyError
        Without jinja2 or vl-convert.
    """
    jinja2 = require("jinja2", "report", "write a page")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = [feature["feature"] for some in page["weights"] for feature in some["features"]]
    environment.filters.update(visible=visible, short=short, parts=splitter(names))
    library, script = _bundle.library(), _read("page.js")
    trusted = require("markupsafe", "report", "write a page").Markup
    view = _view(page)
    return str(
        environment.get_template("page.html.j2").render(
            **{**view, "data": trusted(for_script(view["data"]))},
            picture=lambda spec, name: trusted(_bundle.picture(spec, name)),
            style=trusted(_read("page.css")),
            library=trusted(library),
            script=trusted(script),
            allowed=f"{_bundle.fingerprint(library)} {_bundle.fingerprint(script)}",
            licences=_read("licences.txt"),
        )
    )


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _view(page: Mapping[str, Any]) -> dict[str, Any]:
    """Put everything into the words and numbers the template writes."""
    effects = effect_views(page["effects"])
    pushes = {name: (arrow, worded(word)) for name, (arrow, word) in page["directions"].items()}
    pushes |= {effect["raw"]: (effect["arrow"], effect["direction"]) for effect in effects}
    weights = [{**some, "rows": records(some, pushes)} for some in page["weights"]]
    shown = [drawn(row, i) for i, row in enumerate(weights[0]["rows"][:SHOWN])]
    specs = {layout: _charts.bars(shown, narrow=layout == "narrow") for layout in ("wide", "narrow") if shown}
    data = {
        "shown": SHOWN,
        "simulated": page["simulated"],
        "labels": _charts.LABEL,
        "weights": [{**{key: some[key] for key in TOLD}, **table(some["rows"])} for some in weights],
        "specs": {layout: {**spec, "data": {"name": "rows", "values": []}} for layout, spec in specs.items()},
        "effects": [packed(effect["spec"]) for effect in effects],
    }
    return {
        **{
            key: page[key]
            for key in ("title", "simulated", "training_rows", "complete", "notes", "made", "command")
        },
        "kicker": page["kicker"],
        "headline": page["sentences"][0] if page["sentences"] else page["title"],
        "sentences": page["sentences"][1:],
        "weights": weights,
        "specs": specs,
        "spoken": _spoken(weights[0]["rows"]),
        "shown": SHOWN,
        "unclear": UNCLEAR,
        "has_intervals": any(row["low"] is not None for some in weights for row in some["rows"]),
        "has_directions": bool(pushes),
        "has_negative": any(row["sure"] and row["value"] < 0 for some in weights for row in some["rows"]),
        "effects": effects,
        "effects_notes": page["effects_notes"],
        "associations": _associations(page["associations"]),
        "segments": _segments(page["segments"]),
        "ablation": _ablation(page["ablation"]),
        "data": data,
    }


def check_further(further: Mapping[str, Any]) -> None:
    """Raise unless a page can show the effects and the associations that a file holds.

    Raises
    ------
    AttributeError, LookupError, TypeError, ValueError
        On anything else than `_result_page` writes.
    """
    effects, associations = further.get("effects", {"features": [], "notes": []}), further.get("associations")
    texts = [further.get("command", ""), *effects["notes"]]
    for effect in effects["features"]:
        texts += [effect[key] for key in ("feature", "kind", "direction", "arrow", "sentence", "note")]
    effect_views(effects["features"])
    if associations is not None:
        _associations(associations)
        texts += [*associations["sentences"], *associations["notes"]]
        texts += [pair[key] for pair in associations["pairs"] for key in ("feature", "other", "measure")]
        texts += [name for cluster in associations["clusters"] for name in cluster["features"]]
        texts += [told["sentence"] for told in associations.get("off_data", ())]
    odd = [text for text in texts if not isinstance(text, str)]
    if odd:
        raise TypeError(f"{odd[0]!r:.80} is not text")


def _spoken(rows: Sequence[Record]) -> str:
    """Say what the picture shows, to those who do not see it."""
    first = ", ".join(f"{row['name']} {row['label']}" for row in rows[:3])
    return f"Bar chart of {len(rows)} features, the heaviest first: {first}. The table holds every number."


def _associations(associations: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Write clusters and pairs; of what sentences say only what those do not."""
    if associations is None or not (
        associations["sentences"] or associations["pairs"] or associations["clusters"]
    ):
        return None
    pairs = []
    for pair in associations["pairs"][:SHOWN]:
        strength = finite(pair["strength"]) or 0.0
        share = round(100 * min(1.0, strength))
        pairs.append({**pair, "how": _how(pair), "share": share, "strength": f"{strength:.2f}"})
    clusters = []
    for cluster in associations["clusters"]:
        value = finite(cluster.get("importance"))
        low, high = finite(cluster.get("ci_lower")), finite(cluster.get("ci_upper"))
        number = rounded(*(math.nan if end is None else end for end in (value, low, high)))
        weight = "" if value is None else number.value
        clusters.append(
            {**cluster, "weight": weight, "interval": between(number.low, number.high, low, high)}
        )
    far = [told for told in associations.get("off_data", ()) if told["far"]]
    sentences = _far(far) if "off_data" in associations else associations["sentences"]
    left_out = max(0, associations.get("n_pairs", len(associations["pairs"])) - SHOWN)
    told = {"pairs": pairs, "clusters": clusters, "sentences": sentences, "left_out": left_out}
    return {**told, "notes": associations.get("notes", [])}


def _how(pair: Mapping[str, Any]) -> str:
    if pair["measure"] != "rank correlation":
        return "goes with"
    return "moves against" if (finite(pair.get("association")) or 0.0) < 0 else "moves with"


def _far(far: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which shuffles leave the data, the farthest first."""
    if not far:
        return []
    first, *others = sorted(far, key=lambda told: -(finite(told["ratio"]) or 0.0))
    names = ", ".join(f"`{told['feature']}`" for told in others[:SHOWN])
    more = f" So does shuffling {names}, less far." if names else ""
    return [
        f"{first['sentence']}{more} There the model is asked about rows unlike any that exist, and that counts."
    ]


def _segments(segments: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Write the heatmaps: text and shade of each cell."""
    if segments is None:
        return None
    metrics = []
    for some in segments["metrics"]:
        values = [[finite(cell["importance"]) for cell in row["cells"]] for row in some["features"]]
        rows = []
        for row, numbers, tints in zip(some["features"], values, shades(values), strict=True):
            cells = []
            for cell, value, tint in zip(row["cells"], numbers, tints, strict=True):
                low, high = finite(cell.get("ci_lower")), finite(cell.get("ci_upper"))
                number = rounded(*(math.nan if end is None else end for end in (value, low, high)))
                cells.append(
                    {
                        "label": NONE if value is None else number.value,
                        "interval": "" if low is None else between(number.low, number.high, low, high),
                        "shade": abs(tint),
                        "negative": tint < 0,
                        "sure": cell.get("sure", True),
                    }
                )
            rows.append({"feature": row["feature"], "cells": cells})
        metrics.append({"metric": some["metric"], "effect": some["effect"], "rows": rows})
    return {"by": segments["by"], "names": segments["names"], "metrics": metrics}


def _ablation(ablation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if ablation is None:
        return None
    rows = [
        [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row] for row in ablation["rows"]
    ]
    return {**ablation, "rows": rows}
