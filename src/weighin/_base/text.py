"""Names as readers see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# hold emoji together, and part letters in Persian: harmless between such letters
_JOINERS = "\u200c\u200d"


def printable(text: str) -> str:
    r"""Write out, escaped, what would move the cursor, colour a terminal, hide or turn text around: for every view.

    >>> printable("a\u202eb\x1b[31m"), printable("week")
    ('a\\u202eb\\x1b[31m', 'week')
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or _holds(text, place) else _escaped(letter)
        for place, letter in enumerate(text)
    )


def _holds(text: str, place: int) -> bool:
    around = text[max(0, place - 1) : place + 2]
    return text[place] in _JOINERS and len(around) == 3 and min(around[0], around[2]) > "\x7f"


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


def in_a_row(parts: Sequence[object]) -> str:
    """Write a list as a sentence does: "a, b and c"."""
    texts = list(map(str, parts))
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def named(names: Sequence[str], most: int = 5) -> str:
    """List names of a table as plain text: "a, b and c", or "a, b, c, d and 3 more"."""
    shown = len(names) if len(names) <= most else most - 1
    written = [printable(name) for name in names[:shown]]
    if len(names) > shown:
        written.append(f"{len(names) - shown:,} more")
    return in_a_row(written)


# which way the prediction goes as a feature grows, and the sign for it
ARROWS = {
    "rises": "↗",
    "falls": "↘",
    "peaks": "∩",
    "dips": "\N{UNION}",
    "mixed": "∿",
    "differs": "⇅",
    "none": "→",
}


def column_label(name: Any) -> str:
    """Text of a column's name: that of a tuple, as of pandas' columns of several levels, joined."""
    if isinstance(name, tuple):
        return " / ".join(str(part) for part in name if str(part))
    return name if isinstance(name, str) else str(name)
