"""Which features act together: what swapping two moves predictions beyond what both swaps alone do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.arrays import arrays_of
from weighin._engine.arrays import empty, on_host
from weighin._engine.loss_size import check_moves
from weighin._engine.plan import Batch
from weighin._engine.probe import FEW_ROUNDINGS, precision
from weighin._engine.run import Advance, Run
from weighin._engine.sums import Sums
from weighin._inference import Evidence
from weighin._tables.features import Feature

# pairs with joint moments: enough for products of matrices, few enough to stay small
UNITS = 16
# of the standard deviation of predictions: what moves one by less is rounding, or nothing that matters
LEAST_MOVE = 1e-5

# from predictions of any shape, outputs last, to the numbers whose moves are measured
Scale = Callable[[Any], Any]


@dataclass(frozen=True)
class PairScores:
    """What came out of a run.

    `total`, `pairs`: of half the squared move by swapping a feature, and of a quarter of the squared joint move of a
        pair; the loss before any swap is the squared distance of a prediction from their mean.
    `moved`, `moved_pairs`, shape (n_features,): swaps that moved a prediction beyond rounding.
    `n_rows`: rows measured: fewer than given when the run was interrupted.
    `complete`: false when the run was interrupted; then some pairs, or some rows, only.
    `kernels`: how each feature was predicted.
    `noise`, `why_at_once`, `unproven`: as for `Scores`.
    `blur`: what counts as rounding of four predictions, in standard deviations of the predictions.
    """

    total: tuple[Evidence, ...]
    pairs: tuple[Evidence, ...]
    moved: NDArray[np.float64]
    moved_pairs: NDArray[np.float64]
    n_rows: int
    complete: bool
    kernels: tuple[str, ...]
    noise: float = 0.0
    why_at_once: str = ""
    unproven: str = ""
    blur: float = 0.0


@dataclass(frozen=True)
class Pairs:
    """Features, each two of them to swap together, and the scale of predictions; it collects what they do.

    `features`: swapped one by one.
    `places`: the two of each pair, among the features.
    `scale`: gives of predictions the numbers whose moves are measured.
    """

    features: tuple[Feature, ...]
    places: tuple[tuple[int, int], ...]
    scale: Scale

    @property
    def joint(self) -> tuple[Feature, ...]:
        """Each pair as one feature, which swaps both."""
        return tuple(
            Feature(f"{one.name} and {other.name}", one.columns + other.columns, (one.name, other.name))
            for one, other in ((self.features[j], self.features[k]) for j, k in self.places)
        )

    def collect(self, run: Run, advance: Advance) -> PairScores:
        """Swap all features and pairs, batch by batch; keep what is finished when interrupted."""
        means = _PairMeans(self, run)
        try:
            means.collect(advance)
        except KeyboardInterrupt:
            if not means.n_rows:
                raise
        return means.scores()


class _PairMeans:
    """Sums of batches: of all features first, then of sixteen pairs at a time."""

    def __init__(self, pairs: Pairs, run: Run) -> None:
        self.features, self.places, self.scale, self.joint = (
            pairs.features,
            pairs.places,
            pairs.scale,
            pairs.joint,
        )
        self.run, self.n_rows, self.blur = run, 0, 0.0
        self._sums: list[Sums] = []

    def collect(self, advance: Advance) -> None:
        """Go through all batches."""
        centre, least = self._centre()
        for batch, rows in self.run.batches():
            cache: dict[Any, Any] = {}
            sums: list[Sums] = []
            n_pairs = 0
            try:
                base, alone = self._alone(batch, rows, cache, advance)
                before = self._here(((base - centre) ** 2).mean(-1))
                moved = [_kept(one - base, self._rounding(least, one, base)) for one in alone]
                sums.append(self._added(len(sums), batch, before, [(m**2).mean(-1) / 2 for m in moved]))
                step = max(UNITS, self.run.plan.step // UNITS * UNITS)
                for first in range(0, len(self.places), step):
                    here = slice(first, first + step)
                    changes = self._joint_changes(batch, rows, here, cache, base, alone, least)
                    for start in range(0, len(changes), UNITS):
                        part = changes[start : start + UNITS]
                        sums.append(self._added(len(sums), batch, before, part))
                    n_pairs += len(changes)
                    advance(batch.n_receivers * self.run.sampler.n_repeats * len(changes))
            finally:
                # interrupted in the first batch: some pairs; later: what earlier batches hold of all of them
                if sums and (n_pairs == len(self.places) or (n_pairs and not self.n_rows)):
                    self.n_rows, self._sums = self.n_rows + batch.n_receivers, sums

    def scores(self) -> PairScores:
        """What the sums say."""
        run, total, *pairs = self.run, *(sums.evidence() for sums in self._sums)
        moved = [_moved(evidence) for evidence in (total, *pairs)]
        probe, n_finished = run.view.probe, sum(map(len, moved[1:]))
        return PairScores(
            total,
            tuple(evidence for part in pairs for evidence in part),
            moved[0],
            np.concatenate([*moved[1:], np.zeros(0)]),
            self.n_rows,
            self.n_rows == run.n_receivers and n_finished == len(self.places),
            tuple(run.kernel.names(self.features)),
            probe.noise,
            probe.why_at_once,
            run.unproven,
            self.blur,
        )

    def _centre(self) -> tuple[Any, Any]:
        """Mean prediction of all rows, and the least move that counts, for each output.

        The mean may be taken as known: the derivative of the variance in it is 0.
        """
        weight, about, largest, single = 0.0, None, 0.0, False
        total, square = np.zeros((2, 1))
        for batch, rows in self.run.batches():
            pred = self.scale(self.run.predict(batch, rows, (), {})[0])
            about = pred[0] if about is None else about
            weights = self.run.measurement.weights_of(batch.numbers)
            own = np.ones(len(pred)) if weights is None else weights
            moves = on_host(pred - about)
            away, single = moves.astype(np.float64), moves.dtype != np.float64
            largest = max(largest, float(abs(away).max(initial=0.0)))
            weight += float(own.sum())
            # of moves that are too large the square is infinite, and they are refused
            with np.errstate(over="ignore"):
                total, square = total + own @ away, square + own @ away**2
        check_moves(largest, single=single)
        mean = total / weight
        deviation = np.sqrt(np.maximum(0.0, square / weight - mean**2))
        level = 4 * FEW_ROUNDINGS * precision(about) * abs(on_host(about) + mean)
        spread = float(deviation.max(initial=0.0))
        self.blur = float(level.max(initial=0.0)) / spread if spread else 0.0
        return about + _like(about, mean), _like(about, LEAST_MOVE * deviation)

    def _alone(
        self, batch: Batch, rows: Any, cache: dict[Any, Any], advance: Advance
    ) -> tuple[Any, Sequence[Any]]:
        """Predictions as the rows are, and after swapping each feature alone."""
        base, alone, step = None, [], max(1, self.run.plan.step)
        for first in range(0, len(self.features), step):
            features = self.features[first : first + step]
            base, out = self.run.predict(batch, rows, features, cache)
            alone += list(self.scale(out))
            advance(batch.n_receivers * self.run.sampler.n_repeats * len(features))
        return self.scale(base), alone

    def _joint_changes(
        self,
        batch: Batch,
        rows: Any,
        here: slice,
        cache: dict[Any, Any],
        base: Any,
        alone: Sequence[Any],
        least: Any,
    ) -> list[Any]:
        """A quarter of the squared joint move of some pairs, each of shape (n_repeats, n_receivers)."""
        _, out = self.run.predict(batch, rows, self.joint[here], cache)
        changes = []
        for both, (j, k) in zip(self.scale(out), self.places[here], strict=True):
            move = (both - alone[k]) - (alone[j] - base)
            rounding = self._rounding(least, both, alone[j], alone[k], base)
            changes.append((_kept(move, rounding) ** 2).mean(-1) / 4)
        return changes

    def _rounding(self, least: Any, *preds: Any) -> Any:
        """What a sum of predictions may be off by."""
        return least + FEW_ROUNDINGS * precision(preds[0]) * sum(abs(pred) for pred in preds)

    def _added(self, place: int, batch: Batch, before: Any, changes: Sequence[Any]) -> Sums:
        run = self.run
        start = (
            self._sums[place]
            if self.n_rows
            else Sums.nothing(len(changes), run.sampler.n_repeats, run.n_strata)
        )
        here = [self._here(change)[None] for change in changes]
        nothing = empty(before, 0, run.sampler.n_repeats, batch.n_receivers)
        together = arrays_of(before).joined(nothing, *here)
        weights = run.measurement.weights_of(batch.numbers)
        return start.add(batch, before, together, weights=weights, closed=run.sampler.closed)

    def _here(self, values: Any) -> Any:
        """Values where sums of them are formed: on their device, or on the host."""
        return values if self.run.view.on_device else on_host(values)


def _kept(move: Any, rounding: Any) -> Any:
    """A move, 0 where it is rounding."""
    return move * (abs(move) > rounding)


def _like(like: Any, values: NDArray[np.float64]) -> Any:
    """Numbers as an array of the kind another is."""
    array = empty(like, *values.shape)
    array[...] = values if isinstance(array, np.ndarray) else array.new_tensor(values)
    return array


def _moved(evidence: Sequence[Evidence]) -> NDArray[np.float64]:
    """Swaps of each unit that changed anything."""
    return np.concatenate(
        [np.sum([moments.changed for moments in part.moments], axis=0) for part in evidence] or [np.zeros(0)]
    )
