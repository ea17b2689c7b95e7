"""Ctrl-C, with what was finished before it."""

from __future__ import annotations

from typing import Any


class Interrupted(KeyboardInterrupt):
    """Ctrl-C after some features or pairs, or all on some rows, were finished.

    Parameters
    ----------
    result : Importance, Shares or Interactions
        What was finished.
    asked : int
        How many there would have been.
    what : str
        Of what: an attribute of the result.

    Attributes
    ----------
    result : Importance, Shares or Interactions
        What was finished; its `complete` is False.
    """

    def __init__(self, result: Any, asked: int, what: str = "features") -> None:
        finished = len(getattr(result, what))
        super().__init__(f"{finished} of {asked} {what} finished; they are in .result")
        self.result = result
