"""What a result says, as a small HTML table for a notebook.

One fragment, no script, nothing from elsewhere. Text and whiskers take the colour of the page around them, and bars
stand out from white and from black, so that light and dark need no second version. The class stands twice in the style
of table parts: JupyterLab's own rules weigh more than one class.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from weighin._base.text import printable
from weighin._display.numbers import aligned
from weighin._display.telling import MOST_ROWS, Bar, Column, Row, Table, Telling

# as wide as a digit, and as a decimal point
FIGURE_SPACE, POINT_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
# columns that give way that easily are for pages and wide terminals
WIDE_ONLY = 4
_STYLE = """
.weighin{font-size:13px;line-height:1.35;max-width:100%;overflow-x:auto}
.weighin.weighin table{border-collapse:collapse;border:0;margin:0;width:auto;table-layout:auto;
color:inherit;background:none}
.weighin.weighin caption{caption-side:top;text-align:left;font-weight:600;font-size:15px;padding:2px 8px;color:inherit}
.weighin.weighin tr,.weighin.weighin tbody tr:nth-child(n){background:none}
.weighin.weighin th,.weighin.weighin td{padding:3px 8px;border:0;vertical-align:middle;font-weight:400;
text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.weighin.weighin thead th{font-weight:400;opacity:.75;
border-bottom:1px solid rgba(128,128,128,.5);vertical-align:bottom}
.weighin.weighin .claimed th,.weighin.weighin .claimed td{font-weight:600}
.weighin.weighin .words{text-align:left}
.weighin.weighin tbody .words{min-width:9em;max-width:16em;white-space:normal;overflow-wrap:anywhere}
.weighin.weighin tbody th{text-align:left;font-weight:500;min-width:12em;max-width:22em;
white-space:normal;overflow-wrap:anywhere}
.weighin.weighin thead th:first-child{text-align:left}
.weighin p{margin:4px 8px;opacity:.75;max-width:60em;overflow-wrap:anywhere}
.weighin.weighin .track{position:relative;display:block;width:190px;height:16px}
.weighin.weighin .dots{width:120px}
.weighin.weighin .track span{position:absolute;display:block}
.weighin.weighin .bar{top:2px;bottom:2px;background:#3b8fb0}
.weighin.weighin .way{top:6px;bottom:6px;background:currentColor;opacity:.3}
.weighin.weighin .dot{top:4px;width:8px;height:8px;margin-left:-4px;border-radius:50%;background:#3b8fb0;
box-sizing:border-box}
.weighin.weighin .ring{background:none;border:2px solid #3b8fb0}
.weighin.weighin .less{background:#c9703f}
.weighin.weighin .pale{opacity:.4}
.weighin.weighin .whisker{top:4px;bottom:4px;border:solid currentColor;border-width:0 1px;box-sizing:border-box}
.weighin.weighin .line{top:7.5px;height:1px;background:currentColor}
.weighin.weighin .zero{top:0;bottom:0;width:1px;background:currentColor;opacity:.6}
"""


def fragment(telling: Telling, most: int | None = MOST_ROWS) -> str:
    """Write the first table and what is said of it, for a notebook.

    `telling`: what a result says. `most`: rows to show; None for all.
    """
    return "".join(table_html(_narrow(table), telling.under, most=most) for table in telling.tables[:1])


def _narrow(table: Table) -> Table:
    """Give a table without the columns that a notebook has no room for, beside the bars."""
    kept = [place for place, column in enumerate(table.columns) if column.gives_way < WIDE_ONLY]
    rows = [replace(row, cells=[row.cells[place] for place in kept]) for row in table.rows]
    return replace(table, columns=[table.columns[place] for place in kept], rows=rows)


def table_html(
    table: Table,
    remarks: Sequence[str] = (),
    *,
    most: int | None = MOST_ROWS,
    bars: bool = True,
    notes: bool = False,
) -> str:
    """Write a table and remarks under it.

    `table`: what to show. `remarks`: under it. `most`: rows to show; None for all. `bars`, `notes`: whether to draw the
    bars, and to write the notes of rows under their names.
    """
    shown, left_out = table.upto(most)
    drawn = [row.bar for row in shown if bars and row.bar is not None]
    ends = [0.0, *(end for bar in drawn for end in _ends(bar) if math.isfinite(end))]
    scale = _Scale(min(ends), (max(ends) - min(ends)) or 1.0)
    heads = "".join(
        f'<th scope="col"{_side(column)}>{_text(column.label)}</th>' for column in table.columns
    ) + '<th aria-hidden="true"></th>' * bool(drawn)
    columns = [_cells([row.cells[i] for row in shown], column) for i, column in enumerate(table.columns)]
    body = "\n".join(
        _row(row, [column[place] for column in columns], scale, with_bar=bool(drawn), with_note=notes)
        for place, row in enumerate(shown)
    )
    under = "".join(f"<p>{_text(remark)}</p>" for remark in [*([left_out] if left_out else []), *remarks])
    return (
        f'<div class="weighin" tabindex="0"><style>{_STYLE}</style>\n<table><caption>{_text(table.heading)}</caption>\n'
        f'<thead><tr><th scope="col">{_text(table.first)}</th>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'
        f"\n{under}</div>"
    )


@dataclass(frozen=True)
class _Scale:
    """Where bars begin, and what their whole width stands for."""

    low: float
    span: float

    def across(self, start: float, stop: float) -> str:
        """Place and width of a part."""
        return (
            f"left:{100 * (start - self.low) / self.span:.2f}%;width:{100 * (stop - start) / self.span:.2f}%"
        )

    def at(self, end: float) -> str:
        """Place of a point."""
        return f"left:{100 * (end - self.low) / self.span:.2f}%"


def _cells(texts: Sequence[str], column: Column) -> list[str]:
    """Cells of a column; numbers are padded by spaces as wide as digits, so that their points are aligned."""
    if column.kind == "number":
        return [
            f"<td>{_text(text)}</td>"
            for text in aligned(list(map(printable, texts)), FIGURE_SPACE, POINT_SPACE)
        ]
    return [f"<td{_side(column)}>{_text(text)}</td>" for text in texts]


def _side(column: Column) -> str:
    return ' class="words"' if column.kind == "text" else ""


def _row(row: Row, cells: Sequence[str], scale: _Scale, *, with_bar: bool, with_note: bool) -> str:
    sign = f' <span title="{_text(row.meaning)}">{_text(row.sign)}</span>' if row.sign else ""
    name = f"<bdi>{_text(row.name)}</bdi>" if with_note else _text(row.name)
    note = f'<span class="note">{_text(row.note)}</span>' if with_note and row.note else ""
    track = ""
    if with_bar and row.bar is not None:
        kind = "track" if row.bar.before is None else "track dots"
        track = f'<span class="{kind}">{_bar(row, scale)}</span>'
    last = f'<td aria-hidden="true">{track}</td>' if with_bar else ""
    kind = ' class="claimed"' if row.claimed else ""
    return f'<tr{kind}><th scope="row">{name}{sign}{note}</th>{"".join(cells)}{last}</tr>'


def _ends(bar: Bar) -> tuple[float, ...]:
    return (bar.value, bar.low, bar.high, math.nan if bar.before is None else bar.before)


def _bar(row: Row, scale: _Scale) -> str:
    bar, parts = row.bar, []
    assert bar is not None
    before = bar.before
    if before is not None:
        there = [end for end in (before, bar.value) if math.isfinite(end)]
        if len(there) == 2:
            parts.append(f'<span class="way" style="{scale.across(min(there), max(there))}"></span>')
        parts += [
            f'<span class="{kind}" style="{scale.at(end)}"></span>'
            for kind, end in (("dot ring", before), ("dot", bar.value))
            if math.isfinite(end)
        ]
    elif math.isfinite(bar.value) and bar.value:
        kind = "bar" + (" less" if bar.value < 0 else "") + ("" if row.claimed else " pale")
        ends = scale.across(min(bar.value, 0.0), max(bar.value, 0.0))
        parts.append(f'<span class="{kind}" style="{ends}"></span>')
    if math.isfinite(bar.low) and math.isfinite(bar.high) and bar.low < bar.high:
        parts += [
            f'<span class="{kind}" style="{scale.across(bar.low, bar.high)}"></span>'
            for kind in ("line", "whisker")
        ]
    parts.append(f'<span class="zero" style="{scale.at(0.0)}"></span>')
    return "".join(parts)


def _text(text: str) -> str:
    """Nothing but text; the spaces stay that keep numbers in line."""
    parts = re.split(f"([{FIGURE_SPACE}{POINT_SPACE}])", text)
    return escape(
        "".join(part if place % 2 else printable(part) for place, part in enumerate(parts)), quote=True
    )
