"""Which features of the full model cannot be told apart from zero: those that may well be dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighin._base.errors import ModelError
from weighin._refit.fits.design import Design
from weighin._refit.fits.importances import WeighedFits
from weighin._refit.fits.store import Outcome


def near_zero(full: Sequence[Outcome], design: Design) -> tuple[tuple[str, ...], str]:
    """Name the features whose importance, over the fits of the full model, cannot be told apart from zero."""
    n_folds = len(design.splits.folds)
    folds = [full[fold::n_folds] for fold in range(n_folds)]
    worked = [fit for fit in range(len(folds[0])) if not any(fold[fit].failed for fold in folds)]
    if not worked:
        raise ModelError(
            f"The full model could not be trained. {full[0].errors[0] if full[0].errors else ''}"
        )
    weighed = WeighedFits([[fold[fit] for fit in worked] for fold in folds], design)
    means = weighed.importances.mean(1)
    lower = np.array(
        [
            spread.interval(mean)[0] if spread.known else mean - 2 * se
            for spread, mean, se in zip(weighed.spreads, means, weighed.se_of_one_fit, strict=True)
        ]
    )
    # no interval for this metric: the mean itself
    lower = np.where(np.isfinite(lower), lower, means)
    how = (
        f"Found by shuffling them on the rows tested on, over {len(worked)} fit{'s' * (len(worked) > 1)}: the 95% "
        "interval reaches down to 0."
    )
    return tuple(name for name, low in zip(weighed.names, lower, strict=True) if low <= 0), how
