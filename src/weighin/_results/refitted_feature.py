"""One feature over several fits: how much it weighs for a way of training, and for the first model alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import Rounded, rounded, write


@dataclass(frozen=True, repr=False)
class RefittedFeature:
    """The numbers of one feature over fits.

    Attributes
    ----------
    feature, metric : str
        What was shuffled, and what got worse.
    importance, std_fits : float
        Mean over fits, and standard deviation between them.
    se, ci_lower, ci_upper : float
        Standard error of the mean for this way of training, and ends of its interval; NaN where there is none.
    confidence_level : float
        Of that interval, and of what is claimed.
    pvalue, pvalue_holm : float
        One-sided, of "not above 0"; and adjusted for the number of features.
    few_rows : bool
        Whether in most fits so few rows count that no interval holds.
    one_model, one_model_lower, one_model_upper : float
        Importance in the first fit, and the 95% interval that speaks of that model alone.
    one_model_few_rows : bool
        Whether so few rows count in the first fit that no interval holds.
    n_fits, rank : int
        Fits that worked, and place among the features, from 1.
    claim : str
        "heavier" where the model surely gets worse without it, "harmful" where better, "" where nothing is claimed.
    among : int
        Features it is adjusted for.
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
    n_fits: int
    rank: int
    claim: str
    among: int

    @property
    def shown_interval(self) -> tuple[float, float]:
        """Ends of the interval, NaN where none holds or is known."""
        return (math.nan, math.nan) if self.few_rows else (self.ci_lower, self.ci_upper)

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval alone, without an eye to the other features, lies above 0 or below."""
        lower, upper = self.shown_interval
        return lower > 0 or upper < 0

    @property
    def number(self) -> Rounded:
        """The mean and its interval as they are written."""
        return rounded(self.importance, *self.shown_interval)

    @property
    def interval_text(self) -> str:
        """The interval, or why there is none."""
        return "too few rows" if self.few_rows else self.number.interval

    @property
    def between_fits(self) -> str:
        """The standard deviation between fits, to two digits."""
        return write(self.std_fits, digits=2)

    @property
    def one_model_text(self) -> str:
        """The interval of the first model, or why there is none."""
        if self.one_model_few_rows:
            return "too few rows"
        return rounded(self.one_model, self.one_model_lower, self.one_model_upper).interval

    def __repr__(self) -> str:
        lower, upper = self.shown_interval
        sign, way = (-1.0, "better") if self.claim == "harmful" else (1.0, "worse")
        size = rounded(sign * self.importance, *sorted((sign * lower, sign * upper)))
        over = "on average over fits" if self.n_fits > 1 else "in one fit"
        metric = printable(self.metric)
        text = f"Shuffling {printable(self.feature)} makes {metric} {way} by {size.value} {over}"
        if self.few_rows:
            return f"{text}: too few rows for an interval."
        if not math.isnan(self.se):
            level = f"{100 * self.confidence_level:g}% interval {size.interval}"
            text += f" ({level}; between fits it varies by {self.between_fits})"
        if math.isfinite(self.one_model_lower) and not self.one_model_few_rows:
            text += f"; for the first model alone {self.one_model_text}"
        return f"{text}{self._verdict()}."

    def _verdict(self) -> str:
        if self.claim == "harmful":
            return ": what models trained so learn there does not hold on rows held out"
        if self.claim or math.isnan(self.pvalue_holm):
            return ""
        if self.leaves_out_zero:
            return (
                f": nothing is claimed although the interval leaves out 0, as among {self.among} features one may do "
                "so by chance"
            )
        return ": cannot be told apart from zero"
