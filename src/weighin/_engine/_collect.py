"""Predict batch by batch, and add up what the swaps changed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._donors import Block
from weighin._donors import Rows as Positions
from weighin._engine._generic import Probe
from weighin._engine._plan import Batch, Plan, batches
from weighin._errors import MetricError, ModelError
from weighin._features import Feature
from weighin._inference import Moments
from weighin._metrics import Metric
from weighin._models import Model
from weighin._models._base import Encoded

Advance = Callable[[int], None]
UNITS = 128  # features with joint moments: the work grows with their square


class Donors(Protocol):
    """Who gives to whom; see `weighin._donors`."""

    @property
    def n_repeats(self) -> int:
        """Number of shuffles."""
        ...

    @property
    def closed(self) -> bool:
        """Whether donors stay in their block, and nobody receives their own values: intervals need it."""
        ...

    @property
    def largest_block(self) -> int:
        """Rows of the largest block that cannot be cut."""
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
        self,
        rows: Any,
        start: int,
        features: Sequence[Feature],
        donors: Positions,
        baseline: Any,
        out: Any,
    ) -> None:
        """Fill in predictions of receivers, from `start` on, as the rows are and after each swap."""
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
    moments : tuple of Moments
        Of the loss per row, each for some of the features, in their order; empty where the metric is no function of a
        mean over rows, or donors are not closed.
    """

    baseline: float
    change: NDArray[np.float64]
    n_rows: int
    complete: bool = True
    ways: tuple[str, ...] = field(default=())
    noise: float = 0.0
    company: float = 0.0
    moments: tuple[Moments, ...] = ()


