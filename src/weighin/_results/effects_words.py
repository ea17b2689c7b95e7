"""Directions in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Name = Callable[[str], str]


def sentence(
    feature: str,
    way: str,
    effect: NDArray[np.float64],
    labels: Sequence[str],
    what: str,
    name: Name = str,
) -> str:
    """Say which way predictions go as a feature moves.

    Parameters
    ----------
    feature : str
    way : str
        As `direction` gives it; "chance" for a curve that is not flat, and nothing of it sure.
    effect : ndarray of shape (n_points,)
        The mean curve.
    labels : sequence of str
        Of the points.
    what : str
        What is predicted: "the prediction", "the probability of yes".
    name : callable
        Writes names and levels.
    """
    written, start = name(feature), what[:1].upper() + what[1:]
    if len(effect) < 2:
        return f"{written} has one value only: nothing can move with it."
    low, high = int(np.argmin(effect)), int(np.argmax(effect))
    reach = amount(float(effect[high] - effect[low]))
    if way == "none":
        return f"{start} barely moves with {written} (by {reach})."
    if way == "chance":
        return f"{start} moves with {written} by {reach}, which may be chance."
    if way == "rises":
        return f"{start} rises with {written}: by {reach} from {name(labels[low])} to {name(labels[high])}."
    if way == "falls":
        return f"{start} falls with {written}: by {reach} from {name(labels[high])} to {name(labels[low])}."
    if way in ("peaks", "dips"):
        turn, than = (high, "higher") if way == "peaks" else (low, "lower")
        before, after = (amount(abs(float(effect[turn] - effect[end]))) for end in (0, -1))
        return (
            f"{start} {way} at {written} = {name(labels[turn])}: {before} {than} than at {name(labels[0])}, "
            f"{after} {than} than at {name(labels[-1])}."
        )
    if way == "differs":
        ends = f"highest for {written} = {name(labels[high])} and lowest for {name(labels[low])}"
        return f"{start} is {ends}, by {reach}."
    return f"{start} goes up and down with {written}, by {reach} in all."


def amount(value: float) -> str:
    """Write about three digits."""
    return f"{value:,.0f}" if 1e3 <= value < 1e9 else f"{value:.3g}"


def number(value: float) -> str:
    """Write about four digits."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
