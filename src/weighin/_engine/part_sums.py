"""What a part of the rows adds to metrics that are functions of means: sums, which those of other parts add to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._engine.moving import MovingSampler
from weighin._engine.moving_means import MovingMeans
from weighin._engine.row_means import RowMeans
from weighin._engine.run import Advance, Run
from weighin._inference import Evidence


@dataclass(frozen=True, eq=False)
class PlaceSums:
    """Sums of one metric over all receivers, or over those of a segment.

    `n_rows`: receivers.
    `weight`, `before`, `spread`: sum of their weights, of their loss before any swap, and of the squared distance of
        their target from the centre.
    `pair_weight`, shape (n_repeats,) or (n_features, n_repeats): sum of the weights of pairs.
    `change`, shape (n_features, n_repeats): sum of what swaps changed.
    `evidence`: moments by sets of features; none where nothing has weight.
    """

    n_rows: int
    weight: float
    before: float
    spread: float
    pair_weight: NDArray[np.float64]
    change: NDArray[np.float64]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, eq=False)
class PartRun:
    """What came out of a run over a part of the rows.

    `places`: in the order of `Measurement.places`.
    `kernels`: how each feature was predicted.
    `noise`, `unproven`: as in `Scores`.
    `complete`: true: what is interrupted raises on.
    """

    places: tuple[PlaceSums, ...]
    kernels: tuple[str, ...]
    noise: float
    unproven: str
    complete: bool = True


def collect_sums(run: Run, advance: Advance) -> PartRun:
    """Add up section after section of features; a run that is interrupted leaves nothing."""
    means = MovingMeans if isinstance(run.sampler, MovingSampler) else RowMeans
    sections = [means(run, section) for section in run.plan.sections]
    for section in sections:
        section.collect(advance)
    finished = [feature for section in sections for feature in section.finished]
    places = tuple(_of_place(sections, place) for place in range(len(run.measurement.places)))
    return PartRun(places, tuple(run.kernel.names(finished)), run.view.probe.noise, run.unproven)


def _of_place(sections: list[RowMeans], place: int) -> PlaceSums:
    each = [section.sums[place] for section in sections]
    first = each[0]
    of_features = first.pair_weight.ndim > 1
    return PlaceSums(
        first.n_rows,
        first.weight,
        first.before,
        first.spread,
        np.concatenate([sums.pair_weight for sums in each]) if of_features else first.pair_weight,
        np.concatenate([sums.change for sums in each]),
        tuple(evidence for section in sections for evidence in section.swap_effects[place].evidence),
    )
