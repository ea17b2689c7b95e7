"""Small results: one feature's numbers, and how much more one feature weighs than another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import percent, rounded, write


@dataclass(frozen=True, repr=False)
class FeatureImportance:
    """The numbers of one feature.

    Attributes
    ----------
    feature, metric : str
        What was shuffled, and what got worse.
    importance : float
        How much worse, in units of the metric.
    se, ci_lower, ci_upper : float
        Standard error, and ends of the 95% interval; NaN for a metric without intervals.
    relative, relative_lower, relative_upper : float
        In parts of the baseline, with the ends of its own 95% interval.
    pvalue, pvalue_holm : float
        One-sided, of "not above 0"; and adjusted for the number of features.
    few_rows : bool
        Whether so few rows count that no interval holds.
    rank : int
        Place among the features, from 1.
    """

    feature: str
    metric: str
    importance: float
    se: float
    ci_lower: float
    ci_upper: float
    relative: float
    relative_lower: float
    relative_upper: float
    pvalue: float
    pvalue_holm: float
    few_rows: bool
    rank: int

    def __repr__(self) -> str:
        number = rounded(self.importance, self.ci_lower, self.ci_upper)
        interval = "too few rows for an interval" if self.few_rows else f"95% interval {number.interval}"
        ends = (math.nan, math.nan) if self.few_rows else (self.relative_lower, self.relative_upper)
        sure = "" if self.few_rows else f"adjusted p {probability(self.pvalue_holm)}, "
        return (
            f"{printable(self.feature)}: {self.metric} worse by {number.value} ({interval}), "
            f"{percent(self.relative, *ends)} of the baseline, {sure}rank {self.rank}"
        )


@dataclass(frozen=True, repr=False)
class Difference:
    """How much more one feature weighs than another, from the same rows and shuffles.

    Attributes
    ----------
    first, second, metric : str
        The two features, and what got worse.
    difference : float
        Importance of the first minus that of the second.
    se, ci_lower, ci_upper : float
        Standard error, and ends of the interval.
    confidence_level : float
        Of the interval.
    few_rows : bool
        Whether so few rows count that no interval holds.
    """

    first: str
    second: str
    metric: str
    difference: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    few_rows: bool

    def __repr__(self) -> str:
        sign = -1.0 if self.difference < 0 else 1.0
        ends = sorted((sign * self.ci_lower, sign * self.ci_upper))
        number = rounded(sign * self.difference, *ends)
        more = "less" if self.difference < 0 else "more"
        interval = (
            "too few rows for an interval"
            if self.few_rows
            else f"{100 * self.confidence_level:g}% interval {number.interval}"
        )
        apart = self.ci_lower > 0 or self.ci_upper < 0
        unclear = "" if apart and not self.few_rows else ": the two cannot be told apart"
        return (
            f"{printable(self.first)} weighs {number.value} {more} than {printable(self.second)} "
            f"({self.metric}, {interval}){unclear}."
        )


def probability(value: float) -> str:
    """Write a p-value."""
    if value != value:
        return "-"
    if value < 0.001:
        return "<0.001"
    return write(value, 3 if value < 0.1 else 2)
