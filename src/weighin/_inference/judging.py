"""How sure one can be of importances: evidence of all features in, one inference out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._inference import NOT_TOGETHER, Evidence, Inference, Link, joined
from weighin._inference.given_evidence import GivenEvidence, Offer
from weighin._inference.intervals import chosen


def judge(
    evidence: Sequence[Evidence],
    link: Link,
    greater_is_better: bool,
    ignored: NDArray[np.bool_],
    *,
    relative: bool = False,
) -> Inference:
    """Estimate every feature's importance with its standard error.

    `evidence`: Each for some of the features, in their order.
    `link`: What the metric is of the mean loss per row.
    `greater_is_better`: Whether the metric grows with quality.
    `ignored`, ndarray of bool of shape (n_features,): Features the model cannot see: exactly 0.
    `relative`: In parts of the baseline.
    """
    sign = -1.0 if greater_is_better else 1.0
    function = link.relative if relative else link.change
    parts = [part.infer(function, sign=sign) for part in evidence]
    return joined(parts).ignoring(ignored)


def judge_change(
    first: Sequence[Evidence], second: Sequence[Evidence], units: Sequence[Sequence[int]], sign: float
) -> Inference | None:
    """Estimate second minus first for units of both, by their numbers in either; None where nothing joins them."""
    if not first or not second:
        return None
    before, after = first[0].joined(first[1:]), second[0].joined(second[1:])
    if before is None or after is None:
        return None
    return before.units(units[0]).change_to(after.units(units[1]), sign=sign)


def judge_contrast(
    evidence: Sequence[Evidence], link: Link, greater_is_better: bool, weights: Mapping[int, float]
) -> Inference:
    """Estimate a linear contrast of features, by their numbers, such as a difference, from their joint moments.

    Raises InputError: if they were not measured together.
    """
    part, start = _with_all(evidence, list(weights))
    sign = -1.0 if greater_is_better else 1.0
    own = {number - start: weight for number, weight in weights.items()}
    return part.contrast(own, link.change, sign=sign)


def judge_leave_one_out(
    evidence: Sequence[Evidence], link: Link, greater_is_better: bool, number: int
) -> Inference | None:
    """Estimate how much worse a model of mean squared error gets without a feature, as `GivenEvidence` does.

    None where that is not known of the metric.
    """
    part, start = _with_all(evidence, [number])
    if not isinstance(part, GivenEvidence) or number - start not in part.strata[0].allowing:
        return None
    sign = -1.0 if greater_is_better else 1.0
    return chosen(part.leave_one_out(link.change, sign=sign), [number - start])


def offer_of(evidence: Sequence[Evidence], number: int) -> Offer:
    """What is said of a feature that was shuffled given others."""
    part, start = _with_all(evidence, [number])
    return part.offers[number - start] if isinstance(part, GivenEvidence) else "all"


def _with_all(evidence: Sequence[Evidence], numbers: Sequence[int]) -> tuple[Evidence, int]:
    """Evidence of all these features, and the number of its first.

    Raises InputError: if they were not measured together.
    """
    start = 0
    for part in evidence:
        if all(start <= number < start + part.n_units for number in numbers):
            return part, start
        start += part.n_units
    raise InputError(NOT_TOGETHER)
