"""What a comparison says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weighin._base.text import named, printable
from weighin._display.numbers import write
from weighin._results.compared_feature import ComparedFeature
from weighin._results.comparison_numbers import ComparisonNumbers

ADDED = "taken as independent: variances add"
# what rows in common do to intervals that take them for others
COMMON = {
    "all": f"{ADDED}. Both are of the same rows, which move them alike, so the intervals are usually too wide",
    "some": f"{ADDED}. The rows of one are among those of the other, so the intervals are usually too wide",
    "none": (
        f"{ADDED}. No row is in both, but they are parts of one table, and values may have been swapped in from all of "
        "it, so the intervals hold only roughly"
    ),
    "unknown": (
        f"{ADDED}. If the two share rows, as overlapping tables do, that is not so, and the intervals are usually too "
        "wide"
    ),
}


def sentences(numbers: ComparisonNumbers, confidence_level: float = 0.95, limit: int = 5) -> list[str]:
    """Say what differs, what cannot be told apart, and how it was compared.

    Parameters
    ----------
    numbers : ComparisonNumbers
        What was found.
    confidence_level : float
        Of intervals and claims.
    limit : int
        Differences told of one by one.
    """
    compared = numbers.compared(confidence_level)
    claimed = [feature for feature in compared if feature.claimed]
    return [
        *_baselines(numbers),
        *map(repr, claimed[:limit]),
        *_smaller(numbers, claimed[limit:]),
        *_not_claimed(numbers, compared),
        f"{about(numbers)[:1].upper()}{about(numbers)[1:]}.",
    ]


def about(numbers: ComparisonNumbers) -> str:
    """Say how the two were compared, and what rows in common would do to the intervals."""
    return (
        "paired: the same rows with the same shuffles" if numbers.paired else COMMON[numbers.rows_in_common]
    )


def _baselines(numbers: ComparisonNumbers) -> list[str]:
    if numbers.metric == "prediction_change":
        return []
    a, b = map(printable, numbers.labels)
    first, second = (write(value, digits=4) for value in numbers.baselines)
    better = "higher" if numbers.greater_is_better else "lower"
    metric = printable(numbers.metric)
    return [f"{metric} before any shuffle: {first} in {a}, {second} in {b} ({better} is better)."]


def _smaller(numbers: ComparisonNumbers, claimed: Sequence[ComparedFeature]) -> list[str]:
    """Name what differs beyond what is told one by one."""
    more = [feature.feature for feature in claimed if feature.difference > 0]
    less = [feature.feature for feature in claimed if feature.difference < 0]
    label = printable(numbers.labels[1])
    return [
        f"{named(names)} {'weighs' if len(names) == 1 else 'weigh'} {way} in {label}, too."
        for names, way in ((more, "more"), (less, "less"))
        if names
    ]


def _not_claimed(numbers: ComparisonNumbers, compared: Sequence[ComparedFeature]) -> list[str]:
    said = []
    both = [feature for feature in compared if math.isfinite(feature.difference)]
    unclear = [
        feature
        for feature in both
        if not (feature.claimed or feature.few_rows or math.isnan(feature.pvalue_holm))
    ]
    chance = [feature.feature for feature in unclear if feature.leaves_out_zero]
    if chance:
        said.append(
            f"The interval leaves out 0, but among {unclear[0].among} features one may do so by chance (Holm): "
            f"{named(chance)}."
        )
    same = [feature.feature for feature in unclear if not feature.leaves_out_zero]
    if same:
        said.append(f"Cannot be told apart: {named(same)}.")
    if any(math.isnan(feature.se) for feature in both):
        metric = printable(numbers.metric)
        said.append(f"There are no intervals for {metric}, so nobody knows how sure the differences are.")
    for label in numbers.labels:
        alone = [feature.feature for feature in compared if feature.only_in == label]
        if alone:
            said.append(f"Only in {printable(label)}: {named(alone)}.")
    few = [feature.feature for feature in both if feature.few_rows]
    if few:
        said.append(f"Fewer than 20 rows count for {named(few)}: no interval holds there.")
    return said
