"""The chart of shares."""

from __future__ import annotations

import numpy as np

from weighin._display.charts.chart import Bars
from weighin._display.numbers import percent
from weighin._results.importance_words import about, heading, unclear
from weighin._results.shares_numbers import SharesNumbers

TITLE = "Who prevents how much of the loss"
MOST_FEATURES = 20


def stack(numbers: SharesNumbers, limit: int = MOST_FEATURES, title: str | None = None) -> Bars:
    """Give the shares, the largest first; see `Shares.plot`."""
    order = numbers.order[:limit]
    few = numbers.few_rows[order]
    lower, upper = (np.where(few, np.nan, end[order]) for end in numbers.relative_interval())
    values = numbers.relative[order]
    left_out = len(numbers.features) - len(order)
    more = f" {left_out} more features not shown." if left_out else ""
    return Bars(
        title=heading(numbers, title or TITLE),
        subtitle=f"{about(numbers)} Whiskers: 95% intervals. Pale: cannot be told apart from 0.{more}",
        xlabel="share of what all features prevent",
        percent=True,
        names=[numbers.features[i] for i in order],
        labels=[percent(*ends) for ends in zip(values, lower, upper, strict=True)],
        unsure=unclear(numbers)[order],
        values=values,
        interval=(lower, upper),
    )
