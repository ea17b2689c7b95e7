"""Pair two results where that can be, or say why not, and which rows both have as far as they tell."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weighin._inference import (
    GivenEvidence,
    GivenSwaps,
    Inference,
    RowChanges,
    chosen,
    given_paired,
    joined,
    unknown,
)
from weighin._inference.judging import judge_change
from weighin._inference.paired import independent, paired
from weighin._results.importance import Importance
from weighin._results.importance_sentences import which_rows
from weighin._results.shares import Shares

# why two results are not compared pair by pair
OTHER_ROWS, OTHER_TABLE, UNKNOWN_TABLE = "other rows", "other table", "unknown table"
OTHER_SHUFFLES, NOTHING_KEPT, SEGMENTS, NO_PAIRS = "other shuffles", "nothing kept", "segments", "no pairs"
OTHER_GIVEN, SHARES = "other columns given", "shares"
# what `by` is called where the segments came as an array: two of this name may be anything
UNNAMED = "segment"

Places = Sequence[Sequence[int]]


@dataclasses.dataclass(frozen=True)
class Pairing:
    """How two results are compared."""

    # of the second minus the first
    inference: Inference
    # why it was not pair by pair; empty where it was
    why_not: str
    # "all", "some", "none" or "unknown"
    rows_in_common: Literal["all", "some", "none", "unknown"]


def pairing(first: Importance, second: Importance, places: Places) -> Pairing:
    """Judge the difference pair by pair where that can be, else as that of independent results."""
    common = rows_in_common(first, second)
    why_not = _in_the_way(first, second)
    by_pairs = None
    if not why_not:
        by_pairs = _by_rows(first, second, places) or judge_change(
            first.evidence, second.evidence, places, _sign(first)
        )
        if by_pairs is None:
            why_not = NOTHING_KEPT if has_rows(first) and has_rows(second) else NO_PAIRS
    if by_pairs is None:
        return Pairing(independent(_judged(first, places[0]), _judged(second, places[1])), why_not, common)
    ignored = [_ignored(result, own) for result, own in zip((first, second), places, strict=True)]
    return Pairing(by_pairs.ignoring(ignored[0] & ignored[1]), "", common)


def rows_in_common(first: Importance, second: Importance) -> Literal["all", "some", "none", "unknown"]:
    """Tell which rows both were weighed on: of two tables whose targets differ, nobody can say."""
    if not first.rows_sum or first.rows_sum != second.rows_sum:
        return "unknown"
    if first.segment is None and second.segment is None:
        return "all"
    if first.segment is None or second.segment is None:
        return "some"
    if first.by != second.by or first.by == UNNAMED:
        return "unknown"
    return "all" if first.segment == second.segment else "none"


def has_rows(result: Importance) -> bool:
    """Whether its metric has a value for each row, which could have been kept."""
    return any(evidence.moments or isinstance(evidence, GivenEvidence) for evidence in result.evidence)


def _in_the_way(first: Importance | Shares, second: Importance | Shares) -> str:
    """Say what keeps two results from being compared pair by pair; empty where nothing does yet."""
    if isinstance(first, Shares):
        return SHARES
    if (first.segment, first.n_rows) != (second.segment, second.n_rows):
        return OTHER_ROWS
    if not first.rows_sum or first.rows_sum != second.rows_sum:
        if which_rows(first) != which_rows(second):
            return OTHER_ROWS
        return OTHER_TABLE if first.rows_sum and second.rows_sum else UNKNOWN_TABLE
    if first.given != second.given:
        return OTHER_GIVEN
    if first.segment is not None:
        return SEGMENTS
    shuffles = [(result.random_state, result.n_repeats, result.block_rows) for result in (first, second)]
    return OTHER_SHUFFLES if shuffles[0] != shuffles[1] else ""


def _by_rows(first: Importance, second: Importance, places: Places) -> Inference | None:
    """Compare what each swap changed row by row, where both kept that."""
    if first.kept is None or second.kept is None or first.link != second.link:
        return None
    kept, other = first.kept.of(places[0]), second.kept.of(places[1])
    if (
        not _same_swaps(kept, other)
        or (kept.weights is None) != _unweighted(first)
        or (first.link.needs_spread and kept.spread is None)
    ):
        return None
    seen = np.flatnonzero(kept.block >= 0)
    place_among_seen = np.full(len(kept.block), -1)
    place_among_seen[seen] = np.arange(len(seen))
    changes = kept.changes[..., seen], other.changes[..., seen]
    donors, block, stratum = place_among_seen[kept.donors[..., seen]], kept.block[seen], kept.stratum[seen]
    rows = _row_components(kept, seen), _row_components(other, seen)
    weights = None if kept.weights is None else kept.weights[seen]
    function, sign = first.link.change, _sign(first)
    if kept.lam is None:
        inference = paired(
            changes, donors, rows, block=block, stratum=stratum, weights=weights, function=function, sign=sign
        )
    else:
        assert kept.bins is not None
        swaps = GivenSwaps(donors, kept.bins[:, seen], kept.lam, block, stratum)
        allowed = None
        if kept.allowance is not None and other.allowance is not None:
            allowed = kept.allowance[..., seen], other.allowance[..., seen]
        inference = given_paired(
            changes, rows, swaps, allowances=allowed, weights=weights, function=function, sign=sign
        )
    before, after = (
        result.importances_mean[list(own)] for result, own in zip((first, second), places, strict=True)
    )
    size = float(np.nanmax(np.abs([before, after]), initial=0.0))
    # an .npz of another run beside the JSON would tell another story
    there = np.isfinite(after - before) | np.isnan(inference.estimate)
    same = np.allclose(
        inference.estimate[there], (after - before)[there], rtol=1e-3, atol=1e-4 * size, equal_nan=True
    )
    if not same:
        return None
    apart = _judged(first, places[0]), _judged(second, places[1])
    few = apart[0].few_rows | apart[1].few_rows
    inference = dataclasses.replace(inference, few_rows=inference.few_rows | few)
    # a feature that cannot be told from the columns it is given has no difference either
    lacking = np.isnan(apart[0].se) | np.isnan(apart[1].se)
    if kept.lam is None or not lacking.any():
        return inference
    order = np.argsort(lacking, kind="stable")
    measured, left = np.split(order, [len(order) - lacking.sum()])
    both = joined([chosen(inference, measured.tolist()), chosen(independent(*apart), left.tolist())])
    return chosen(both, np.argsort(order).tolist())


def _row_components(kept: RowChanges, seen: NDArray[np.int64]) -> NDArray[Any]:
    """The loss before any swap, and for R2 the distance from the mean of the target."""
    components = [kept.before] if kept.spread is None else [kept.before, kept.spread]
    return np.stack(components)[:, seen]


def _unweighted(result: Importance) -> bool:
    return not any(
        moments.weighted or moments.row_weight
        for evidence in result.evidence
        for moments in (evidence.strata if isinstance(evidence, GivenEvidence) else evidence.moments)
    )


def _same_swaps(kept: RowChanges, other: RowChanges) -> bool:
    names = ("donors", "block", "stratum", "weights", "bins", "lam")
    return all(np.array_equal(getattr(kept, name), getattr(other, name)) for name in names)


def _sign(result: Importance) -> float:
    return -1.0 if result.greater_is_better else 1.0


def _ignored(result: Importance, places: Sequence[int]) -> NDArray[np.bool_]:
    return result.ignored[list(places)]


def _judged(result: Importance, places: Sequence[int]) -> Inference:
    inference = result._judged
    return unknown(result.importances_mean[list(places)]) if inference is None else chosen(inference, places)
