"""Numbers and names as readers see them."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 110  # of a table that nobody's terminal limits


def formatter(values: NDArray[np.float64]) -> Callable[[float], str]:
    """Give a function that writes signed numbers of one column alike: about four digits for the largest."""
    finite = np.abs(values[np.isfinite(values)])
    exponent = math.floor(math.log10(finite.max(initial=0.0) or 1e3))
    if not -7 <= exponent <= 9:
        return lambda value: f"{value:+z.3e}" if math.isfinite(value) else _odd(value)
    decimals = max(0, 4 - (exponent if exponent >= 0 else exponent + 1))
    return lambda value: f"{value:+z,.{decimals}f}" if math.isfinite(value) else _odd(value)


def _odd(value: float) -> str:
    """Write what is no number, or no finite one."""
    return "-" if math.isnan(value) else "∞" if value > 0 else "-∞"


def percent(value: float) -> str:
    """Write a signed part of the baseline as percentage; what rounds to zero has no sign."""
    if not math.isfinite(value):
        return _odd(value)
    if round(1000 * value) == 0:
        return "0.0%"
    return f"{value:+.1%}" if abs(value) < 1000 else f"{100 * value:+.1e}%"


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


def width_of_output() -> int:
    """Letters that a line of standard output may have: those of the terminal, where it is one."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


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
