"""Versions of what computed a result."""

from __future__ import annotations

import platform
from importlib import metadata


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that computed a result."""
    versions_found = {"python": platform.python_version()}
    for package in ("weighin", "numpy", "scikit-learn", "pandas", "torch", "fastai"):
        try:
            versions_found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions_found
