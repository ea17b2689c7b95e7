"""What batches add up to, for one metric on some of the rows: plain sums, and moments for intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.arrays import NumpyArrays, arrays_of
from weighin._engine.plan import UNITS, Batch
from weighin._engine.workers import blas, one_blas_thread
from weighin._inference import Link, Moments, Strata
from weighin._samplers import Positions

# with moments of their own; more are put together by size
STRATA = 64

Floats = NDArray[np.float64]
# key, receivers, how far donors are off, edges of strata and of blocks put together
Part = tuple[int, Any, Any, Positions | None, Positions | None]


@dataclass(frozen=True)
class Sums:
    """Sums over receivers, of all rows or of a segment.

    `n_rows`: receivers.
    `weight`, `before`, `spread`: sum of their weights, of their loss before any swap, and of a row component (see
        `add`).
    `pair_weight`, shape (n_repeats,): sum of the weights of pairs.
    `change`, shape (n_features, n_repeats): sum of what swaps changed.
    `moments`: by stratum, or by the size of strata; each for up to 128 of the features, in their order.
    `by_size`: whether there are so many strata that those of about a size are put beside each other.
    `n_shared`: the last so many changes are in every set of moments.
    """

    change: Floats
    pair_weight: Floats
    n_rows: int = 0
    weight: float = 0.0
    before: float = 0.0
    spread: float = 0.0
    moments: Mapping[int, tuple[Moments, ...]] = field(default_factory=dict)
    by_size: bool = False
    n_shared: int = 0

    @classmethod
    def nothing(cls, n_features: int, n_repeats: int, n_strata: int = 1, n_shared: int = 0) -> Sums:
        """Begin."""
        zero = np.zeros((n_features, n_repeats))
        return cls(zero, np.zeros(n_repeats), by_size=n_strata > STRATA, n_shared=n_shared)

    def add(
        self,
        batch: Batch,
        before: Any,
        changes: Any,
        *,
        weights: Floats | None = None,
        segment: NDArray[np.bool_] | None = None,
        spread: Floats | None = None,
        closed: bool = True,
        moved: NDArray[np.bool_] | None = None,
    ) -> Sums:
        """Give the sums with a batch added.

        `batch`: who gives to whom. `before`, shape (n,): loss of each receiver before any swap. `changes`, shape
        (n_features, n_repeats, n): what swaps changed. Fewer features than before: the others are dropped. `weights`,
        shape (n,): sample weights; a pair weighs as its receiver times its donor. `segment`, shape (n,): the receivers
        that count. `spread`, shape (n,): A second value of each row before any swap, such as its squared distance from
        the mean of the target. `closed`: whether donors stay in their block, which moments need. `moved`, shape
        (n_features, n_repeats, n): as for `Moments.of`.

        `before` and `changes` may lie on a torch device: sums are formed there.
        """
        at = arrays_of(changes)
        own = None if weights is None else weights.astype(np.float64)
        if segment is not None:
            own = segment.astype(np.float64) if own is None else own * segment
        n_rows = len(before) if segment is None else int(segment.sum())
        donors, by_row = batch.given.at(at.device), None
        if own is None:
            weight, total = float(n_rows), before.sum(dtype=at.double)
            pair_weight = at.zeros(len(self.pair_weight)) + weight
            change = changes.sum(-1, dtype=at.double)
        else:
            weight, owned = float(own.sum()), at.doubles(own)
            total = owned @ at.doubles(before)
            by_row = None if weights is None else at.doubles(weights)
            change, pair_weight = at.zeros(*changes.shape[:2]), at.zeros(len(self.pair_weight))
            # one by one: of many rows there is room for few
            for r, given in enumerate(donors):
                pair = owned if by_row is None else owned * by_row[given]
                pair_weight[r] = pair.sum()
                change[:, r] = at.dot(changes[:, r], pair)
        if any(batch.spread):
            pairs = at.doubles(batch.of_others if own is None else batch.of_others * own)
            units = at.integers(np.flatnonzero(batch.spread))
            change[units] = at.dot(changes[units], pairs)
        sums = at.home({"change": change, "pair_weight": pair_weight, "before": total})
        moments = self.moments
        if closed and len(changes):
            rows = (
                before[None]
                if spread is None
                else at.joined(at.doubles(before)[None], at.doubles(spread)[None])
            )
            # products too small for threads
            with one_blas_thread(blas()):
                each = (batch.own or batch.given).at(at.device)
                moments = self._moments(batch, each, rows, changes, by_row, segment, moved)
        return Sums(
            self.change[: len(changes)] + sums["change"],
            self.pair_weight + sums["pair_weight"],
            self.n_rows + n_rows,
            self.weight + weight,
            self.before + float(sums["before"]),
            self.spread + (0.0 if spread is None else float(spread.sum() if own is None else own @ spread)),
            moments,
            self.by_size,
            self.n_shared,
        )

    def _moments(
        self,
        batch: Batch,
        donors: Any,
        rows: Any,
        changes: Any,
        weights: Any,
        segment: NDArray[np.bool_] | None,
        moved: NDArray[np.bool_] | None,
    ) -> Mapping[int, tuple[Moments, ...]]:
        """Block by block, which fits the cache; blocks of many small strata together, on a device all of a stratum."""
        moments = dict(self.moments)
        for key, here, shift, edges, blocks in self._parts(batch, arrays_of(changes)):
            new = tuple(
                Moments.of(
                    changes[units][:, :, here],
                    (donors[units] if donors.ndim == 3 else donors)[..., here] + shift,
                    rows[:, here],
                    weights=None if weights is None else weights[here],
                    segment=None if segment is None else segment[here],
                    moved=None if moved is None else moved[units][:, :, here],
                    edges=edges,
                    blocks=blocks,
                    spread=batch.spread and tuple(np.array(batch.spread)[units].tolist()),
                )
                for units in self._sets(len(changes))
            )
            old = moments.get(key)
            if old is not None:
                join = Moments.__add__ if edges is None else Moments.beside
                new = tuple(join(mine, more) for mine, more in zip(old, new, strict=True))
            moments[key] = new
        return moments

    def _sets(self, n_units: int) -> Iterator[Any]:
        """Units with joint moments, those that are shared last."""
        if not self.n_shared:
            yield from (slice(first, first + UNITS) for first in range(0, n_units, UNITS))
            return
        n_own = n_units - self.n_shared
        for first in range(0, n_own, UNITS):
            own = np.arange(first, min(first + UNITS, n_own))
            yield np.concatenate([own, np.arange(n_own, n_units)])

    def _parts(self, batch: Batch, at: NumpyArrays) -> Iterator[Part]:
        """Parts of a batch with one sum each."""
        if not self.by_size and at.device is None:
            for (start, stop), stratum in zip(batch.spans, batch.strata, strict=True):
                yield stratum, slice(start, stop), -start, None, None
            return
        edges: Positions = np.array(batch.edges)
        sizes, keys = np.diff(edges), np.array(batch.strata)
        if self.by_size:
            # of four rows and less nothing is known but the most their variance can be; others of about a size
            keys = np.where(sizes <= 4, sizes, 5 + 2 * np.log2(np.maximum(sizes, 1))).astype(np.int64)
        for key in np.unique(keys):
            blocks = np.flatnonzero(keys == key)
            joined = np.cumsum([0, *sizes[blocks]])
            if len(blocks) == len(keys):
                yield int(key), slice(None), 0, joined if self.by_size else None, joined
                continue
            here = np.concatenate([np.arange(edges[k], edges[k + 1]) for k in blocks])
            shift = np.repeat(joined[:-1] - edges[blocks], sizes[blocks])
            yield int(key), at.integers(here), at.integers(shift), joined if self.by_size else None, joined

    @property
    def means(self) -> tuple[float, Floats]:
        """Mean over the rows of the weighted loss before any swap, and of what each swap changed."""
        n = max(1, self.n_rows)
        return self.before / n, self.change / n

    def baseline(self, link: Link) -> float:
        """The metric before any swap; NaN without weight."""
        if not self.weight:
            return float("nan")
        return float(link.value(np.array(self.before / self.weight), self.spread / self.weight))

    def changed(self, link: Link) -> Floats:
        """What each swap changed of the metric, shape (n_features, n_repeats)."""
        if not self.weight:
            return np.full(self.change.shape, np.nan)
        # NaN where the pairs of a shuffle have no weight
        with np.errstate(divide="ignore", invalid="ignore"):
            change = self.change / self.pair_weight
        # without the rounding of adding and subtracting the baseline
        if link.is_mean:
            return change
        before, spread = self.before / self.weight, self.spread / self.weight
        return link.value(before + change, spread) - self.baseline(link)

    def evidence(self) -> tuple[Strata, ...]:
        """Moments by sets of features, each with one for every stratum; none where nothing has weight."""
        if not self.weight or not self.pair_weight.any():
            return ()
        by_features = zip(*(self.moments[stratum] for stratum in sorted(self.moments)), strict=True)
        return tuple(map(Strata, by_features))
