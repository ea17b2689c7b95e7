"""Sums of swaps among look-alike rows: each unit has donors and bins of its own, cut from the data.

The formulas are those of `Moments` inside each bin, and the spread of the bins' means beside them: bins are cut from
the rows, so what differs between them differs from sample to sample. Bins never cross a batch: every sum adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighin._base.errors import InputError
from weighin._inference.moments import Floats, Positions, shape_about


@dataclass(frozen=True, eq=False)
class GivenMoments:
    """Sums over rows, swaps and bins of K components.

    They stand in this order: `n_units` changes of the loss, the allowances of some units, the row components (the first
    is the loss before any swap), the weight of a row (with sample weights or in a segment). In bin h of n_h rows, with
    means theta_h, A and B as in `Moments`, theta the mean over all rows, and f = n_h/(n_h - 4), or n_h/(n_h - 3) where
    there is one repeat: W = V1 + V2 + 2 C and Ve.

    `n_rows`, `n_repeats`, `n_units`: Rows, swaps of each row, features and groups.
    `swaps`, tuple of int: Of each unit the number of its donors and bins: two units that share them are two models'.
    `allowing`, tuple of int: The unit of each allowance.
    `row_weight`: Whether the last component is the weight of a row.
    `mean`, ndarray of shape (K,): Mean over all rows and repeats.
    `n_bins`, ndarray of shape (n_swaps,): Bins.
    `data`, `shuffle`, `noise`, `between`, `total`, ndarray of shape (n_swaps, P, P): Of the changes and allowances that
        share donors and bins, sums over bins of n_h f W, of n_h f Ve/R, of f (W + Ve/R), of n_h (theta_h - theta)**2,
        and of n_h times the variance of a pair.
    `psi`, `third`, `fourth`, `fourth_even`, ndarray of shape (K, K): Sums over rows as in `Moments`, of
        psi = (n_h - 1)/(n_h - 2) (A + B - 2 theta_h) + theta_h - theta, whatever units j and k are of; of a row
        component its distance from the mean. The factor makes up for a row not giving to itself: it is exact with all
        n_h - 1 shifts.
    `changed`, ndarray of shape (n_units,): Swaps that changed the loss at all.
    """

    n_rows: int
    n_repeats: int
    n_units: int
    swaps: tuple[int, ...]
    allowing: tuple[int, ...]
    row_weight: bool
    mean: Floats
    n_bins: Floats
    data: Floats
    shuffle: Floats
    noise: Floats
    between: Floats
    total: Floats
    psi: Floats
    third: Floats
    fourth: Floats
    fourth_even: Floats
    changed: Floats

    @classmethod
    # of losses beyond all bounds: the variance is infinite, then
    @np.errstate(over="ignore", invalid="ignore")
    def of(
        cls,
        changes: ArrayLike,
        donors: ArrayLike,
        bins: ArrayLike,
        rows: ArrayLike,
        *,
        allowance: ArrayLike | None = None,
        allowing: Sequence[int] | None = None,
        swaps: Sequence[int] | None = None,
        weights: ArrayLike | None = None,
        segment: ArrayLike | None = None,
        moved: NDArray[np.bool_] | None = None,
    ) -> GivenMoments:
        """Sum up a batch of whole bins.

        `changes`, array of shape (n_units, n_repeats, m): Loss after the swap minus loss before it, for each receiver.
        `donors`, array of int of shape (n_swaps, n_repeats, m): Position in the batch of the row whose values each row
            receives: a permutation inside each bin.
        `bins`, array of int of shape (n_swaps, m): Label of each row's bin; one bin of all rows for a unit that is
            shuffled freely.
        `rows`, array of shape (m,) or (n, m): Row components; the first is the loss before any swap.
        `allowance`, array of shape (n_allowing, n_repeats, m), optional: What the change would be were the model right.
        `allowing`: The units with an allowance, by default all.
        `swaps`: Of each unit the number of its donors and bins, by default its own.
        `weights`, array of shape (m,), optional: Sample weights: inside a bin a pair weighs as its receiver times its
            donor, and the bin as its receivers.
        `segment`, array of bool of shape (m,), optional: Count these receivers only; donors are all rows of the bin.
        `moved`, array of bool of the shape of `changes`, optional: Which swaps changed the prediction; by default where
            `changes` is not 0.
        """
        changes, donors, bins = np.asarray(changes), np.asarray(donors), np.asarray(bins)
        n_units, n_repeats, m = changes.shape
        if allowance is None:
            allowing = ()
        elif allowing is None:
            allowing = range(n_units)
        extra = np.zeros((0, n_repeats, m)) if allowance is None else np.asarray(allowance)
        own, w = np.ones(m), None if weights is None else np.asarray(weights, dtype=np.float64)
        here = None if segment is None else np.asarray(segment, dtype=bool)
        if w is not None:
            own = own * w
        if here is not None:
            own = own * here
        row_weight = w is not None or here is not None
        of_rows = np.atleast_2d(np.asarray(rows, dtype=np.float64))
        if row_weight:
            of_rows = np.concatenate([of_rows * own, own[None]])
        own_swaps = tuple(range(n_units)) if swaps is None else tuple(swaps)
        owners = _owners(own_swaps, allowing)
        n_pairs = len(owners)
        psi, mean = np.empty((n_pairs + len(of_rows), m)), np.empty(n_pairs + len(of_rows))
        mean[n_pairs:] = of_rows.mean(axis=1)
        psi[n_pairs:] = of_rows - mean[n_pairs:, None]
        most = max((owners.count(swap) for swap in owners), default=0)
        squares = np.zeros((5, len(donors), most, most))
        n_bins = np.zeros(len(donors))
        for swap in range(len(donors)):
            places = _places(swap, owners)
            pairs = np.stack([changes[k] if k < n_units else extra[k - n_units] for k in places])
            cut = _Cut.of(bins[swap], donors[swap])
            pairs = cut.weighed(pairs[..., cut.order].astype(np.float64), own, w)
            used = len(places)
            squares[:, swap, :used, :used], mean[places], of_swap = cut.sums(pairs, w)
            psi[np.array(places)[:, None], cut.order] = of_swap
            n_bins[swap] = len(cut.sizes)
        counted = changes != 0 if moved is None else moved
        if here is not None:
            counted = counted & here
        square = psi * psi
        return cls(
            m,
            n_repeats,
            n_units,
            own_swaps,
            tuple(allowing),
            row_weight,
            mean,
            n_bins,
            **dict(zip(_BY_SWAP, squares, strict=True)),
            psi=psi @ psi.T,
            third=square @ psi.T,
            fourth=(square * psi) @ psi.T,
            fourth_even=square @ square.T,
            changed=np.count_nonzero(counted, axis=(1, 2)).astype(np.float64),
        )

    @property
    def n_pairs(self) -> int:
        """Components of pairs: they come first."""
        return self.n_units + len(self.allowing)

    @property
    def weighted(self) -> bool:
        """False: pairs are weighed bin by bin, and their changes divided by what rows weigh."""
        return False

    @property
    def n_swaps(self) -> int:
        """Sets of donors and bins."""
        return len(self.n_bins)

    def places(self, swap: int) -> list[int]:
        """Components of changes and allowances that have these donors and bins."""
        return _places(swap, _owners(self.swaps, self.allowing))

    def allowance(self, unit: int) -> int:
        """The component that is the allowance of a unit."""
        return self.n_units + self.allowing.index(unit)

    def of_units(self, units: Sequence[int]) -> GivenMoments:
        """The same for some of the units, in the order given, each with donors and bins of its own."""
        allowing = [(new, self.allowance(unit)) for new, unit in enumerate(units) if unit in self.allowing]
        kept = [*units, *(place for _, place in allowing), *range(self.n_pairs, len(self.mean))]
        by_component = {name: getattr(self, name)[np.ix_(kept, kept)] for name in _BY_COMPONENT}
        by_swap: dict[str, Any] = {name: np.zeros((len(units), 2, 2)) for name in _BY_SWAP}
        for new, unit in enumerate(units):
            swap = self.swaps[unit]
            own = [unit, self.allowance(unit)] if unit in self.allowing else [unit]
            inside = [self.places(swap).index(place) for place in own]
            for name, squares in by_swap.items():
                squares[new, : len(own), : len(own)] = getattr(self, name)[swap][np.ix_(inside, inside)]
        chosen: Positions = np.asarray(units, dtype=np.int64)
        return replace(
            self,
            n_units=len(units),
            swaps=tuple(range(len(units))),
            allowing=tuple(new for new, _ in allowing),
            mean=self.mean[kept],
            n_bins=self.n_bins[[self.swaps[unit] for unit in units]],
            changed=self.changed[chosen],
            **by_component,
            **by_swap,
        )

    @np.errstate(over="ignore", invalid="ignore")
    def __add__(self, other: GivenMoments) -> GivenMoments:
        """Sums of the rows of both, as if summed up at once."""
        for name in ("n_repeats", "n_units", "swaps", "allowing", "row_weight"):
            if getattr(self, name) != getattr(other, name):
                raise InputError(
                    f"Moments with {name} {getattr(self, name)} and {getattr(other, name)} do not add up."
                )
        n_rows = self.n_rows + other.n_rows
        mean = self.mean + (other.mean - self.mean) * (other.n_rows / n_rows)
        mine, theirs = self._about(mean), other._about(mean)
        sums: dict[str, Any] = {name: mine[name] + theirs[name] for name in mine}
        return replace(self, n_rows=n_rows, mean=mean, **sums)

    def _about(self, centre: Floats) -> dict[str, Floats]:
        """The sums about another centre."""
        moved = self.mean - centre
        sums = {name: getattr(self, name) for name in (*_BY_SWAP, "n_bins", "changed")}
        between = self.between.copy()
        for swap in range(self.n_swaps):
            by = moved[self.places(swap)]
            between[swap, : len(by), : len(by)] += self.n_rows * np.outer(by, by)
        psi = self.psi + self.n_rows * np.outer(moved, moved)
        return {**sums, "between": between, "psi": psi, **shape_about(self, moved)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GivenMoments) and all(
            np.array_equal(getattr(self, entry.name), getattr(other, entry.name)) for entry in fields(self)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists; `from_dict` gives back the same moments, bit by bit."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> GivenMoments:
        """Read what `to_dict` gave."""
        whole = ("swaps", "allowing")
        read: dict[str, Any] = {
            name: np.array(v, dtype=float) if isinstance(v, list) and name not in whole else v
            for name, v in values.items()
        }
        return cls(**read | {name: tuple(int(unit) for unit in values[name]) for name in whole})


_BY_SWAP = ("data", "shuffle", "noise", "between", "total")
_BY_COMPONENT = ("psi", "third", "fourth", "fourth_even")


def _owners(swaps: Sequence[int], allowing: Sequence[int]) -> list[int]:
    """Of each component of pairs the number of its donors and bins."""
    return [*swaps, *(swaps[unit] for unit in allowing)]


def _places(swap: int, owners: Sequence[int]) -> list[int]:
    return [place for place, owner in enumerate(owners) if owner == swap]


@dataclass(frozen=True)
class _Cut:
    """Rows in the order of their bins: `order`, where each bin starts, how many rows it has, the bin of each row.

    `give`, ndarray of int of shape (n_repeats, m): Donors, by their places in that order.
    """

    order: Positions
    starts: Positions
    sizes: Floats
    label: Positions
    give: Positions

    @classmethod
    def of(cls, bins: Positions, donors: Positions) -> _Cut:
        order = np.argsort(bins, kind="stable")
        starts = np.flatnonzero(np.diff(bins[order], prepend=bins[order[0]] - 1))
        sizes = np.diff(starts, append=len(order))
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        label = np.repeat(np.arange(len(sizes)), sizes)
        return cls(order, starts, sizes.astype(np.float64), label, place[donors[:, order]])

    def by_bin(self, values: Floats) -> Floats:
        """Sums over the rows of each bin, (..., m) to (..., n_bins)."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=-1))

    def weighed(self, pairs: Floats, own: Floats, weights: Floats | None) -> Floats:
        """Values whose plain mean over what rows weigh on average is the weighted mean; shapes (P, R, m) of pairs."""
        own = own[self.order]
        if weights is None:
            return pairs * own
        by_pair = own * weights[self.order][self.give]
        weight, of_bin = self.by_bin(by_pair.sum(axis=0)), self.by_bin((by_pair * pairs).sum(axis=1))
        scale = self.by_bin(own) * len(self.give)
        theta = np.divide(of_bin, weight, out=np.zeros_like(of_bin), where=weight > 0)
        # a bin without a pair of any weight takes the mean of the others
        used = scale * (weight > 0)
        theta[:, weight == 0] = (theta @ used / max(used.sum(), 1e-300))[:, None]
        scale = np.divide(scale, weight, out=np.zeros_like(weight), where=weight > 0)
        theta = theta[:, None, self.label]
        return np.asarray(scale[self.label] * by_pair * (pairs - theta) + own * theta)

    def sums(self, pairs: Floats, weights: Floats | None) -> tuple[list[Floats], Floats, Floats]:
        """Data, shuffle, noise, between and total; the mean; psi of each row: of values of shape (P, R, m)."""
        n, repeats = self.sizes, len(self.give)
        means = self.by_bin(pairs.mean(axis=1)) / n
        mean = means @ n / n.sum()
        off = pairs - means[:, None, self.label]
        swapped = np.empty_like(off)
        np.put_along_axis(swapped, np.broadcast_to(self.give, off.shape), off, axis=2)
        a, b = off.mean(axis=1), swapped.mean(axis=1)
        product = self.by_bin(np.einsum("jrm,krm->jkm", off, off))
        receivers, donors, roles = (self.by_bin(x[:, None] * y) for x, y in ((a, a), (b, b), (a, b)))
        total = product / np.maximum(1, n * repeats - 1)
        twice = (roles + roles.swapaxes(0, 1)) / np.maximum(1, n - 1)
        lost = 3 if repeats == 1 else 4
        carry = n
        if weights is not None:
            own = weights[self.order]
            # rows that carry the weight of a bin; of so few that the factor is above 3 nobody knows it
            carry = self.by_bin(own) ** 2 / np.maximum(self.by_bin(own**2), 1e-300)
            carry = np.minimum(n, np.maximum(carry, 1.5 * lost))
        factor = np.where(n > lost, carry / np.maximum(1, carry - lost), 1.0)
        if repeats == 1:
            data, shuffle = total + twice, np.zeros_like(total)
        else:
            within = n * (repeats - 1)
            of_receivers, of_donors = (
                (product - repeats * receivers) / within,
                (product - repeats * donors) / within,
            )
            data, shuffle = 2 * total - of_receivers - of_donors + twice, of_receivers + of_donors - total
        # of so few rows nothing is known but the most it can be: 2 C <= V1 + V2
        data, shuffle = (
            np.where(n > lost, data, 2 * total) * factor,
            np.where(n > lost, shuffle, 0.0) * factor / repeats,
        )
        away = means - mean[:, None]
        between = (n * away) @ away.T
        sums = [data @ n, shuffle @ n, (data + shuffle).sum(axis=-1), between, total @ n]
        unseen = np.where(n > 2, (n - 1) / np.maximum(1, n - 2), 1.0)
        return sums, mean, unseen[self.label] * (a + b) + away[:, self.label]
