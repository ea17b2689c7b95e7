"""What a comparison says, in sentences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import listing
from weighin._base.text import printable
from weighin._display.numbers import Rounded, decimals_of, rounded, write
from weighin._results.comparison_numbers import ComparisonNumbers

# letters of a name beside a row
LABEL = 24


def sentences(numbers: ComparisonNumbers, confidence_level: float = 0.95) -> list[str]:
    """Say what differs, what cannot be told apart, and how it was compared."""
    a, b = map(printable, numbers.labels)
    better = "higher" if numbers.greater_is_better else "lower"
    said = []
    if numbers.metric != "prediction_change":
        first, second = (f"{value:.4g}" for value in numbers.baselines)
        said.append(
            f"{numbers.metric} before any shuffle: {first} in {a}, {second} in {b} ({better} is better)."
        )
    order = numbers.order
    lower, upper = numbers.interval(confidence_level)
    claimed = numbers.claimed(confidence_level)
    said += [_sentence(numbers, int(i), lower[i], upper[i], confidence_level) for i in order if claimed[i]]

    def named(which: NDArray[np.bool_]) -> list[str]:
        return [printable(numbers.features[i]) for i in order if which[i]]

    known = np.isfinite(numbers.se) & ~numbers.few_rows
    outside = (lower > 0) | (upper < 0)
    chance = named(known & outside & ~claimed)
    if chance:
        said.append(
            f"The interval leaves out 0, but among {int(known.sum())} features one may do so by chance (Holm): "
            f"{listing(chance)}."
        )
    same = named(known & ~outside)
    if same:
        said.append(f"Cannot be told apart: {listing(same)}.")
    both = np.isfinite(numbers.difference)
    if (both & np.isnan(numbers.se)).any():
        said.append(
            f"There are no intervals for {numbers.metric}, so nobody knows how sure the differences are."
        )
    for label, other in ((a, numbers.second), (b, numbers.first)):
        alone = named(np.isnan(other) & ~both)
        if alone:
            said.append(f"Only in {label}: {listing(alone)}.")
    few = named(numbers.few_rows & both)
    if few:
        said.append(f"Fewer than 20 rows count for {listing(few)}: no interval holds there.")
    return [*said, f"{about(numbers)[:1].upper()}{about(numbers)[1:]}."]


def _sentence(numbers: ComparisonNumbers, i: int, lower: float, upper: float, confidence_level: float) -> str:
    a, b = map(printable, numbers.labels)
    by = numbers.difference[i]
    sign = 1.0 if by >= 0 else -1.0
    number = rounded(abs(by), *sorted((sign * lower, sign * upper)))
    decimals = decimals_of(upper - lower)
    first, second = (write(float(importance[i]), decimals) for importance in (numbers.first, numbers.second))
    return (
        f"{printable(numbers.features[i])} weighs {number.value} {'more' if by >= 0 else 'less'} in {b} than in {a} "
        f"({100 * confidence_level:g}% interval {number.interval}): {first} in {a}, {second} in {b}."
    )


def about(numbers: ComparisonNumbers) -> str:
    """Say how the two were compared."""
    if numbers.paired:
        return "paired: the same rows with the same shuffles"
    return (
        "taken as independent: variances add. Where the two share rows, as overlapping tables do, that is not so, and "
        "the intervals are usually too wide"
    )


def difference(numbers: ComparisonNumbers, i: int, confidence_level: float = 0.95) -> Rounded:
    """Write the difference of a feature with its interval; none where few rows count."""
    lower, upper = (float(end[i]) for end in numbers.interval(confidence_level))
    if numbers.few_rows[i]:
        lower = upper = math.nan
    return rounded(float(numbers.difference[i]), lower, upper, sign=True)


def only_in(numbers: ComparisonNumbers, i: int) -> str:
    """Say which of the two has a feature, where one alone does; empty where both have it."""
    if math.isfinite(numbers.difference[i]):
        return ""
    there = [
        label
        for label, of in zip(numbers.labels, (numbers.first, numbers.second), strict=True)
        if np.isfinite(of[i])
    ]
    return f"only in {short(there[0])}" if len(there) == 1 else "-"


def short(label: str) -> str:
    """Cut a label to what stands beside a row."""
    label = printable(label)
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"
