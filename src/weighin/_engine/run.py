"""What the steps of a run share: the rows, the batches, the way to predict, and what metrics need to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import check_finite, empty, is_finite, out_of_memory
from weighin._engine.kernels import Chain, Kernel, Swaps, View
from weighin._engine.measurement import Measurement, SwapEffect
from weighin._engine.moving import MovingSampler
from weighin._engine.plan import Batch, Plan, Whole, batches
from weighin._engine.proof import Proof, RowsDepend
from weighin._engine.row_recorder import RowRecorder
from weighin._engine.sums import Sums
from weighin._metrics import Metric, of_mean, squared_error
from weighin._models.protocol import Encoded
from weighin._samplers import Block, Donors, Orders, Places, Sampler, SpreadSampler
from weighin._tables.features import Feature

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Run:
    """What all steps share.

    `view`: what is known of the model.
    `batch_seconds`: as for `Resources`.
    `proof`: what predictions have to equal, while that is not known.
    `unproven`: why there is none though it is not known.
    `orders`: in which order all features are swapped one after the other; None to swap each alone.
    `cache`: what was found of batches that come again, by the place of their first row and their size.
    """

    view: View
    data: Encoded
    measurement: Measurement
    kernel: Kernel
    sampler: Sampler
    plan: Plan
    batch_seconds: float | None = None
    proof: Proof | None = None
    unproven: str = ""
    orders: Orders | None = None
    cache: dict[tuple[int, int], dict[Any, Any]] = field(default_factory=dict)

    def batches(self) -> Iterator[tuple[Batch, Any]]:
        """Yield each batch with its encoded rows; rows that come again are the same object."""
        most, pace = self.plan.batch_rows, self.view.probe.pace
        grow = self.batch_seconds is not None and not self.view.at_once
        room = [min(self.sampler.largest_block, most) if grow else most]
        n_features = (
            self.plan.step if self.measurement.whole else max(map(len, self.plan.sections), default=0)
        )
        predictions = 1 + self.sampler.n_repeats * n_features
        for number, batch in enumerate(batches(self.sampler.blocks(), lambda: room[-1])):
            start = time.monotonic()
            if grow and number and pace is not None:
                pace.check(pace.seconds(batch.n_receivers * predictions))
            yield batch, self.data.rows if batch.rows is None else self.data.rows.take(batch.rows)
            if grow and pace is not None:
                room.append(min(pace.rows_at_once(predictions), most))
            elif grow and self.batch_seconds and time.monotonic() - start < self.batch_seconds / 2:
                room.append(min(2 * room[-1], most))

    @property
    def n_strata(self) -> int:
        """Strata that rows exchange values in."""
        return 1 if self.sampler.strata is None else len(self.sampler.strata)

    @property
    def n_receivers(self) -> int:
        """Rows measured in all."""
        return self.sampler.n_receivers

    def target(self, batch: Batch) -> Any:
        """Target of the receivers of a batch, where it lies."""
        return self.data.target[
            self.data.rows.index(batch.numbers)
            if self.view.on_device and batch.rows is not None
            else batch.numbers
        ]

    def recorder(self, section: Sequence[Feature]) -> RowRecorder | None:
        """Room for what each swap changes, where that is asked for."""
        if not self.measurement.keep:
            return None
        lam = None
        if isinstance(self.sampler, MovingSampler):
            lam = np.array(self.sampler.offers([feature.name for feature in section])[0])
        n_rows, weights = self.data.rows.n_rows, self.measurement.weights
        return RowRecorder(len(section), self.sampler.n_repeats, n_rows, weights, lam)

    def spread_of(self, metric: Metric, segment: int, numbers: Any) -> NDArray[np.float64] | None:
        """Loss of some rows under the best constant prediction for a segment, which is taken as known: for R2."""
        if not metric.link.needs_spread:
            return None
        target, key = self.data.target, (metric.name, segment)
        if key not in self._constants:
            weights = self.measurement.weights
            own = np.ones(len(target)) if weights is None else weights
            if self.measurement.segment is not None and segment >= 0:
                own = own * (self.measurement.segment == segment)
            if self.measurement.centre is not None:
                known, own = np.array([[self.measurement.centre]]), np.ones(1)
            elif not own.sum():
                return np.full(len(target[numbers]), np.nan)
            else:
                known = target
            self._constants[key] = (metric.constant or of_mean(squared_error))(known, own)
        return self._constants[key](target[numbers])

    @cached_property
    def _constants(self) -> dict[tuple[str, int], Callable[[Any], NDArray[np.float64]]]:
        """By metric and segment."""
        return {}

    def with_own_donors(self, batch: Batch, features: Sequence[Feature]) -> Batch:
        """A batch with the donors that each feature has of its own, where any has."""
        if not isinstance(self.sampler, SpreadSampler):
            return batch
        assert batch.rows is not None
        names = [feature.name for feature in features]
        spread = tuple(name in self.sampler.values for name in names)
        if self.view.on_device:
            tables = self.sampler.compact(names, batch.rows, batch.edges, batch.given)
            return replace(batch, own=tables, spread=spread)
        own = np.empty((len(features), *batch.donors.shape), dtype=np.int64)
        for start, stop in batch.spans:
            block = Block(batch.rows[start:stop], Donors(batch.donors[:, start:stop] - start))
            own[..., start:stop] = self.sampler.donors(names, block) + start
        return replace(batch, own=Donors(own), spread=spread)

    def predict(
        self, batch: Batch, rows: Any, features: Sequence[Feature], cache: dict[Any, Any]
    ) -> tuple[Any, Any]:
        """Predictions as the rows are, and after each swap; anything not finite is an error. `cache` as for `Swaps`.

        Raises ModelError if predictions are not finite. Raises RowsDepend if they are not those of all rows together.
        """
        swaps = Swaps(rows, batch.receivers.start, features, batch.given, cache, batch.rows, batch.own)
        baseline, out = predict_swaps(self.kernel, swaps, self.view.probe.pred, self.proof)
        if self.proof is not None:
            self.proof.check(batch.numbers, features, baseline, out)
        if not is_finite(baseline, out):
            check_finite(baseline, "on the rows before any swap")
            for feature, pred in zip(features, out, strict=True):
                check_finite(pred, f"after swapping {feature.name!r}")
        return baseline, out

    def predict_chain(self, batch: Batch, rows: Any, features: Sequence[Feature]) -> tuple[Any, Any, Places]:
        """Predictions as the rows are, and after each step of their orders; and the place of each feature in these.

        Raises ModelError if predictions are not finite. Raises RowsDepend if they are not those of all rows together.
        """
        assert self.orders is not None
        assert batch.rows is not None
        blocks = [
            self.orders.places(batch.rows[start:stop], self.sampler.n_repeats) for start, stop in batch.spans
        ]
        places = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=2)
        chain = Chain(rows, batch.receivers.start, features, batch.given, {}, batch.rows, places=places)
        baseline, out = predict_swaps(self.kernel, chain, self.view.probe.pred, self.proof)
        if self.proof is not None:
            self.proof.check_steps(batch.numbers, baseline, out)
        if not is_finite(baseline, out):
            check_finite(baseline, "on the rows before any swap")
            check_finite(out, "after swapping features one after the other")
        return baseline, out, places

    def whole(self, with_donors: bool = False) -> Whole:
        """All receivers in the order of the batches."""
        return Whole.of(self.sampler.blocks(), self.n_receivers, self.sampler.n_repeats, with_donors)

    def pieces(self) -> Iterator[tuple[slice, Batch]]:
        """Batches, and their place among all receivers."""
        at = 0
        for batch in batches(self.sampler.blocks(), self.plan.batch_rows):
            yield slice(at, at + batch.n_receivers), batch
            at += batch.n_receivers

    def add_up(
        self,
        metric: Metric,
        segment: int,
        n_features: int,
        values_of: Callable[[slice], tuple[NDArray[Any], NDArray[Any]]],
        moved: NDArray[np.bool_] | None = None,
    ) -> Sums:
        """Sums of what is known of all rows, batch by batch.

        `metric`, `segment`, `n_features`: what it is known of. `values_of`: gives values before any swap, and what
        swaps changed, as `Sums.add` takes them. `moved`, shape (n_features, n_repeats, n_rows): as for `Sums.add`.
        """
        sums = Sums.nothing(n_features, self.sampler.n_repeats, self.n_strata)
        for here, batch in self.pieces():
            sums = sums.add(
                batch,
                *values_of(here),
                weights=self.measurement.weights_of(batch.numbers),
                segment=self.measurement.segment_of(segment, batch.numbers),
                spread=self.spread_of(metric, segment, batch.numbers),
                closed=self.sampler.closed,
                moved=None if moved is None else moved[:, :, here],
            )
        return sums

    def empty(self, *shape: int) -> Any:
        """An array of the kind predictions are."""
        return empty(self.view.probe.pred, *shape)


def predict_swaps(kernel: Kernel, swaps: Swaps, like: Any, proof: Proof | None) -> tuple[Any, Any]:
    """Predictions as the rows are, and after each swap, with fewer rows to a call where memory runs out.

    Raises RowsDepend if the model fails though the whole table could be predicted: for being given a part of it.
    """
    baseline = empty(like, swaps.n_receivers, like.shape[-1])
    out = empty(like, len(swaps.features), *swaps.given.shape, like.shape[-1])
    while True:
        try:
            if isinstance(swaps, Chain):
                kernel.predict_chain(swaps, baseline, out)
            else:
                kernel.predict(swaps, baseline, out)
            return baseline, out
        except Exception as error:
            if out_of_memory(error):
                if kernel.shrink():
                    continue
            elif proof is not None:
                raise RowsDepend(0.0, error) from error
            raise


def swap_effect(metric: Metric, sums: Sums) -> SwapEffect:
    """What sums say."""
    return SwapEffect(sums.baseline(metric.link), sums.changed(metric.link), sums.n_rows, sums.evidence())
