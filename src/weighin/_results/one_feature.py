"""Small results: one feature's numbers, and how much more one feature weighs than another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import interval_name, percent, rounded, write
from weighin._results.given_feature import shuffled


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
    changed : bool
        Whether any shuffle changed the metric.
    claim : {"heavier", "harmful", ""}
        What is claimed at 95%, given the number of features: that the model surely gets worse without it, or better.
    rank : int
        Place among the features, from 1.
    given : str
        What the feature was shuffled given, as in `Importance`; "" for freely.
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
    changed: bool
    claim: str
    rank: int
    given: str = ""

    def __repr__(self) -> str:
        few = self.few_rows or math.isnan(self.ci_lower)
        number = rounded(self.importance, *([math.nan] * 2 if few else [self.ci_lower, self.ci_upper]))
        part = percent(
            self.relative, *([math.nan] * 2 if few else [self.relative_lower, self.relative_upper])
        )
        said = [
            f"{worse_by(self.metric)} {number.value} ({self._how_sure(number.interval)})",
            "" if math.isnan(self.relative) else f"{part} of the baseline",
            f"adjusted p {probability(self.pvalue_holm)}" if self.changed and not few else "",
            f"rank {self.rank}",
        ]
        unclear = ": cannot be told apart from zero" if self.changed and not few and not self.claim else ""
        given = f", {shuffled(self.given)}" if self.given else ""
        return f"{printable(self.feature)}{given}: {', '.join(filter(None, said))}{unclear}"

    def _how_sure(self, interval: str) -> str:
        if not self.changed:
            return "no shuffle changed it"
        if self.few_rows:
            return "too few rows for an interval"
        return "no interval" if math.isnan(self.ci_lower) else f"95% interval {interval}"


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
            else f"{interval_name(self.confidence_level)} {number.interval}"
        )
        apart = self.ci_lower > 0 or self.ci_upper < 0
        unclear = "" if apart and not self.few_rows else ": the two cannot be told apart"
        return (
            f"{printable(self.first)} weighs {number.value} {more} than {printable(self.second)} "
            f"({self.metric}, {interval}){unclear}."
        )


@dataclass(frozen=True, repr=False)
class LeaveOneOut:
    """How much worse a model gets with a feature averaged out, given the other columns, and not retrained.

    Attributes
    ----------
    feature, metric : str
        What is left out, and what gets worse.
    increase : float
        How much, in units of the metric. Below 0: the model takes from the feature what does not hold on these rows.
    se, ci_lower, ci_upper : float
        Standard error, and ends of the interval.
    confidence_level : float
        Of the interval.
    few_rows : bool
        Whether so few rows count that no interval holds.
    """

    feature: str
    metric: str
    increase: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    few_rows: bool

    def __repr__(self) -> str:
        sign = -1.0 if self.increase < 0 else 1.0
        number = rounded(sign * self.increase, *sorted((sign * self.ci_lower, sign * self.ci_upper)))
        worse = "better" if self.increase < 0 else "worse"
        interval = (
            "too few rows for an interval"
            if self.few_rows
            else f"{interval_name(self.confidence_level)} {number.interval}"
        )
        apart = (self.ci_lower > 0 or self.ci_upper < 0) and not self.few_rows
        return (
            f"Knowing the other columns but not {printable(self.feature)}, this model's {self.metric} is {worse} by "
            f"{number.value} ({interval}){'' if apart else ': cannot be told apart from zero'}."
        )


def worse_by(metric: str) -> str:
    """Name an importance, before its number."""
    return "prediction moves by" if metric == "prediction_change" else f"{metric} worse by"


def probability(value: float) -> str:
    """Write a p-value."""
    if value != value:
        return "-"
    if value < 0.001:
        return "<0.001"
    return write(value, 3 if value < 0.1 else 2)
