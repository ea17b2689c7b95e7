"""The table of a comparison in a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from weighin._base.text import printable
from weighin._results.comparison_words import between, numbers

if TYPE_CHECKING:
    from rich.table import Table

    from weighin._results.comparison import Comparison

LEAST_NAME = 8  # letters of a name before columns give way
LABEL = 16


def differences_table(comparison: Comparison, width: int) -> Table:
    """Build a table with one row per feature; where it is narrow, columns give way to the difference, whole ones."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    order, number = comparison._order(), numbers(comparison)
    lower, upper = comparison.interval()
    names = [printable(comparison.features[i]) for i in order]
    a, b = (printable(label) for label in comparison.labels)
    heads = {"a": _short(a), "b": _short(b), "difference": "difference (95% interval)", "rank": "rank"}
    columns = {
        "a": [number(comparison.first[i]).lstrip("+") for i in order],
        "b": [number(comparison.second[i]).lstrip("+") for i in order],
        "difference": [printable(text) for text in between(comparison, order)],
        "rank": [_moved(*comparison.ranks[:, i]) for i in order],
    }
    longest = max(len("feature"), *map(len, names))
    room = width - min(longest, LEAST_NAME) - 4
    for left_out in ((), ("rank",), ("a", "b", "rank")):
        shown = [kind for kind in columns if kind not in left_out]
        taken = sum(2 + max(map(len, [heads[kind], *columns[kind]])) for kind in shown)
        if taken <= room:
            break
    else:
        heads["difference"] = "difference"
        columns["difference"] = [number(comparison.difference[i]) for i in order]
    heading = f"{comparison.metric}: {b} minus {a}" + (" - SIMULATED DATA" if comparison.simulated else "")
    table = Table(
        title=Text(printable(heading)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    table.add_column(
        "feature", overflow="fold", min_width=min(longest, 32, max(LEAST_NAME, width - 4 - taken))
    )
    for kind in shown:
        table.add_column(Text(heads[kind]), justify="right", no_wrap=True)
    for place, (i, name) in enumerate(zip(order, names, strict=True)):
        bold = "bold" if lower[i] > 0 or upper[i] < 0 else ""
        cells = [Text(columns[kind][place], style=bold if kind == "difference" else "") for kind in shown]
        table.add_row(Text(name), *cells)
    return table


def _short(label: str) -> str:
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"


def _moved(first: float, second: float) -> str:
    if math.isnan(first):
        return ""
    return " > ".join(dict.fromkeys((f"{first:.0f}", f"{second:.0f}")))
