"""How much worse a group makes a model than its members do one by one."""

from __future__ import annotations

from dataclasses import dataclass

from weighin._base.text import printable
from weighin._display.numbers import interval_name, rounded

CORRELATED = "Correlated members make it differ from 0 for a model that only adds them up."


@dataclass(frozen=True, repr=False)
class GroupInteraction:
    """The importance of a group less those of its members, from the same rows and shuffles.

    Attributes
    ----------
    group : str
        Which group.
    members : tuple of str
        Its members.
    metric : str
        What gets worse.
    interaction : float
        Above 0 where losing all hurts more than the sum of losing each, as they stand in for each other; below 0 where
        what they do together is lost with any of them. Correlation alone makes it differ from 0.
    se, ci_lower, ci_upper : float
        Standard error, and ends of the interval.
    confidence_level : float
        Of the interval.
    few_rows : bool
        Whether so few rows count that no interval holds.
    """

    group: str
    members: tuple[str, ...]
    metric: str
    interaction: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    few_rows: bool

    def __repr__(self) -> str:
        sign = -1.0 if self.interaction < 0 else 1.0
        number = rounded(sign * self.interaction, *sorted((sign * self.ci_lower, sign * self.ci_upper)))
        amount = "less" if self.interaction < 0 else "more"
        name = interval_name(self.confidence_level)
        interval = "too few rows for an interval" if self.few_rows else f"{name} {number.interval}"
        apart = (self.ci_lower > 0 or self.ci_upper < 0) and not self.few_rows
        unclear = "" if apart else ": cannot be told apart from their sum"
        members = " + ".join(map(printable, self.members))
        return (
            f"{printable(self.group)} weighs {number.value} {amount} than {members} one by one ({self.metric}, "
            f"{interval}){unclear}. {CORRELATED}"
        )
