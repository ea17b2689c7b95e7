"""Where a result comes from: made-up data are marked, and it is said what computed it, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

MARK = "SIMULATED DATA - "


class Provenance(Protocol):
    """What every result keeps of where it comes from."""

    @property
    def simulated(self) -> bool: ...
    @property
    def versions(self) -> Mapping[str, str]: ...
    @property
    def date(self) -> str: ...


def marked(result: Provenance, title: str) -> str:
    """A title, marked where the data were made up."""
    return (MARK if result.simulated else "") + title


def made(result: Provenance, *terms: tuple[str, str]) -> list[tuple[str, str]]:
    """How it was made: these terms, versions and date, as far as there is something to say."""
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return [(term, text) for term, text in (*terms, ("Versions", versions), ("Date", result.date)) if text]
