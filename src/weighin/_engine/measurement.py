"""What the steps of a run share: the measurement, the rows, the way to predict, and the form of the answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._engine.plan import Batch, Plan, Whole, batches
from weighin._engine.row_recorder import RowRecorder
from weighin._engine.sums import Sums
from weighin._inference import Evidence, RowChanges
from weighin._metrics import Metric, as_numpy
from weighin._models import Model
from weighin._models.protocol import Encoded
from weighin._samplers.marginal import Block
from weighin._samplers.marginal import Rows as Positions
from weighin._tables.features import Feature

Advance = Callable[[int], None]


class Donors(Protocol):
    """Who gives to whom; see `weighin._samplers.marginal`."""

    @property
    def n_repeats(self) -> int:
        """Number of shuffles."""
        ...

    @property
    def closed(self) -> bool:
        """Whether donors stay in their block, and nobody receives their own values: intervals need it."""
        ...

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
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

    def kernels(self, features: Sequence[Feature]) -> list[str]:
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
        known: dict[Any, Any],
    ) -> None:
        """Fill in predictions of receivers, from `start` on, as the rows are and after each swap.

        `known` is empty at first; what is left in it comes again with the same receivers and other features.
        """
        ...

    def shrink(self) -> bool:
        """Halve the rows of one call, after running out of memory; False when there is nothing left to halve."""
        ...


@dataclass(frozen=True, eq=False)
class Measurement:
    """What is asked of the predictions.

    Attributes
    ----------
    metrics : tuple of Metric
        Taken of the same predictions; all of the same `response`.
    weights : ndarray of shape (n_rows,), optional
        Sample weights: a pair weighs as its receiver times its donor.
    segment : ndarray of int of shape (n_rows,), optional
        Number of the segment of each row, from 0; -1 for none.
    n_segments : int
        Their number.
    keep : bool
        Whether to keep what each swap changed of the first metric, row by row.
    """

    metrics: tuple[Metric, ...]
    weights: NDArray[np.float64] | None = None
    segment: NDArray[np.int64] | None = None
    n_segments: int = 0
    keep: bool = False

    @property
    def cells(self) -> range:
        """-1 for all rows, then the number of each segment."""
        return range(-1, self.n_segments)

    @property
    def places(self) -> list[tuple[int, Metric, int]]:
        """Number and object of the metric, and the cell, of each answer."""
        return [(number, metric, cell) for number, metric in enumerate(self.metrics) for cell in self.cells]

    @property
    def whole(self) -> bool:
        """Whether a metric needs the predictions of all rows at once."""
        return any(metric.per_row is None for metric in self.metrics)

    @property
    def n_kept(self) -> int:
        """Values kept of each swap of a row: one for each metric, and one more where they differ by segment."""
        own = [metric for metric in self.metrics if metric.per_row is None and metric.values is not None]
        # all segments together have one; one of them at a time is spread over all rows
        return len(self.metrics) + (len(own) + 1 if own and self.n_segments else 0)

    def weights_of(self, numbers: Any) -> NDArray[np.float64] | None:
        """Weights of some rows."""
        return None if self.weights is None else self.weights[numbers]

    def segment_of(self, cell: int, numbers: Any) -> NDArray[np.bool_] | None:
        """Which of some rows belong to a cell; None for all."""
        if cell < 0:
            return None
        assert self.segment is not None
        return self.segment[numbers] == cell


@dataclass(frozen=True)
class SwapEffect:
    """What swaps do to a metric, on all rows or on a segment of them.

    Attributes
    ----------
    baseline : float
        The metric before any swap, on the same rows by the same code; NaN where a segment does not allow it.
    change : ndarray of shape (n_finished_features, n_repeats)
        Metric after swapping a feature, minus baseline.
    n_rows : int
        Receivers it was measured on.
    evidence : tuple of Evidence
        What intervals are made of, each for some of the features, in their order; empty where there is none.
    """

    baseline: float
    change: NDArray[np.float64]
    n_rows: int
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Scores:
    """What came out of a run.

    Attributes
    ----------
    swap_effects : tuple of SwapEffect
        Metric by metric: on all rows, then on each segment.
    n_features : int
        Features finished: fewer than asked for when the run was interrupted early.
    n_rows : int
        Rows measured: fewer than given when the run was interrupted.
    complete : bool
        False when the run was interrupted; then the first features, or some rows, only.
    kernels : tuple of str
        How each feature was predicted.
    noise : float
        Largest difference between two predictions of the same rows; 0 for a deterministic model.
    batch_dependence : float
        Largest difference for rows predicted beside other rows; 0 unless a batch has a say in its rows' predictions.
    kept : RowChanges or None
        What each swap changed, row by row, where that was asked for.
    """

    swap_effects: tuple[SwapEffect, ...]
    n_features: int
    n_rows: int
    complete: bool = True
    kernels: tuple[str, ...] = field(default=())
    noise: float = 0.0
    batch_dependence: float = 0.0
    kept: RowChanges | None = None

    @property
    def baseline(self) -> float:
        """That of the first metric on all rows."""
        return self.swap_effects[0].baseline

    @property
    def change(self) -> NDArray[np.float64]:
        """That of the first metric on all rows."""
        return self.swap_effects[0].change

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """That of the first metric on all rows."""
        return self.swap_effects[0].evidence


@dataclass(frozen=True)
class Run:
    """What all steps share.

    `like` is a prediction, for its type and width; `batch_seconds` is as for `run`; `known` holds what was found of
    batches that come again, by the place of their first row and their size.
    """

    model: Model
    data: Encoded
    measurement: Measurement
    path: Path
    like: Any
    donors: Donors
    plan: Plan
    batch_seconds: float | None = None
    known: dict[tuple[int, int], dict[Any, Any]] = field(default_factory=dict)

    def batches(self) -> Iterator[tuple[Batch, Any]]:
        """Yield each batch with its encoded rows; rows that come again are the same object."""
        most = self.plan.batch_rows
        room = [most if self.batch_seconds is None else min(self.donors.largest_block, most)]
        for batch in batches(self.donors.blocks(), lambda: room[-1]):
            start = time.monotonic()
            yield batch, self.data.rows if batch.rows is None else self.data.rows.take(batch.rows)
            if self.batch_seconds is not None and time.monotonic() - start < self.batch_seconds / 2:
                room.append(min(2 * room[-1], most))

    @property
    def n_strata(self) -> int:
        """Strata that rows exchange values in."""
        strata = getattr(self.donors, "strata", None)
        return 1 if strata is None else len(strata)

    @property
    def n_receivers(self) -> int:
        """Rows measured in all."""
        return self.donors.n_receivers

    def recorder(self, n_features: int) -> RowRecorder | None:
        """Room for what each swap changes, where that is asked for."""
        if not self.measurement.keep:
            return None
        return RowRecorder(n_features, self.donors.n_repeats, self.data.rows.n_rows, self.measurement.weights)

    def spread_of(self, metric: Metric, cell: int, numbers: Any) -> NDArray[np.float64] | None:
        """Squared distance of the target of some rows from the mean target of a cell, for R2."""
        if not metric.link.needs_spread:
            return None
        return (self._target[numbers] - self._centres[cell + 1]) ** 2

    @cached_property
    def _target(self) -> NDArray[np.float64]:
        return np.asarray(as_numpy(self.data.target)[:, 0], dtype=np.float64)

    @cached_property
    def _centres(self) -> list[float]:
        """Mean target of each cell, weighted: taken as known."""
        measurement = self.measurement
        weights = np.ones(len(self._target)) if measurement.weights is None else measurement.weights
        centres = []
        for cell in measurement.cells:
            here = (
                weights
                if measurement.segment is None or cell < 0
                else weights * (measurement.segment == cell)
            )
            centres.append(float(here @ self._target / here.sum()) if here.sum() else float("nan"))
        return centres

    def predict(
        self, batch: Batch, rows: Any, features: Sequence[Feature], known: dict[Any, Any]
    ) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap; anything not finite is an error. `known` as for a path."""
        width = self.like.shape[-1]
        baseline = self.empty(batch.n_receivers, width)
        out = self.empty(len(features), len(batch.donors), batch.n_receivers, width)
        while True:
            try:
                self.path.predict(rows, batch.receivers.start, features, batch.donors, baseline, out, known)
                break
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error) or not self.path.shrink():
                    raise
        if not _finite(baseline, out):
            _check_finite(baseline, "on the rows as they are")
            for feature, pred in zip(features, out, strict=True):
                _check_finite(pred, f"after swapping {feature.name!r}")
        return baseline, out

    def whole(self, with_donors: bool = False) -> Whole:
        """All receivers in the order of the batches."""
        return Whole.of(self.donors.blocks(), self.n_receivers, self.donors.n_repeats, with_donors)

    def pieces(self) -> Iterator[tuple[slice, Batch]]:
        """Batches, and their place among all receivers."""
        at = 0
        for batch in batches(self.donors.blocks(), self.plan.batch_rows):
            yield slice(at, at + batch.n_receivers), batch
            at += batch.n_receivers

    def add_up(
        self,
        metric: Metric,
        cell: int,
        n_features: int,
        some: Callable[[slice], tuple[NDArray[Any], NDArray[Any]]],
        moved: NDArray[np.bool_] | None = None,
    ) -> Sums:
        """Sums of what is known of all rows, batch by batch.

        Parameters
        ----------
        metric, cell, n_features
            What it is known of.
        some : callable
            Gives values before any swap, and what swaps changed, as `Sums.add` takes them.
        moved : ndarray of bool of shape (n_features, n_repeats, n_rows), optional
            As for `Sums.add`.
        """
        sums = Sums.nothing(n_features, self.donors.n_repeats, self.n_strata)
        for here, batch in self.pieces():
            sums = sums.add(
                batch,
                *some(here),
                weights=self.measurement.weights_of(batch.numbers),
                segment=self.measurement.segment_of(cell, batch.numbers),
                spread=self.spread_of(metric, cell, batch.numbers),
                closed=self.donors.closed,
                moved=None if moved is None else moved[:, :, here],
            )
        return sums

    def empty(self, *shape: int) -> Any:
        """An array of the kind predictions are."""
        if isinstance(self.like, np.ndarray):
            return np.empty(shape, self.like.dtype)
        return self.like.new_empty(shape)


def swap_effect(metric: Metric, sums: Sums) -> SwapEffect:
    """What sums say."""
    return SwapEffect(sums.baseline(metric.link), sums.changed(metric.link), sums.n_rows, sums.evidence())


def out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    told = str(error).lower()  # torch on the CPU and on some devices raises a plain RuntimeError
    return any(text in told for text in ("out of memory", "can't allocate memory", "not enough memory"))


def _finite(*preds: Any) -> bool:
    with np.errstate(invalid="ignore", over="ignore"):
        total = sum(pred.sum() for pred in preds)  # one number to wait for on a GPU
        return bool(total - total == 0)


def _check_finite(pred: Any, when: str) -> None:
    if _finite(pred):
        return
    with np.errstate(invalid="ignore"):
        bad = (pred - pred != 0).any(-1)  # inf - inf and nan - nan are nan, which differs from 0
    n_bad, n = int(bad.sum()), int(np.prod(bad.shape))
    if n_bad:
        raise ModelError(f"{n_bad:,} of {n:,} predictions are not finite {when}.")


def on_host(values: Any) -> NDArray[Any]:
    """Give values in the memory of this machine."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()
