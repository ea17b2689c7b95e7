"""What a result says, for a terminal and for anything that takes text."""

from __future__ import annotations

import io
import math
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin._base.text import printable
from weighin._display.numbers import aligned
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

    remarks = [printable(line) for line in (*telling.remarks, *telling.notes)]
    tables = [_table(table, width) for table in telling.tables[:1] if table.rows]
    heading = [] if tables else [Text(printable(table.heading), style="bold") for table in telling.tables[:1]]
    return Group(*tables, *heading, Text("\n".join(remarks)))


def _table(table: Table, width: int) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    names = [printable(f"{row.name} {row.sign}".rstrip()) for row in table.rows]
    longest = max(map(len, [table.first, *names]))
    least = min(longest, LEAST_NAME)
    shown, texts, room = _fitting(table, width - least - EDGES)
    heads = [printable(column.label) for column in shown]
    fits = room >= 0
    if not fits:
        heads = ["\n".join(head.split()) for head in heads]
        room = width - least - EDGES - _taken(heads, texts)
        fits = room >= min(longest, NARROW_NAME) - least
    grid = RichTable(
        title=Text(printable(table.heading)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    bars = _bars(table.rows, min(MOST_BAR, room - max(0, min(longest, MOST_NAME) - LEAST_NAME) - BETWEEN))
    grid.add_column(
        table.first, overflow="fold", min_width=min(longest, MOST_NAME, max(NARROW_NAME, LEAST_NAME + room))
    )
    for head, column in zip(heads, shown, strict=True):
        # rich cuts spaces at the end of what it puts to the right, and with them the line of the points
        kept = column.kind == "text" or (column.kind == "number" and fits)
        grid.add_column(
            Text(head, justify="left" if column.kind == "text" else "right"),
            justify="left" if kept else "right",
            no_wrap=fits,
            overflow="fold",
        )
    widths = [max(map(len, head.split("\n"))) for head in heads]
    texts = [
        [text.rjust(width) if column.kind == "number" else text for text in column_texts]
        for column, width, column_texts in zip(shown, widths, texts, strict=True)
    ]
    if bars:
        grid.add_column("", no_wrap=True)
    for place, (row, name) in enumerate(zip(table.rows, names, strict=True)):
        style = "bold" if row.claimed else ""
        cells = [Text(column_texts[place], style=style) for column_texts in texts]
        colour = "" if row.bar is None else "red" if row.bar.value < 0 else "cyan"
        ends = [Text(bars[place], style=colour if row.claimed else f"{colour} dim".strip())] if bars else []
        grid.add_row(Text(name, style=style), *cells, *ends)
    return grid


def _fitting(table: Table, room: int) -> tuple[list[Column], list[list[str]], int]:
    """Columns that fit, their texts, and the letters left."""
    texts = [
        _column([printable(row.cells[place]) for row in table.rows], column)
        for place, column in enumerate(table.columns)
    ]
    shown = list(range(len(table.columns)))
    while True:
        taken = _taken([printable(table.columns[i].label) for i in shown], [texts[i] for i in shown])
        last = max(shown, key=lambda i: table.columns[i].gives_way, default=None)
        if taken <= room or last is None or not table.columns[last].gives_way:
            return [table.columns[i] for i in shown], [texts[i] for i in shown], room - taken
        shown.remove(last)


def _taken(heads: Sequence[str], texts: Sequence[Sequence[str]]) -> int:
    """Letters that columns take, with the spaces before them."""
    return sum(
        BETWEEN + max(map(len, [*head.split("\n"), *column]))
        for head, column in zip(heads, texts, strict=True)
    )


def _column(texts: list[str], column: Column) -> list[str]:
    return aligned(texts) if column.kind == "number" else texts


def _bars(rows: Sequence[Row], width: int) -> list[str]:
    """A bar of blocks for each row; none where there is no room."""
    lengths = [abs(row.bar.value) if row.bar is not None else math.nan for row in rows]
    top = max((length for length in lengths if math.isfinite(length)), default=0.0)
    if width < LEAST_BAR or not top:
        return []
    eighths = [round(8 * width * length / top) if math.isfinite(length) else 0 for length in lengths]
    return ["█" * (n // 8) + " ▏▎▍▌▋▊▉"[n % 8].strip() for n in eighths]
