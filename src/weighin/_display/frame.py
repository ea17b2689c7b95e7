"""A data frame of the library the user has."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from weighin._base.errors import InputError, MissingDependencyError, nearest

BACKENDS = ("pandas", "polars", "pyarrow")


def frame(columns: Mapping[str, Any], backend: str | None = None) -> Any:
    """Make a data frame.

    `columns`: all of one length. `backend` {"pandas", "polars", "pyarrow"}: by default the first of them that is
    installed; without any a dict of lists is given. Raises InputError on another `backend`. Raises
    MissingDependencyError if it is not installed.
    """
    if backend not in (None, *BACKENDS):
        choices = ", ".join(map(repr, BACKENDS))
        raise InputError(
            f"backend must be one of {choices} or None, got {backend!r}.{nearest(str(backend), BACKENDS)}"
        )
    there = [name for name in BACKENDS if find_spec(name) is not None]
    lists = {name: _plain(values) for name, values in columns.items()}
    if backend is None and not there:
        return lists
    chosen = backend or there[0]
    if chosen not in there:
        raise MissingDependencyError(
            f"{chosen} is not installed: pip install {chosen}, or choose one of {', '.join(there) or 'none'}."
        )
    library = importlib.import_module(chosen)
    if chosen == "pandas":
        return library.DataFrame({name: _untouched(library, values) for name, values in columns.items()})
    if chosen == "polars":
        return library.DataFrame(lists, strict=False)
    return library.table(lists)


def _untouched(pandas: Any, values: Any) -> Any:
    """A column; a list with None in it stays as it is: pandas would make 1 of it 1.0, and NaN of None."""
    if isinstance(values, list) and None in values:
        return pandas.Series(values, dtype=object)
    return values


def _plain(values: Any) -> list[Any]:
    return values.tolist() if hasattr(values, "tolist") else list(values)
