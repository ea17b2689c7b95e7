"""The two-way variance in bins that are cut from the data.

    within  = sum (n_h/n) f_h W_h        shuffle = sum (n_h/n) f_h Ve_h/R
    between = max(0, H/(H - 1) sum (n_h/n) (theta_h - theta)**2 - (1/n) sum f_h (W_h + Ve_h/R))
    n Var   = max(0, within) + max(0, shuffle) + between, at least .25 var(psi)

The row components and the other units in a combination, as far as they vary together with it, come from psi.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighin._inference.given import GivenMoments
from weighin._inference.moments import Floats
from weighin._inference.variance import Spread, least_variance, pooled, quadratic, shape


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def given_spread(strata: Sequence[GivenMoments], coefficients: Floats) -> Spread:
    """Give the variance, skewness and degrees of freedom of linear combinations of means.

    `strata`: One for each stratum, of fixed size; usually one.
    `coefficients`, ndarray of shape (n, K): One combination of components per row.
    """
    n = sum(moments.n_rows for moments in strata)
    parts = [_of_one(moments, coefficients, alone=len(strata) == 1) for moments in strata]
    shares = [moments.n_rows / n for moments in strata]
    return pooled(shares, parts, [moments.n_repeats for moments in strata])


def given_parts(moments: GivenMoments, coefficients: Floats) -> tuple[Floats, Floats, Floats]:
    """Parts of n times the variance of linear combinations: of the data, of shuffling, and var(D)."""
    n, covariance = moments.n_rows, moments.psi.copy()
    data, shuffle, total = np.zeros((3, len(coefficients)))
    for swap in range(moments.n_swaps):
        places = moments.places(swap)
        covariance[np.ix_(places, places)] = 0.0
        here = coefficients[:, places].any(axis=1)
        own, used, bins = coefficients[here][:, places], len(places), moments.n_bins[swap]

        def of(name: str, swap: int = swap, own: Floats = own, used: int = used) -> Floats:
            return quadratic(own, getattr(moments, name)[swap, :used, :used]) / n

        between = of("between") * bins / (bins - 1) - of("noise") if bins > 1 else 0.0
        data[here] += np.maximum(0.0, of("data")) + np.maximum(0.0, between)
        shuffle[here] += np.maximum(0.0, of("shuffle"))
        total[here] += of("total") + of("between")
    together = quadratic(coefficients, covariance) / max(1, n - 1)
    return data + together, shuffle, np.maximum(0.0, total + together)


def _of_one(moments: GivenMoments, coefficients: Floats, *, alone: bool) -> Spread:
    n = moments.n_rows
    data, shuffle, total = given_parts(moments, coefficients)
    psi = quadratic(coefficients, moments.psi) / max(1, n - 1)
    least = least_variance(psi, total, moments.n_repeats)
    variance = np.maximum(np.maximum(data, 0.0) + shuffle, least) / n
    if alone and n <= (3 if moments.n_repeats == 1 else 4):
        variance = np.full_like(variance, np.inf)
    defined = np.isfinite(coefficients).all(axis=1)
    variance = np.where(np.isfinite(variance), variance, np.where(defined, np.inf, np.nan))
    varies = ~((total <= 0) & (psi <= 0))
    skewness, kurtosis = shape(moments, coefficients)
    df = 2 * n / np.maximum(kurtosis + 2, 1e-6)
    variance = np.where(varies, variance, 0.0)
    known = shuffle / n if moments.n_repeats > 1 else np.full(len(variance), np.nan)
    shuffle = np.minimum(known, variance)
    return Spread(variance - shuffle, shuffle, variance, skewness / np.sqrt(n), df)
