"""What an ablation says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weighin._base.text import named, printable
from weighin._display.numbers import write
from weighin._results.ablated_variant import AblatedVariant
from weighin._results.ablation_numbers import AblationNumbers


def sentences(variants: Sequence[AblatedVariant], limit: int) -> list[str]:
    """Say what each variant does; of many only the largest changes one by one, and of the others what follows.

    Parameters
    ----------
    variants : sequence of AblatedVariant
        In the order they were asked for.
    limit : int
        Variants told of one by one, where there are more.
    """
    if len(variants) <= limit:
        return list(map(repr, variants))
    by_size = sorted(variants, key=lambda variant: (not variant.verdict.claims, -_size(variant)))
    first, others = by_size[:limit], by_size[limit:]
    by_word: dict[str, list[str]] = {}
    for variant in others:
        by_word.setdefault(variant.verdict.word, []).append(variant.name)
    return [
        *map(repr, first),
        *(f"{word[:1].upper()}{word[1:]}: {named(names)}." for word, names in by_word.items()),
    ]


def failures(numbers: AblationNumbers) -> list[str]:
    """Say which fits failed; none is dropped in silence."""
    return [printable(f"{change.label}: {error}") for change in numbers.changes for error in change.errors]


def about(numbers: AblationNumbers, where: str = "") -> str:
    """Say what the numbers are taken from, and what counts as a finding.

    Parameters
    ----------
    numbers : AblationNumbers
        What was measured.
    where : str
        Where the tolerance is to be seen: ", dotted line".
    """
    better = "higher" if numbers.greater_is_better else "lower"
    several = len(numbers.changes) > 1
    holm = f"; verdicts are adjusted for {len(numbers.changes)} variants (Holm)" if several else ""
    return printable(
        f"Full model: {numbers.metric} {write(numbers.baseline, digits=4)} ({better} is better), {numbers.recipe}, "
        f"{numbers.fits} fit{'s' * (numbers.fits != 1)} each, seed {numbers.random_state}; {numbers.split}. What is "
        f"below {_tolerance(numbers, where)} does not matter{holm}."
    )


def _tolerance(numbers: AblationNumbers, where: str) -> str:
    """Say what counts as too small to matter."""
    text = write(numbers.tolerance) + (f" {numbers.unit}" if numbers.unit else "")
    baseline = numbers.baseline
    if baseline and math.isfinite(baseline):
        text += f" ({write(100 * numbers.tolerance / abs(baseline), digits=2)}%{where})"
    return text


def _size(variant: AblatedVariant) -> float:
    return abs(variant.change) if math.isfinite(variant.change) else 0.0
