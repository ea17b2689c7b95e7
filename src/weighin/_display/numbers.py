"""Numbers as readers see them: rounded to what is known of them, with a real minus sign."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MINUS = "\N{MINUS SIGN}"
MOST_DECIMALS = 7
# letters that the units of a number are written with
NUMBERS = frozenset(f"<+-{MINUS},0123456789∞")
UNKNOWN = "-"


@dataclass(frozen=True)
class Rounded:
    """A number and its interval, to as many decimals as the interval allows.

    Attributes
    ----------
    value, low, high : str
        Written out; "-" for what is not known.
    """

    value: str
    low: str
    high: str

    @property
    def interval(self) -> str:
        """Both ends, "8.3 to 10.4"; "-" without one."""
        return UNKNOWN if UNKNOWN in (self.low, self.high) else f"{self.low} to {self.high}"


def rounded(value: float, low: float = math.nan, high: float = math.nan, *, sign: bool = False) -> Rounded:
    """Write a number and its interval to as many digits as the interval leaves.

    `value`, `low`, `high`: naN for what is not known. `sign`: whether positive numbers have a plus.
    """
    decimals = decimals_of(high - low)
    return Rounded(*(write(number, decimals, sign=sign) for number in (value, low, high)))


def interval_name(confidence_level: float) -> str:
    """Name an interval by its level: "95% interval"."""
    return f"{100 * confidence_level:g}% interval"


def decimals_of(width: float) -> int | None:
    """Decimals that an interval of some width leaves; None without one."""
    if not (math.isfinite(width) and width > 0):
        return None
    # one digit of about a third of the width
    decimals = -math.floor(math.log10(width / 2 * 0.6))
    return decimals if decimals <= MOST_DECIMALS else None


def write(value: float, decimals: int | None = None, *, sign: bool = False, digits: int = 3) -> str:
    """Write a number: to some decimals, or, where they are not known, to three digits."""
    if math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    plus = "+" if sign and value > 0 else ""
    size = abs(value)
    if decimals is None or size >= 1e9:
        text = f"{size:,.0f}" if size >= 1000 and size < 1e9 else f"{size:.{digits}g}"
    else:
        text = f"{round(size, decimals):,.{max(0, decimals)}f}"
    is_zero = not any(digit in text.partition("e")[0] for digit in "123456789")
    return text if is_zero else (MINUS if value < 0 else plus) + text


def percent(value: float, low: float = math.nan, high: float = math.nan, *, sign: bool = False) -> str:
    """Write a part as a percentage, rounded to its interval; at most one decimal, three where one would show 0."""
    if not math.isfinite(value):
        return write(value)
    decimals = decimals_of(100 * (high - low))
    if decimals is None:
        decimals = 1 if 0 < abs(value) < 1 else 0
    return f"{write(100 * value, min(decimals, 3 if 0 < abs(value) < 5e-4 else 1), sign=sign)}%"


def percents(value: float, low: float = math.nan, high: float = math.nan) -> Rounded:
    """Write a part and its interval as percentages, to as many digits as the interval leaves."""
    number = rounded(100 * value, 100 * low, 100 * high)
    return Rounded(
        *(text if text == UNKNOWN else f"{text}%" for text in (number.value, number.low, number.high))
    )


def aligned(texts: Sequence[str], pad: str = " ", point: str = " ") -> list[str]:
    """Give texts of one width whose decimal points, where they are numbers, stand under each other.

    `pad`, `point`: spaces as wide as a digit and as a decimal point.
    """
    tails = [len(text) - _units_end(text) for text in texts if text[:1] in NUMBERS]
    longest = max(tails, default=0)
    padded = [_padded(text, longest, pad, point) if text[:1] in NUMBERS else text for text in texts]
    width = max(map(len, padded), default=0)
    return [pad * (width - len(text)) + text for text in padded]


def _padded(text: str, longest: int, pad: str, point: str) -> str:
    """Give a number the room behind its units that others need; what begins like no number stands to the right."""
    tail = len(text) - _units_end(text)
    return text + (point + pad * (longest - 1) if not tail and longest else pad * (longest - tail))


def _units_end(text: str) -> int:
    """Place behind the units of the first number: of its decimal point, or of its end."""
    for place, letter in enumerate(text):
        if letter == "." or (letter not in NUMBERS):
            return place
    return len(text)
