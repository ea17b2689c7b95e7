"""Matrices for models of several inputs: by position or by name, from frames, arrays, lists and dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing
from weighin._tables.features import Feature
from weighin._tables.frames import check_columns, column_names, is_frame


def of_names(X: Any, inputs: Sequence[str]) -> Any:
    """A frame whose columns are the inputs of a model that has several, or several matrices, as a dict of them.

    Raises InputError if inputs are missing.
    """
    if len(inputs) > 1 and is_frame(X):
        check_columns(X, inputs, "the model takes")
        frame = nw.from_native(X, eager_only=True)
        return {name: frame.select([name]).to_native() for name in inputs}
    if isinstance(X, list | tuple) and len(X) == len(inputs) and np.ndim(X[0]) == 2:
        return dict(zip(inputs, X, strict=True))
    if isinstance(X, Mapping) and inputs and set(X) != set(inputs):
        raise InputError(f"X must have the inputs of the model, {listing(inputs)}, got {listing(X)}.")
    return X


def named_inputs(X: Any, who: str) -> tuple[list[NDArray[Any]], tuple[Feature, ...], tuple[str, ...] | None]:
    """Matrices, the features that their columns are, and the names of the inputs; None for one without.

    Raises InputError if there is no X, an input is no matrix, rows differ in number, or columns share a name.
    """
    if X is None:
        raise InputError(f"X is needed: a {who} brings no rows along.")
    keys = tuple(map(str, X)) if isinstance(X, Mapping) else None
    parts, names = [], []
    for key, part in zip(keys or [""], X.values() if isinstance(X, Mapping) else [X], strict=True):
        array = _array(part)
        if array.ndim == 1 and keys:
            array = array[:, None]
        if array.ndim != 2:
            raise InputError(f"{key or 'X'} must have 2 dimensions (rows, columns), got shape {array.shape}.")
        parts.append(array)
        single = bool(keys) and array.shape[1] == 1
        if is_frame(part):
            names += column_names(part)
        else:
            names += [key] if single else [f"{key}_{j}" if key else f"x{j}" for j in range(array.shape[1])]
    n_rows = {len(part) for part in parts}
    if len(n_rows) != 1 or n_rows.pop() < 2:
        raise InputError(
            f"All inputs must have the same rows, 2 at least, got {', '.join(str(len(part)) for part in parts)}."
        )
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(
            f"Column names must be unique across the inputs; {twice[0]!r} occurs more than once."
        )
    return parts, tuple(Feature(name, (position,)) for position, name in enumerate(names)), keys


def _array(part: Any) -> NDArray[Any]:
    """Numbers as they are; text and mixed columns as objects."""
    if is_frame(part):
        frame = nw.from_native(part, eager_only=True)
        return np.column_stack([frame[name].to_numpy() for name in frame.columns])
    if hasattr(part, "detach"):
        part = part.detach().cpu()
    return np.asarray(part)
