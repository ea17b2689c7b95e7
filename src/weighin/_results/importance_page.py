"""From a result, and what else is known of its model, to the dict of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weighin._base.errors import InputError
from weighin._base.text import ARROWS
from weighin._inference import holm
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sentences import sentences
from weighin._results.importance_telling import (
    axis_label,
    effect_label,
    further_views,
    lighter_groups,
    made,
    remarks,
    unclear,
)

MOST_EFFECTS = 8
MOST_CURVES = 24
MOST_PAIRS = 100  # of columns that go together; a page shows fewer
MOST_ROWS = 20  # of a heatmap; the frame has every feature


def page_of(
    imp: ImportanceNumbers,
    *,
    title: str = "What the model weighs",
    command: str = "",
    effects: Any = None,
    associations: Any = None,
    ablation: Any = None,
) -> dict[str, Any]:
    """Gather what a page tells of a result; `weighin._display.page` documents the dict.

    Parameters
    ----------
    imp : ImportanceNumbers
        What a run found.
    title : str
        Of the window.
    command : str
        What gives these numbers again.
    effects, associations, ablation : optional
        What else is known of the same model: results of this package, or the dicts they give.

    Raises
    ------
    InputError
        If one of these is something else.
    """
    metrics = [imp.of(metric) for metric in imp.metrics]
    pushes = _effects(imp, effects)
    return {
        "title": title,
        "kicker": f"{imp.model or 'A trained model'}, on {imp.rows or f'{imp.n_rows:,} rows'}",
        "simulated": imp.simulated,
        "training_rows": imp.on_training_rows,
        "complete": imp.complete,
        "sentences": sentences(imp),
        "notes": [*imp.notes, *lighter_groups(imp), *remarks(imp, signs=False), *further_views(imp)],
        "weights": [_weights(some) for some in metrics],
        "directions": {name: (ARROWS.get(word, ""), word) for name, word in imp.directions.items()},
        "effects": pushes["features"],
        "effects_notes": [note for note in pushes["notes"] if note not in imp.notes],
        "associations": _associations(associations),
        "segments": _segments(imp),
        "ablation": _ablation(ablation),
        "made": made(imp),
        "command": command or _call(imp),
    }


def _weights(imp: ImportanceNumbers) -> dict[str, Any]:
    """One metric's features, the heaviest first."""
    order = imp.order
    lower, upper = imp.interval()
    part_lower, part_upper = imp.relative_interval()
    mean, relative, pvalue, few = imp.importances_mean, imp.relative, imp.pvalue, imp.few_rows
    adjusted, pale = holm(pvalue), unclear(imp)
    axis = axis_label(imp)
    return {
        "metric": imp.metric,
        "effect": effect_label(imp),
        "axis": axis[:1].upper() + axis[1:],
        "axis_relative": f"{axis[:1].upper()}{axis[1:]}, in parts of the baseline"
        + ("" if imp.baseline_errs else ", which is taken as known"),
        "baseline": f"{imp.baseline:.5g}",
        "features": [
            {
                "feature": imp.features[i],
                "members": list(imp.groups.get(imp.features[i], ())),
                "importance": float(mean[i]),
                "ci_lower": float(lower[i]),
                "ci_upper": float(upper[i]),
                "relative": float(relative[i]),
                "relative_lower": float(part_lower[i]),
                "relative_upper": float(part_upper[i]),
                "pvalue": float(pvalue[i]),
                "pvalue_holm": float(adjusted[i]),
                "few_rows": bool(few[i]),
                "ignored": bool(imp.ignored[i]),
                "claimed": not pale[i],
                "rank": place,
            }
            for place, i in enumerate(order, 1)
        ],
    }


def _segments(imp: ImportanceNumbers) -> dict[str, Any] | None:
    """Every metric by segment, the heaviest features of all rows first."""
    if not imp.segments:
        return None
    tables = []
    for metric in imp.metrics:
        parts = [imp.of(metric, segment) for segment in imp.segments]
        numbers = [(part.importances_mean, *part.interval(), ~unclear(part)) for part in parts]
        rows = []
        for i in imp.of(metric).order[:MOST_ROWS]:
            cells = [
                {
                    "importance": float(mean[i]),
                    "ci_lower": float(low[i]),
                    "ci_upper": float(high[i]),
                    "sure": bool(sure[i]),
                }
                for mean, low, high, sure in numbers
            ]
            rows.append({"feature": imp.features[i], "cells": cells})
        tables.append({"metric": metric, "effect": effect_label(imp.of(metric)), "features": rows})
    return {"by": imp.by, "names": [str(segment) for segment in imp.segments], "metrics": tables}


