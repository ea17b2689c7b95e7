"""What a result says, for a terminal and for anything that takes text."""

from __future__ import annotations

import io
import math
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin._base.text import printable
from weighin._display.numbers import MINUS, aligned
from weighin._display.telling import Column, Row, Table, Telling

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table as RichTable

# letters of a line that nobody's terminal limits
WIDTH = 110
LEAST_NAME, MOST_NAME = 12, 32
# of a name, where a line is so narrow that heads are broken into words
NARROW_NAME = 6
MOST_BAR, LEAST_BAR = 20, 6
# spaces between two columns, and at both sides of a table with one
BETWEEN, EDGES = 3, 4


def width_of_output() -> int:
    """Letters that a line of standard output may have: those of the terminal, where it is one."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def as_text(telling: Telling, width: int | None = None) -> str:
    """Write the first table and what is said of it, without colours."""
    from rich.console import Console

    page = io.StringIO()
    # in a notebook rich would show it there instead of writing it
    console = Console(
        file=page,
        width=width or width_of_output(),
        color_system=None,
        force_jupyter=False,
        force_terminal=False,
    )
    console.print(renderable(telling, console.width))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")


def renderable(telling: Telling, width: int) -> Group:
    """Give the first table and what is said of it as something rich prints."""
    from rich.console import Group
    from rich.text import Text

    remarks = [printable(line) for line in telling.under]
    tables = [_table(table, width) for table in telling.tables[:1] if table.rows]
    heading = [] if tables else [Text(printable(table.heading), style="bold") for table in telling.tables[:1]]
    return Group(*tables, *heading, Text("\n".join(remarks)))


def _table(table: Table, width: int) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    names = [printable(f"{row.name} {row.sign}".rstrip()) for row in table.rows]
    longest = max(map(len, [table.first, *names]))
    shown, texts = _fitting(table, width - min(longest, LEAST_NAME) - EDGES)
    heads = [printable(column.label) for column in shown]
    widths, whole = _widths(heads, texts, width - EDGES, longest)
    room = width - EDGES - _taken(widths)
    grid = RichTable(
        title=Text(printable(table.heading)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    bars = _bars(table.rows, min(MOST_BAR, room - min(longest, MOST_NAME) - BETWEEN))
    grid.add_column(table.first, overflow="fold", min_width=min(longest, MOST_NAME, max(NARROW_NAME, room)))
    for place, (head, column, most) in enumerate(zip(heads, shown, widths, strict=True)):
        # rich cuts spaces at the end of what it puts to the right, and with them the line of the points
        by_hand = column.kind == "number" and whole
        texts[place] = [text.rjust(most) if by_hand else text for text in texts[place]]
        grid.add_column(
            Text(head, justify="left" if column.kind == "text" else "right"),
            justify="left" if by_hand or column.kind == "text" else "right",
            width=most,
            overflow="fold",
        )
    if bars:
        grid.add_column("", no_wrap=True)
    for place, (row, name) in enumerate(zip(table.rows, names, strict=True)):
        style = "bold" if row.claimed else ""
        cells = [Text(column_texts[place], style=style) for column_texts in texts]
        colour = "" if row.bar is None else "red" if row.bar.value < 0 else "cyan"
        ends = [Text(bars[place], style=colour if row.claimed else f"{colour} dim".strip())] if bars else []
        grid.add_row(Text(name, style=style), *cells, *ends)
    return grid


def _fitting(table: Table, room: int) -> tuple[list[Column], list[list[str]]]:
    """Columns that fit, and their texts."""
    texts = [
        _column([printable(row.cells[place]) for row in table.rows], column)
        for place, column in enumerate(table.columns)
    ]
    shown = list(range(len(table.columns)))
    while True:
        taken = _taken([_longest([printable(table.columns[i].label), *texts[i]]) for i in shown])
        last = max(shown, key=lambda i: table.columns[i].gives_way, default=None)
        if taken <= room or last is None or not table.columns[last].gives_way:
            return [table.columns[i] for i in shown], [texts[i] for i in shown]
        shown.remove(last)


def _widths(
    heads: Sequence[str], texts: Sequence[Sequence[str]], room: int, longest: int
) -> tuple[list[int], bool]:
    """Width of each column, and whether its cells stay whole.

    Where it is narrow heads are broken between words, then anywhere; cells are broken last, and only between words.
    """
    cells = [_longest(column) for column in texts]
    words = [_longest([word for text in column for word in text.split()]) for column in texts]
    head_words = [_longest(head.split()) for head in heads]
    steps = [
        ([max(len(head), cell) for head, cell in zip(heads, cells, strict=True)], LEAST_NAME, True),
        ([max(sizes) for sizes in zip(head_words, cells, strict=True)], NARROW_NAME, True),
        (cells, NARROW_NAME, True),
        (words, NARROW_NAME, False),
    ]
    left = [room - min(longest, least_name) - _taken(widths) for widths, least_name, _ in steps]
    first = next((place for place, more in enumerate(left) if more >= 0), -1)
    widths, _, whole = steps[first]
    spare = left[first]
    for place, wanted in enumerate(head_words):
        more = max(0, min(spare, wanted - widths[place]))
        widths[place] += more
        spare -= more
    return widths, whole


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=1) or 1


def _taken(widths: Sequence[int]) -> int:
    """Letters that columns take, with the spaces before them."""
    return sum(BETWEEN + width for width in widths)


def _column(texts: list[str], column: Column) -> list[str]:
    return aligned(texts) if column.kind == "number" else texts


def _bars(rows: Sequence[Row], width: int) -> list[str]:
    """A bar of blocks for each row, or a hollow and a full dot; none where there is no room."""
    bars = [row.bar for row in rows if row.bar is not None]
    if any(bar.before is not None for bar in bars):
        return _dots(rows, width)
    lengths = [abs(row.bar.value) if row.bar is not None else math.nan for row in rows]
    top = max((length for length in lengths if math.isfinite(length)), default=0.0)
    if width < LEAST_BAR or not top:
        return []
    # negative ones have a sign before them: colour alone does not tell on paper, or in a pipe
    signed = any(bar.value < 0 for bar in bars)
    signs = (
        [MINUS if row.bar is not None and row.bar.value < 0 else " " for row in rows]
        if signed
        else [""] * len(rows)
    )
    eighths = [
        round(8 * (width - signed) * length / top) if math.isfinite(length) else 0 for length in lengths
    ]
    blocks = ["█" * (n // 8) + " ▏▎▍▌▋▊▉"[n % 8].strip() for n in eighths]
    return [sign + block if block else "" for sign, block in zip(signs, blocks, strict=True)]


def _dots(rows: Sequence[Row], width: int) -> list[str]:
    """Where each number was, hollow, and where it is, full, with the way between."""
    ends = [(row.bar.before, row.bar.value) if row.bar else (None, math.nan) for row in rows]
    places = [[math.nan if end is None else end for end in pair] for pair in ends]
    there = [end for pair in places for end in pair if math.isfinite(end)]
    low, high = min([0.0, *there]), max([0.0, *there])
    if width < LEAST_BAR or low == high:
        return []

    def drawn(before: float, now: float) -> str:
        at = [
            round((width - 1) * (end - low) / (high - low)) if math.isfinite(end) else None
            for end in (before, now)
        ]
        shown = [place for place in at if place is not None]
        line = [" "] * width
        if len(shown) == 2:
            line[min(shown) : max(shown)] = "─" * abs(shown[0] - shown[1])
        # where both are at one place the full one tells
        for place, dot in zip(at, "○●", strict=True):
            if place is not None:
                line[place] = dot
        return "".join(line).rstrip()

    return [drawn(*pair) for pair in places]
