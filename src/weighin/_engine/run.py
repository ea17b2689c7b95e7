"""Swap each feature's values between rows and measure what that does to the metric.

Batches of donor-closed blocks go in, sums come out and add up: memory does not grow with rows, repeats or features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from weighin._base.errors import MetricError
from weighin._base.random_state import random_state_kept
from weighin._engine.kernels.generic import GenericPath
from weighin._engine.measurement import Donors, Measurement, Path, Run, Scores, SwapEffect, out_of_memory
from weighin._engine.plan import MEMORY, THREADS_FROM, make_plan
from weighin._engine.probe import SAMPLE_ROWS, Probe, probe
from weighin._engine.row_means import RowMeans
from weighin._engine.whole_score import WholeScore
from weighin._engine.workers import JoblibWorkers, Workers, settings_kept
from weighin._inference import RowChanges
from weighin._metrics import Metric
from weighin._models import Model
from weighin._models.protocol import Encoded
from weighin._tables.features import Feature


def run(
    model: Model,
    data: Encoded,
    features: Sequence[Feature],
    donors: Donors,
    asked: Metric | Measurement,
    *,
    chunk_rows: int | None = None,
    n_jobs: int | None = None,
    memory: int = MEMORY,
    batch_seconds: float | None = None,
    fast: bool = True,
    advance: Callable[[int], None] = lambda work: None,
) -> Scores:
    """Weigh features.

    Parameters
    ----------
    model, data, features, donors, asked
        An adapted model, its encoded table, what to swap, who gives to whom, what to measure: a metric or more.
    chunk_rows : int, optional
        Rows of one call of the model, or of one matrix product.
    n_jobs : int, optional
        Threads over chunks; for torch on the CPU as many as the process may use by default, one for other models,
        which may not stand more. The numbers do not depend on it.
    memory : int
        Bytes to hold at once beside the encoded data.
    batch_seconds : float, optional
        Between two places where the run may stop, about: batches grow as long as they take less.
    fast : bool
        Whether the fast path may be taken where the model allows it.
    advance : callable
        Told after each step how many row predictions it stood for.

    Raises
    ------
    ModelError
        If predictions are not finite or not one per row.
    MetricError
        If the metric is not a number before any swap.

    Notes
    -----
    Ctrl-C keeps what is finished: sections of features; in the first section, batches of rows with all its features; in
    the first batch, features. Before anything is finished, it is raised on.
    """
    measurement = asked if isinstance(asked, Measurement) else Measurement((asked,))
    chunk_rows = None if chunk_rows is None else int(chunk_rows)  # torch takes none of numpy's integers
    # a function may call torch as well, and is not called in parallel: its threads are its own
    torchs_own = n_jobs is None and donors.n_receivers * donors.n_repeats * len(features) < THREADS_FROM
    one_thread = Workers() if model.parallel and not torchs_own else nullcontext()
    with random_state_kept(), settings_kept(), model.predicting(), one_thread:
        split = model.split(data.rows) if fast else None
        predict = partial(model.predict, response=measurement.metrics[0].response)
        if split is None or split.opaque:
            found = _probe(predict, data.rows, chunk_rows)
            split = None if found.noise or found.batch_dependence else split
        else:
            found = Probe(split.like)
        plan = make_plan(
            features,
            n_rows=donors.n_receivers,
            n_repeats=donors.n_repeats,
            row_bytes=data.rows.row_bytes,
            out_bytes=found.pred[:1].nbytes,
            block_rows=donors.largest_block,
            whole=measurement.whole,
            n_metrics=measurement.n_kept if measurement.whole else len(measurement.metrics),
            memory=memory,
            n_jobs=n_jobs if model.parallel or n_jobs is not None else 1,
            in_time=batch_seconds is not None,
            row_seconds=found.row_seconds,
        )
        # models of torch stay in this process, whatever joblib is told: the fast path writes where all can read
        own = isinstance(found.pred, np.ndarray)
        with JoblibWorkers(plan.n_threads) if own else Workers(plan.n_threads, torchs_own) as workers:
            path: Path
            if split is not None:
                from weighin._engine.fast import SplitPath  # needs torch, which only models of torch bring

                path = SplitPath(split, data.rows, features, donors.n_repeats, chunk_rows, workers)
            else:
                rows_of_call = chunk_rows or found.rows_of_call(model.chunk_rows(data.rows))
                path = GenericPath(predict, found, rows_of_call, workers)
            return _measure(
                Run(model, data, measurement, path, found.pred, donors, plan, batch_seconds), found, advance
            )


def _measure(run: Run, found: Probe, advance: Callable[[int], None]) -> Scores:
    """Weigh section after section of features; keep what is finished when interrupted."""
    collect = WholeScore if run.measurement.whole else RowMeans
    done: list[RowMeans | WholeScore] = []
    complete = False
    try:
        for section in run.plan.sections or ((),):
            current = collect(run, section)
            try:
                current.collect(advance)
            finally:
                if current.finished and (not done or current.n_rows == done[0].n_rows):
                    done.append(current)
        complete = True
    except KeyboardInterrupt:
        if not done:
            raise
    if not done:  # no features were asked for
        done.append(current)
    finished = [feature for part in done for feature in part.finished]
    swap_effects = tuple(_joined(same) for same in zip(*(part.swap_effects for part in done), strict=True))
    for answer, (_, metric, cell) in zip(swap_effects, run.measurement.places, strict=True):
        if cell < 0 and not np.isfinite(answer.baseline):
            raise MetricError(
                f"{metric.name} is {answer.baseline} on the rows as they are; nothing can be compared with it."
            )
    kernels = tuple(run.path.kernels(finished))
    return Scores(
        swap_effects,
        len(finished),
        done[0].n_rows,
        complete,
        kernels,
        found.noise,
        found.batch_dependence,
        _kept(done),
    )


def _joined(parts: Sequence[SwapEffect]) -> SwapEffect:
    """The same metric on the same rows, section after section."""
    change = np.concatenate([part.change for part in parts])
    evidence = tuple(some for part in parts for some in part.evidence)
    return replace(parts[0], change=change, evidence=evidence)


def _kept(done: Sequence[RowMeans | WholeScore]) -> RowChanges | None:
    """What each swap changed, of all sections."""
    parts = [(part.recorder.kept, len(part.finished)) for part in done if part.recorder is not None]
    if not parts:
        return None
    return replace(parts[0][0], changes=np.concatenate([kept.changes[:n] for kept, n in parts]))


def _probe(predict: Any, rows: Any, chunk_rows: int | None) -> Probe:
    """Probe fewer rows where memory runs out."""
    chunk_rows = chunk_rows or SAMPLE_ROWS
    while True:
        try:
            return probe(predict, rows, chunk_rows)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or chunk_rows == 1:
                raise
        chunk_rows //= 2
