"""The file of an ablation, and of weights over fits: versioned JSON, nothing that runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighin._base.errors import InputError
from weighin._base.files import check_free, replacing
from weighin._inference.refits import Spread

VERSION = 1


def write(path: Path | str, kind: str, values: Mapping[str, Any], *, force: bool) -> None:
    """Write plain values, whole or not at all; NaN and infinity as null and text.

    Raises
    ------
    OutputExistsError
        If `path` exists and `force` is false.
    """
    path = Path(path)
    check_free(path, force=force)
    content = {"format": kind, "version": VERSION, **_plain(values)}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, allow_nan=False), encoding="utf-8")


def read(path: Path | str, kind: str) -> dict[str, Any]:
    """Read what `write` wrote.

    Raises
    ------
    InputError
        If the file is not there, is something else, or has another version.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != kind:
        raise InputError(f"'{path}' is no such result of weighin: its format is not {kind!r}.")
    if content.get("version") != VERSION or content["version"] is True:
        raise InputError(
            f"'{path}' has version {content.get('version')!r} of the format; this weighin reads version {VERSION}. "
            "A newer weighin may read it."
        )
    return {name: value for name, value in content.items() if name not in ("format", "version")}


def number(value: Any) -> float:
    """Read a number that may be none.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or (isinstance(value, str) and value not in ("inf", "-inf")):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def spread(content: Mapping[str, Any]) -> Spread:
    """Read a spread.

    Raises
    ------
    TypeError
        If it is none.
    """
    values = {name: number(content[name]) for name in ("rows", "fits", "residual", "df")}
    return Spread(**{**content, **values})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
