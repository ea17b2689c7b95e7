"""Two parts of one plan as one result."""

from __future__ import annotations

import dataclasses
import math
from typing import TypeVar

import numpy as np

from weighin._base.errors import InputError, listing
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sections import joined

_SAME_PLAN = (
    "model",
    "metric",
    "greater_is_better",
    "n_rows",
    "rows",
    "n_repeats",
    "random_state",
    "block_rows",
    "simulated",
    "metrics",
    "by",
    "segments",
    "segment",
    "given",
    "givens",
)

Part = TypeVar("Part", bound=ImportanceNumbers)


def merged(first: Part, second: Part) -> Part:
    """Join two results of the same plan; see `Importance.merge`.

    Raises InputError: naming what differs, or the features in both.
    """
    if not isinstance(second, type(first)):
        raise InputError(f"merge takes another result of weighin.weigh, got {type(second).__name__}.")
    for name in _SAME_PLAN:
        mine, theirs = getattr(first, name), getattr(second, name, None)
        if mine != theirs:
            raise InputError(
                f"The two results cannot be merged: {name} is {mine!r} in one and {theirs!r} in the other."
            )
    alike = math.isclose(first.baseline, second.baseline, rel_tol=1e-6)
    # without numbers
    if not alike and not (math.isnan(first.baseline) and math.isnan(second.baseline)):
        raise InputError(
            f"The two results cannot be merged: baseline is {first.baseline!r} and {second.baseline!r}."
        )
    twice = [name for name in second.features if name in first.features]
    if twice:
        raise InputError(f"In both results: {listing(twice)}.")
    features = first.features + second.features
    unfinished = tuple(n for n in dict.fromkeys(first.unfinished + second.unfinished) if n not in features)
    return dataclasses.replace(
        first,
        features=features,
        importances=np.concatenate([first.importances, second.importances]),
        groups={**first.groups, **second.groups},
        kernels={**first.kernels, **second.kernels},
        device=first.device if first.device == second.device else "",
        directions={**first.directions, **second.directions},
        given_reports={**first.given_reports, **second.given_reports},
        complete=not unfinished and all(part.complete or part.unfinished for part in (first, second)),
        unfinished=unfinished,
        notes=tuple(dict.fromkeys([*first.notes, *second.notes])),
        evidence=first.evidence + second.evidence if first.evidence and second.evidence else (),
        parts=tuple(
            merged(mine, second.of(mine.metric, mine.segment, given=mine.given)) for mine in first.parts
        ),
        kept=None,
        **joined(first, second),
    )
