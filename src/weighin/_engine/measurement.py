"""What is asked of the predictions, and what comes out: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._inference import Evidence, RowChanges
from weighin._metrics import Metric

# of the largest weight, to the base of two
MOST_EXPONENT = 32


def extreme_exponent(weights: NDArray[np.float64]) -> int:
    """Power of two of the largest weight; 0 where it is no extreme one."""
    exponent = int(np.frexp(weights.max(initial=0.0))[1])
    return exponent if abs(exponent) > MOST_EXPONENT else 0


@dataclass(frozen=True, eq=False)
class Measurement:
    """What is asked of the predictions.

    `metrics`: taken of the same predictions; all of the same `response`.
    `weights`, shape (n_rows,): sample weights: a pair weighs as its receiver times its donor.
    `segment`, shape (n_rows,): number of the segment of each row, from 0; -1 for none.
    `n_segments`: their number.
    `keep`: whether to keep what each swap changed of the first metric, row by row.
    `centre`: taken as the mean of the target, where rows are a part of a table; by default the mean of these rows.
    """

    metrics: tuple[Metric, ...]
    weights: NDArray[np.float64] | None = None
    segment: NDArray[np.int64] | None = None
    n_segments: int = 0
    keep: bool = False
    centre: float | None = None

    def __post_init__(self) -> None:
        """Weights count in proportion to each other: products of very small or large ones would be 0 or infinite."""
        if self.weights is not None and (exponent := extreme_exponent(self.weights)):
            object.__setattr__(self, "weights", np.ldexp(self.weights, -exponent))

    @property
    def response(self) -> str:
        """What of the model the metrics read."""
        return self.metrics[0].response

    @property
    def with_all_rows(self) -> range:
        """-1 for all rows, then the number of each segment."""
        return range(-1, self.n_segments)

    @property
    def places(self) -> list[tuple[int, Metric, int]]:
        """Number and object of the metric, and number of the segment, of each effect of swaps."""
        return [
            (number, metric, segment)
            for number, metric in enumerate(self.metrics)
            for segment in self.with_all_rows
        ]

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

    def segment_of(self, segment: int, numbers: Any) -> NDArray[np.bool_] | None:
        """Which of some rows belong to a segment; None for all."""
        if segment < 0:
            return None
        assert self.segment is not None
        return self.segment[numbers] == segment


@dataclass(frozen=True)
class SwapEffect:
    """What swaps do to a metric, on all rows or on a segment of them.

    `baseline`: the metric before any swap, on the same rows by the same code; NaN where a segment does not allow it.
    `change`, shape (n_finished_features, n_repeats): metric after swapping a feature, minus baseline.
    `n_rows`: receivers it was measured on.
    `evidence`: what intervals are made of, each for some of the features, in their order; empty where there is none.
    """

    baseline: float
    change: NDArray[np.float64]
    n_rows: int
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Scores:
    """What came out of a run.

    `swap_effects`: metric by metric: on all rows, then on each segment.
    `n_features`: features finished: fewer than asked for when the run was interrupted early.
    `n_rows`: rows measured: fewer than given when the run was interrupted.
    `complete`: false when the run was interrupted; then the first features, or some rows, only.
    `kernels`: how each feature was predicted.
    `noise`: largest difference between two predictions of the same rows; 0 for a deterministic model.
    `batch_dependence`: largest difference for rows predicted beside other rows; 0 unless a batch has a say in its rows'
        predictions. Then swaps were predicted on the whole table at once.
    `why_at_once`: why each swap was predicted on the whole table in one call; empty where that was not needed.
    `unproven`: why it was not found out on all rows whether that is needed; empty where it was.
    `kept`: what each swap changed, row by row, where that was asked for.
    `device`: where predictions, losses and sums were made, in words; empty on the CPU.
    `imprecision`: what other arithmetic than the network's own did to importances, in words.
    """

    swap_effects: tuple[SwapEffect, ...]
    n_features: int
    n_rows: int
    complete: bool = True
    kernels: tuple[str, ...] = field(default=())
    noise: float = 0.0
    batch_dependence: float = 0.0
    why_at_once: str = ""
    unproven: str = ""
    kept: RowChanges | None = None
    device: str = ""
    imprecision: str = ""

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
