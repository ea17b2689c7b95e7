"""What is reported, as smooth functions of the means of components, linearised per pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._inference.intervals import FEW_ROWS, Inference
from weighin._inference.links import IDENTITY, Function, Means
from weighin._inference.moments import Floats, Moments, Sums
from weighin._inference.variance import components, rows_of_variance, spread


def infer(
    moments: Moments | Sequence[Moments],
    function: Function = IDENTITY.change,
    *,
    sign: float = 1.0,
) -> Inference:
    """Estimate the importance of each unit, with its standard error and interval.

    `moments`, Moments or sequence of Moments: Of all rows, or one for each stratum.
    `function`: What is reported: `change` or `relative` of a link, or one of the same form.
    `sign`: -1 where the components are scores that grow with quality.
    """
    strata = [moments] if isinstance(moments, Moments) else list(moments)
    value, coefficients = linearise(strata, function)
    few = few_rows(strata)
    return Inference.of(sign * value, spread(strata, sign * coefficients), few)


def contrast(
    moments: Moments | Sequence[Moments],
    weights: Mapping[int, float],
    function: Function = IDENTITY.change,
    *,
    sign: float = 1.0,
) -> Inference:
    """Estimate a linear contrast of units, such as a difference: arrays of shape (1,).

    `moments`, `function`, `sign`: As for `infer`.
    `weights`: Weight of each unit that is in it, ``{first: 1, second: -1}`` for how much more the first weighs.
    """
    strata = [moments] if isinstance(moments, Moments) else list(moments)
    value, coefficients = linearise(strata, function)
    few = few_rows(strata)
    estimate = sum(weight * value[[unit]] for unit, weight in weights.items())
    slopes = sum(weight * coefficients[[unit]] for unit, weight in weights.items())
    return Inference.of(
        sign * np.asarray(estimate),
        spread(strata, sign * np.asarray(slopes)),
        np.array([any(few[unit] for unit in weights)]),
    )


def difference(
    moments: Moments | Sequence[Moments],
    first: int,
    second: int,
    function: Function = IDENTITY.change,
    *,
    sign: float = 1.0,
) -> Inference:
    """Estimate how much more unit `first` weighs than unit `second`: arrays of shape (1,)."""
    return contrast(moments, pair(first, second), function, sign=sign)


def share(moments: Sequence[Moments], whole: int) -> Inference:
    """Estimate each unit over unit `whole`, which errs with it; NaN where that is 0.

    `moments`: Of each stratum.
    """
    value, coefficients = linearise(moments, IDENTITY.change)
    size = value[whole] or np.nan
    slopes = (coefficients - np.outer(value / size, coefficients[whole])) / size
    # a unit that is the whole has a share of 1, without rounding
    slopes[whole] = 0.0
    return Inference.of(value / size, spread(moments, slopes), few_rows(moments))


def pair(first: int, second: int) -> dict[int, float]:
    """Weights of the contrast of two units; of one with itself nothing is left."""
    return {first: 1.0, second: -1.0} if first != second else {first: 0.0}


def few_rows(strata: Sequence[Sums], least: int = FEW_ROWS) -> NDArray[np.bool_]:
    """Tell the units of which fewer than `least` rows count: shape (n_units,).

    Counted are the rows whose loss a repeat changes on average (each row with a rare value changes two: itself and the
    one it gives to), and the rows that carry the variance of a weighted mean.
    """
    changed = np.sum([moments.changed / moments.n_repeats for moments in strata], axis=0)
    few: NDArray[np.bool_] = changed < least
    if sum(rows_of_variance(moments) for moments in strata) < least:
        few = np.ones_like(few)
    return few


def repeats_needed(
    moments: Moments | Sequence[Moments],
    function: Function = IDENTITY.change,
    *,
    share: float = 0.1,
    least: int = 5,
    most: int = 50,
) -> int:
    """Tell how many repeats make the noise of shuffling at most `share` of the variance for every unit.

    `moments`, Moments or sequence of Moments: Of at least two repeats, of some or all rows.
    `function`: What is reported, as for `infer`.
    `share`: Of the variance.
    `least`, `most`: Bounds of the answer.
    """
    strata = [moments] if isinstance(moments, Moments) else list(moments)
    _, coefficients = linearise(strata, function)
    n = sum(stratum.n_rows for stratum in strata)
    data, pairs = np.zeros((2, len(coefficients)))
    for stratum in strata:
        parts = components(stratum, coefficients)
        data += stratum.n_rows / n * np.maximum(0.0, parts.v1 + parts.v2 + 2 * parts.c)
        pairs += stratum.n_rows / n * np.maximum(0.0, parts.ve)
    return repeats_for(data, pairs, share, least, most)


def repeats_for(data: Floats, pairs: Floats, share: float, least: int, most: int) -> int:
    """Tell likewise from n times what the data add to the variance of each unit, and what one shuffle does."""
    # shuffle = pairs/R of data + pairs/R
    needed = np.divide(
        pairs * (1 - share), data * share, out=np.where(pairs > 0, np.inf, 0.0), where=data > 0
    )
    return int(np.ceil(np.clip(needed.max(initial=least), least, most)))


def means(moments: Moments | Sequence[Moments]) -> Means:
    """Weighted means over all strata."""
    return _means([moments] if isinstance(moments, Moments) else list(moments))[0]


def _means(strata: Sequence[Sums]) -> tuple[Means, Floats, float, float]:
    """Weighted means, the plain ones, and what weights add up to over pairs and over rows."""
    first = strata[0]
    n = sum(moments.n_rows for moments in strata)
    plain = np.sum([moments.n_rows / n * moments.mean for moments in strata], axis=0)
    rows = plain[first.n_pairs : len(plain) - first.row_weight]
    row_weight = float(plain[-1]) if first.row_weight else 1.0
    pair_weight = float(plain[first.n_units]) if first.weighted else row_weight
    if not row_weight or not pair_weight:
        raise InputError("No row to weigh has a sample weight above 0, or there are no rows.")
    return Means(plain[: first.n_units] / pair_weight, rows / row_weight), plain, pair_weight, row_weight


def linearise(strata: Sequence[Sums], function: Function) -> tuple[Floats, Floats]:
    """Value of each unit, shape (n_units,), and its derivative in the plain means, shape (n_units, K)."""
    first = strata[0]
    weighted, plain, pair_weight, row_weight = _means(strata)
    value, by_change, by_rows = function(weighted)
    coefficients = np.zeros((first.n_units, len(plain)))
    units = np.arange(first.n_units)
    coefficients[units, units] = by_change / pair_weight
    last = len(plain) - first.row_weight
    coefficients[:, first.n_pairs : last] = by_rows / row_weight
    if first.row_weight:
        coefficients[:, -1] -= by_rows @ weighted.rows / row_weight
        pair = first.n_units if first.weighted else -1
        coefficients[:, pair] -= by_change * weighted.change / pair_weight
    return value, coefficients
