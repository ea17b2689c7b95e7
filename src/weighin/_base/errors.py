"""Every error weighin raises on purpose, and the wording they share.

A message says what is wrong, the value got, what is allowed and, where there is one, the nearest match.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from weighin._base.text import printable

MODEL_RAISED = "The model raised this as it predicted for rows of the table."
# letters without a space between them
_LONG = re.compile(r"\S{300,}")


class WeighinError(Exception):
    """Base of every error weighin raises on purpose."""

    def __str__(self) -> str:
        """Give the message: nothing in it moves a cursor, and a name of ten thousand letters does not hide the rest."""
        return "\n".join(map(printable, _LONG.sub(_shortened, super().__str__()).split("\n")))


class InputError(WeighinError, ValueError):
    """An argument or a table cannot be used as it is."""


class ModelError(WeighinError, TypeError):
    """A model weighin cannot read, or whose predictions cannot be used."""


class MetricError(WeighinError, ValueError):
    """A metric that is unknown, ambiguous, or not defined on these rows."""


class OutputExistsError(WeighinError, FileExistsError):
    """A file is in the way and was left as it is."""


class UntrustedFileError(WeighinError, PermissionError):
    """A file that would run code when opened, and nobody said it may."""


class MissingDependencyError(WeighinError, ImportError):
    """An optional package is needed and not installed."""


class FetchError(WeighinError):
    """The CollegeFootballData API did not give what was asked for."""


class WeighinWarning(UserWarning):
    """Something a reader of the numbers must know."""


@contextmanager
def of_the_model() -> Iterator[None]:
    """Let what a model raises through, with a note that says so: weighin calls it deep inside."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, WeighinError) and MODEL_RAISED not in getattr(error, "__notes__", ()):
            error.add_note(MODEL_RAISED)
        raise


def _shortened(match: re.Match[str]) -> str:
    return f"{match[0][:120]} ... ({len(match[0]):,} letters)"


def nearest(name: object, choices: Iterable[object]) -> str:
    """Say ``" Did you mean 'x'?"`` when one of `choices` is close to `name`, else nothing."""
    close = difflib.get_close_matches(str(name), [str(choice) for choice in choices], n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def unknown(kind: str, name: object, names: Iterable[object], limit: int = 12) -> InputError:
    """Say that there is no feature, or variant, of a name: with the nearest one, and what there is."""
    names = list(names)
    return InputError(
        f"Unknown {kind} {name!r}.{nearest(name, names)} {kind.capitalize()}s: {listing(names, limit)}."
    )


def listing(items: Iterable[object], limit: int = 12) -> str:
    """Names for a message: quoted, in order, cut after `limit` with the number left out."""
    names = [repr(str(item)) for item in items]
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")
