"""The file of a comparison: versioned JSON, nothing that runs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.files import check_free, replacing

FORMAT = "weighin.comparison"
VERSION = 1
_ARRAYS = ("first", "second", "difference", "se", "skewness", "df")
_PAIRS = ("labels", "rows", "models", "n_rows", "baselines")


def write(path: Path, values: Mapping[str, Any], *, force: bool) -> None:
    """Write the values of a comparison, whole or not at all.

    Raises
    ------
    OutputExistsError
        If `path` exists and `force` is false.
    """
    check_free(path, force=force)
    content = {"format": FORMAT, "version": VERSION, **values}
    for name in (*_ARRAYS, "baselines"):
        content[name] = [_to_json(value) for value in np.asarray(values[name], dtype=float).tolist()]
    content["few_rows"] = values["few_rows"].tolist()
    text = json.dumps(content, indent=1, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read(path: Path, names: set[str]) -> dict[str, Any]:
    """Read and check the values that `write` wrote; those not among `names` are left out.

    Raises
    ------
    InputError
        If the file is not there, is no comparison of weighin, is damaged, or has another version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"'{path}' is not a comparison of weighin: its format is not {FORMAT!r}.")
    if content.get("version") != VERSION or content["version"] is True:
        raise InputError(
            f"'{path}' has version {content.get('version')!r} of the format; "
            f"this weighin reads version {VERSION}. A newer weighin may read it."
        )
    values = {name: value for name, value in content.items() if name in names}
    for name, value in values.items():
        if not _KINDS[name](value):
            raise InputError(f"'{path}' is damaged: {name} cannot be {value!r:.80}.")
    try:
        for name in (*_ARRAYS, "baselines"):
            values[name] = [_from_json(value) for value in values[name]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
    for name in {*_PAIRS, "features", "notes"} & values.keys():
        values[name] = tuple(values[name])
    return values


def _to_json(value: float) -> float | str | None:
    """JSON has no NaN and no infinity: null and text stand for them."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)


def _from_json(value: Any) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or (isinstance(value, str) and value not in ("inf", "-inf")):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _list_of(kind: type, length: int | None = None) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return (
            isinstance(value, list)
            and all(type(item) is kind for item in value)
            and (length is None or len(value) == length)
        )

    return fits


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_ARRAYS, _is(list)),  # numbers are checked where they are read
    "features": _list_of(str),
    "labels": _list_of(str, 2),
    "few_rows": _list_of(bool),
    "paired": _is(bool),
    "metric": _is(str),
    "greater_is_better": _is(bool),
    "baselines": lambda value: isinstance(value, list) and len(value) == 2,
    "n_rows": _list_of(int, 2),
    "rows": _list_of(str, 2),
    "models": _list_of(str, 2),
    "simulated": _is(bool),
    "notes": _list_of(str),
    "versions": lambda value: isinstance(value, dict) and all(type(v) is str for v in value.values()),
    "date": _is(str),
}
