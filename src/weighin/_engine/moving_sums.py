"""What batches add up to where each feature has donors and bins of its own: sums, and moments for intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weighin._engine.moving import FeatureSwaps, MovingSampler
from weighin._engine.plan import UNITS, Batch
from weighin._engine.sums import STRATA, Floats, Sums
from weighin._engine.workers import blas, one_blas_thread
from weighin._inference.given import GivenMoments
from weighin._inference.given_evidence import GivenEvidence
from weighin._tables.features import Feature


@dataclass(frozen=True)
class MovingSums(Sums):
    """Sums over receivers, as `Sums`, but `pair_weight` has shape (n_features, n_repeats).

    `by_stratum`: Moments of each stratum, for up to 128 of the features each.
    """

    by_stratum: Mapping[int, tuple[GivenMoments, ...]] = field(default_factory=dict)

    @classmethod
    def of_none(cls, n_features: int, n_repeats: int, n_strata: int) -> MovingSums:
        """Begin."""
        none = np.zeros((n_features, n_repeats))
        return cls(none, none, by_size=n_strata > STRATA)

    def add_swaps(
        self,
        batch: Batch,
        swaps: Sequence[FeatureSwaps],
        before: NDArray[np.floating],
        changes: NDArray[np.floating],
        *,
        weights: Floats | None = None,
        segment: NDArray[np.bool_] | None = None,
        spread: Floats | None = None,
        allowance: NDArray[np.floating] | None = None,
    ) -> MovingSums:
        """Give the sums with a batch added.

        Parameters
        ----------
        swaps : sequence of FeatureSwaps
            Those of the features.
        allowance : ndarray of the shape of `changes`, optional
            What swaps would change were the model right.
        batch, before, changes, weights, segment, spread
            As for `add`.
        """
        n_features, n_repeats, _ = changes.shape
        none = Sums.nothing(0, n_repeats)
        rows = none.add(
            batch, before, changes[:0], weights=weights, segment=segment, spread=spread, closed=False
        )
        change, pair_weight = binned(changes, swaps, weights, segment)
        of_rows = before[None] if spread is None else np.stack([before.astype(np.float64), spread])
        by_stratum = dict(self.by_stratum)
        # products too small for threads
        with one_blas_thread(blas()):
            for stratum, here in self._strata(batch):
                place = np.full(len(before), -1)
                place[here] = np.arange(len(here))
                new = tuple(
                    GivenMoments.of(
                        changes[some, :, here] if len(here) < len(before) else changes[some],
                        np.stack([place[swap.donors[:, here]] for swap in swaps[some]]),
                        np.stack([swap.bins[here] for swap in swaps[some]]),
                        of_rows[:, here],
                        allowance=None if allowance is None else allowance[some][..., here],
                        weights=None if weights is None else weights[here],
                        segment=None if segment is None else segment[here],
                    )
                    for some in _parts(n_features)
                )
                old = by_stratum.get(stratum)
                by_stratum[stratum] = (
                    new if old is None else tuple(one + more for one, more in zip(old, new, strict=True))
                )
        return MovingSums(
            self.change[:n_features] + change,
            self.pair_weight[:n_features] + pair_weight,
            self.n_rows + rows.n_rows,
            self.weight + rows.weight,
            self.before + rows.before,
            self.spread + rows.spread,
            by_size=self.by_size,
            by_stratum=by_stratum,
        )

    def _strata(self, batch: Batch) -> list[tuple[int, NDArray[np.int64]]]:
        """Rows of each stratum; of many, all rows: what strata differ by counts as chance then."""
        strata = np.repeat(batch.strata, np.diff(batch.edges)) * (not self.by_size)
        return [(int(stratum), np.flatnonzero(strata == stratum)) for stratum in np.unique(strata)]

    def evidence_of(self, sampler: MovingSampler, features: Sequence[Feature]) -> tuple[GivenEvidence, ...]:
        """Moments by sets of features; none where nothing has weight."""
        if not self.weight or not self.pair_weight.any():
            return ()
        by_features = zip(*(self.by_stratum[stratum] for stratum in sorted(self.by_stratum)), strict=True)
        return tuple(
            GivenEvidence.of(strata, *sampler.offers([feature.name for feature in features[some]]))
            for strata, some in zip(by_features, _parts(len(features)), strict=True)
        )


def _parts(n_features: int) -> list[slice]:
    """Features whose moments are joint."""
    return [slice(first, min(first + UNITS, n_features)) for first in range(0, n_features, UNITS)]


def binned(
    changes: NDArray[np.floating],
    swaps: Sequence[FeatureSwaps],
    weights: Floats | None,
    segment: NDArray[np.bool_] | None,
) -> tuple[Floats, Floats]:
    """Sum of what swaps changed, and of the weight of receivers, shape (n_features, n_repeats).

    A pair weighs as its receiver times its donor, in proportion to the other pairs of its bin; a bin weighs as its
    receivers.
    """
    n_features, n_repeats, n = changes.shape
    if weights is None and segment is None:
        return changes.sum(-1, dtype=np.float64), np.full((n_features, n_repeats), float(n))
    own = np.ones(n) if weights is None else weights
    own = own if segment is None else own * segment
    sums, totals = np.zeros((2, n_features, n_repeats))
    for f, swap in enumerate(swaps):
        of_bins = np.bincount(swap.bins, own)
        pairs = np.tile(own, (n_repeats, 1)) if weights is None else own * weights[swap.donors]
        # in proportion to all pairs of the bin: so the mean of the shuffles is what the interval is about
        of_pairs = np.bincount(swap.bins, pairs.mean(axis=0))
        scale = np.divide(of_bins, of_pairs, out=np.zeros_like(of_bins), where=of_pairs > 0)[swap.bins]
        sums[f] = (changes[f] * pairs) @ scale
        totals[f] = of_bins[of_pairs > 0].sum()
    return sums, totals
