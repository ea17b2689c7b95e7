"""The two-way variance: rows are donors as well as receivers.

D = theta + a(receiver) + b(donor) + e(pair), so that the mean over n rows and R swaps of each has variance
Var(a + b)/n + Var(e)/(n R). Repeats never count as a sample.

Where the donors of a unit are spread over its values (`weighin._samplers.spread`), the R rows that receive from a donor
are drawn at random, and the R donors of a receiver cancel most of what they differ by. What is left of the variance of
psi is that of the mean, once the noise of the drawn receivers is taken off: n Var = Var(psi) - within_donor/R, unit by
unit, since each draws receivers of its own. For units that share their donors it is Var(psi) - Var(D)/R.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from weighin._inference.moments import Floats, Moments, Sums

# least variance, in parts of var(psi)/n
FLOOR = 0.25
# from which on psi is a guard; with fewer it is mostly noise of its own
FLOOR_REPEATS = 5


@dataclass(frozen=True)
class Spread:
    """How far estimates lie from the truth, and how lopsided.

    `data`, `shuffle`, ndarray of shape (n,): Variance that more rows lower, and variance that more repeats lower; NaN
        where one repeat cannot tell.
    `variance`, ndarray of shape (n,): Of the estimate; infinite where there are too few rows to know.
    `skewness`, ndarray of shape (n,): Of the estimate: that of psi over the root of the number of rows.
    `df`, ndarray of shape (n,): Satterthwaite's degrees of freedom of the variance.
    """

    data: Floats
    shuffle: Floats
    variance: Floats
    skewness: Floats
    df: Floats


@dataclass(frozen=True)
class Components:
    """Parts of the variance of one pair: V1 of its receiver, V2 of its donor, C both roles of a row, Ve the rest.

    `total` is all of a pair's variance, `psi` that of psi. Arrays of shape (n,); not separable for one repeat, then
    V1, V2 and Ve are NaN.
    """

    v1: Floats
    v2: Floats
    c: Floats
    ve: Floats
    total: Floats
    psi: Floats


@np.errstate(over="ignore", invalid="ignore")
def components(moments: Moments, coefficients: Floats) -> Components:
    """Estimate the parts of the variance of linear combinations.

    `moments`: Moments
    `coefficients`, ndarray of shape (n, K): One combination of components per row.
    """
    n, repeats, strata = moments.n_rows, moments.n_repeats, moments.n_strata
    # row components have no donor
    of_pairs = coefficients * moments.gives
    total = quadratic(coefficients, moments.pairs) / max(1, n * repeats - strata)
    c = quadratic(coefficients, moments.roles) / max(1, n - strata)
    psi = quadratic(coefficients, moments.psi) / max(1, n - strata)
    if repeats == 1:
        unknown = np.full(len(coefficients), np.nan)
        return Components(unknown, unknown, c, unknown, total, psi)
    swapped = quadratic(of_pairs, moments.pairs)
    own = n * (repeats - 1)
    total_of_pairs = swapped / (n * repeats - strata)
    within_receivers = (swapped - repeats * quadratic(of_pairs, moments.receivers)) / own
    within_donors = (swapped - repeats * quadratic(of_pairs, moments.donors)) / own
    v1, v2 = total - within_receivers, total_of_pairs - within_donors
    ve = within_receivers + within_donors - total_of_pairs
    return Components(v1, v2, c, ve, total, psi)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def spread(strata: Sequence[Moments], coefficients: Floats) -> Spread:
    """Give the variance, skewness and degrees of freedom of linear combinations of means.

    `strata`: One for each stratum, of fixed size; usually one.
    `coefficients`, ndarray of shape (n, K): One combination of components per row.
    """
    n = sum(moments.n_rows for moments in strata)
    shares = [moments.n_rows / n for moments in strata]
    alone = len(strata) == 1 and strata[0].n_strata == 1
    parts = [_of_one(moments, coefficients, alone=alone) for moments in strata]
    return pooled(shares, parts, [moments.n_repeats for moments in strata])


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def pooled(shares: Sequence[float], parts: Sequence[Spread], n_repeats: Sequence[int]) -> Spread:
    """Put the spreads of strata together.

    `shares`, `n_repeats`: Of each stratum: its part of the rows, and the swaps of a row.
    """
    variance = np.sum([share**2 * p.variance for share, p in zip(shares, parts, strict=True)], axis=0)
    shuffles = np.array([share**2 * p.shuffle for share, p in zip(shares, parts, strict=True)])
    if any(repeats > 1 for repeats in n_repeats):
        # strata too small for two repeats count as noise of the data
        shuffles = np.nan_to_num(shuffles)
    shuffle = shuffles.sum(axis=0)
    third = sum(share**3 * p.skewness * p.variance**1.5 for share, p in zip(shares, parts, strict=True))
    skewness = np.nan_to_num(third / variance**1.5, posinf=0.0, neginf=0.0)
    df = 1 / sum((s**2 * p.variance / variance) ** 2 / p.df for s, p in zip(shares, parts, strict=True))
    df = np.where(np.isfinite(df), np.maximum(df, 3.0), 3.0)
    data = np.where(np.isfinite(variance), variance - shuffle, variance)
    return Spread(data, shuffle, variance, skewness, df)


def _of_one(moments: Moments, coefficients: Floats, *, alone: bool) -> Spread:
    n, repeats = moments.n_rows, moments.n_repeats
    parts = components(moments, coefficients)
    lost = (3 if repeats == 1 else 4) * moments.n_strata
    if repeats == 1:
        shuffle, both = parts.ve, (parts.total + 2 * parts.c) / n
    else:
        shuffle = np.maximum(0.0, parts.ve) / (n * repeats)
        both = np.maximum(0.0, parts.v1 + parts.v2 + 2 * parts.c) / n + shuffle
    least = least_variance(parts.psi, parts.total, repeats)
    if moments.spread:
        # shuffles add at most as much noise as shifts would
        drawn, own = _drawn(moments, coefficients)
        both = np.where(own, np.maximum(0.0, parts.psi - drawn) / n, both)
        of_own = FLOOR * (parts.psi - drawn * max(0.0, 1 - repeats / FLOOR_REPEATS))
        least = np.where(own, np.maximum(0.0, of_own), least)
    weighing = effective_rows(moments)
    if weighing > lost:
        factor = weighing / (weighing - lost)
        variance = np.maximum(both * factor, least / n)
    # alone nothing is known; among other strata the most it can be: 2 C <= V1 + V2
    else:
        factor, variance = 1.0, np.full(len(coefficients), np.inf) if alone else 2 * parts.total / n
    shuffle = np.minimum(shuffle * factor, variance)
    defined = np.isfinite(coefficients).all(axis=1)
    variance = np.where(np.isfinite(variance), variance, np.where(defined, np.inf, np.nan))
    varies = ~(parts.total <= 0)
    skewness, kurtosis = shape(moments, coefficients)
    df = 2 * n / np.maximum(kurtosis + 2, 1e-6)
    variance, shuffle = np.where(varies, variance, 0.0), np.where(varies, shuffle, 0.0)
    return Spread(variance - shuffle, shuffle, variance, skewness / np.sqrt(n), df)


def _drawn(moments: Moments, coefficients: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """What drawn receivers add to the variance of psi, and units that share their donors; and where any is spread."""
    n, repeats = moments.n_rows, moments.n_repeats
    own = np.zeros(len(moments.mean))
    own[: moments.n_units] = moments.spread
    of_own, shared = coefficients * own, coefficients * (moments.gives - own)
    within = (np.diag(moments.pairs) - repeats * np.diag(moments.donors)) / (n * (repeats - 1))
    total = quadratic(shared, moments.pairs) / (n * repeats - moments.n_strata)
    return (of_own**2 @ within + total) / repeats, np.asarray((of_own != 0).any(axis=1))


def least_variance(psi: Floats, total: Floats, repeats: int) -> Floats:
    """Least n times the variance can be: a part of var(psi), which is n Var plus total/repeats.

    With few repeats that second term would outweigh the variance of features whose V1 + V2 and 2 C nearly cancel. So
    much of it is taken as makes the same share of the variance as with five repeats, for features that are pure noise:
    V1 + V2 + 2 C = Ve, n Var = Ve (1 + 1/repeats).
    """
    if repeats >= FLOOR_REPEATS:
        return np.maximum(0.0, FLOOR * psi)
    own = np.maximum(0.0, psi - total / repeats)
    share = (1 + 1 / repeats) / (1 + 1 / FLOOR_REPEATS) / FLOOR_REPEATS
    return np.maximum(0.0, FLOOR * (own + share * total))


def effective_rows(moments: Moments) -> float:
    """Rows that carry the weight: (sum w)**2 / sum w**2; all of them without weights."""
    if not moments.row_weight:
        return float(moments.n_rows)
    square = moments.mean[-1] ** 2
    return (
        float(moments.n_rows * square / (square + moments.receivers[-1, -1] / moments.n_rows))
        if square
        else 0.0
    )


def rows_of_variance(moments: Sums) -> float:
    """Rows that carry the variance of a weighted mean: (sum w**2)**2 / sum w**4; all of them without weights.

    Fewer than `effective_rows`: the heaviest rows count by their squares.
    """
    if not moments.row_weight:
        return float(moments.n_rows)
    n, mean, second = moments.n_rows, moments.mean[-1], moments.psi[-1, -1]
    third, fourth = moments.third[-1, -1], moments.fourth[-1, -1]
    squares = second + n * mean**2
    fourths = fourth + 4 * mean * third + 6 * mean**2 * second + n * mean**4
    return float(squares**2 / fourths) if fourths > 0 else 0.0


def shape(moments: Sums, coefficients: Floats) -> tuple[Floats, Floats]:
    """Skewness and excess kurtosis of psi, exact for two components, else of the two that matter most.

    Weighted relative importance and RMSE have four; their intervals cover 93.5 to 95.5 % nevertheless.
    """
    n = moments.n_rows
    shapes = np.zeros((2, len(coefficients)))
    with np.errstate(all="ignore"):
        for number, row in enumerate(coefficients):
            j, k = _main_components(moments, row)
            x, y = row[j], row[k] if k != j else 0.0
            second = x * x * moments.psi[j, j] + 2 * x * y * moments.psi[j, k] + y * y * moments.psi[k, k]
            t = moments.third
            third = x**3 * t[j, j] + 3 * x * y * (x * t[j, k] + y * t[k, j]) + y**3 * t[k, k]
            f, even = moments.fourth, moments.fourth_even
            fourth = x**4 * f[j, j] + 4 * x * y * (x * x * f[j, k] + y * y * f[k, j]) + y**4 * f[k, k]
            fourth += 6 * x * x * y * y * even[j, k]
            shapes[:, number] = np.sqrt(n) * third / second**1.5, n * fourth / second**2 - 3
    return np.nan_to_num(shapes[0], posinf=0.0, neginf=0.0), np.nan_to_num(shapes[1], posinf=0.0, neginf=0.0)


def _main_components(moments: Sums, row: Floats) -> tuple[int, int]:
    """The two components without which least of psi is left."""
    used = np.flatnonzero(row * np.diag(moments.psi))
    if len(used) <= 2:
        return (int(used[0]), int(used[-1])) if len(used) else (0, 0)

    def left(pair: tuple[int, int]) -> float:
        rest = row.copy()
        rest[list(pair)] = 0.0
        return float(quadratic(rest[None], moments.psi)[0])

    return min(combinations(used.tolist(), 2), key=left)


def quadratic(coefficients: Floats, matrix: Floats) -> Floats:
    return ((coefficients @ matrix) * coefficients).sum(axis=1)
