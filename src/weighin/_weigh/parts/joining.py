"""Parts of the rows as one result: none twice, none missing unless said, whatever the order they come in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from weighin._base.checks import is_whole
from weighin._base.errors import InputError, MetricError
from weighin._inference import GivenEvidence, Link
from weighin._results.importance import Importance
from weighin._weigh.parts.adding import in_order, of_strata, with_strata
from weighin._weigh.parts.part import Part, PartSums, PartTerms
from weighin._weigh.parts.weigher import NAMES_FROM
from weighin._weigh.to_result import Place, assembled

# by which a part that comes twice may differ: another machine adds up in another order
TWICE_ERROR = 1e-5
# below which parts differ by more than chance
UNLIKELY = 1e-4
# numbers named in a message
NAMED = 10


def join_parts(
    parts: Iterable[Part], n_parts: int | None = None, *, missing: Literal["raise", "note"] = "raise"
) -> Importance:
    """Make a result of parts of one plan.

    Parameters
    ----------
    parts : iterable of Part
        In any order: the result is the same, to the last bit where none of them was added up before. A number that
        comes twice, as it does where a task ran again, counts once.
    n_parts : int, optional
        How many there should be: then 0 to ``n_parts - 1`` have to be there. By default up to the largest number.
    missing : {"raise", "note"}
        What to do about numbers that are missing: name them in an error, or in a note of a result of the others. The
        rest is as good a sample as all only if what was lost has nothing to do with what was in it.

    Returns
    -------
    Importance
        As `weigh` gives: of the same rows in the same random order, the same numbers but for rounding.

    Raises
    ------
    InputError
        On no parts, parts of different plans, parts that overlap, parts of one number that differ, or missing ones.
    MetricError
        If a metric is not defined on these rows.

    Examples
    --------
    >>> import numpy as np
    >>> import weighin
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> model, y = (lambda rows: 3 * rows[:, 0]), 3 * X[:, 0]
    >>> plan = weighin.plan_parts(model, X, y, metric="mse", n_repeats=5, random_state=0)
    >>> cuts = [slice(0, 100), slice(100, 200), slice(200, 300)]
    >>> parts = [weighin.weigh_part(model, X[cut], plan, k, y=y[cut]) for k, cut in enumerate(cuts)]
    >>> weighin.join_parts(reversed(parts)) == weighin.join_parts(parts)
    True
    """
    return joined(parts, n_parts, missing=missing)


def joined(
    parts: Iterable[Part],
    n_parts: int | None = None,
    *,
    missing: str = "raise",
    rows: str = "",
    notes: Sequence[str] = (),
    complete: bool = True,
) -> Importance:
    """The same, with more to say.

    `rows`: which rows they are, in words. `notes`: what else a reader must know. `complete`: whether all rows are in.
    """
    if missing not in ("raise", "note"):
        raise InputError(f'missing must be "raise" or "note", got {missing!r}.')
    if n_parts is not None and (not is_whole(n_parts) or n_parts < 1):
        raise InputError(f"n_parts must be an integer >= 1 or None, got {n_parts!r}.")
    distinct, n_twice = _distinct(parts)
    lacking = _lacking(distinct, n_parts)
    said = list(notes)
    if lacking:
        which = f"{len(lacking):,} part{'s are' * (len(lacking) > 1) or ' is'} missing: {_numbers(lacking)}"
        if missing == "raise":
            raise InputError(f'{which}. Weigh them, or pass missing="note" for a result of the others.')
        said.append(f"{which}; if what was lost has to do with what was in it, the rest is no random sample.")
    if n_twice:
        said.append(f"{n_twice:,} part{'s' * (n_twice > 1)} came twice, and counted once.")
    terms = distinct[0].terms
    total = _added_up(distinct)
    said += _one_of_each(note for part in distinct for note in part.notes)
    said += _unlike(distinct)
    n_places = sorted({sums.segment for sums in total.sums if sums.segment is not None}, key=_ordered)
    by_place = {(sums.metric, sums.segment): sums for sums in total.sums}
    places = [
        _place(by_place[metric, segment], total, terms, number)
        for number, metric in enumerate(terms.metrics)
        for segment in (None, *n_places)
    ]
    common: dict[str, Any] = {
        "features": terms.features,
        "kernels": dict(total.kernels),
        "rows": rows
        or f"{total.n_rows:,} rows in {len(total.numbers):,} part{'s' * (len(total.numbers) > 1)}",
        "model": terms.model,
        "random_state": terms.random_state,
        "block_rows": terms.block_rows,
        "groups": dict(terms.groups),
        "by": terms.by,
        "given": terms.given,
        "given_reports": dict(terms.given_reports),
        "complete": complete and not lacking,
    }
    return assembled(Importance, common, places, said)


def _added_up(parts: Sequence[Part]) -> Part:
    """Neighbours first, then their sums: the same for the same parts, and quick for very many."""
    level = list(parts)
    while len(level) > 1:
        pairs = [one + other for one, other in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(level) // 2 * 2 :]
    return level[0]


def _distinct(parts: Iterable[Part]) -> tuple[list[Part], int]:
    """Parts by number, each once; and how many came again.

    Raises InputError: see `join_parts`.
    """
    by_numbers: dict[tuple[int, ...], Part] = {}
    owner: dict[int, tuple[int, ...]] = {}
    n_twice = 0
    for part in parts:
        if not isinstance(part, Part):
            raise InputError(f"join_parts takes parts, as weigh_part gives them; got {type(part).__name__}.")
        if by_numbers:
            next(iter(by_numbers.values())).terms.check_same(part.terms)
        if part.numbers in by_numbers:
            _check_again(by_numbers[part.numbers], part)
            n_twice += 1
            # whichever comes first
            by_numbers[part.numbers] = min(by_numbers[part.numbers], part, key=_tie)
            continue
        both = [number for number in part.numbers if number in owner]
        if both:
            raise InputError(
                f"Part {both[0]} is in two parts that were added up with different others: join single parts, or add "
                "up the same ones."
            )
        by_numbers[part.numbers] = part
        owner.update(dict.fromkeys(part.numbers, part.numbers))
    if not by_numbers:
        raise InputError("There are no parts to join.")
    return [by_numbers[numbers] for numbers in sorted(by_numbers)], n_twice


def _tie(part: Part) -> bytes:
    """Some order of parts that differ by rounding."""
    return part.sums[0].change.tobytes()


def _check_again(first: Part, again: Part) -> None:
    mine, theirs = ({(sums.metric, sums.segment): sums for sums in part.sums} for part in (first, again))
    alike = first.n_rows == again.n_rows and mine.keys() == theirs.keys()
    for place in mine if alike else ():
        one, other = mine[place], theirs[place]
        size = max(float(np.abs(one.change).max(initial=0.0)), abs(one.before))
        alike = alike and bool(
            np.allclose(one.change, other.change, TWICE_ERROR, TWICE_ERROR * size)
            and np.isclose(one.before, other.before, TWICE_ERROR, TWICE_ERROR * size)
        )
    if not alike:
        raise InputError(
            f"Part {_numbers(first.numbers)} came twice with different numbers: its rows, or the model, were not the "
            "same both times. Number parts so that the same number always has the same rows."
        )


def _lacking(parts: Sequence[Part], n_parts: int | None) -> list[int]:
    there = {number for part in parts for number in part.numbers}
    places = [number for number in there if number < NAMES_FROM]
    last = max(places, default=-1) + 1 if n_parts is None else n_parts
    beyond = [number for number in places if number >= last]
    if beyond:
        raise InputError(f"Part {min(beyond)} is there, and n_parts={n_parts} allows 0 to {last - 1}.")
    if n_parts is None and last > 4 * len(there) + 1000:
        # too many to name: numbers were meant as names
        raise InputError(
            f"The parts have {len(there):,} numbers, the largest of them {last - 1:,}: number them 0, 1, 2 and so on, "
            f"or use numbers of {NAMES_FROM} and more, which are names."
        )
    return sorted(set(range(last)) - there)


def _numbers(numbers: Sequence[int]) -> str:
    """Ranges: "3, 7 to 9, 12"."""
    ranges = []
    for _, group in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        inside = [number for _, number in group]
        ranges.append(str(inside[0]) if len(inside) == 1 else f"{inside[0]} to {inside[-1]}")
    more = len(ranges) - NAMED
    return ", ".join(ranges[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _place(sums: PartSums, total: Part, terms: PartTerms, number: int) -> Place:
    """What the sums of a metric on all rows, or on a segment, say."""
    metric, link = terms.metrics[number], terms.links[number]
    sums = _centred(sums) if terms.centre is not None and link.needs_spread else sums
    if not sums.weight:
        baseline, change = float("nan"), np.full(sums.change.shape, np.nan)
    else:
        baseline, change = _of_link(sums, link)
    if sums.segment is None and not np.isfinite(baseline):
        raise MetricError(
            f"{metric} is {baseline} on the rows before any swap; nothing can be compared with it."
        )
    n_rows = list(zip(terms.strata or (None,), total.stratum_rows, strict=True))
    evidence = in_order(sums.evidence, sums.strata, n_rows)
    greater = terms.greater_is_better[number]
    inseparable = [
        name in terms.given_reports and bool(terms.given_reports[name].inseparable_from)
        for name in terms.features
    ]
    change[inseparable] = np.nan
    return Place(metric, greater, link, terms.weighted, sums.segment, baseline, change, sums.n_rows, evidence)


def _of_link(sums: PartSums, link: Link) -> tuple[float, NDArray[np.float64]]:
    """The metric before any swap, and what each swap changed of it."""
    before, spread = sums.before / sums.weight, sums.spread / sums.weight
    baseline = float(link.value(np.array(before), spread))
    # NaN where the pairs of a shuffle have no weight
    with np.errstate(divide="ignore", invalid="ignore"):
        change = sums.change / sums.pair_weight
    return baseline, change if link.is_mean else link.value(before + change, spread) - baseline


def _centred(sums: PartSums) -> PartSums:
    """Squared distances of the target from its mean on these rows, instead of the sample's."""
    if not sums.weight:
        return sums
    away = (sums.target / sums.weight) ** 2
    evidence = []
    for one in sums.evidence:
        strata = []
        for moments in of_strata(one):
            mean = moments.mean.copy()
            mean[moments.n_pairs + 1] -= away * (mean[-1] if moments.row_weight else 1.0)
            strata.append(replace(moments, mean=mean))
        evidence.append(with_strata(one, strata))
    return replace(sums, spread=sums.spread - sums.weight * away, evidence=tuple(evidence))


