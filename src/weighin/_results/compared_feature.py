"""One feature in two results: how much more, or less, it weighs in the second."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import Rounded, decimals_of, rounded, write


@dataclass(frozen=True, repr=False)
class ComparedFeature:
    """The numbers of one feature in two results.

    Attributes
    ----------
    feature, metric : str
        What was shuffled, and what got worse.
    labels : tuple of two str
        What the two results are called.
    first, second : float
        Importances; NaN where a result lacks the feature.
    difference : float
        Second minus first.
    se, ci_lower, ci_upper : float
        Standard error of the difference, and ends of its interval; NaN for a metric without intervals.
    confidence_level : float
        Of the interval, and of what is claimed.
    pvalue, pvalue_holm : float
        Two-sided, of "no difference"; and adjusted for the number of features.
    few_rows : bool
        Whether so few rows count that no interval holds.
    claimed : bool
        Whether the two are told apart: `pvalue_holm` below 1 minus the level.
    among : int
        Features it is adjusted for.
    """

    feature: str
    metric: str
    labels: tuple[str, str]
    first: float
    second: float
    difference: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    pvalue: float
    pvalue_holm: float
    few_rows: bool
    claimed: bool
    among: int

    @property
    def shown_interval(self) -> tuple[float, float]:
        """Ends of the interval, NaN where none holds or is known."""
        return (math.nan, math.nan) if self.few_rows else (self.ci_lower, self.ci_upper)

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval alone, without an eye to the other features, would tell the two apart."""
        lower, upper = self.shown_interval
        return lower > 0 or upper < 0

    @property
    def only_in(self) -> str:
        """Label of the result that has the feature, where the other lacks it; else empty."""
        there = [
            label
            for label, importance in zip(self.labels, (self.first, self.second), strict=True)
            if math.isfinite(importance)
        ]
        return there[0] if len(there) == 1 else ""

    @property
    def number(self) -> Rounded:
        """The difference and its interval as they are written."""
        return rounded(self.difference, *self.shown_interval, sign=True)

    def __repr__(self) -> str:
        name = printable(self.feature)
        if self.only_in:
            return f"{name} is only in {printable(self.only_in)}."
        if math.isnan(self.difference):
            return f"{name}: nobody knows how much it weighs."
        a, b = map(printable, self.labels)
        lower, upper = self.shown_interval
        sign = -1.0 if self.difference < 0 else 1.0
        size = rounded(sign * self.difference, *sorted((sign * lower, sign * upper)))
        decimals = decimals_of(upper - lower)
        first, second = (write(importance, decimals) for importance in (self.first, self.second))
        amount = f"{size.value} {'less' if self.difference < 0 else 'more'}" if self.difference else "as much"
        than = f"in {b} {'than' if self.difference else 'as'} in {a}"
        each = f"{first} in {a}, {second} in {b}"
        return f"{name} weighs {amount} {than} ({self._how_sure(size)}){self._verdict()}: {each}."

    def _how_sure(self, size: Rounded) -> str:
        if self.few_rows:
            return "too few rows for an interval"
        if math.isnan(self.se):
            return f"no interval for {printable(self.metric)}"
        return f"{100 * self.confidence_level:g}% interval {size.interval}"

    def _verdict(self) -> str:
        if self.claimed or math.isnan(self.se):
            return ""
        if self.leaves_out_zero:
            return (
                f", which is not claimed although the interval leaves out 0: among {self.among} features one may do "
                "so by chance"
            )
        return ", the two cannot be told apart"
