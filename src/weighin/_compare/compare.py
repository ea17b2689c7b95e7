"""Compare two results: check that they speak of the same thing, pair them where that can be, judge."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._base.versions import versions
from weighin._inference import Inference, LeftOut, RowChanges, Strata, delete_one_block
from weighin._inference.paired import independent, joined, paired, some, unknown
from weighin._results.comparison import Comparison
from weighin._results.importance import Importance
from weighin._results.importance_sentences import which_rows

# why two results are not compared pair by pair
OTHER_ROWS, OTHER_TABLE, UNKNOWN_TABLE = "other rows", "other table", "unknown table"
OTHER_SHUFFLES, NOTHING_KEPT, SEGMENTS, NO_PAIRS = "other shuffles", "nothing kept", "segments", "no pairs"


def compare(
    a: Importance, b: Importance, *, metric: str | None = None, labels: Sequence[str] = ("a", "b")
) -> Comparison:
    """Tell what weighs more, or less, in one result than in another: two models, two seasons, before and after.

    Parameters
    ----------
    a, b : Importance
        Of the same metric. Where both were weighed on the same rows with the same shuffles and kept their rows
        (``weigh([model_a, model_b], X)``, or ``keep_rows=True`` with the same `random_state`), they are compared pair
        by pair, and whatever moves both alike cancels. Rows are known again by a sum of their target. Otherwise they
        are taken as independent.
    metric : str, optional
        Which one, of results with several; the first of `a` by default.
    labels : sequence of two str
        What to call them.

    Returns
    -------
    Comparison
        Differences are `b` minus `a`, with intervals.

    Raises
    ------
    InputError
        If the metrics or their directions differ, no feature is in both, or a group of one name has other members.

    Examples
    --------
    >>> import numpy as np
    >>> from weighin import Importance
    >>> before = Importance(("spread", "week"), np.array([[7.0, 8.0], [0.0, 0.1]]), 12.5, "mae", False, 730)
    >>> after = Importance(("spread", "elo"), np.array([[5.0, 6.0], [1.0, 1.2]]), 12.1, "mae", False, 748)
    >>> compare(before, after).difference.tolist()
    [-2.0, nan, nan]
    """
    named = _labels(labels)
    first, second = _of_one_metric(a, b, metric)
    common = [name for name in first.features if name in second.features]
    if not common:
        raise InputError(
            f"No feature is in both results. In {named[0]}: {listing(first.features)}; in {named[1]}: "
            f"{listing(second.features)}."
        )
    _check_groups(first, second, common)
    places = [[one.features.index(name) for name in common] for one in (first, second)]
    judged, why_not = _pair(first, second, places)
    if judged is None:
        judged = independent(_judged(first, places[0]), _judged(second, places[1]))
    alone = [
        [name for name in one.features if name not in other.features]
        for one, other in ((first, second), (second, first))
    ]
    everything = joined([judged, unknown(np.full(len(alone[0]) + len(alone[1]), np.nan))])
    features = (*common, *alone[0], *alone[1])
    values = [_importances(one, features) for one in (first, second)]
    return Comparison(
        features=features,
        labels=named,
        first=values[0],
        second=values[1],
        difference=values[1] - values[0],
        se=everything.se,
        skewness=everything.skewness,
        df=everything.df,
        few_rows=everything.few_rows,
        paired=not why_not,
        metric=first.metric,
        greater_is_better=first.greater_is_better,
        baselines=(float(first.baseline), float(second.baseline)),
        n_rows=(int(first.n_rows), int(second.n_rows)),
        rows=(which_rows(first), which_rows(second)),
        models=(first.model, second.model),
        simulated=first.simulated or second.simulated,
        notes=tuple(_notes(first, second, named, why_not)),
        versions=versions(),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _labels(labels: Sequence[str]) -> tuple[str, str]:
    pair = () if isinstance(labels, str) else tuple(labels)
    if len(pair) != 2 or not all(isinstance(label, str) and label.strip() for label in pair):
        raise InputError(f"labels must be two names such as ('2020', '2021'), got {labels!r}.")
    if pair[0] == pair[1]:
        raise InputError(f"labels must differ, got {pair[0]!r} twice.")
    return pair[0], pair[1]


def _of_one_metric(a: Any, b: Any, metric: str | None) -> tuple[Importance, Importance]:
    for result in (a, b):
        if not isinstance(result, Importance):
            hint = " weighin.Importance.load(path) reads one." if isinstance(result, str) else ""
            raise InputError(
                f"compare takes two results of weighin.weigh, got {type(result).__name__}.{hint}"
            )
    wanted = a.metric if metric is None else metric
    found = []
    for result in (a, b):
        if wanted not in result.metrics:
            shared = [name for name in a.metrics if name in b.metrics]
            hint = f" Both know {listing(shared)}: compare(..., metric={shared[0]!r})." if shared else ""
            raise InputError(
                f"Importances in {wanted} cannot be compared with importances in {listing(result.metrics)}: the units "
                f"differ.{nearest(wanted, result.metrics)}{hint or ' Weigh both with the same metric=.'}"
            )
        found.append(result.of(wanted, result.segment))
    first, second = found
    if first.greater_is_better != second.greater_is_better:
        ways = ["more" if one.greater_is_better else "less" for one in found]
        raise InputError(
            f"The metric {wanted!r} is better when it is {ways[0]} in one result and {ways[1]} in the other: they "
            "measure different things. Weigh both with the same greater_is_better=."
        )
    return first, second


def _check_groups(first: Importance, second: Importance, common: Sequence[str]) -> None:
    for name in common:
        members = [set(one.groups.get(name, ())) for one in (first, second)]
        if members[0] != members[1]:
            raise InputError(
                f"{name!r} is not the same in both results: {_members(members[0])} and {_members(members[1])}. Weigh "
                "both with the same groups=, or call the groups differently."
            )


def _members(members: set[str]) -> str:
    return f"the group of {listing(sorted(members))}" if members else "a single feature"


def _pair(
    first: Importance, second: Importance, places: Sequence[Sequence[int]]
) -> tuple[Inference | None, str]:
    """Judge pair by pair where that can be; else say why not."""
    if (first.segment, first.n_rows) != (second.segment, second.n_rows):
        return None, OTHER_ROWS
    if not first.rows_sum or first.rows_sum != second.rows_sum:
        if which_rows(first) != which_rows(second):
            return None, OTHER_ROWS
        return None, OTHER_TABLE if first.rows_sum and second.rows_sum else UNKNOWN_TABLE
    if first.segment is not None:
        return None, SEGMENTS
    for name in ("random_state", "n_repeats", "block_rows"):
        if getattr(first, name) != getattr(second, name):
            return None, OTHER_SHUFFLES
    judged = _pair_rows(first, second, places) or _pair_shares(first, second, places)
    if judged is None:
        return None, NOTHING_KEPT if _has_rows(first) and _has_rows(second) else NO_PAIRS
    ignored = [_ignored(result, here) for result, here in zip((first, second), places, strict=True)]
    return judged.ignoring(ignored[0] & ignored[1]), ""


def _pair_rows(first: Importance, second: Importance, places: Sequence[Sequence[int]]) -> Inference | None:
    one, two = first.kept, second.kept
    if one is None or two is None or first.link != second.link or not _alike(one, two):
        return None
    if (one.weights is None) != _unweighted(first) or (first.link.needs_spread and one.spread is None):
        return None
    seen = np.flatnonzero(one.block >= 0)
    own = np.full(len(one.block), -1)
    own[seen] = np.arange(len(seen))
    judged = paired(
        (one.changes[places[0]][..., seen], two.changes[places[1]][..., seen]),
        own[one.donors[:, seen]],
        (_of_rows(one, seen), _of_rows(two, seen)),
        block=one.block[seen],
        stratum=one.stratum[seen],
        weights=None if one.weights is None else one.weights[seen],
        function=first.link.change,
        sign=-1.0 if first.greater_is_better else 1.0,
    )
    values = [some.importances_mean[list(here)] for some, here in zip((first, second), places, strict=True)]
    size = float(np.abs(values).max(initial=0.0))
    # an .npz of another run beside the JSON would tell another story
    same = np.allclose(judged.estimate, values[1] - values[0], rtol=1e-3, atol=1e-4 * size, equal_nan=True)
    few = _judged(first, places[0]).few_rows | _judged(second, places[1]).few_rows
    return dataclasses.replace(judged, few_rows=judged.few_rows | few) if same else None


def _of_rows(kept: RowChanges, seen: NDArray[np.int64]) -> NDArray[Any]:
    """Row components: the loss before any swap, and for R2 the distance from the mean of the target."""
    parts = [kept.before] if kept.spread is None else [kept.before, kept.spread]
    return np.stack(parts)[:, seen]


def _has_rows(result: Importance) -> bool:
    """Whether its metric has a value for each row, which could have been kept."""
    return any(isinstance(evidence, Strata) for evidence in result.evidence)


def _unweighted(result: Importance) -> bool:
    return not any(evidence.weighted for evidence in result.evidence if isinstance(evidence, Strata))


def _alike(one: RowChanges, two: RowChanges) -> bool:
    names = ("donors", "block", "stratum", "weights")
    return all(np.array_equal(getattr(one, name), getattr(two, name)) for name in names)


def _pair_shares(first: Importance, second: Importance, places: Sequence[Sequence[int]]) -> Inference | None:
    """Estimates that left out the same shares of the rows."""
    left_out = []
    for result in (first, second):
        parts = result.evidence
        if not parts or not all(isinstance(part, LeftOut) for part in parts):
            return None
        left_out.append(parts)
    sizes = [part.sizes for parts in left_out for part in parts if isinstance(part, LeftOut)]
    if not all(np.array_equal(size, sizes[0]) for size in sizes):
        return None
    sign = -1.0 if first.greater_is_better else 1.0

    def difference(name: str) -> NDArray[np.float64]:
        one, two = _of_shares(left_out, name, places)
        return sign * (two - one)

    changed = np.minimum(*_of_shares(left_out, "changed", places))
    return delete_one_block(difference("estimate"), difference("without"), sizes[0], changed)


def _of_shares(
    left_out: Sequence[Sequence[Any]], name: str, places: Sequence[Sequence[int]]
) -> list[NDArray[np.float64]]:
    return [
        np.concatenate([getattr(part, name) for part in parts])[list(here)]
        for parts, here in zip(left_out, places, strict=True)
    ]


def _ignored(result: Importance, places: Sequence[int]) -> NDArray[np.bool_]:
    return np.array([result.kernels.get(result.features[i]) == "ignored" for i in places], dtype=bool)


def _judged(result: Importance, places: Sequence[int]) -> Inference:
    judged = result._judged
    return unknown(result.importances_mean[list(places)]) if judged is None else some(judged, places)


def _importances(result: Importance, features: Sequence[str]) -> Any:
    known = dict(zip(result.features, result.importances_mean.tolist(), strict=True))
    return np.array([known.get(name, np.nan) for name in features], dtype=float)


def _notes(first: Importance, second: Importance, labels: tuple[str, str], why_not: str) -> list[str]:
    notes = _why(first, second, why_not)
    for result, label in zip((first, second), labels, strict=True):
        if result.on_training_rows:
            notes.append(
                f"The model of {label} was trained on some of its rows: it may rely on noise it memorised."
            )
        if not result.complete:
            notes.append(f"{label} is partial: {listing(result.unfinished) or 'some rows'} not finished.")
    if first.simulated != second.simulated:
        made_up = labels[0] if first.simulated else labels[1]
        notes.append(f"The data of {made_up} are SIMULATED, those of the other are not.")
    return notes


def _why(first: Importance, second: Importance, why_not: str) -> list[str]:
    """Say why they were taken as independent, and what to do about it, where they may be of the same rows."""
    wider = "on the same rows the intervals are wider than need be"
    if why_not == OTHER_TABLE:
        return [f"Both tell of {which_rows(first)}, but they are not the same: their targets differ."]
    if why_not == SEGMENTS:
        return [f"Segments are not compared pair by pair; {wider}."]
    if why_not == NO_PAIRS:
        return [f"Results in {first.metric} cannot be compared pair by pair; {wider}."]
    if why_not not in (UNKNOWN_TABLE, OTHER_SHUFFLES, NOTHING_KEPT):
        return []
    these = "If these are the same rows," if why_not == UNKNOWN_TABLE else "These are the same rows:"
    keeping = " with keep_rows=True" if _has_rows(first) or not first.evidence else ""
    return [
        f"{these} weigh([model_a, model_b], X), or the same random_state and n_repeats{keeping} for both, compares the "
        "first metric pair by pair, with narrower intervals."
    ]
