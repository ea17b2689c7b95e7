"""Swap each feature's values between rows and measure what that does to the metric.

Batches of donor-closed blocks go in, sums come out and add up: memory does not grow with rows, repeats or features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._donors import Block
from weighin._donors import Rows as Positions
from weighin._engine._generic import SAMPLE_ROWS, GenericPath, Probe, probe
from weighin._engine._plan import MEMORY, Plan, batches, make_plan
from weighin._engine._workers import JoblibWorkers, Workers
from weighin._errors import MetricError, ModelError
from weighin._features import Feature
from weighin._metrics import Metric
from weighin._models import Model
from weighin._models._base import Encoded
from weighin._models._random_state import random_state_kept


class Donors(Protocol):
    """Who gives to whom; see `weighin._donors`."""

    @property
    def n_repeats(self) -> int:
        """Number of shuffles."""
        ...

    @property
    def largest_block(self) -> int:
        """Rows of the largest block."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Yield donor-closed blocks, the same ones whenever called."""
        ...


class Path(Protocol):
    """A way to predict swaps."""

    def ways(self, features: Sequence[Feature]) -> list[str]:
        """Name the way each feature goes."""
        ...

    def predict(
        self, rows: Any, features: Sequence[Feature], donors: Positions, baseline: Any, out: Any
    ) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        ...

    def shrink(self) -> bool:
        """Halve the rows of one call, after running out of memory; False when there is nothing left to halve."""
        ...


@dataclass(frozen=True)
class Scores:
    """What came out of a run.

    Attributes
    ----------
    baseline : float
        The metric before any swap, on the same rows by the same code.
    change : ndarray of shape (n_finished_features, n_repeats)
        Metric after swapping a feature, minus baseline.
    n_rows : int
        Rows it was measured on: fewer than given when the run was interrupted early.
    complete : bool
        False when the run was interrupted; then the first features, or some rows, only.
    ways : tuple of str
        How each feature was predicted.
    noise : float
        Largest difference between two predictions of the same rows; 0 for a deterministic model.
    company : float
        Largest difference for rows predicted beside other rows; 0 unless a batch has a say in its rows' predictions.
    """

    baseline: float
    change: NDArray[np.float64]
    n_rows: int
    complete: bool = True
    ways: tuple[str, ...] = field(default=())
    noise: float = 0.0
    company: float = 0.0


def run(
    model: Model,
    data: Encoded,
    features: Sequence[Feature],
    donors: Donors,
    metric: Metric,
    *,
    chunk_rows: int | None = None,
    n_jobs: int | None = None,
    memory: int = MEMORY,
    fast: bool = True,
    advance: Callable[[int], None] = lambda work: None,
) -> Scores:
    """Weigh features.

    Parameters
    ----------
    model, data, features, donors, metric
        An adapted model, its encoded table, what to swap, who gives to whom, what to measure.
    chunk_rows : int, optional
        Rows of one call of the model, or of one matrix product.
    n_jobs : int, optional
        Threads over chunks; for torch on the CPU as many as the process may use by default, one for other models,
        which may not stand more. The numbers do not depend on it.
    memory : int
        Bytes to hold at once beside the encoded data.
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
    Ctrl-C keeps the groups of features finished so far; when everything is one group, the batches of rows finished so
    far. Before the first step is done, it is raised on.
    """
    chunk_rows = None if chunk_rows is None else int(chunk_rows)  # torch takes none of numpy's integers
    with random_state_kept(), model.predicting():
        predict = partial(model.predict, response=metric.response)
        found = _probe(predict, data.rows, chunk_rows)
        plan = make_plan(
            features,
            n_rows=data.rows.n_rows,
            n_repeats=donors.n_repeats,
            row_bytes=data.rows.row_bytes,
            out_bytes=found.pred[:1].nbytes,
            block_rows=donors.largest_block,
            whole=metric.per_row is None,
            memory=memory,
            n_jobs=n_jobs if model.parallel or n_jobs is not None else 1,
        )
        # models of torch stay in this process, whatever joblib is told: the fast path writes where all can read
        own = isinstance(found.pred, np.ndarray)
        workers = JoblibWorkers(plan.n_threads) if own else Workers(plan.n_threads)
        with workers:
            split = model.split(data.rows) if fast and not found.noise else None
            path: Path
            if split is not None:
                from weighin._engine._fast import SplitPath  # needs torch, which only models of torch bring

                path = SplitPath(split, data.rows, features, donors.n_repeats, chunk_rows, workers)
            else:
                path = GenericPath(
                    predict, found, chunk_rows or _chunk_rows(model, data.rows, found), workers
                )
            return _Run(model, data, metric, path, found, donors, plan).measure(advance)


