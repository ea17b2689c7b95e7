"""Effects as plain lists and texts, for the page of an importance."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._base.checks import check_level
from weighin._results.effect import FeatureEffect
from weighin._results.effects_numbers import EffectsNumbers
from weighin._results.effects_words import aside, sentence


def plain_effects(numbers: EffectsNumbers, confidence_level: float, *, centered: bool) -> dict[str, Any]:
    """Give lists and texts; see `Effects.to_dict`."""
    check_level(confidence_level)
    return {
        "output": numbers.output,
        "mean_prediction": numbers.mean_prediction,
        "spread": numbers.spread,
        "n_rows": numbers.n_rows,
        "confidence_level": confidence_level,
        "notes": list(numbers.notes),
        "features": [
            _plain_effect(numbers, effect, confidence_level, centered) for effect in numbers.effects
        ],
    }


def _plain_effect(
    numbers: EffectsNumbers, effect: FeatureEffect, confidence_level: float, centered: bool
) -> dict[str, Any]:
    curves = effect.mean_curves(numbers.mean_prediction, centered=centered)
    k, average, local = effect.n_points, curves["pd"], curves.get("ale")
    lower, upper = average.interval(confidence_level)
    ale_lower, ale_upper = local.interval(confidence_level) if local else (None, None)
    missing = {
        "share": effect.missing_share,
        "mean": average.effect[-1],
        "lower": lower[-1],
        "upper": upper[-1],
    }
    return {
        "feature": effect.feature,
        "kind": "numeric" if effect.in_numbers else "levels",
        "ordered": effect.kind != "nominal",
        "grid": _plain(effect.values) if effect.in_numbers else list(effect.labels),
        "shares": _plain(effect.shares),
        "mean": _plain(average.effect[:k]),
        "lower": _plain(lower[:k]),
        "upper": _plain(upper[:k]),
        "ale": _plain(local.effect) if local else None,
        "ale_lower": _plain(ale_lower) if local else None,
        "ale_upper": _plain(ale_upper) if local else None,
        "curves": _plain(effect.single_rows(centered=centered)[:, :k]),
        "missing": {key: _plain(value) for key, value in missing.items()} if effect.missing_share else None,
        "direction": effect.direction,
        "arrow": effect.arrow,
        "range": _plain(effect.reach),
        "sentence": sentence(
            effect, numbers.what, lambda text: f"`{text}`" if text == effect.feature else text
        ),
        "note": aside(effect),
    }


def _plain(values: Any) -> Any:
    """Lists of numbers, None for those that are not finite."""
    if np.ndim(values):
        return [_plain(value) for value in values]
    return float(values) if np.isfinite(values) else None
