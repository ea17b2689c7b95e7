"""Directions in words: one for a table, and sentences."""

from __future__ import annotations

from collections.abc import Callable

from weighin._display.numbers import MINUS, decimals_of, rounded, write
from weighin._inference.intervals import FEW_ROWS
from weighin._results.curves import small
from weighin._results.effect import FeatureEffect

Name = Callable[[str], str]

# letters of a level in a table
MOST_LETTERS = 16
# what a table calls the kinds of features
KINDS = {"numeric": "number", "ordered": "ordered levels", "nominal": "levels"}


def kind_word(effect: FeatureEffect) -> str:
    """Name what a feature holds."""
    return "date" if effect.dates else KINDS[effect.kind]


def sentence(effect: FeatureEffect, what: str, name: Name = str) -> str:
    """Say which way predictions go as a feature moves.

    `effect`: its curves. `what`: what is predicted: "the prediction", "the probability of yes". `name`: writes names
    and levels.
    """
    written, start = name(effect.feature), what[:1].upper() + what[1:]
    average, n = effect.average, effect.n_points
    if n < 2:
        how_many = "only one value" if n else "no value in these rows"
        return f"{written} has {how_many}: nothing can move with it."
    labels = _labels(effect)
    low, high = int(average.argmin()), int(average.argmax())
    reach, decimals = range_of(effect), _decimals(effect)
    if not effect.claim and effect.few_rows:
        return (
            f"Too few rows (fewer than {FEW_ROWS}) to say how {what} moves with {written}; on these rows it moves "
            f"by {reach}."
        )
    if effect.unmoved:
        return f"{start} does not move with {written}."
    if effect.flat:
        return f"{start} barely moves with {written} (by {reach})."
    if not effect.claim:
        return f"{start} moves with {written} by {reach}, which may be chance."
    claimed = effect.direction
    if claimed == "rises":
        return f"{start} rises with {written}: by {reach} from {name(labels[low])} to {name(labels[high])}."
    if claimed == "falls":
        return f"{start} falls with {written}: by {reach} from {name(labels[high])} to {name(labels[low])}."
    if claimed in ("peaks", "dips"):
        turn, than = (high, "higher") if claimed == "peaks" else (low, "lower")
        before, after = (write(abs(float(average[turn] - average[end])), decimals) for end in (0, -1))
        return (
            f"{start} {claimed} at {written} = {name(labels[turn])}: {before} {than} than at {name(labels[0])}, "
            f"{after} {than} than at {name(labels[-1])}."
        )
    if claimed == "differs":
        ends = f"highest for {written} = {name(labels[high])} and lowest for {name(labels[low])}"
        return f"{start} is {ends}, by {reach}."
    return f"{start} goes up and down with {written}, by {reach} in all."


def aside(effect: FeatureEffect) -> str:
    """Say what else must be known: local effects that differ, missing values, levels left out."""
    asides = []
    if local_word(effect) not in ("", effect.direction):
        asides.append(f"Among rows as they occur (accumulated local effects): {effect.direction_ale}.")
    if effect.missing_share:
        asides.append(f"Where it is missing: {number(float(effect.pd.effect[-1]))}.")
    if effect.left_out:
        asides.append(f"{effect.left_out:,} rarer levels are left out.")
    return " ".join(asides)


def local_word(effect: FeatureEffect) -> str:
    """Name the direction of the local effects; "" without any, and where noise or few rows do not let it be told."""
    if effect.few_rows:
        return ""
    flat = effect.ale is not None and small(effect.ale.effect, effect.spread)
    return effect.direction_ale if effect.direction_ale != "none" or flat else ""


def range_of(effect: FeatureEffect) -> str:
    """Write the range to the digits its interval leaves."""
    return rounded(effect.reach, *effect.reach_interval()).value


def number(value: float) -> str:
    """Write a point of a feature, or a prediction: about four digits."""
    size = abs(value)
    text = f"{size:,.0f}" if 1e4 <= size < 1e9 else f"{size:.4g}"
    return MINUS + text if value < 0 else text


def ends_of(effect: FeatureEffect) -> str:
    """Name the points where the mean curve is lowest and highest; "" without two that differ."""
    if not effect.reach:
        return ""
    labels = [
        label if len(label) <= MOST_LETTERS else f"{label[: MOST_LETTERS - 1]}…" for label in _labels(effect)
    ]
    return f"{labels[effect.average.argmin()]}, {labels[effect.average.argmax()]}"


def _labels(effect: FeatureEffect) -> list[str]:
    return [number(value) for value in effect.values] if effect.in_numbers else list(effect.labels)


def _decimals(effect: FeatureEffect) -> int | None:
    low, high = effect.reach_interval()
    return decimals_of(high - low)
