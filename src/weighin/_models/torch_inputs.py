"""What a torch module takes: one matrix, several, a dict of them, or the columns of a mixed frame by its signature."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
import torch
from torch import Tensor

from weighin._base.errors import InputError, listing
from weighin._tables.arrays import ArrayRows
from weighin._tables.frames import column_names, is_frame, to_matrix

# names that libraries and their users give to the two inputs
_LEVELS = ("x_cat", "x_categ", "x_categorical", "cat", "cats", "categ", "categorical", "x_cats")
_NUMBERS = (
    "x_cont",
    "x_num",
    "x_continuous",
    "x_numerical",
    "cont",
    "conts",
    "num",
    "numerical",
    "continuous",
)


def by_signature(X: Any, module: Any) -> tuple[Any, tuple[str, ...], str]:
    """A mixed frame as the inputs of a module that takes levels and numbers apart; and inputs that are None.

    Returns `X`: as it was, or a dict by the names of the module's inputs; `absent`: inputs that the module gets None
    for; `note`: which columns were taken as what.
    """
    takes = _parameters(module)
    names = [parameter.name for parameter in takes]
    note = ""
    if isinstance(X, list | tuple) and any(part is None for part in X):
        X = dict(zip(names, X, strict=False))
    levels = next((name for name in names if name.lower() in _LEVELS), "")
    numbers = next((name for name in names if name.lower() in _NUMBERS), "")
    if is_frame(X) and levels and numbers:
        frame = nw.from_native(X, eager_only=True)
        of_levels = [name for name, kind in frame.schema.items() if not kind.is_float()]
        of_numbers = [name for name in frame.columns if name not in of_levels]
        note = (
            f"The module takes {levels} (here {listing(of_levels) or 'None'}) and {numbers} (here "
            f"{listing(of_numbers) or 'None'}): whole numbers and categories are levels."
        )
        coded = frame.with_columns(*(_codes(frame[name]) for name in of_levels))
        X = {
            levels: coded.select(of_levels).to_native() if of_levels else None,
            numbers: coded.select(of_numbers).to_native() if of_numbers else None,
        }
    if not isinstance(X, Mapping):
        return X, (), note
    absent = tuple(str(key) for key, part in X.items() if part is None)
    return {key: part for key, part in X.items() if part is not None}, absent, note


def _parameters(module: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(module.forward).parameters.values())
    except (TypeError, ValueError):
        return []


def _codes(column: Any) -> Any:
    """Whole numbers as they are; categories by their place in their dtype.

    Raises InputError on text, whose levels nobody numbered.
    """
    kind = column.dtype
    if kind.is_integer() or kind == nw.Boolean:
        return column.cast(nw.Int64)
    if kind not in (nw.Categorical, nw.Enum):
        raise InputError(
            f"Column {column.name!r} holds {kind}: a torch module takes numbers of levels. Give an encoder before the "
            "module, weigh((encoder, module), df, y), or a categorical column with the levels of training, in order."
        )
    places = {level: place for place, level in enumerate(column.cat.get_categories().to_list())}
    values = [places.get(value, -1) for value in column.to_list()]
    if -1 in values:
        raise InputError(f"Column {column.name!r} has missing values: give them a level.")
    return nw.new_series(column.name, values, nw.Int64, backend=column.implementation)


class Without(torch.nn.Module):
    """A module, with None for inputs that are absent."""

    def __init__(self, module: torch.nn.Module, absent: Sequence[str]) -> None:
        super().__init__()
        self.module, self.absent = module, dict.fromkeys(absent)

    def forward(self, **inputs: Tensor) -> Any:
        """Call it by name."""
        return self.module(**inputs, **self.absent)


def tensor_to_numpy(tensor: Tensor) -> np.ndarray:
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).detach().cpu().numpy()


def call_by_name(module: Any, inputs: dict[str, Tensor]) -> Any:
    """Call a module with keywords, or with the dict itself where it takes one argument of another name."""
    try:
        takes = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        # compiled, say: it does not tell
        return module(**inputs)
    named = {par.name for par in takes if par.kind in (par.POSITIONAL_OR_KEYWORD, par.KEYWORD_ONLY)}
    if any(par.kind is par.VAR_KEYWORD for par in takes) or named & set(inputs):
        return module(**inputs)
    needed = [par for par in takes if par.default is par.empty and par.kind is not par.VAR_POSITIONAL]
    whole = len(needed) == 1 and needed[0].kind is not needed[0].KEYWORD_ONLY
    return module(inputs) if whole else module(**inputs)


def describe_levels(module: Any, rows: ArrayRows) -> str:
    """What whole numbers there are, and how many each embedding knows; empty where there are none."""
    sizes = [part.num_embeddings for part in module.modules() if isinstance(part, torch.nn.Embedding)]
    columns = [
        f"{key} column {position}: {int(column.min())} to {int(column.max())}"
        for key, part in zip(
            rows.keys or map("input{}".format, range(len(rows.parts))), rows.parts, strict=True
        )
        if not part.is_floating_point()
        for position, column in enumerate(part.unbind(1))
    ]
    if not sizes or not columns:
        return ""
    levels = ", ".join(map(str, sizes[:12]))
    return (
        f"{', '.join(columns[:12])}; its embeddings have {levels} levels, counted from 0. Give levels that were not "
        "there in training a number that it knows."
    )


def matrices(X: Any) -> tuple[list[Any], list[list[str]], tuple[str, ...] | None]:
    """Matrices, the names of their columns, and the keywords of a dict."""
    keys = None
    if isinstance(X, Mapping):
        if not X:
            raise InputError("X is an empty dict; name at least one input of the module.")
        keys, inputs = tuple(X), list(X.values())
        labels = [str(key) for key in keys]
    elif isinstance(X, list | tuple):
        if not X or not (is_frame(X[0]) or getattr(X[0], "ndim", None) == 2):
            raise InputError("A list or tuple X must hold the module's inputs, each with 2 dimensions.")
        inputs, labels = list(X), [f"input{position}" for position in range(len(X))]
    else:
        inputs, labels = [X], [""]
    names = []
    for values, label in zip(inputs, labels, strict=True):
        if is_frame(values):
            names.append(column_names(values))
            continue
        shape = getattr(values, "shape", None)
        if shape is None or len(shape) != 2:
            got = type(values).__name__ if shape is None else f"shape {tuple(shape)}"
            raise InputError(f"{label or 'X'} must have 2 dimensions (rows, columns), got {got}.")
        names.append([f"{label}_{j}" if label else f"x{j}" for j in range(shape[1])])
    flat = [name for part_names in names for name in part_names]
    if len(set(flat)) < len(flat):
        twice = next(name for name in flat if flat.count(name) > 1)
        raise InputError(f"Column names must be unique across the inputs; {twice!r} occurs more than once.")
    return inputs, names, keys


def numbers_of(values: Any, names: Sequence[str]) -> np.ndarray:
    if isinstance(values, Tensor):
        values = tensor_to_numpy(values)
    array = to_matrix(values, names) if is_frame(values) else np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InputError(f"A torch module takes numbers, got an array of {array.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = [name for name, ok in zip(names, np.isfinite(array).all(0), strict=True) if not ok]
        raise InputError(f"Missing or infinite values in {', '.join(map(repr, bad[:12]))}: fill them before.")
    if array.dtype.kind == "f":
        return np.array(array, dtype=np.float64 if array.dtype.itemsize > 4 else np.float32)
    # torch knows neither all unsigned types nor the other order of bytes
    return np.array(array, dtype=np.int64)
