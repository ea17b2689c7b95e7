"""How sure one can be of the difference between two importances given other columns, of two models on one swap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighin._inference.estimates import few_rows, linearise
from weighin._inference.given import GivenMoments
from weighin._inference.given_evidence import GivenEvidence, Offer, allowed_for
from weighin._inference.given_variance import given_spread
from weighin._inference.intervals import Inference, joined
from weighin._inference.links import IDENTITY, Function
from weighin._inference.paired import TOGETHER, closed_blocks, of_two
from weighin._inference.row_changes import RowChanges


@dataclass(frozen=True, eq=False)
class GivenSwaps:
    """What two models share of swaps among look-alike rows.

    `donors`, ndarray of int of shape (n_units, n_repeats, n_rows): Row whose values each row received.
    `bins`, ndarray of int of shape (n_units, n_rows): Label of each row's bin inside its block.
    `lam`, ndarray of shape (n_units,): How much worse the model of the other columns is than it could be.
    `block`, `stratum`, ndarray of shape (n_rows,): Number of each row's donor-closed block, and of its stratum.
    """

    donors: NDArray[np.integer]
    bins: NDArray[np.integer]
    lam: NDArray[np.float64]
    block: NDArray[np.integer]
    stratum: NDArray[np.integer]


# of losses beyond all bounds, as in `GivenMoments.of`
@np.errstate(over="ignore", invalid="ignore")
def given_paired(
    changes: tuple[ArrayLike, ArrayLike],
    rows: tuple[ArrayLike, ArrayLike],
    swaps: GivenSwaps,
    *,
    allowances: tuple[ArrayLike, ArrayLike] | None = None,
    weights: ArrayLike | None = None,
    function: Function = IDENTITY.change,
    sign: float = 1.0,
) -> Inference:
    """Estimate how much more the second model relies on each feature, given the same columns.

    The lower end allows for what the second model's importance owes to errors of the model of the other columns, the
    upper end for what the first one's does.

    `changes`, `allowances`, tuple of two arrays of shape (n_units, n_repeats, n_rows): Of the first and of the second
        model, as for `GivenMoments.of`. Without allowances there is no p-value where lam is above 0.
    `rows`, tuple of two arrays of shape (n_rows,) or (n, n_rows): Row components of either model; the first is its loss
        before any swap.
    `swaps`: Who gave to whom.
    `weights`, array of shape (n_rows,), optional: Sample weights.
    `function`: What is reported of the means, as for `weighin._inference.infer`.
    `sign`: -1 where the metric grows with quality.

    Returns Arrays of shape (n_units,).
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in changes)
    own, other = (np.atleast_2d(np.asarray(values, dtype=np.float64)) for values in rows)
    before = np.concatenate([own, other - own])
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)
    extra = None if allowances is None else [np.asarray(values, dtype=np.float64) for values in allowances]
    parts = []
    for start in range(0, len(first), TOGETHER):
        units = np.arange(start, min(start + TOGETHER, len(first)))
        n = len(units)
        of_stratum: dict[int, GivenMoments] = {}
        for stratum, members, donors in closed_blocks(swaps.block, swaps.stratum, swaps.donors[units]):
            here = np.ix_(units, np.arange(first.shape[1]), members)
            one, two = first[here], second[here]
            moments = GivenMoments.of(
                np.concatenate([one, two - one]),
                donors,
                swaps.bins[np.ix_(units, members)],
                before[:, members],
                allowance=None if extra is None else np.concatenate([values[here] for values in extra]),
                swaps=[*range(n), *range(n)],
                weights=None if weight is None else weight[members],
                moved=np.concatenate([one, two]) != 0,
            )
            of_stratum[stratum] = of_stratum[stratum] + moments if stratum in of_stratum else moments
        parts.append(_judged(list(of_stratum.values()), swaps.lam[units], of_two(function, len(own)), sign))
    return joined(parts)


def free_and_given(
    free: RowChanges, given: RowChanges, places: tuple[int, int], offer: Offer
) -> GivenEvidence:
    """Put one feature shuffled freely, unit 0, and given other columns, unit 1, together from the same rows.

    `free`, `given`: Of the same blocks.
    `places`: Numbers of the feature in `free` and in `given`.
    `offer`: What is said of it given other columns.
    """
    number, other = places
    assert given.bins is not None
    assert given.lam is not None
    seen = np.flatnonzero((given.block >= 0) & (free.block >= 0))
    place = np.full(len(given.block), -1)
    place[seen] = np.arange(len(seen))
    n_repeats = min(free.changes.shape[1], given.changes.shape[1])
    changes = np.stack([free.changes[number, :n_repeats], given.changes[other, :n_repeats]])[..., seen]
    donors = place[np.stack([free.donors[:n_repeats], given.donors[other, :n_repeats]])[..., seen]]
    rows = np.stack([part[seen] for part in (given.before, given.spread) if part is not None])
    strata: dict[int, GivenMoments] = {}
    for stratum, members, local in closed_blocks(given.block[seen], given.stratum[seen], donors):
        here = seen[members]
        moments = GivenMoments.of(
            changes[..., members],
            local,
            np.stack([np.zeros(len(here), dtype=np.int32), given.bins[other, here]]),
            rows[:, members],
            allowance=None if given.allowance is None else given.allowance[[other], :n_repeats][..., here],
            allowing=[1],
            weights=None if given.weights is None else given.weights[here],
        )
        strata[stratum] = strata[stratum] + moments if stratum in strata else moments
    return GivenEvidence.of(list(strata.values()), [0.0, float(given.lam[other])], ["all", offer])


def _judged(
    strata: list[GivenMoments], lam: NDArray[np.float64], function: Function, sign: float
) -> Inference:
    """Second minus first; units n and more are what the second model's changes are more than the first one's."""
    n, first = len(lam), strata[0]
    value, slopes = linearise(strata, function)
    few = few_rows(strata)
    either = few[:n] | few[n:]
    estimate, by = value[n:] - value[:n], slopes[n:] - slopes[:n]

    def judged(estimate: NDArray[np.float64], by: NDArray[np.float64]) -> Inference:
        return Inference.of(sign * estimate, given_spread(strata, sign * by), either)

    plain = judged(estimate, by)
    tested = (lam == 0) | (len(first.allowing) > 0)
    if not first.allowing:
        return plain if tested.all() else allowed_for(plain, plain, plain, tested)
    total = sum(moments.n_rows for moments in strata)
    means = np.sum([moments.n_rows / total * moments.mean for moments in strata], axis=0)
    units = np.arange(n)
    # slopes of the first are laid out for a difference: see `of_two`
    second_slope = slopes[n + units, n + units]
    ends = []
    for side, slope, place in (
        (1.0, second_slope, first.n_units + n + units),
        (-1.0, slopes[units, units] + second_slope, first.n_units + units),
    ):
        amount, less = side * lam * slope * means[place], by.copy()
        less[units, place] -= side * lam * slope
        if first.row_weight:
            less[:, -1] += amount / means[-1]
        ends.append(judged(estimate - amount, less))
    return allowed_for(plain, ends[0], ends[1], tested)
