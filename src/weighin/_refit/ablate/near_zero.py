"""Which features of the full model cannot be told apart from zero: those that may well be dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighin._refit.fits.design import Design
from weighin._refit.fits.importances import WeighedFits
from weighin._refit.fits.store import Outcome


def near_zero(full: Sequence[Outcome], design: Design) -> tuple[tuple[str, ...], str]:
    """Name the features whose importance, over the fits of the full model, cannot be told apart from zero."""
    weighed = WeighedFits.of(full, design, "The full model could not be trained.")
    means, n_fits = weighed.importances.mean(1), weighed.importances.shape[1]
    lower = np.array(
        [
            spread.interval(mean)[0] if spread.known else mean - 2 * se
            for spread, mean, se in zip(weighed.spreads, means, weighed.se_of_one_fit, strict=True)
        ]
    )
    # no interval for this metric: the mean itself
    lower = np.where(np.isfinite(lower), lower, means)
    how = (
        f"Judged by shuffling each on the test rows, over {n_fits} fit{'s' * (n_fits > 1)}: their 95% "
        "intervals reach down to 0."
    )
    return tuple(name for name, low in zip(weighed.names, lower, strict=True) if low <= 0), how
