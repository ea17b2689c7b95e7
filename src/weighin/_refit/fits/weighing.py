"""Weigh a model that was just trained, on its held-out rows, and keep what speaks of fits and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import MetricError
from weighin._refit.fits.criterion import Criterion
from weighin._refit.fits.measure import random_blocks
from weighin._weigh.weigh import weigh

if TYPE_CHECKING:
    import pandas as pd

ROWS_OF_BLOCK, FEWEST_BLOCKS, MOST_BLOCKS = 20, 10, 30
N_REPEATS = 10


def weigh_model(
    model: Any,
    frame: pd.DataFrame,
    features: Sequence[str],
    target: Sequence[str],
    *,
    criterion: Criterion,
    random_state: int,
    n_repeats: int = N_REPEATS,
    groups: Mapping[str, Iterable[str]] | None = None,
    blocks: bool = True,
) -> dict[str, Any]:
    """Weigh a model on rows, the same shuffles for every model of the same rows.

    Returns names, baseline; importance, se, lower, upper, few_rows, each of shape (n_features,); and, for a mean over
    rows and enough of them, blocks of shape (n_blocks, n_features): the importances on random blocks of rows alone.
    Without `blocks`, which matter only where the same rows are tested on in every fit, none.
    """
    y = frame[target[0]] if len(target) == 1 else frame[list(target)]
    X = frame[list(features)]
    options: dict[str, Any] = {
        **criterion.options,
        "groups": groups,
        "random_state": random_state,
        "n_jobs": 1,
        "progress": False,
    }
    whole = weigh(model, X, y, n_repeats=n_repeats, **options)
    lower, upper = whole.interval()
    weights: dict[str, Any] = {
        "names": list(whole.features),
        "baseline": float(whole.baseline),
        "importance": np.asarray(whole.importances_mean, dtype=float),
        "se": np.asarray(whole.se, dtype=float),
        "lower": lower,
        "upper": upper,
        "few_rows": np.asarray(whole.few_rows, dtype=bool),
    }
    count = min(MOST_BLOCKS, len(frame) // ROWS_OF_BLOCK)
    if blocks and count >= FEWEST_BLOCKS and is_row_mean(model, X, y, criterion):
        number = random_blocks(len(frame), count)
        parts = [np.flatnonzero(number == block) for block in range(count)]
        # a block gives and takes within itself: its importance is one more sample of the same number
        repeats = min(n_repeats, (min(map(len, parts)) - 1) // 2)
        weights["blocks"] = np.array(
            [
                weigh(model, X.iloc[rows], y.iloc[rows], n_repeats=repeats, **options).importances_mean
                for rows in parts
            ]
        )
    return weights


def is_row_mean(model: Any, X: Any, y: Any, criterion: Criterion) -> bool:
    """Whether a metric is a mean over rows for this model."""
    adapted = criterion.adapt(model)
    resolved = criterion.resolve(adapted, adapted.encode(X, y, "raise", True))
    if resolved.against != "target":
        raise MetricError(
            f"The metric {resolved.name!r} needs no target and does not say how good a model is. Choose "
            "one that compares with the target."
        )
    return resolved.per_row is not None and resolved.link.is_mean
