"""Numbers for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

# what a spreadsheet takes for a formula
_FORMULA = re.compile(r"\s*[=+\-@|＝＋－＠]|[\t\r\n]")


def csv_text(columns: Mapping[str, Any], *, simulated: bool = False) -> str:
    """Write columns as CSV; text that begins like a formula gets an apostrophe, which says that it is text."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow([*columns, *["note"] * simulated])
    for row in zip(*columns.values(), strict=True):
        writer.writerow([*map(_cell, row), *["SIMULATED DATA"] * simulated])
    return page.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    if isinstance(value, float):
        return "" if value != value else f"{value:.9g}"
    return "" if value is None else value
