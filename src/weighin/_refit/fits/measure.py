"""How good a trained model is on rows it has not seen: its score, and what each row adds to it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import MetricError, ModelError, WeighinError
from weighin._refit.fits.criterion import Criterion
from weighin._refit.fits.store import Outcome

if TYPE_CHECKING:
    import pandas as pd

# rows predicted at once
CHUNK = 32_768
# more rows are summed up in so many random blocks
MOST_UNITS = 10_000
# left out in turn, where a metric is no mean over rows
BLOCKS = 40


class NotFinite(ModelError):
    """Training ended in numbers that are none."""


class Unmeasurable(MetricError):
    """The metric cannot be had of any model trained so: another seed does not help."""


def measure(
    model: Any,
    frame: pd.DataFrame,
    features: Sequence[str],
    target: Sequence[str],
    criterion: Criterion,
    *,
    parts: bool = True,
) -> Outcome:
    """Measure a model on the rows of `frame`; without `parts` the score alone."""
    adapted = criterion.adapt(model)
    y = frame[target[0]] if len(target) == 1 else frame[list(target)]
    data = adapted.encode(frame[list(features)], y, "raise", True)
    try:
        resolved = criterion.resolve(adapted, data)
    except WeighinError as error:
        raise Unmeasurable(str(error)) from error
    if resolved.against != "target":
        raise Unmeasurable(
            f"The metric {resolved.name!r} does not say how good a model is: it needs no target. Choose "
            "one that compares with the target."
        )
    n_rows = data.rows.n_rows
    with adapted.predicting():
        chunks = [
            adapted.predict(data.rows.take(slice(start, min(start + CHUNK, n_rows))), resolved.response)
            for start in range(0, n_rows, CHUNK)
        ]
    pred = chunks[0] if len(chunks) == 1 else _joined(chunks)
    score = float(resolved.score(data.target, pred))
    if not np.isfinite(score):
        raise NotFinite(f"Its {resolved.name} on the held-out rows is {score}.")
    units, unit = _units(resolved, data.target, pred, score) if parts else (np.zeros(0), "")
    return Outcome(score, units, unit, resolved.name, bool(resolved.greater_is_better))


def _units(metric: Any, target: Any, pred: Any, score: float) -> tuple[NDArray[np.float64], str]:
    """Parts whose mean is the metric, and what they are."""
    values = None
    if metric.per_row is not None:
        values = metric.link.values_per_row(_array(metric.per_row(target, pred)), score)
    if values is None:
        return _left_out(metric.score, target, pred, score), "blocks"
    return _bounded(values), "rows"


def _bounded(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(losses) <= MOST_UNITS:
        return losses
    blocks = random_blocks(len(losses), MOST_UNITS)
    return np.bincount(blocks, losses) / np.bincount(blocks)


def random_blocks(n_rows: int, n_blocks: int) -> NDArray[np.int64]:
    """Number of the block of each row; the same whenever there are as many rows."""
    return np.random.default_rng(n_rows).permutation(n_rows) % n_blocks


def _left_out(score: Any, target: Any, pred: Any, whole: float) -> NDArray[np.float64]:
    """Pseudo-values of a metric of any form: what each block of rows adds to it, from leaving it out."""
    count = min(BLOCKS, len(pred))
    blocks = random_blocks(len(pred), count)
    values = np.full(count, np.nan)
    for block in range(count):
        kept = np.flatnonzero(blocks != block)
        try:
            values[block] = count * whole - (count - 1) * float(score(target[kept], pred[kept]))
        except Exception:
            # any metric's way to say that it is not defined without these rows
            return np.full(count, np.nan)
    return values if np.isfinite(values).all() else np.full(count, np.nan)


def _joined(parts: list[Any]) -> Any:
    if hasattr(parts[0], "detach"):
        return sys.modules["torch"].cat(parts)
    return np.concatenate(parts)


def _array(values: Any) -> NDArray[np.float64]:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64).ravel()
