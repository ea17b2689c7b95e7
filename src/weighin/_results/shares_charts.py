"""The chart of shares: one bar after the other, up to all of it."""

from __future__ import annotations

import numpy as np

from weighin._display.charts.chart import Bars
from weighin._display.numbers import percent, rounded
from weighin._results.importance_words import about, heading, unclear
from weighin._results.shares_numbers import SharesNumbers

TITLE = "How much of the loss each feature prevents"
SUM = "all features"
MOST_FEATURES = 20


def stack(
    numbers: SharesNumbers, limit: int = MOST_FEATURES, title: str | None = None, *, amount: bool = False
) -> Bars:
    """Give the contributions, the largest first, each from where the one before ended; see `Shares.plot`.

    `amount`: In units of the metric, and not in parts of the total.
    """
    order, few = numbers.order, numbers.few_rows
    values = numbers.contributions if amount else numbers.shares
    total, of_total = (numbers.total, numbers.total_interval()) if amount else (1.0, (np.nan, np.nan))
    ends = numbers.interval() if amount else numbers.relative_interval()
    lower, upper = (np.where(few, np.nan, end)[order] for end in ends)
    names, values, unsure = [numbers.features[i] for i in order], values[order], unclear(numbers)[order]
    left_out = len(names) - limit
    if left_out > 0:
        names, nothing = [*names[:limit], f"{left_out} more"], np.array([np.nan])
        values = np.append(values[:limit], values[limit:].sum())
        lower, upper = (np.append(end[:limit], nothing) for end in (lower, upper))
        unsure = np.append(unsure[:limit], np.ones(1, dtype=bool))
    starts = np.append(np.cumsum(values) - values, 0.0)
    values, unsure = np.append(values, total), np.append(unsure, np.zeros(1, dtype=bool))
    lower, upper = (np.append(end, more) for end, more in zip((lower, upper), of_total, strict=True))
    labels = [
        rounded(*row).value if amount else percent(*row) for row in zip(values, lower, upper, strict=True)
    ]
    what = f"{numbers.metric} that features prevent" if amount else "share of what all features prevent"
    return Bars(
        title=heading(numbers, title or TITLE),
        subtitle=about(numbers),
        marks=" Each bar begins where the one above ends. Whiskers: 95% intervals. Pale: cannot be told apart from 0, "
        "given the number of features.",
        xlabel=what,
        percent=not amount,
        choice={"Show": "Amount" if amount else "Shares"},
        names=[*names, SUM],
        labels=labels,
        unsure=unsure,
        values=values,
        starts=starts,
        interval=(lower, upper),
        key=[
            ("bar", "what the feature prevents, from where the one above ends"),
            ("pale", "cannot be told apart from zero"),
            ("whisker", "95% interval"),
        ],
        ranked=False,
    )
