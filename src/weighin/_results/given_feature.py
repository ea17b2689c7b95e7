"""What is known of shuffling one feature given other columns: how much of it they explain, and how well."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable


def shuffled(given: str) -> str:
    """Say how features were shuffled: "freely", "given the other columns"."""
    if not given:
        return "freely"
    if given == "rest":
        return "given the other columns"
    return "given other columns" if given == "per feature" else f"given {printable(given)}"


def alike(given: str) -> str:
    """Say between which rows values were exchanged; nothing for all of them."""
    if not given:
        return ""
    what = "the other" if given == "rest" else "the given"
    return f" among rows alike in {what} columns"


@dataclass(frozen=True)
class GivenFeature:
    """How a feature was shuffled among rows that are alike in other columns.

    Attributes
    ----------
    own_share : float
        Part of its variance that the given columns do not explain, 0 to 1: only this is shuffled.
    lam : float
        How much the error of the model of the feature would grow if it were fitted on half the rows: 0 for a model
        that has settled. p-values and lower ends of intervals allow for it.
    leverage : float
        Mean leverage of a row in that model, 0 to 1.
    n_fit : int
        Rows it was fitted on.
    off_data, off_data_free : float
        How far swapped rows lie from real ones, over how far real ones lie from each other: about 1 where swapped rows
        are as likely as real ones; the second shuffled freely. NaN for not measured.
    given : tuple of str
        Columns it was shuffled given.
    correlated : tuple of (str, float)
        The given columns that explain most of it, largest share first.
    inseparable_from : tuple of str
        Columns that determine it: it has no importance of its own, and its numbers are NaN.
    notes : tuple of str
        What a reader must know besides.
    """

    own_share: float = math.nan
    lam: float = 0.0
    leverage: float = 0.0
    n_fit: int = 0
    off_data: float = math.nan
    off_data_free: float = math.nan
    given: tuple[str, ...] = ()
    correlated: tuple[tuple[str, float], ...] = ()
    inseparable_from: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def explained(self) -> float:
        """Part of its variance that the given columns explain."""
        return 1.0 - self.own_share
