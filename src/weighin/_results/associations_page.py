"""Associations as plain lists and texts, for the page of an importance."""

from __future__ import annotations

import math
from typing import Any

from weighin._results.associations_numbers import AssociationsNumbers
from weighin._results.associations_telling import sentences
from weighin._results.associations_words import MEASURED_BY, distance_sentence
from weighin._results.clusters import FARTHER


def plain_associations(numbers: AssociationsNumbers) -> dict[str, Any]:
    """Give lists and texts; see `Associations.to_dict`."""
    pairs = [
        {
            "feature": numbers.features[i],
            "other": numbers.features[j],
            "strength": abs(float(numbers.association[i, j])),
            "association": float(numbers.association[i, j]),
            "measure": MEASURED_BY[numbers.measures[i][j]],
        }
        for i, j in zip(*numbers.pairs(numbers.close_from), strict=True)
    ]
    return {
        "sentences": sentences(numbers, _quoted),
        "pairs": pairs,
        "clusters": [{"name": name, "features": list(members)} for name, members in numbers.groups.items()],
        "off_data": [
            {
                "feature": name,
                "ratio": ratio if math.isfinite(ratio) else None,
                "far": ratio >= FARTHER,
                "sentence": distance_sentence(name, ratio, _quoted),
            }
            for name, ratio in numbers.off_data.items()
        ],
        "n_rows": numbers.n_rows,
        "threshold": numbers.threshold,
        "notes": list(numbers.notes),
    }


def _quoted(name: str) -> str:
    """Mark a name for a page."""
    return f"`{name}`"
