"""Importances the slow way: rows written out, swapped, predicted and scored one shuffle at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from weighin._engine import Measurement, Resources, Scores, Session
from weighin._metrics import resolve_metric
from weighin._models import as_model
from weighin._samplers import MarginalSampler
from weighin._tables.features import Feature

torch.set_num_threads(1)


def donor_rows(donors: Any) -> np.ndarray:
    """Row whose values each row of the table receives, shape (n_repeats, n_rows)."""
    given = np.empty((donors.n_repeats, donors.n_rows), dtype=np.int64)
    for block in donors.blocks():
        rows = np.arange(donors.n_rows) if block.rows is None else block.rows
        given[:, rows] = rows[block.donors]
    return given


def reference(
    predict: Callable[..., Any],
    parts: Sequence[np.ndarray],
    features: Sequence[Feature],
    donors: Any,
    score: Callable[[np.ndarray], float],
) -> tuple[float, np.ndarray]:
    """Score before any swap, and what each swap changes; columns are numbered through all parts."""
    widths = np.cumsum([0, *(part.shape[1] for part in parts)])
    before, change = score(predict(*parts)), np.empty((len(features), donors.n_repeats))
    for f, feature in enumerate(features):
        for r, given in enumerate(donor_rows(donors)):
            moved = [part.copy() for part in parts]
            for column in feature.columns:
                k = int(np.searchsorted(widths, column, "right")) - 1
                moved[k][:, column - widths[k]] = parts[k][given, column - widths[k]]
            change[f, r] = score(predict(*moved)) - before
    return before, change


def singles(n: int) -> tuple[Feature, ...]:
    """A feature per column."""
    return tuple(Feature(f"x{j}", (j,)) for j in range(n))


def engine(
    model: Any,
    X: Any,
    y: Any,
    metric: Any = "mse",
    *,
    n_repeats: int = 2,
    seed: int = 0,
    block_rows: int = 4096,
    donors: Any = None,
    features: Sequence[Feature] | None = None,
    better: bool | None = None,
    advance: Callable[[int], None] = lambda work: None,
    **resources: Any,
) -> Scores:
    """Run the engine on a model as `weigh` does."""
    adapted = as_model(model)
    data = adapted.encode(X, y, "raise", y is not None)
    donors = donors or MarginalSampler(data.rows.n_rows, n_repeats, seed, block_rows)
    measurement = Measurement((resolve_metric(metric, better, adapted.metric_context(data)),))
    with Session(adapted) as session:
        return session.measure(
            data, features or data.features, donors, measurement, Resources(**resources), advance=advance
        )