def _probe(predict: Any, rows: Any, chunk_rows: int | None) -> Probe:
    """Probe fewer rows where memory runs out."""
    chunk_rows = chunk_rows or SAMPLE_ROWS
    while True:
        try:
            return probe(predict, rows, chunk_rows)
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error) or chunk_rows == 1:
                raise
        chunk_rows //= 2


def _chunk_rows(model: Model, rows: Any, found: Probe) -> int:
    """As many as suit the model; as many as it was able to predict where memory runs out already there."""
    try:
        return model.chunk_rows(rows)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
    return len(found.pred)


@dataclass(frozen=True)
class _Run:
    """What all steps share."""

    model: Model
    data: Encoded
    metric: Metric
    path: Path
    found: Probe
    donors: Donors
    plan: Plan

    @property
    def like(self) -> Any:
        """A prediction, for its type and width."""
        return self.found.pred

    def measure(self, advance: Callable[[int], None]) -> Scores:
        collect = _RowSums if self.metric.per_row is not None else _WholeScore
        done: list[_RowSums | _WholeScore] = []
        current: _RowSums | _WholeScore | None = None
        complete = False
        try:
            for group in self.plan.groups or ((),):
                current = collect(self, group)
                for rows, donors in batches(self.donors.blocks(), self.plan.batch_rows):
                    current.add(rows, donors)
                    advance(len(rows) * self.donors.n_repeats * len(group))
                current.close()
                done.append(current)
            complete = True
        except KeyboardInterrupt:
            if current is not None and current not in done and current.worth_keeping(alone=not done):
                done.append(current)
            if not done:
                raise
        results = [part.result() for part in done]
        finished = [feature for part in done for feature in part.finished]
        return Scores(
            results[0][0],
            np.concatenate([change for _, change in results]),
            done[0].n_rows,
            complete,
            tuple(self.path.ways(finished)),
            self.found.noise,
            self.found.company,
        )

    def predict(self, rows: Positions, group: Sequence[Feature], donors: Positions) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap; anything not finite is an error."""
        width = self.like.shape[-1]
        baseline = self.empty(len(rows), width)
        out = self.empty(len(group), len(donors), len(rows), width)
        batch = self.data.rows.take(rows)
        while True:
            try:
                self.path.predict(batch, group, donors, baseline, out)
                break
            except (MemoryError, RuntimeError) as error:
                if not _out_of_memory(error) or not self.path.shrink():
                    raise
        _check_finite(baseline, "on the rows as they are")
        if not _finite(out):
            for feature, pred in zip(group, out, strict=True):
                _check_finite(pred, f"after swapping {feature.name!r}")
        return baseline, out

    def empty(self, *shape: int) -> Any:
        """An array of the kind predictions are."""
        if isinstance(self.like, np.ndarray):
            return np.empty(shape, self.like.dtype)
        return self.like.new_empty(shape)


class _RowSums:
    """Mean over rows of a loss per row: sums of what swaps changed, in double precision."""

    def __init__(self, run: _Run, group: Sequence[Feature]) -> None:
        self.run, self.group = run, group
        self.n_rows, self.baseline, self.change = 0, 0.0, np.zeros((len(group), run.donors.n_repeats))

    def add(self, rows: Positions, donors: Positions) -> None:
        metric = self.run.metric
        baseline, out = self.run.predict(rows, self.group, donors)
        if metric.against == "baseline":
            baseline, out = self.run.model.settle(baseline), self.run.model.settle(out)
            target = baseline
        else:
            target = self.run.data.target[rows]
        assert metric.per_row is not None
        before = metric.per_row(target, baseline)
        change = self.change + _double_sum(metric.per_row(target, out) - before)
        total = self.baseline + float(_double_sum(before))
        # in one statement: an interrupt falls before it or after it
        self.n_rows, self.baseline, self.change = self.n_rows + len(rows), total, change

    def close(self) -> None:
        """Nothing is left to do."""

    def worth_keeping(self, alone: bool) -> bool:
        """After an interrupt: blocks of random rows tell of every feature, but not beside groups with all rows."""
        return alone and self.n_rows > 0

    @property
    def finished(self) -> Sequence[Feature]:
        return self.group

    def result(self) -> tuple[float, NDArray[np.float64]]:
        return _defined(self.run.metric, self.baseline / self.n_rows), self.change / self.n_rows


class _WholeScore:
    """A metric of all predictions at once."""

    def __init__(self, run: _Run, group: Sequence[Feature]) -> None:
        self.run, self.group, self.n_rows = run, group, 0
        shape = (run.data.rows.n_rows, run.like.shape[-1])
        self.rows = np.empty(shape[0], dtype=np.int64)
        self.baseline: Any = run.empty(*shape)
        self.out: Any = run.empty(len(group), run.donors.n_repeats, *shape)
        self.before, self.after = 0.0, list[list[float]]()

    def add(self, rows: Positions, donors: Positions) -> None:
        here = slice(self.n_rows, self.n_rows + len(rows))
        self.rows[here] = rows
        self.baseline[here], self.out[:, :, here] = self.run.predict(rows, self.group, donors)
        self.n_rows += len(rows)

    def close(self) -> None:
        """Score all rows, a feature at a time; the predictions are let go."""
        run, metric = self.run, self.run.metric
        baseline, out, self.baseline, self.out = self.baseline, self.out, None, None
        if metric.against == "baseline":
            target = baseline = run.model.settle(baseline)
        else:
            target = run.data.target[self.rows]
        self.before = _defined(metric, metric.score(target, baseline))
        for repeats in out:
            if metric.against == "baseline":
                repeats = run.model.settle(repeats)
            self.after.append([metric.score(target, pred) for pred in repeats])

    def worth_keeping(self, alone: bool) -> bool:
        """After an interrupt: the features scored so far."""
        return bool(self.after)

    @property
    def finished(self) -> Sequence[Feature]:
        return self.group[: len(self.after)]

    def result(self) -> tuple[float, NDArray[np.float64]]:
        after = np.array(self.after, dtype=float).reshape(len(self.after), self.run.donors.n_repeats)
        return self.before, after - self.before


def _out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    told = str(error).lower()  # torch on the CPU and on some devices raises a plain RuntimeError
    return any(text in told for text in ("out of memory", "can't allocate memory", "not enough memory"))


def _finite(pred: Any) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        total = pred.sum()  # one number to wait for on a GPU
        return bool(total - total == 0)


def _check_finite(pred: Any, when: str) -> None:
    if _finite(pred):
        return
    with np.errstate(invalid="ignore"):
        bad = (pred - pred != 0).any(-1)  # inf - inf and nan - nan are nan, which differs from 0
    n_bad, n = int(bad.sum()), int(np.prod(bad.shape))
    if n_bad:
        raise ModelError(f"{n_bad:,} of {n:,} predictions are not finite {when}.")


def _defined(metric: Metric, value: float) -> float:
    if not np.isfinite(value):
        raise MetricError(
            f"{metric.name} is {value} on the rows as they are; nothing can be compared with it."
        )
    return value


def _double_sum(values: Any) -> Any:
    """Sum over rows, the last axis, in double precision."""
    if isinstance(values, np.ndarray):
        return values.sum(-1, dtype=np.float64)
    import torch

    values = values.cpu() if values.device.type == "mps" else values  # which has no double precision
    return values.sum(-1, dtype=torch.float64).cpu().numpy()
