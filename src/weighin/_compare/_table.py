"""The table of a comparison in a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from weighin._compare._words import between, numbers
from weighin._text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from weighin._compare._comparison import Comparison


def differences_table(comparison: Comparison, width: int) -> Table:
    """Build a table with one row per feature; names give way to the numbers where it is narrow."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    order = comparison._order()
    number = numbers(comparison)
    names = [printable(comparison.features[i]) for i in order]
    a, b = (printable(label) for label in comparison.labels)
    heading = f"{comparison.metric}: {b} minus {a}" + (" - SIMULATED DATA" if comparison.simulated else "")
    table = Table(
        title=Text(printable(heading)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    longest = max((len(name) for name in names), default=0)
    table.add_column("feature", overflow="fold", min_width=min(longest, 32, max(8, width - 72)))
    for label in (a, b):
        table.add_column(Text(label), justify="right", overflow="ellipsis", no_wrap=True, max_width=16)
    table.add_column("difference (95 % interval)", justify="right", no_wrap=True)
    table.add_column("rank", justify="right", no_wrap=True)
    lower, upper = comparison.interval()
    for i, name, text in zip(order, names, between(comparison, order), strict=True):
        ranks = comparison.ranks[:, i]
        moved = "" if math.isnan(ranks[0]) else " > ".join(dict.fromkeys(f"{rank:.0f}" for rank in ranks))
        apart = lower[i] > 0 or upper[i] < 0
        table.add_row(
            Text(name),
            number(comparison.first[i]).lstrip("+"),
            number(comparison.second[i]).lstrip("+"),
            Text(printable(text), style="bold" if apart else ""),
            moved,
        )
    return table
