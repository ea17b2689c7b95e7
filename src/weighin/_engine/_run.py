"""Swap each feature's values between rows and measure what that does to the metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._donors import Block
from weighin._errors import MetricError, ModelError
from weighin._features import Feature
from weighin._metrics import Metric
from weighin._models import Model, Rows
from weighin._models._base import Encoded

CHUNK_ROWS = 8192  # rows of one forward pass


class Donors(Protocol):
    """Who gives to whom; see `weighin._donors`."""

    @property
    def n_repeats(self) -> int:
        """Number of shuffles."""
        ...

    def blocks(self) -> Any:
        """Yield donor-closed blocks."""
        ...


@dataclass(frozen=True)
class Scores:
    """What came out of a run.

    Attributes
    ----------
    baseline : float
        The metric before any swap, on the same rows by the same code.
    swapped : ndarray of shape (n_finished_features, n_repeats)
        The metric after swapping a feature.
    complete : bool
        False when the run was interrupted; then the first features only.
    """

    baseline: float
    swapped: NDArray[np.float64]
    complete: bool = True


def run(
    model: Model,
    data: Encoded,
    features: Sequence[Feature],
    donors: Donors,
    metric: Metric,
    *,
    chunk_rows: int = CHUNK_ROWS,
    advance: Callable[[Feature], None] = lambda feature: None,
) -> Scores:
    """Weigh features one after the other.

    Parameters
    ----------
    model, data, features, donors, metric
        An adapted model, its encoded table, what to swap, who gives to whom, what to measure.
    chunk_rows : int
        Rows of one forward pass.
    advance : callable
        Told each feature when it is finished.

    Raises
    ------
    ModelError
        If predictions are not finite or not one per row.
    MetricError
        If the metric is not a number before any swap.

    Notes
    -----
    Ctrl-C keeps the features finished so far; before the first, it is raised on.
    """
    blocks = list(donors.blocks())
    swapped: list[list[float]] = []
    with model.predicting():
        parts = [(block, data.rows.take(block.rows)) for block in blocks]
        base = [predict_in_chunks(model, rows, chunk_rows, "before any swap") for _, rows in parts]
        whole = _join(base)
        order = np.concatenate([block.rows for block in blocks])
        target = data.target[order] if data.target is not None else None
        if metric.against == "baseline":
            target = model.settle(whole)
        baseline = measure(model, metric, target, whole)
        if not np.isfinite(baseline):
            raise MetricError(f"{metric.name} is {baseline} on the rows as they are; nothing can be compared with it.")
        try:
            for feature in features:
                swapped.append(
                    [
                        measure(
                            model,
                            metric,
                            target,
                            _join([_swap(model, rows, block, feature, r, chunk_rows) for block, rows in parts]),
                        )
                        for r in range(donors.n_repeats)
                    ]
                )
                advance(feature)
        except KeyboardInterrupt:
            if not swapped:
                raise
    return Scores(baseline, np.array(swapped), len(swapped) == len(features))


def measure(model: Model, metric: Metric, target: Any, pred: Any) -> float:
    """Evaluate the metric over all rows, row means added up in double precision."""
    if metric.against == "baseline":
        pred = model.settle(pred)
    if metric.per_row is None:
        return metric.score(target, pred)
    losses = metric.per_row(target, pred)
    losses = losses.double() if hasattr(losses, "double") else losses
    return float(losses.mean())


def predict_in_chunks(model: Model, rows: Rows, chunk_rows: int, when: str) -> Any:
    """Predict on all rows, some at a time, checking what comes back."""
    preds = [
        _checked(model.predict(rows.take(slice(start, start + chunk_rows))), rows, start, chunk_rows, when)
        for start in range(0, rows.n_rows, chunk_rows)
    ]
    return _join(preds)


def _swap(model: Model, rows: Rows, block: Block, feature: Feature, repeat: int, chunk_rows: int) -> Any:
    donors = block.donors[repeat]
    preds = []
    for start in range(0, rows.n_rows, chunk_rows):
        chunk = rows.take(slice(start, start + chunk_rows))
        chunk.replace(feature.columns, rows, donors[start : start + chunk_rows])
        preds.append(
            _checked(model.predict(chunk), rows, start, chunk_rows, f"after swapping {feature.name!r}")
        )
    return _join(preds)


def _checked(pred: Any, rows: Rows, start: int, chunk_rows: int, when: str) -> Any:
    expected = min(chunk_rows, rows.n_rows - start)
    if len(pred) != expected:
        raise ModelError(f"The model gave {len(pred)} predictions for {expected} rows.")
    bad = int((pred - pred != 0).any(-1).sum())  # inf - inf and nan - nan are nan, which differs from 0
    if bad:
        raise ModelError(f"{bad} of {expected} predictions are not finite {when}.")
    return pred


def _join(arrays: list[Any]) -> Any:
    if len(arrays) == 1:
        return arrays[0]
    if isinstance(arrays[0], np.ndarray):
        return np.concatenate(arrays)
    import torch

    return torch.cat(arrays)