def page_parts(imp: ImportanceNumbers, *, effects: Any = None, associations: Any = None) -> dict[str, Any]:
    """Put what else was found of the same model into plain lists, as far as a page shows it, for the result's file."""
    found = dict(imp.further)
    if effects is not None:
        found["effects"] = _effects(imp, effects)
    if associations is not None:
        found["associations"] = _associations(associations)
    return found


def joined(first: ImportanceNumbers, second: ImportanceNumbers) -> dict[str, Any]:
    """Join what else was found of two parts of one result."""
    found = {**second.further, **first.further}
    if first.further.get("command") != second.further.get("command"):
        # it gives a part of them
        found.pop("command", None)
    both = [some.further["effects"] for some in (first, second) if "effects" in some.further]
    if both:
        features = {effect["feature"]: effect for some in both[::-1] for effect in some["features"]}
        notes = dict.fromkeys(note for some in both for note in some["notes"])
        found["effects"] = {"features": list(features.values()), "notes": list(notes)}
    return found


def _effects(imp: ImportanceNumbers, effects: Any) -> dict[str, Any]:
    """Those of the heaviest features, and what is to be known of all."""
    if effects is None:
        return {"features": [], "notes": []}
    content = _plain(effects, "effects")
    found = content.get("features") if isinstance(content, Mapping) else content
    if not isinstance(found, Sequence) or not all(isinstance(some, Mapping) for some in found):
        raise InputError("effects must be a result of weighin.effects, or its dict.")
    place = {imp.features[i]: rank for rank, i in enumerate(imp.order)}
    ordered = sorted(found, key=lambda effect: place.get(effect["feature"], len(place)))
    features = [
        {
            **effect,
            "curves": [list(map(_short, curve)) for curve in (effect.get("curves") or [])[:MOST_CURVES]],
        }
        for effect in ordered[:MOST_EFFECTS]
    ]
    notes = content.get("notes", ()) if isinstance(content, Mapping) else ()
    return {"features": features, "notes": list(notes)}


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _associations(associations: Any) -> dict[str, Any] | None:
    if associations is None:
        return None
    content = _plain(associations, "associations")
    if not isinstance(content, Mapping):
        raise InputError("associations must be a result of weighin.associations, or its dict.")
    told = {key: list(content.get(key, ())) for key in ("sentences", "pairs", "clusters", "notes")}
    told["n_pairs"] = content.get("n_pairs", len(told["pairs"]))
    told["pairs"] = told["pairs"][:MOST_PAIRS]
    if "off_data" in content:
        told["off_data"] = [some for some in content["off_data"] if some["far"]]
    return told


def _ablation(ablation: Any) -> dict[str, Any] | None:
    """Sentences and the columns of the frame that a reader needs."""
    if ablation is None:
        return None
    if isinstance(ablation, Mapping):
        return dict(ablation)
    if not hasattr(ablation, "tell"):
        raise InputError(f"ablation must be a result of weighin.ablate, got {type(ablation).__name__}.")
    telling = ablation.tell()
    (table,) = telling.tables
    return {
        "sentences": [*telling.sentences, *telling.notes],
        "columns": [table.first, *(column.label for column in table.columns)],
        "rows": [[row.name, *row.cells] for row in table.rows],
    }


def _plain(content: Any, name: str) -> Any:
    if isinstance(content, Mapping | list | tuple):
        return content
    if not hasattr(content, "to_dict"):
        raise InputError(
            f"{name} must be a result of weighin.{name}, or its dict; got {type(content).__name__}."
        )
    return content.to_dict()


def _call(imp: ImportanceNumbers) -> str:
    """Write the call that gives these numbers again, as far as a result knows it."""
    metrics = list(imp.metrics)
    asked = {
        "metric": metrics if len(metrics) > 1 else metrics[0],
        "groups": {name: list(members) for name, members in imp.groups.items()},
        "by": imp.by,
        "n_repeats": imp.n_repeats,
        "random_state": imp.random_state,
    }
    told = ", ".join(f"{name}={value!r}" for name, value in asked.items() if value not in ("", {}))
    return f"weighin.weigh(model, rows, {told})"
