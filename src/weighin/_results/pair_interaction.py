"""How much two features act together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import Rounded, interval_name, percents, rounded
from weighin._results.listed import Line
from weighin._results.one_feature import probability


@dataclass(frozen=True, repr=False)
class PairInteraction(Line):
    """The numbers of one pair.

    Attributes
    ----------
    features : (str, str)
        The two.
    interaction : float
        Superset importance, in squared units of the prediction; never negative.
    se, ci_lower, ci_upper : float
        Standard error, and ends of the interval.
    share, share_lower, share_upper : float
        The same in parts of the variance of the prediction.
    pvalue, pvalue_holm : float
        One-sided, of "not above 0"; and adjusted for the number of pairs.
    few_rows : bool
        Whether so few rows count that no interval holds.
    moved : bool
        Whether any swap showed that the two act together.
    claimed : bool
        Whether it is claimed that they do.
    rank : int
        Place among the pairs, from 1.
    confidence_level : float
        Of the intervals.
    """

    features: tuple[str, str]
    interaction: float
    se: float
    ci_lower: float
    ci_upper: float
    share: float
    share_lower: float
    share_upper: float
    pvalue: float
    pvalue_holm: float
    few_rows: bool
    moved: bool
    claimed: bool
    rank: int
    confidence_level: float = 0.95

    @property
    def name(self) -> str:
        """Both names: "spread × home_elo"."""
        return " × ".join(map(printable, self.features))

    @property
    def unmoved(self) -> bool:
        """Whether no swap showed that the two act together."""
        return not self.moved

    @property
    def number(self) -> Rounded:
        """The interaction and its interval as they are written."""
        return rounded(self.interaction, *self.shown_interval)

    @property
    def shares(self) -> Rounded:
        """The share and its interval in percent, as they are written."""
        return percents(self.share, *self.shown_share)

    @property
    def shown_share(self) -> tuple[float, float]:
        """Ends of the interval of the share, NaN where none holds."""
        return (math.nan, math.nan) if self.few_rows else (self.share_lower, self.share_upper)

    def __repr__(self) -> str:
        interval = self.interval_text if self.few_rows or self.unmoved else self.shares.interval
        said = [
            f"{self.shares.value} of the variance ({interval_name(self.confidence_level)} {interval})",
            "" if self.few_rows or self.unmoved else f"adjusted p {probability(self.pvalue_holm)}",
            f"rank {self.rank}",
        ]
        return f"{self.name}: {', '.join(filter(None, said))}"
