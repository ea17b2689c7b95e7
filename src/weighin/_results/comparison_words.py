"""What a comparison says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import listing
from weighin._base.text import formatter
from weighin._inference.paired import adjusted

if TYPE_CHECKING:
    from weighin._results.comparison import Comparison

SURE = 0.05  # Holm's p-value below which a sentence says that two differ
LABEL = 24  # letters of a name beside a row


def sentences(comparison: Comparison, confidence_level: float = 0.95) -> list[str]:
    """Say what differs, what cannot be told apart, and how it was compared."""
    a, b = comparison.labels
    better = "higher" if comparison.greater_is_better else "lower"
    said = []
    if comparison.metric != "prediction_change":
        one, two = (f"{value:.4g}" for value in comparison.baselines)
        said.append(
            f"{comparison.metric} before any shuffle: {one} in {a}, {two} in {b} ({better} is better)."
        )
    order = comparison._order()
    lower, upper = comparison.interval(confidence_level)
    apart = (lower > 0) | (upper < 0)
    with np.errstate(invalid="ignore"):
        sure = adjusted(comparison.pvalue) < SURE
    said += [
        _told(comparison, i, lower[i], upper[i], confidence_level) for i in order if apart[i] and sure[i]
    ]

    def named(those: Any) -> list[str]:
        return [comparison.features[i] for i in order if those[i]]

    known = np.isfinite(comparison.se)
    maybe = named(apart & ~sure)
    if maybe:
        said.append(
            f"The interval leaves out 0, but among {int(known.sum())} features one may do so by chance (Holm): "
            f"{listing(maybe)}."
        )
    same = named(known & ~apart)
    if same:
        said.append(f"Cannot be told apart: {listing(same)}.")
    both = np.isfinite(comparison.difference)
    if (both & np.isnan(comparison.se)).any():
        said.append(
            f"There are no intervals for {comparison.metric}, so nobody knows how sure the differences are."
        )
    for label, other in ((a, comparison.second), (b, comparison.first)):
        alone = named(np.isnan(other) & ~both)
        if alone:
            said.append(f"Only in {label}: {listing(alone)}.")
    few = named(comparison.few_rows & both)
    if few:
        said.append(f"Fewer than 20 rows count for {listing(few)}: no interval holds there.")
    return [*said, f"{about(comparison)[:1].upper()}{about(comparison)[1:]}.", *comparison.notes]


def _told(comparison: Comparison, i: int, lower: float, upper: float, confidence_level: float) -> str:
    a, b = comparison.labels
    number = numbers(comparison)
    by = comparison.difference[i]
    ends = (lower, upper) if by >= 0 else (-upper, -lower)
    low, high = (number(end).lstrip("+") for end in ends)
    first, second = (number(some[i]).lstrip("+") for some in (comparison.first, comparison.second))
    size = f"{number(abs(by)).lstrip('+')} {'more' if by >= 0 else 'less'}"
    return (
        f"{comparison.features[i]} weighs {size} in {b} than in {a} "
        f"({100 * confidence_level:g} % interval {low} to {high}): {first} in {a}, {second} in {b}."
    )


def about(comparison: Comparison) -> str:
    """Say how the two were compared."""
    if comparison.paired:
        return "paired: the same rows with the same shuffles"
    return "taken as independent: variances add"


def between(comparison: Comparison, order: Iterable[int], confidence_level: float = 0.95) -> list[str]:
    """Write differences with their intervals."""
    number = numbers(comparison)
    lower, upper = comparison.interval(confidence_level)
    texts = []
    for i in order:
        if math.isnan(comparison.difference[i]):
            label = comparison.labels[0 if math.isfinite(comparison.first[i]) else 1]
            missing = "only in " + (label if len(label) <= LABEL else f"{label[: LABEL - 1]}…")
            texts.append(missing if np.isfinite([comparison.first[i], comparison.second[i]]).any() else "-")
            continue
        known = math.isfinite(lower[i]) and math.isfinite(upper[i])
        ends = f" ({number(lower[i])} to {number(upper[i])})" if known else ""
        texts.append(number(comparison.difference[i]) + ends)
    return texts


def numbers(comparison: Comparison) -> Any:
    """Give what writes the importances and differences of a comparison alike."""
    return formatter(np.concatenate([comparison.first, comparison.second, comparison.difference]))
