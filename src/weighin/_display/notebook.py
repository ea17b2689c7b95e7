"""A result as a small HTML table for a notebook, from plain values; knows no result.

One fragment, no script, nothing from elsewhere. Text and whiskers take the colour of the page around them, and bars
stand out from white and from black, so that light and dark need no second version.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from weighin._base.text import printable

MOST = 30  # rows; a notebook is no place for hundreds
_STYLE = """
.weighin{font-size:13px;line-height:1.35;max-width:100%;overflow-x:auto}
.weighin table{border-collapse:collapse;border:0;margin:0;width:auto;color:inherit;background:none}
.weighin caption{caption-side:top;text-align:left;font-weight:600;font-size:15px;padding:2px 8px;color:inherit}
.weighin tr,.weighin tbody tr:nth-child(n){background:none}
.weighin th,.weighin td{padding:3px 8px;border:0;text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.weighin thead th{font-weight:400;opacity:.75;border-bottom:1px solid rgba(128,128,128,.5);vertical-align:bottom}
.weighin tbody th{text-align:left;font-weight:500;max-width:22em;white-space:normal;overflow-wrap:anywhere}
.weighin thead th:first-child{text-align:left}
.weighin p{margin:4px 8px;opacity:.75;max-width:60em;overflow-wrap:anywhere}
.weighin .track{position:relative;display:block;width:190px;height:16px}
.weighin .track span{position:absolute;display:block}
.weighin .bar{top:2px;bottom:2px;background:#3b8fb0}
.weighin .less{background:#c9703f}
.weighin .pale{opacity:.4}
.weighin .whisker{top:4px;bottom:4px;border:solid currentColor;border-width:0 1px;box-sizing:border-box}
.weighin .line{top:7.5px;height:1px;background:currentColor}
.weighin .zero{top:0;bottom:0;width:1px;background:currentColor;opacity:.6}
"""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    name : str
        Of the feature, as it is.
    cells : sequence of str
        Texts.
    value, low, high : float
        Length of the bar, and ends of its whisker; NaN for none.
    sign, word : str
        An arrow behind the name, and what it means.
    few : bool
        Whether so few rows count that no interval holds.
    """

    name: str
    cells: Sequence[str]
    value: float
    low: float = math.nan
    high: float = math.nan
    sign: str = ""
    word: str = ""
    few: bool = False

    @property
    def pale(self) -> bool:
        """Whether it cannot be told apart from zero."""
        return self.few or self.low <= 0 <= self.high


def table_html(
    heading: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    remarks: Sequence[str],
    more: str = "",
    *,
    most: int | None = MOST,
) -> str:
    """Write the table.

    Parameters
    ----------
    heading : str
        Over it.
    columns : sequence of str
        Heads of the first column and of each cell.
    rows : sequence of Row
        In the order to show.
    remarks : sequence of str
        Under it.
    more : str
        Where to find the rows that are not shown.
    most : int or None
        Rows to show; None for all.
    """
    shown = rows[:most]
    ends = [0.0]
    for row in shown:
        ends += [end for end in (row.value, row.low, row.high) if math.isfinite(end)]
    low, span = min(ends), (max(ends) - min(ends)) or 1.0
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    body = "\n".join(_row(row, low, span) for row in shown)
    left_out = [f"{len(rows) - len(shown)} more features: {more}."] if len(rows) > len(shown) else []
    under = "".join(f"<p>{_text(remark)}</p>" for remark in [*left_out, *remarks])
    return (
        f'<div class="weighin" tabindex="0"><style>{_STYLE}</style>\n<table><caption>{_text(heading)}</caption>\n'
        f'<thead><tr>{head}<th aria-hidden="true"></th></tr></thead>\n<tbody>\n{body}\n</tbody></table>\n{under}</div>'
    )


def _row(row: Row, low: float, span: float) -> str:
    sign = f' <span title="{_text(row.word)}">{_text(row.sign)}</span>' if row.sign else ""
    cells = "".join(f"<td>{_text(cell)}</td>" for cell in row.cells)
    return (
        f'<tr><th scope="row">{_text(row.name)}{sign}</th>{cells}'
        f'<td aria-hidden="true"><span class="track">{_bar(row, low, span)}</span></td></tr>'
    )


def _bar(row: Row, low: float, span: float) -> str:
    def across(start: float, stop: float) -> str:
        return f"left:{100 * (start - low) / span:.2f}%;width:{100 * (stop - start) / span:.2f}%"

    parts = []
    if math.isfinite(row.value) and row.value:
        kind = "bar" + (" less" if row.value < 0 else "") + (" pale" if row.pale else "")
        parts.append(
            f'<span class="{kind}" style="{across(min(row.value, 0.0), max(row.value, 0.0))}"></span>'
        )
    if math.isfinite(row.low) and math.isfinite(row.high) and row.low < row.high:
        parts += [
            f'<span class="{kind}" style="{across(row.low, row.high)}"></span>'
            for kind in ("line", "whisker")
        ]
    parts.append(f'<span class="zero" style="left:{100 * (0 - low) / span:.2f}%"></span>')
    return "".join(parts)


def _text(text: str) -> str:
    return escape(printable(text), quote=True)
