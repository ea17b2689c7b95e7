"""Names as readers see them."""

from __future__ import annotations

from collections.abc import Sequence


def printable(text: str) -> str:
    """Write out, escaped, what would move the cursor, colour a terminal or hide."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def named(names: Sequence[str], most: int = 5) -> str:
    """List names of a table as plain text: "a, b and c", or "a, b, c, d and 3 more"."""
    shown = len(names) if len(names) <= most else most - 1
    written = [printable(name) for name in names[:shown]]
    if len(names) > shown:
        written.append(f"{len(names) - shown:,} more")
    return " and ".join(filter(None, [", ".join(written[:-1]), *written[-1:]]))


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
