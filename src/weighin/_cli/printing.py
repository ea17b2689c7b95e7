"""All that the command line prints: a print that fails costs nothing but the print."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import sys
import unicodedata
from typing import Any

_ERRORS = "weighin.plain"
# what a terminal of few letters shows instead
_PLAIN = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{INFINITY}": "inf",
    "\N{NORTH EAST ARROW}": "/",
    "\N{SOUTH EAST ARROW}": "\\",
    "\N{RIGHTWARDS ARROW}": ">",
    "\N{UPWARDS ARROW LEFTWARDS OF DOWNWARDS ARROW}": "|",
    "\N{INTERSECTION}": "n",
    "\N{UNION}": "u",
    "\N{SINE WAVE}": "~",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{MIDDLE DOT}": ".",
    "\N{FULL BLOCK}": "#",
    "\N{WHITE CIRCLE}": "o",
    "\N{BLACK CIRCLE}": "*",
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
}


class Forgiving(io.FileIO):
    """A file that takes what it cannot write and remembers why: a closed pipe, a full disk."""

    failed: OSError | None = None

    def write(self, data: Any, /) -> int:
        """Write, or do without."""
        try:
            return super().write(data)
        except OSError as error:
            self.failed = self.failed or error
            return len(data)


def guard() -> None:
    """Let nothing that is printed from now on end the program: it prints after its work is done."""
    codecs.register_error(_ERRORS, _plainly)
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)
        if type(raw) is io.FileIO:
            stream.flush()
            forgiving = io.BufferedWriter(Forgiving(raw.fileno(), "w", closefd=False))
            guarded = io.TextIOWrapper(
                forgiving,
                stream.encoding,
                _ERRORS,
                line_buffering=stream.line_buffering,
                write_through=stream.write_through,
            )
            setattr(sys, name, guarded)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def show(result: Any) -> None:
    """Print a result as a terminal shows it."""
    from rich.console import Console

    Console().print(result)


def say(text: str, *, err: bool = False) -> None:
    """Print a line."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr if err else sys.stdout, flush=True)


def lost() -> str:
    """Tell why some of it could not be printed; nothing where all was, or where the reader had seen enough."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, Forgiving):
        return ""
    sys.stdout.flush()
    if raw.failed is None or raw.failed.errno in (errno.EPIPE, errno.EINVAL):
        return ""
    return raw.failed.strerror or str(raw.failed)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Write letters that an encoding lacks by those that every one has."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(letter: str) -> str:
    # without its accents, where these are what is lacking
    bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return _PLAIN.get(letter) or bare or "?"
