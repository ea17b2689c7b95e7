"""Moments of two parts of the rows as one: strata by their values, features by the sets that both have."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

import numpy as np

from weighin._inference import Evidence, GivenEvidence, Moments, Strata
from weighin._inference.given import GivenMoments

OneStratum = TypeVar("OneStratum", Moments, GivenMoments)


def evidence_of_both(
    mine: Sequence[Evidence],
    my_strata: Sequence[Any],
    theirs: Sequence[Evidence],
    their_strata: Sequence[Any],
) -> tuple[tuple[Evidence, ...], tuple[Any, ...]]:
    """Evidence of the rows of both, and the value of each of its strata; none where neither has any."""
    if not mine or not theirs:
        return (tuple(mine), tuple(my_strata)) if mine else (tuple(theirs), tuple(their_strata))
    strata = (*my_strata, *(value for value in their_strata if value not in my_strata))
    both = []
    for one, other in zip(*_same_sets(mine, theirs), strict=True):
        by_stratum = dict(zip(my_strata, of_strata(one), strict=True))
        for value, moments in zip(their_strata, of_strata(other), strict=True):
            by_stratum[value] = by_stratum[value] + moments if value in by_stratum else moments
        both.append(with_strata(one, [by_stratum[value] for value in strata]))
    return tuple(both), strata


def in_order(
    evidence: Sequence[Evidence], strata: Sequence[Any], n_rows: Sequence[tuple[Any, int]]
) -> tuple[Evidence, ...]:
    """Evidence with its strata in order, each of so many rows: those that it lacks are outside the segment."""
    ordered = []
    for one in evidence:
        by_stratum = dict(zip(strata, of_strata(one), strict=True))
        like = next(iter(by_stratum.values()))
        ordered.append(
            with_strata(one, [_padded(by_stratum.get(value), like, rows) for value, rows in n_rows if rows])
        )
    return tuple(ordered)


def of_strata(evidence: Evidence) -> tuple[Any, ...]:
    """Moments of each stratum."""
    return evidence.strata if isinstance(evidence, GivenEvidence) else evidence.moments


def with_strata(evidence: Evidence, moments: Sequence[Any]) -> Evidence:
    """The same of other moments."""
    if isinstance(evidence, GivenEvidence):
        return replace(evidence, strata=tuple(moments))
    return replace(cast("Strata", evidence), moments=tuple(moments))


def _padded(moments: OneStratum | None, like: OneStratum, n_rows: int) -> OneStratum:
    """With rows that weigh nothing, up to so many."""
    zeros: dict[str, Any] = {
        entry.name: np.zeros_like(getattr(like, entry.name))
        for entry in fields(like)
        if isinstance(getattr(like, entry.name), np.ndarray)
    }
    if moments is None:
        return replace(like, n_rows=n_rows, **zeros)
    lacking = n_rows - moments.n_rows
    return moments + replace(like, n_rows=lacking, **zeros) if lacking else moments


def _same_sets(
    mine: Sequence[Evidence], theirs: Sequence[Evidence]
) -> tuple[Sequence[Evidence], Sequence[Evidence]]:
    """Both cut into the same sets of features: how many are joint depends on the memory there was."""
    ends = [list(itertools.accumulate(part.n_units for part in parts)) for parts in (mine, theirs)]
    if ends[0] == ends[1]:
        return mine, theirs
    cuts = sorted({*ends[0], *ends[1]})
    return _cut(mine, cuts), _cut(theirs, cuts)


def _cut(parts: Sequence[Evidence], cuts: Sequence[int]) -> list[Evidence]:
    first, cut = 0, []
    for part in parts:
        inside = [first, *(at for at in cuts if first < at <= first + part.n_units)]
        cut += [part.units(range(at - first, end - first)) for at, end in itertools.pairwise(inside)]
        first += part.n_units
    return cut
