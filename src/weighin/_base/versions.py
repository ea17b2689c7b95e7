"""What computed a result, and when."""

from __future__ import annotations

import datetime
import platform
from functools import cache
from importlib import metadata
from typing import Any


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that computed a result."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    """They are read from files, once: that takes longer than small runs do."""
    versions_found = {"python": platform.python_version()}
    for package in ("weighin", "numpy", "scikit-learn", "pandas", "torch", "fastai"):
        try:
            versions_found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions_found


def provenance() -> dict[str, Any]:
    """Fields of a result computed now: "versions", and "date" as ISO 8601."""
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"versions": versions(), "date": date}
