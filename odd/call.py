"""One call, and what came of it."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CLASSES = ("fine", "right message", "vague message", "crash", "wrong number", "hang")


class OfTheUser(Exception):
    """Raised by a model or a metric of the user's own: it comes through as it is."""


@dataclass(frozen=True)
class Call:
    """A call that is odd in one thing.

    Attributes
    ----------
    verb : str
        What is called.
    what : str
        What is odd about it.
    culprits : sequence of str
        A message has to name one of them.
    run : callable
        Does it, and gives what came of it.
    right : callable
        Looks at that: says what is wrong, or nothing.
    """

    verb: str
    what: str
    culprits: Sequence[str]
    run: Callable[[], Any]
    right: Callable[[Any], str] = field(default=lambda result: "")


@dataclass(frozen=True)
class Outcome:
    """What came of a call: a class of `CLASSES`, and the words that go with it."""

    kind: str
    words: str = ""


def outcome_of(call: Call) -> Outcome:
    """Do it, and say what came of it; every warning but weighin's own counts as a crash."""
    from weighin import WeighinError
    from weighin._base.errors import WeighinWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", WeighinWarning)
            # scikit-learn's own, of names that a model was not fitted with
            warnings.filterwarnings("ignore", message="X (has|does not have valid) feature names")
            result = call.run()
            wrong = call.right(result)
    except WeighinError as error:
        words = str(error)
        named = any(culprit in words for culprit in call.culprits)
        return Outcome("right message" if named else "vague message", words)
    except OfTheUser:
        return Outcome("right message", "the user's own error")
    except (Exception, SystemExit) as error:
        notes = " ".join(getattr(error, "__notes__", ()))
        if notes.startswith("The model raised") and ("odel" in call.what or "X:" in call.what):
            return Outcome("right message", f"{error} {notes}")
        frames = traceback.extract_tb(error.__traceback__)
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[-1:-5:-1])
        return Outcome("crash", f"{type(error).__name__}: {error} ({where})")
    return Outcome("wrong number", wrong) if wrong else Outcome("fine")
