"""How sure one can be of importances: evidence of all features in, one inference out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._inference import (
    BASELINES,
    NOT_TOGETHER,
    Evidence,
    Function,
    Inference,
    Means,
    difference_from,
    identity,
    in_parts,
    infer_from,
    n_units,
    over_variance,
    root,
)


def r2(means: Means) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """R2 after the swap minus R2 before it."""
    value, by_change, by_rows = over_variance(means)
    return -value, -by_change, -by_rows


def exponential(means: Means) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Exponential of the mean loss after the swap minus that before: perplexity from log losses."""
    _, by_change, by_rows = identity(means)
    before, after = np.exp(means.rows[0]), np.exp(means.rows[0] + means.change)
    by_rows[:, 0] = after - before
    return after - before, by_change * after, by_rows


# "pooled": means of values that stand for a metric of all rows, or that weigh differently in each shuffle
FUNCTIONS: Mapping[str, Function] = {
    "identity": identity,
    "pooled": identity,
    "root": root,
    "exp": exponential,
    "r2": r2,
}


def judge(
    evidence: Sequence[Evidence],
    link: str,
    greater_is_better: bool,
    ignored: NDArray[np.bool_],
    *,
    relative: bool = False,
) -> Inference:
    """Estimate every feature's importance with its standard error.

    Parameters
    ----------
    evidence : sequence of Evidence
        Each for some of the features, in their order.
    link : str
        What the metric is of the mean loss per row: a key of `FUNCTIONS`.
    greater_is_better : bool
        Whether the metric grows with quality.
    ignored : ndarray of bool of shape (n_features,)
        Features the model cannot see: exactly 0.
    relative : bool
        In parts of the baseline, for the metrics of `BASELINES`.
    """
    sign = -1.0 if greater_is_better else 1.0
    function = FUNCTIONS[link]
    if relative:
        function = in_parts(function, BASELINES[link])
    parts = [infer_from(some, function, sign=sign) for some in evidence]
    joined = {
        entry.name: np.concatenate([getattr(part, entry.name) for part in parts])
        for entry in fields(Inference)
    }
    return Inference(**joined).ignoring(ignored)


def judge_difference(
    evidence: Sequence[Evidence], link: str, greater_is_better: bool, first: int, second: int
) -> Inference:
    """Estimate how much more one feature weighs than another, from their joint moments.

    Raises
    ------
    InputError
        If the two were not measured together.
    """
    start = 0
    for some in evidence:
        stop = start + n_units(some)
        if start <= first < stop and start <= second < stop:
            sign = -1.0 if greater_is_better else 1.0
            return difference_from(some, first - start, second - start, FUNCTIONS[link], sign=sign)
        start = stop
    raise InputError(NOT_TOGETHER)
