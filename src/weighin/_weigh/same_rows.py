"""A sum by which rows are known again: results of one sum were weighed on the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from weighin._metrics import as_numpy
from weighin._tables.frames import is_frame


def sum_of_rows(target: Any, X: Any = None) -> str:
    """Sum of the target in the order of the rows, or, where there is none, of the table; "" without either.

    Numbers count in single precision, which is how some models hold their target: the same rows have the same sum
    whatever the model.

    `target`, shape (n_rows, n_targets): as a model holds it. `X`: what the model takes.
    """
    total, has_any = hashlib.sha256(), False
    for values in _parts(X) if target is None else [as_numpy(target)]:
        has_any = True
        if values.dtype.kind in "fiub":
            with np.errstate(over="ignore", invalid="ignore"):
                values = np.ascontiguousarray(values, dtype=np.float32)
        total.update(f"{values.shape} {values.dtype}".encode())
        total.update(repr(values.tolist()).encode() if values.dtype == object else values.tobytes())
    return total.hexdigest()[:16] if has_any else ""


def _parts(X: Any) -> Iterator[np.ndarray[Any, Any]]:
    if X is None:
        return
    if is_frame(X):
        for column in nw.from_native(X, eager_only=True).iter_columns():
            yield column.to_numpy()
    elif isinstance(X, dict | tuple | list):
        for part in X.values() if isinstance(X, dict) else X:
            yield as_numpy(part)
    else:
        yield as_numpy(X)
