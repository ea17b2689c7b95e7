"""The table of a result in a terminal, from plain values; knows no result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import formatter, percent, printable

if TYPE_CHECKING:
    from rich.table import Table


def weights_table(
    names: Sequence[str],
    values: NDArray[np.float64],
    *,
    heading: str,
    effect: str,
    relative: NDArray[np.float64],
    noise: NDArray[np.float64],
    interval: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
    signs: Sequence[str],
    width: int,
) -> Table:
    """Build a table with one row per feature; names give way to the numbers where it is narrow.

    Parameters
    ----------
    names, values : sequence of str, ndarray of shape (n,)
        In the order to show.
    heading, effect : str
        Over the table, and over the values.
    relative : ndarray of shape (n,)
        Values in parts of the baseline; NaN for none.
    noise : ndarray of shape (n,)
        Standard deviation over shuffles, shown where there is no interval; NaN for none.
    interval : tuple of ndarrays of shape (n,), optional
        Lower and upper ends.
    signs : sequence of str
        Arrows behind the names.
    width : int
        Of the terminal.
    """
    from rich import box
    from rich.bar import Bar
    from rich.table import Table
    from rich.text import Text

    names = [
        f"{printable(name)} {sign}".rstrip() if sign else printable(name)
        for name, sign in zip(names, signs, strict=True)
    ]
    number = formatter(values)
    if interval is None:
        between, title = [number(some).lstrip("+") for some in noise], "± shuffling"
    else:
        between = [f"{number(low)} to {number(high)}" for low, high in zip(*interval, strict=True)]
        title = "95 % interval"
    table = Table(title=heading, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    longest = max((len(name) for name in names), default=0)
    taken = 32 + len(effect) + max([len(title), *map(len, between)])  # what the numbers leave
    table.add_column("feature", overflow="fold", min_width=min(longest, 32, max(8, width - taken)))
    table.add_column(Text(printable(effect)), justify="right", no_wrap=True)
    table.add_column(title, justify="right", no_wrap=True)
    table.add_column("of baseline", justify="right", no_wrap=True)
    table.add_column("", max_width=20)
    top = float(np.abs(values[np.isfinite(values)]).max(initial=1e-300))
    for name, value, around, part in zip(names, values, between, relative, strict=True):
        length = abs(value) if math.isfinite(value) else 0
        bar = Bar(top, 0, length, color="cyan" if value > 0 else "red")
        table.add_row(Text(name), number(value), around, percent(part), bar)
    return table