@dataclass(frozen=True)
class Run:
    """What all steps share; `like` is a prediction, for its type and width."""

    model: Model
    data: Encoded
    metric: Metric
    path: Path
    like: Any
    donors: Donors
    plan: Plan

    def batches(self) -> Iterator[tuple[Batch, Any]]:
        """Yield each batch with its encoded rows; rows that come again are the same object."""
        for batch in batches(self.donors.blocks(), self.plan.batch_rows):
            yield batch, self.data.rows if batch.rows is None else self.data.rows.take(batch.rows)

    def predict(self, batch: Batch, rows: Any, features: Sequence[Feature]) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap; anything not finite is an error."""
        width = self.like.shape[-1]
        baseline = self.empty(batch.n_receivers, width)
        out = self.empty(len(features), len(batch.donors), batch.n_receivers, width)
        while True:
            try:
                self.path.predict(rows, batch.receivers.start, features, batch.donors, baseline, out)
                break
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error) or not self.path.shrink():
                    raise
        _check_finite(baseline, "on the rows as they are")
        if not _finite(out):
            for feature, pred in zip(features, out, strict=True):
                _check_finite(pred, f"after swapping {feature.name!r}")
        return baseline, out

    def empty(self, *shape: int) -> Any:
        """An array of the kind predictions are."""
        if isinstance(self.like, np.ndarray):
            return np.empty(shape, self.like.dtype)
        return self.like.new_empty(shape)


def measure(run: Run, found: Probe, advance: Advance) -> Scores:
    """Weigh section after section of features; keep what is finished when interrupted."""
    collect = _RowMeans if run.metric.per_row is not None else _WholeScore
    done: list[_RowMeans | _WholeScore] = []
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
    change = np.concatenate([part.change for part in done])
    ways = tuple(run.path.ways(finished))
    baseline = _defined(run.metric, done[0].baseline)
    moments = tuple(some for part in done for some in part.moments)
    return Scores(baseline, change, done[0].n_rows, complete, ways, found.noise, found.company, moments)


class _RowMeans:
    """Function of the mean over rows of a loss per row: what swaps changed, added up in double precision."""

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        self.run, self.section = run, section
        self.finished: Sequence[Feature] = ()
        self.n_rows = 0
        self.moments: list[Moments] = []
        self._before, self._change = 0.0, np.zeros((len(section), run.donors.n_repeats))

    def collect(self, advance: Advance) -> None:
        for batch, rows in self.run.batches():
            changes, before, n_done = [], np.empty(0), 0
            try:
                for first in range(0, max(1, len(self.section)), self.run.plan.step):
                    some = self.section[first : first + self.run.plan.step]
                    before, changed = self._changes(batch, rows, some)
                    changes.append(changed)
                    n_done += len(some)
                    advance(batch.n_receivers * self.run.donors.n_repeats * len(some))
            finally:
                # interrupted in the first batch: some features; later: what earlier batches told of all of them
                if changes and (n_done == len(self.section) or not self.n_rows):
                    whole = changes[0] if len(changes) == 1 else np.concatenate(changes)
                    self._add(batch, before, whole, n_done)

    def _changes(self, batch: Batch, rows: Any, features: Sequence[Feature]) -> tuple[Any, NDArray[Any]]:
        """Loss before any swap, shape (n_receivers,), and what each swap changes, with features and repeats first."""
        metric = self.run.metric
        baseline, out = self.run.predict(batch, rows, features)
        if metric.against == "baseline":
            target = baseline = self.run.model.settle(baseline)
            out = self.run.model.settle(out)
        else:
            target = self.run.data.target[batch.numbers]
        assert metric.per_row is not None
        before = metric.per_row(target, baseline)
        return _host(before), _host(metric.per_row(target, out) - before)

    def _add(self, batch: Batch, before: NDArray[Any], changes: NDArray[Any], n_features: int) -> None:
        total = self._before + float(before.sum(dtype=np.float64))
        change = self._change[:n_features] + changes.sum(-1, dtype=np.float64)
        moments = self.moments
        if self.run.donors.closed and n_features:
            for start, stop in itertools.pairwise(batch.edges):
                here = slice(start, stop)
                new = [
                    Moments.of(
                        changes[first : first + UNITS, :, here], batch.donors[:, here] - start, before[here]
                    )
                    for first in range(0, n_features, UNITS)
                ]
                moments = [old + more for old, more in zip(moments, new, strict=True)] if moments else new
        # in one statement: an interrupt falls before it or after it
        self.n_rows, self._before, self._change, self.moments, self.finished = (
            self.n_rows + len(before),
            total,
            change,
            moments,
            self.section[:n_features],
        )

    @property
    def baseline(self) -> float:
        return float(self._of_mean(self._before / self.n_rows))

    @property
    def change(self) -> NDArray[np.float64]:
        if (
            self.run.metric.of_mean == "identity"
        ):  # without the rounding of adding and subtracting the baseline
            return self._change / self.n_rows
        return np.asarray(self._of_mean((self._before + self._change) / self.n_rows)) - self.baseline

    def _of_mean(self, mean: Any) -> Any:
        return np.sqrt(np.maximum(0.0, mean)) if self.run.metric.of_mean == "root" else mean


class _WholeScore:
    """A metric of all predictions at once."""

    moments: Sequence[Moments] = ()

    def __init__(self, run: Run, section: Sequence[Feature]) -> None:
        self.run, self.section, self.n_rows = run, section, run.data.rows.n_rows
        self.baseline, self._after = 0.0, list[list[float]]()

    def collect(self, advance: Advance) -> None:
        run, at = self.run, 0
        width = run.like.shape[-1]
        numbers = np.empty(self.n_rows, dtype=np.int64)
        baseline: Any = run.empty(self.n_rows, width)
        out: Any = run.empty(len(self.section), run.donors.n_repeats, self.n_rows, width)
        for batch, rows in run.batches():
            here = slice(at, at + batch.n_receivers)
            numbers[here] = np.arange(self.n_rows)[batch.numbers]
            for first in range(0, max(1, len(self.section)), run.plan.step):
                some = slice(first, first + run.plan.step)
                baseline[here], out[some, :, here] = run.predict(batch, rows, self.section[some])
            advance(batch.n_receivers * run.donors.n_repeats * len(self.section))
            at = here.stop
        if run.metric.against == "baseline":
            target = baseline = run.model.settle(baseline)
        else:
            target = run.data.target[numbers]
        self.baseline = _defined(run.metric, run.metric.score(target, baseline))
        for repeats in out:
            if run.metric.against == "baseline":
                repeats = run.model.settle(repeats)
            self._after.append([run.metric.score(target, pred) for pred in repeats])

    @property
    def finished(self) -> Sequence[Feature]:
        return self.section[: len(self._after)]

    @property
    def change(self) -> NDArray[np.float64]:
        after = np.array(self._after, dtype=float).reshape(len(self._after), self.run.donors.n_repeats)
        return after - self.baseline


def out_of_memory(error: Exception) -> bool:
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


def _host(values: Any) -> NDArray[Any]:
    """Give values in the memory of this machine."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()
