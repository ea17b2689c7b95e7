"""Values as JSON that holds every bit, and the file of all runs."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "weighin.golden"


def packed(value: Any) -> dict[str, Any]:
    """Numbers as bytes, all else as JSON.

    Parameters
    ----------
    value : number, text, array, or a list or mapping of these
        Numbers of Python count as float64.
    """
    if isinstance(value, bool | str) or value is None:
        return {"value": value}
    if isinstance(value, Mapping):
        return {"value": {str(key): packed(some) for key, some in value.items()}}
    if isinstance(value, set | frozenset):
        return {"value": sorted(map(str, value))}
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return {"value": [packed(some) for some in value]}
    if array.dtype.kind not in "biuf":
        return {"value": _plain(value)}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"shape": list(array.shape), "dtype": array.dtype.str, "data": data}


def unpacked(content: Mapping[str, Any]) -> Any:
    """Give back an array; None for what is none."""
    if "data" not in content:
        return None
    data = np.frombuffer(base64.b64decode(content["data"]), dtype=content["dtype"])
    return data.reshape(content["shape"])


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(some) for some in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.floating):
        return float(value).hex()
    return str(value)


def write(path: Path, runs: Mapping[str, Any]) -> None:
    """Write runs; the same runs give the same bytes."""
    text = json.dumps({"format": FORMAT, "runs": runs}, indent=0, ensure_ascii=False)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote."""
    content = json.loads(gzip.decompress(path.read_bytes()))
    if content.get("format") != FORMAT:
        raise SystemExit(f"{path.name} holds no golden runs")
    return dict(content["runs"])
