"""What a batch of donor-closed blocks returns: sums that add up, whatever the number of rows.

A batch holds pair components, which depend on the row that receives and the row that gives (the change of the loss
under each swap), and row components, which depend on the receiving row alone (its loss before any swap). Everything
that is reported later is a smooth function of the means of components, and its variance a quadratic form in the sums
kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighin._base.arrays import arrays_of
from weighin._base.errors import InputError

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


class Sums(Protocol):
    """What all moments have; see `Moments`."""

    @property
    def n_rows(self) -> int: ...
    @property
    def n_repeats(self) -> int: ...
    @property
    def n_units(self) -> int: ...
    @property
    def n_pairs(self) -> int: ...
    @property
    def row_weight(self) -> bool: ...
    @property
    def weighted(self) -> bool: ...
    @property
    def mean(self) -> Floats: ...
    @property
    def changed(self) -> Floats: ...
    @property
    def psi(self) -> Floats: ...
    @property
    def third(self) -> Floats: ...
    @property
    def fourth(self) -> Floats: ...
    @property
    def fourth_even(self) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over rows and swaps of K components, each pair of components included.

    The components stand in this order: `n_units` changes of the loss, the weight of a pair (with sample weights
    only), the row components (the first is the loss before any swap), the weight of a row (with sample weights or in
    a segment). With D a pair component, A[i] = mean over repeats of D for receiver i, and B[k] the same for donor k.
    For a row component A is the component itself and B is 0. psi = A + B. Sums are about the means.

    `n_rows`, `n_repeats`, `n_units`: Rows, swaps of each row, features and groups.
    `n_pairs`: Pair components: they come first.
    `row_weight`: Whether the last component is the weight of a row.
    `mean`, ndarray of shape (K,): Mean over all rows and repeats.
    `pairs`, `receivers`, `donors`, `roles`, ndarray of shape (K, K): Sums of D D' over rows and repeats, of A A', of B
        B' and of A B' over rows.
    `third`, `fourth`, `fourth_even`, ndarray of shape (K, K): Sums of psi_j**2 psi_k, psi_j**3 psi_k and psi_j**2
        psi_k**2 over rows.
    `changed`, ndarray of shape (n_units,): Swaps that changed the loss at all.
    `n_strata`: Strata put beside each other, with sums about the mean of each.
    `spread`: Of each unit, whether it had donors of its own, spread over its values; empty where none had. Noise of
        shuffles is told by another formula then, see `weighin._inference.variance`.
    """

    n_rows: int
    n_repeats: int
    n_units: int
    n_pairs: int
    row_weight: bool
    mean: Floats
    pairs: Floats
    receivers: Floats
    donors: Floats
    roles: Floats
    third: Floats
    fourth: Floats
    fourth_even: Floats
    changed: Floats
    n_strata: int = 1
    spread: tuple[bool, ...] = ()

    @property
    def weighted(self) -> bool:
        """Whether pairs have weights of their own, as a component, by which changes are divided."""
        return self.n_pairs != self.n_units

    @classmethod
    # of losses beyond all bounds: the variance is infinite, then
    @np.errstate(over="ignore", invalid="ignore")
    def of(
        cls,
        changes: Any,
        donors: Any,
        rows: Any,
        *,
        weights: Any = None,
        segment: ArrayLike | None = None,
        moved: NDArray[np.bool_] | None = None,
        edges: Positions | None = None,
        spread: Sequence[bool] = (),
        blocks: Positions | None = None,
    ) -> Moments:
        """Sum up a batch of donor-closed blocks, where their changes lie: in numpy, or on a torch device.

        `changes`, array or tensor of shape (n_units, n_repeats, m): Loss after the swap minus loss before it, for each
            receiver. Single or double precision.
        `donors`, array of int of shape (n_repeats, m) or (n_units, n_repeats, m): Position in the batch of the row
            whose values each row receives; a permutation in each repeat.
        `rows`, array of shape (m,) or (n, m): Row components; the first is the loss before any swap.
        `weights`, array of shape (m,), optional: Sample weights: a pair weighs as its receiver times its donor.
        `segment`, array of bool of shape (m,), optional: Count these receivers only; donors are all rows.
        `moved`, array of bool of shape (n_units, n_repeats, m), optional: Which predictions a swap moved, where values
            of other rows change with them; by default where `changes` is not 0.
        `edges`: Where each block begins and the last one ends, if each is a stratum of its own.
        `spread`: Of each unit, whether its donors are spread over its values; then a row may be its own donor, which
            counts by what it takes from others: the batch is one block, or `edges` or `blocks` tell the blocks.
        `blocks`: Where each block begins and the last one ends, if there are several of one stratum.
        """
        at = arrays_of(changes)
        changes = changes if at.device is not None else np.asarray(changes)
        n_units, n_repeats, m = changes.shape
        donors, rows = at.integers(donors), at.doubles(rows)
        rows = rows[None] if rows.ndim == 1 else rows
        here = None if segment is None else at.integers(np.flatnonzero(segment))
        w = None if weights is None else at.doubles(weights)
        row_weight = here is not None or w is not None
        if row_weight:
            own = at.zeros(m) + 1 if w is None else w
            if segment is not None:
                own = own * at.doubles(segment)
            rows = at.joined(rows * own, own[None])
        n_pairs = n_units + (w is not None)

        held = m if here is None else len(here)
        # swapped[:, -1] stays 0: what a row gives in a repeat in which its receiver is outside the segment
        swapped = at.zeros(n_pairs, held + 1)
        now = swapped[:, :held]
        a, b = at.zeros(2, n_pairs + len(rows), m)
        pairs, changed, about = at.zeros(n_pairs, n_pairs), at.zeros(n_units), at.zeros(n_pairs, 1)
        own_donors = donors.ndim == 3
        # of each unit, in all of `swapped`
        first = at.integers((held + 1) * np.arange(n_pairs)[:, None]) if own_donors else 0
        giving = at.integers(np.zeros((n_pairs, m) if own_donors else m))
        places = at.integers(np.arange(held))
        others = (
            at.doubles(_of_others(m, edges if blocks is None else blocks, spread)) if any(spread) else None
        )
        for r in range(n_repeats):
            change = changes[:, r] if here is None else changes[:, r, here]
            receivers = slice(None) if here is None else here
            of_row = change if moved is None else moved[:, r, receivers]
            changed += at.count(of_row)
            now[:n_units] = change
            if w is not None:
                now[-1] = w[receivers] * w[donors[r, receivers]]
                now[:-1] *= now[-1]
            elif others is not None:
                now *= others[:, receivers]
            if r == 0 and here is None:
                # near enough the mean for sums without cancellation
                about = now.mean(axis=1, keepdims=True)
            now -= about
            pairs += now @ now.T
            a[:n_pairs, receivers] += now
            giving[:] = held
            if own_donors:
                at.put(giving, donors[:, r, receivers], places)
                b[:n_pairs] += swapped.take(giving + first)
            else:
                giving[donors[r, receivers]] = places
                b[:n_pairs] += at.columns(swapped, giving)
        a[:n_pairs] /= n_repeats
        b[:n_pairs] /= n_repeats
        a[n_pairs:] = rows
        mean = a.mean(axis=1)
        if edges is None:
            pairs -= n_repeats * m * (mean[:n_pairs, None] * mean[:n_pairs])
            a -= mean[:, None]
            b -= b.mean(axis=1, keepdims=True)
        else:
            sizes, stratum = at.doubles(np.diff(edges)), at.integers(_number(edges))
            centres = at.between(a, edges) / sizes
            pairs -= n_repeats * (centres[:n_pairs] * sizes) @ centres[:n_pairs].T
            a -= at.columns(centres, stratum)
            b -= at.columns(at.between(b, edges) / sizes, stratum)
        mean[:n_pairs] += about[:, 0]
        aa = a @ a.T
        all_pairs = n_repeats * aa
        all_pairs[:n_pairs, :n_pairs] = pairs
        psi = a + b
        square = psi * psi
        sums = {
            "mean": mean,
            "pairs": all_pairs,
            "receivers": aa,
            "donors": b @ b.T,
            "roles": a @ b.T,
            "third": square @ psi.T,
            "fourth": (square * psi) @ psi.T,
            "fourth_even": square @ square.T,
            "changed": changed,
        }
        n_strata = 1 if edges is None else len(edges) - 1
        return cls(
            m,
            n_repeats,
            n_units,
            n_pairs,
            row_weight,
            **at.home(sums),
            n_strata=n_strata,
            spread=tuple(spread),
        )

    def of_units(self, units: Sequence[int]) -> Moments:
        """The same for some of the units, in the order given."""
        kept = np.concatenate([np.asarray(units, dtype=np.int64), np.arange(self.n_units, len(self.mean))])
        square = ("pairs", "receivers", "donors", "roles", "third", "fourth", "fourth_even")
        return replace(
            self,
            n_units=len(units),
            n_pairs=self.n_pairs - self.n_units + len(units),
            mean=self.mean[kept],
            changed=self.changed[np.asarray(units, dtype=np.int64)],
            spread=_some([self.spread[unit] for unit in units] if self.spread else ()),
            **{name: getattr(self, name)[np.ix_(kept, kept)] for name in square},
        )

    @property
    def gives(self) -> Floats:
        """1 for pair components, 0 for row components, shape (K,)."""
        return (np.arange(len(self.mean)) < self.n_pairs).astype(np.float64)

    @property
    def psi(self) -> Floats:
        """Sum of psi psi' over rows, shape (K, K)."""
        return self.receivers + self.donors + self.roles + self.roles.T

    def __add__(self, other: Moments) -> Moments:
        """Moments of the rows of both, as if summed up at once."""
        mean = self._joint_mean(other)
        return self._joined(other, mean, self._about(mean), other._about(mean))

    def beside(self, other: Moments) -> Moments:
        """Moments of the rows of both, which are of different strata: sums stay about the mean of each."""
        joined = self._joined(other, self._joint_mean(other), self._sums, other._sums)
        return replace(joined, n_strata=self.n_strata + other.n_strata)

    def _joint_mean(self, other: Moments) -> Floats:
        if self.spread != other.spread:
            raise InputError("Moments of donors that are spread and of others that are not do not add up.")
        for name in ("n_repeats", "n_units", "n_pairs", "row_weight"):
            if getattr(self, name) != getattr(other, name):
                raise InputError(
                    f"Moments with {name} {getattr(self, name)} and {getattr(other, name)} do not add up."
                )
        share = other.n_rows / (self.n_rows + other.n_rows)
        return np.asarray(self.mean + (other.mean - self.mean) * share)

    @np.errstate(over="ignore", invalid="ignore")
    def _joined(
        self, other: Moments, mean: Floats, mine: dict[str, Floats], theirs: dict[str, Floats]
    ) -> Moments:
        sums: dict[str, Any] = {name: mine[name] + theirs[name] for name in mine}
        return replace(self, n_rows=self.n_rows + other.n_rows, mean=mean, **sums)

    @property
    def _sums(self) -> dict[str, Floats]:
        """Everything that adds up."""
        names = ("pairs", "receivers", "donors", "roles", "third", "fourth", "fourth_even", "changed")
        return {name: getattr(self, name) for name in names}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moments) and all(
            np.array_equal(getattr(self, entry.name), getattr(other, entry.name)) for entry in fields(self)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists; `from_dict` gives back the same moments, bit by bit."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        if not self.spread:
            del values["spread"]
        return {name: v.tolist() if isinstance(v, np.ndarray) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Moments:
        """Read what `to_dict` gave."""
        read: dict[str, Any] = {
            name: np.array(v, dtype=float) if isinstance(v, list) else v
            for name, v in values.items()
            if name != "spread"
        }
        return cls(**read, spread=_some(values.get("spread", ())))

    @np.errstate(over="ignore", invalid="ignore")
    def _about(self, centre: Floats) -> dict[str, Floats]:
        """The sums about another centre (Pebay 2008, formulas for arbitrary-order moments)."""
        n, d = self.n_rows, self.mean - centre
        given = d * self.gives
        # how far psi moves
        e = d + given
        return {
            "pairs": self.pairs + n * self.n_repeats * np.outer(d, d),
            "receivers": self.receivers + n * np.outer(d, d),
            "donors": self.donors + n * np.outer(given, given),
            "roles": self.roles + n * np.outer(d, given),
            **shape_about(self, e),
            "changed": self.changed,
        }


def _number(edges: Positions) -> Positions:
    """Number of the stratum of each row."""
    return np.repeat(np.arange(len(edges) - 1), np.diff(edges))


def shape_about(sums: Sums, moved: Floats) -> dict[str, Floats]:
    """Third and fourth sums of psi + `moved`, shape (K,)."""
    n, psi, own = sums.n_rows, sums.psi, np.diag(sums.psi)[:, None]
    ej, ek = moved[:, None], moved[None, :]
    third = sums.third + 2 * ej * psi + ek * own + n * ej**2 * ek
    fourth = (
        sums.fourth
        + 3 * ej * sums.third
        + ek * np.diag(sums.third)[:, None]
        + 3 * ej**2 * psi
        + 3 * ej * ek * own
        + n * ej**3 * ek
    )
    even = (
        sums.fourth_even
        + 2 * ek * sums.third
        + 2 * ej * sums.third.T
        + ek**2 * own
        + ej**2 * own.T
        + 4 * ej * ek * psi
        + n * ej**2 * ek**2
    )
    return {"third": third, "fourth": fourth, "fourth_even": even}


def _some(spread: Sequence[Any]) -> tuple[bool, ...]:
    """The same, empty where no donors are spread."""
    return tuple(map(bool, spread)) if any(spread) else ()


def _of_others(m: int, edges: Positions | None, spread: Sequence[bool]) -> Floats:
    """What a change counts by, shape (n_units, m): rows meet themselves, which takes 1/m of the mean of a block."""
    sizes = np.array([m]) if edges is None else np.diff(edges)
    return np.where(np.array(spread)[:, None], np.repeat(sizes / (sizes - 1.0), sizes), 1.0)
