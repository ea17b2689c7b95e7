"""Predictions of rows that all get one value after the other, through the engine's ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._base.random_state import random_state_kept
from weighin._engine.kernels.generic import GenericPath
from weighin._engine.measurement import Path, on_host, out_of_memory
from weighin._engine.plan import MEMORY, THREADS_FROM
from weighin._engine.probe import SAMPLE_ROWS, Probe, probe
from weighin._engine.workers import JoblibWorkers, Workers, settings_kept
from weighin._models import Model
from weighin._tables.features import Feature

T = TypeVar("T")
Positions = NDArray[np.int64]
Use = Callable[[NDArray[Any], NDArray[Any]], T]


def predict_swaps(
    model: Model,
    rows: Any,
    swaps: Sequence[tuple[Feature, Positions]],
    use: Use[T],
    *,
    n_receivers: int,
    response: str = "predict",
    chunk_rows: int | None = None,
    n_jobs: int | None = None,
    memory: int = MEMORY,
    fast: bool = True,
    advance: Callable[[int], None] = lambda work: None,
) -> tuple[list[T], Probe]:
    """Predict all receivers with the values of one giver after the other, feature by feature.

    Parameters
    ----------
    model : Model
    rows : Rows
        Encoded rows: first those that receive, then those that only give.
    swaps : sequence of (Feature, ndarray of shape (n_points,))
        What is swapped, and the positions of the rows that give.
    use : callable
        Gets predictions as the rows are, shape (n_receivers, n_outputs), and after each swap, shape (n_points,
        n_receivers, n_outputs), as a user sees them (`Model.to_user_scale`); what it gives back is kept.
    n_receivers : int
    response : str
        As metrics have it.
    chunk_rows, n_jobs, memory, fast, advance
        As for `run`.

    Returns
    -------
    results : list
        One for each swap.
    found : Probe
        What the model did with a few rows: whether it is stochastic, or mixes rows.

    Raises
    ------
    ModelError
        If predictions are not finite or not one per row.
    """
    chunk_rows = None if chunk_rows is None else int(chunk_rows)
    features = [feature for feature, _ in swaps]
    n_points = max((len(givers) for _, givers in swaps), default=0)
    work = sum(len(givers) for _, givers in swaps) * n_receivers
    one_thread = Workers() if model.parallel else nullcontext()
    with random_state_kept(), settings_kept(), model.predicting(), one_thread:
        split = model.split(rows) if fast else None
        predict = partial(model.predict, response=response)
        found = _probe(predict, rows, chunk_rows)
        if split is not None and (found.noise or found.batch_dependence):
            split = None
        like = found.pred if split is None else split.like
        asked = n_jobs if model.parallel or n_jobs is not None else 1
        n_threads = 1 if work < THREADS_FROM else effective_n_jobs(-1 if asked is None else asked)
        own = isinstance(like, np.ndarray)
        with JoblibWorkers(n_threads) if own else Workers(n_threads) as workers:
            path: Path
            if split is not None:
                from weighin._engine.fast import SplitPath  # needs torch, which only models of torch bring

                path = SplitPath(split, rows, features, n_points, chunk_rows, workers)
            else:
                rows_of_call = chunk_rows or found.rows_of_call(model.chunk_rows(rows))
                path = GenericPath(predict, found, rows_of_call, workers)
            results = []
            known: dict[tuple[int, int], dict[Any, Any]] = {}
            for feature, givers in swaps:
                step = max(1, memory // 4 // (len(givers) * (like[:1].nbytes + 16)))
                parts = []
                for start in range(0, n_receivers, step):
                    n = min(step, n_receivers - start)
                    of_rows = known.setdefault((start, n), {})
                    parts.append(_predict(path, rows, start, n, feature, givers, like, of_rows))
                    advance(n * len(givers))
                before = on_host(model.to_user_scale(_joined([part[0] for part in parts], 0)))
                after = on_host(model.to_user_scale(_joined([part[1] for part in parts], 1)))
                for pred, when in (
                    (before, "on the rows as they are"),
                    (after, f"after swapping {feature.name!r}"),
                ):
                    if not np.isfinite(pred).all():
                        raise ModelError(f"Predictions are not finite {when}.")
                results.append(use(before, after))
    return results, found


def _predict(
    path: Path,
    rows: Any,
    start: int,
    n: int,
    feature: Feature,
    givers: Positions,
    like: Any,
    known: dict[Any, Any],
) -> tuple[Any, Any]:
    donors = np.repeat(givers[:, None], n, axis=1)
    width = like.shape[-1]
    before, after = _empty(like, n, width), _empty(like, 1, len(givers), n, width)
    while True:
        try:
            path.predict(rows, start, [feature], donors, before, after, known)
            return before, after[0]
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or not path.shrink():
                raise


def _probe(predict: Any, rows: Any, chunk_rows: int | None) -> Probe:
    """Look at the model, at fewer rows where memory runs out."""
    n = chunk_rows or SAMPLE_ROWS
    while True:
        try:
            return probe(predict, rows, n)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or n == 1:
                raise
        n //= 2


def _empty(like: Any, *shape: int) -> Any:
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def _joined(parts: Sequence[Any], axis: int) -> Any:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, axis)
    import torch

    return torch.cat(list(parts), axis)
