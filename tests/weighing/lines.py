"""Rows of a line, y = 3 a + b + noise, where `c` is nothing to the model; importances the slow way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

import weighin
from swaps import donor_rows
from weighin._samplers import MarginalSampler

FEATURES = ["a", "b", "c"]


def table(n_rows: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Features and target."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=FEATURES)
    return frame, (3 * frame["a"] + frame["b"]).to_numpy() + rng.normal(size=n_rows)


def line(frame: pd.DataFrame) -> Any:
    """The model: takes frames, and matrices with these columns first."""
    if isinstance(frame, np.ndarray):
        return 3 * frame[:, 0] + frame[:, 1]
    return 3 * frame["a"] + frame["b"]


def weigh(frame: Any, y: Any, model: Any = line, **options: Any) -> Any:
    """Weigh the three features with seed 0."""
    return weighin.weigh(model, frame, y, **{"random_state": 0, "features": FEATURES, **options})


def score_changes(
    score: Callable[[Any], float],
    frame: pd.DataFrame,
    *,
    n_repeats: int,
    block_rows: int = 4096,
    features: Sequence[str] = tuple(FEATURES),
) -> tuple[float, np.ndarray]:
    """Score before any swap, and what each swap of `weigh` with seed 0 changes: ``score(frame)`` of swapped frames."""
    donors, before = donor_rows(MarginalSampler(len(frame), n_repeats, 0, block_rows)), score(frame)
    changes = np.empty((len(features), n_repeats))
    for place, name in enumerate(features):
        for repeat, given in enumerate(donors):
            swapped = frame.assign(**{name: frame[name].to_numpy()[given]})
            changes[place, repeat] = score(swapped) - before
    return before, changes
