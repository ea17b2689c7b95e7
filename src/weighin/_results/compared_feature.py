"""One feature in two results: how much more, or less, it weighs in the second."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import Rounded, decimals_of, interval_name, rounded, write
from weighin._results.listed import Line


@dataclass(frozen=True, repr=False)
class ComparedFeature(Line):
    """The numbers of one feature in two results: fields as the columns of `to_frame`.

    Attributes
    ----------
    feature, metric : str
        What was shuffled, and what got worse.
    labels : tuple of str
        Of the two results, a and b.
    importance_a, importance_b, difference : float
        How much worse in each, in units of the metric, and the first minus the second; NaN where one lacks the feature.
    se, ci_lower, ci_upper, confidence_level : float
        Standard error of the difference, the ends of its interval, and the level of that.
    pvalue, pvalue_holm : float
        Two-sided, of no difference; and adjusted for the number of features.
    few_rows : bool
        Whether so few rows count that no interval holds.
    rank_a, rank_b : float
        Places among the features of each, from 1.
    paired : bool
        Whether both were measured on the same rows, row by row.
    claim : {"more", "less", ""}
        How much it weighs in b, beside a, where the two can be told apart at `confidence_level`, given the number of
        features.
    among : int
        That number.
    """

    feature: str
    metric: str
    labels: tuple[str, str]
    importance_a: float
    importance_b: float
    difference: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    pvalue: float
    pvalue_holm: float
    few_rows: bool
    rank_a: float
    rank_b: float
    paired: bool
    claim: str
    among: int

    @property
    def only_in(self) -> str:
        """Label of the result that has the feature, where the other lacks it; else empty."""
        has = math.isfinite(self.importance_a), math.isfinite(self.importance_b)
        return self.labels[has.index(True)] if sum(has) == 1 else ""

    @property
    def unmoved(self) -> bool:
        """Whether no shuffle changed the metric in either."""
        return self.importance_a == self.importance_b == 0

    @property
    def number(self) -> Rounded:
        """The difference and its interval as they are written."""
        return rounded(self.difference, *self.shown_interval, sign=True)

    @property
    def importances(self) -> tuple[str, str]:
        """Both importances, written as exactly as their difference."""
        lower, upper = self.shown_interval
        decimals = decimals_of(upper - lower)
        return write(self.importance_a, decimals), write(self.importance_b, decimals)

    def __repr__(self) -> str:
        name = printable(self.feature)
        if self.only_in:
            return f"{name} is only in {printable(self.only_in)}."
        if math.isnan(self.difference):
            return f"{name}: its difference could not be measured."
        a, b = map(printable, self.labels)
        size = self.size(self.difference, -1.0 if self.difference < 0 else 1.0)
        amount = f"{size.value} {'less' if self.difference < 0 else 'more'}" if self.difference else "as much"
        than = f"in {b} {'than' if self.difference else 'as'} in {a}"
        first, second = self.importances
        each = f"{first} in {a}, {second} in {b}"
        return f"{name} weighs {amount} {than} ({self._how_sure(size)}){self._verdict()}: {each}."

    def _how_sure(self, size: Rounded) -> str:
        if self.unmoved:
            return "no shuffle changed it"
        if self.few_rows:
            return "too few rows for an interval"
        if math.isnan(self.se):
            return f"no interval for {printable(self.metric)}"
        return f"{interval_name(self.confidence_level)} {size.interval}"

    def _verdict(self) -> str:
        if self.claim or self.unmoved or math.isnan(self.se):
            return ""
        if self.leaves_out_zero:
            return (
                f", which is not claimed although the interval leaves out 0: among {self.among} features one may do "
                "so by chance"
            )
        return ", the two cannot be told apart"