def _unlike(parts: Sequence[Part]) -> list[str]:
    """Say so where parts differ by more than chance: their rows do not come in random order."""
    single = [sums for part in parts for sums in part.sums[:1] if sums.evidence]
    if len(single) < 2 or parts[0].terms.strata:
        return []
    least = 1.0
    for number in range(len(single[0].evidence)):
        moments = [of_strata(sums.evidence[number])[0] for sums in single if len(sums.evidence) > number]
        if len({len(each.mean) for each in moments}) > 1:
            return []
        n, means = np.array([each.n_rows for each in moments]), np.array([each.mean for each in moments])
        squares = np.array([np.diag(each.psi) for each in moments]).sum(0) / (n.sum() - len(n))
        if isinstance(single[0].evidence[number], GivenEvidence):
            # its sums of squares are of another form
            means, squares = means[:, -1:], squares[-1:]
        away = means - n @ means / n.sum()
        varies = squares > 0
        if not varies.any():
            continue
        chi = (n[:, None] * away**2).sum(0)[varies] / squares[varies]
        chance = chdtrc(len(n) - 1, chi).min() * varies.sum() * len(single[0].evidence)
        least = min(least, float(chance))
    if least >= UNLIKELY:
        return []
    return [
        f"Parts differ from each other by more than chance (p = {least:.1g}): their rows do not come in random order. "
        "Rows exchanged values with those of their part only, so that importances speak of such parts, and intervals "
        "may be too narrow: put all rows in random order first."
    ]


def _one_of_each(notes: Iterable[str]) -> list[str]:
    """Notes that differ by their numbers only are one."""
    kinds: dict[str, list[str]] = {}
    for note in notes:
        same = kinds.setdefault(re.sub(r"\d[\d,.]*", "", note), [])
        if note not in same:
            same.append(note)
    return [
        same[0] if len(same) == 1 else f"{same[0]} ({len(same) - 1:,} more like this, of other parts.)"
        for same in kinds.values()
    ]


def _ordered(value: Any) -> tuple[bool, Any]:
    return (isinstance(value, str), value)
