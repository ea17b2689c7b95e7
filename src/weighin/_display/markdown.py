"""What a result says, as a markdown table."""

from __future__ import annotations

import re

from weighin._base.text import printable
from weighin._display.telling import Telling


def markdown(telling: Telling) -> str:
    """Write heading, table and remarks in GitHub's markdown; names are nothing but text."""
    parts = []
    for table in telling.tables[:1]:
        heads = [table.first, *(column.label for column in table.columns)]
        marks = ["---", *("---" if column.kind == "text" else "---:" for column in table.columns)]
        rows = [
            [
                f"{_safe(row.name)} {row.sign}".rstrip(),
                *(_bold(_safe(cell), row.claimed) for cell in row.cells),
            ]
            for row in table.rows
        ]
        lines = [[_safe(head) for head in heads], marks, *rows]
        parts += [f"**{_safe(table.heading)}**", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    parts += [_safe(line) for line in telling.under]
    return "\n\n".join(parts) + "\n"


def _bold(text: str, claimed: bool) -> str:
    return f"**{text}**" if claimed and text else text


def _safe(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", printable(text))
