"""One feature over several fits: how much it weighs for a way of training, and for the first model alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import Rounded, interval_name, rounded, write
from weighin._results.listed import Line


@dataclass(frozen=True, repr=False)
class RefittedFeature(Line):
    """The numbers of one feature over fits: fields as the columns of `to_frame`.

    Attributes
    ----------
    feature, metric : str
        What was shuffled, and what got worse.
    importance, std_fits : float
        How much worse, the mean over fits, in units of the metric, and the standard deviation between fits.
    se, ci_lower, ci_upper, confidence_level : float
        Standard error of the mean, the ends of its interval, and the level of that.
    pvalue, pvalue_holm : float
        One-sided, of "not above 0"; and adjusted for the number of features.
    few_rows : bool
        Whether so few rows count that no interval holds.
    one_model, one_model_lower, one_model_upper : float
        Importance for the first model alone, with the ends of its interval.
    one_model_few_rows : bool
        Whether so few rows count for that model that no interval holds.
    fits, rank : int
        Number of fits, and the place among the features, from 1.
    claim : {"heavier", "harmful", ""}
        What is claimed at `confidence_level`, given the number of features: that models get worse without it, or
        better.
    among : int
        That number.
    """

    feature: str
    metric: str
    importance: float
    std_fits: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    pvalue: float
    pvalue_holm: float
    few_rows: bool
    one_model: float
    one_model_lower: float
    one_model_upper: float
    one_model_few_rows: bool
    fits: int
    rank: int
    claim: str
    among: int

    @property
    def unmoved(self) -> bool:
        """Whether no shuffle changed the metric in any fit."""
        return self.importance == 0 and not self.std_fits > 0

    @property
    def number(self) -> Rounded:
        """The mean and its interval as they are written."""
        return rounded(self.importance, *self.shown_interval)

    @property
    def between_fits(self) -> str:
        """The standard deviation between fits, to two digits."""
        return write(self.std_fits, digits=2)

    @property
    def one_model_text(self) -> str:
        """The interval of the first model, or why there is none."""
        if self.unmoved:
            return "no change"
        if self.one_model_few_rows:
            return "too few rows"
        return rounded(self.one_model, self.one_model_lower, self.one_model_upper).interval

    def __repr__(self) -> str:
        sign, way = (-1.0, "better") if self.claim == "harmful" else (1.0, "worse")
        size = self.size(self.importance, sign)
        over = "on average over fits" if self.fits > 1 else "in one fit"
        metric = printable(self.metric)
        text = f"Shuffling {printable(self.feature)} makes {metric} {way} by {size.value} {over}"
        if self.unmoved:
            return f"No shuffle of {printable(self.feature)} changed {metric} at all."
        if self.few_rows:
            return f"{text}: too few rows for an interval."
        if not math.isnan(self.se):
            level = f"{interval_name(self.confidence_level)} {size.interval}"
            text += f" ({level}; between fits it varies by {self.between_fits})"
        if math.isfinite(self.one_model_lower) and not self.one_model_few_rows:
            text += f"; for the first model alone {self.one_model_text}"
        return f"{text}{self._verdict()}."

    def _verdict(self) -> str:
        if self.claim == "harmful":
            return ": what models trained this way learn from it does not hold on held-out rows"
        if self.claim or math.isnan(self.pvalue_holm):
            return ""
        if self.leaves_out_zero:
            return (
                f": nothing is claimed although the interval leaves out 0, as among {self.among} features, "
                "one may do so by chance"
            )
        return ": cannot be told apart from zero"
