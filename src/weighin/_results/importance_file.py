"""The file of a result: versioned JSON, nothing that runs."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.files import check_free, replacing
from weighin._display.page import check_further
from weighin._inference import LINKS, RowChanges, evidence_from_json, evidence_to_json

FORMAT = "weighin.importance"
VERSION = 1


def write(path: Path, values: Mapping[str, Any], *, force: bool) -> None:
    """Write the values of a result, whole or not at all.

    Raises
    ------
    OutputExistsError
        If `path` exists and `force` is false.
    """
    check_free(path, force=force)
    content = {"format": FORMAT, "version": VERSION, **_plain(values)}
    text = json.dumps(content, indent=1, allow_nan=False, default=lambda number: number.item())
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that JSON has; parts of a result likewise."""
    content = dict(values)
    content["baseline"] = _to_json(float(values["baseline"]))
    content["importances"] = [[_to_json(value) for value in row] for row in values["importances"].tolist()]
    content["link"] = values["link"].name
    content["relative"] = [_to_json(value) for value in values["relative"]]
    content["evidence"] = [evidence_to_json(some, _to_json) for some in values["evidence"]]
    content["parts"] = [_plain(part) for part in values["parts"]]
    return content


def read(path: Path, names: set[str]) -> dict[str, Any]:
    """Read and check the values that `write` wrote; those not among `names` are left out.

    Raises
    ------
    InputError
        If the file is not there, is no result of weighin, is damaged, or has another version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"'{path}' is not a result of weighin: its format is not {FORMAT!r}.")
    if content.get("version") != VERSION or content["version"] is True:
        raise InputError(
            f"'{path}' has version {content.get('version')!r} of the format; "
            f"this weighin reads version {VERSION}. A newer weighin may read it."
        )
    return _read_values(content, names, path)


def _read_values(content: Mapping[str, Any], names: set[str], path: Path) -> dict[str, Any]:
    values = {name: value for name, value in content.items() if name in names}
    for name, value in values.items():
        if not _KINDS[name](value):
            raise InputError(f"'{path}' is damaged: {name} cannot be {value!r:.80}.")
    try:
        values["baseline"] = _from_json(values["baseline"])
        values["importances"] = [[_from_json(value) for value in row] for row in values["importances"]]
        values["features"] = tuple(values["features"])
        values["link"] = LINKS[values.get("link", "identity")]
        values["notes"] = tuple(values.get("notes", ()))
        values["evidence"] = tuple(
            evidence_from_json(part, _from_json) for part in values.get("evidence", ())
        )
        values["unfinished"] = tuple(values.get("unfinished", ()))
        values["groups"] = {name: tuple(members) for name, members in values.get("groups", {}).items()}
        values["parts"] = tuple(_read_values(part, names, path) for part in values.get("parts", ()))
        check_further(values.get("further", {}))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
    return values


def write_rows(path: Path, kept: RowChanges, *, force: bool) -> None:
    """Write what swaps changed row by row, as numpy's arrays."""
    check_free(path, force=force)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **kept.arrays())


def read_rows(path: Path, shape: tuple[int, ...]) -> RowChanges | None:
    """Read what `write_rows` wrote for importances of a shape; None where there is no such file.

    Raises
    ------
    InputError
        If the file is no such thing.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = RowChanges(**{name: file[name] for name in file.files})
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
    return kept if kept.changes.shape[:2] == shape else None


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


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _dicts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "features": _texts,
    "importances": lambda value: isinstance(value, list) and all(isinstance(row, list) for row in value),
    "baseline": lambda value: True,  # numbers are checked where they are read
    "metric": _text,
    "greater_is_better": lambda value: isinstance(value, bool),
    "n_rows": _whole,
    "rows": _text,
    "on_training_rows": lambda value: value is None or isinstance(value, bool),
    "model": _text,
    "random_state": _whole,
    "block_rows": _whole,
    "groups": lambda value: isinstance(value, dict) and all(map(_texts, value.values())),
    "simulated": lambda value: isinstance(value, bool),
    "complete": lambda value: isinstance(value, bool),
    "notes": _texts,
    "unfinished": _texts,
    "versions": lambda value: isinstance(value, dict) and all(map(_text, value.values())),
    "kernels": lambda value: isinstance(value, dict) and all(map(_text, value.values())),
    "directions": lambda value: isinstance(value, dict) and all(map(_text, value.values())),
    "date": _text,
    "link": lambda value: value in LINKS,
    "by": _text,
    "rows_sum": _text,
    "rows_beside": lambda value: isinstance(value, bool),
    "segment": lambda value: value is None or isinstance(value, str | int | float),
    "evidence": _dicts,
    "parts": _dicts,
    "further": lambda value: isinstance(value, dict),
}
