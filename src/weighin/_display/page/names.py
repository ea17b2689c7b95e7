"""Names from data, made visible and inert before they reach a page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from weighin._base.text import printable

_JOINERS = "\u200c\u200d"  # hold emoji together, and part letters in Persian: harmless between such letters


def visible(name: object) -> str:
    r"""Write a name so that a reader sees all of it: what hides, breaks lines or turns them around is written out.

    >>> visible("a\u202eb"), visible(" "), visible("week")
    ('a\\u202eb', '" "', 'week')
    """
    text = str(name)
    return _shown(text) if text.strip() else f'"{printable(text)}"'


def _shown(text: str) -> str:
    shown = []
    for i, letter in enumerate(text):
        inside = 0 < i < len(text) - 1 and ord(text[i - 1]) > 127 and ord(text[i + 1]) > 127
        shown.append(letter if letter in _JOINERS and inside else printable(letter))
    return "".join(shown)


def short(name: str, limit: int = 36) -> str:
    """Cut the middle out of a long name: the ends tell names of one family apart.

    >>> short("average_of_the_last_five_games_at_home_before_the_bye", 20)
    'average_of_t…the_bye'
    """
    if len(name) <= limit:
        return name
    head = (limit - 1) * 2 // 3
    return f"{name[:head].rstrip()}…{name[len(name) - (limit - 1 - head) :].lstrip()}"


def splitter(names: Iterable[str]) -> Callable[[str], list[tuple[str, bool]]]:
    """Give a function that splits a sentence at its backticks: texts, and whether each is a name.

    Names may hold backticks themselves: those known are looked for first, long before short.

    >>> splitter(["a`b"])("Shuffling `a`b` hurts, `spread` does not.")
    [('Shuffling ', False), ('a`b', True), (' hurts, ', False), ('spread', True), (' does not.', False)]
    """
    known = sorted({str(name) for name in names}, key=len, reverse=True)
    pattern = re.compile("|".join([*(f"`({re.escape(name)})`" for name in known), "`([^`]+)`"]))

    def split(sentence: str) -> list[tuple[str, bool]]:
        pieces, end = [], 0
        for found in pattern.finditer(sentence):
            pieces += [(plain(sentence[end : found.start()]), False), (visible(found[0][1:-1]), True)]
            end = found.end()
        pieces.append((plain(sentence[end:]), False))
        return [piece for piece in pieces if piece[0]]

    return split


def plain(text: str) -> str:
    """Make a text inert; a percentage stays on its line."""
    return re.sub(r"(?<=\d) %", "\u00a0%", _shown(text))


def for_script(data: Any) -> str:
    """Write JSON that no HTML parser takes for markup, whatever the names hold."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
