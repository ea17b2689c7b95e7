"""Texts and sums by which a plan is known again: the same in every process and session."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import types
from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# attributes of attributes of ...: far enough for settings
_DEEP = 6


def digest(text: str) -> str:
    """Sum of a text, short enough for a file name."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_frame(frame: pd.DataFrame) -> str:
    """Sum of a table: its names, kinds and values, in order, and what its rows are called unless they are numbered."""
    import pandas as pd

    total = hashlib.sha256(str(len(frame)).encode())
    columns = [(name, frame[name]) for name in frame.columns]
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        columns.append((str(list(frame.index.names)), frame.index.to_series()))
    for name, column in columns:
        total.update(f"{name!r} {column.dtype}".encode())
        try:
            sums = pd.util.hash_pandas_object(column, index=False)
        except TypeError:
            # lists, dicts: nothing is trained on them
            sums = pd.util.hash_pandas_object(column.astype(str), index=False)
        total.update(sums.to_numpy().tobytes())
    return total.hexdigest()[:16]


def describe(thing: Any, depth: int = 0) -> str:
    """Write down what `thing` is: values for settings, code for functions, never an address in memory."""
    if thing is None or isinstance(thing, bool | int | float | str | bytes | complex | np.generic):
        return repr(thing)
    if isinstance(thing, partial):
        return f"partial({describe([thing.func, thing.args, thing.keywords], depth)})"
    if isinstance(thing, types.MethodType):
        return f"{describe(thing.__func__, depth)} of {describe(thing.__self__, depth + 1)}"
    if isinstance(thing, types.FunctionType):
        inner = [cell.cell_contents for cell in thing.__closure__ or () if _filled(cell)]
        inner += [thing.__globals__[name] for name in _names(thing.__code__) if name in thing.__globals__]
        defaults = [thing.__defaults__, thing.__kwdefaults__, inner if depth < _DEEP else None]
        return (
            f"{thing.__module__}.{thing.__qualname__} {_code(thing.__code__)} {describe(defaults, depth + 1)}"
        )
    if isinstance(thing, type):
        return f"{thing.__module__}.{thing.__qualname__} {_methods(thing)}"
    if isinstance(thing, types.BuiltinFunctionType | types.ModuleType):
        return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', thing.__name__)}"
    if isinstance(thing, Mapping):
        return "{" + ", ".join(sorted(f"{describe(k)}: {describe(v, depth)}" for k, v in thing.items())) + "}"
    if isinstance(thing, set | frozenset):
        return "{" + ", ".join(sorted(describe(entry, depth) for entry in thing)) + "}"
    if isinstance(thing, list | tuple):
        return "[" + ", ".join(describe(entry, depth) for entry in thing) + "]"
    return _object(thing, depth)


def _object(thing: Any, depth: int) -> str:
    kind = describe(type(thing))
    if hasattr(thing, "detach") and hasattr(thing, "cpu"):
        thing = thing.detach().cpu().numpy()
    elif hasattr(thing, "to_numpy"):
        thing = thing.to_numpy()
    if isinstance(thing, np.ndarray):
        values = repr(thing.tolist()).encode() if thing.dtype == object else thing.tobytes()
        return f"{kind} {thing.dtype} {thing.shape} {hashlib.sha256(values).hexdigest()[:16]}"
    if callable(getattr(thing, "described", None)) and not isinstance(thing, type):
        inner: Any = thing.described()
    elif dataclasses.is_dataclass(thing):
        inner = {entry.name: getattr(thing, entry.name) for entry in dataclasses.fields(thing)}
    elif hasattr(thing, "get_params") and not isinstance(thing, type):
        inner = thing.get_params(deep=False)
    else:
        inner = getattr(thing, "__dict__", None)
    if inner is None or depth >= _DEEP:
        return f"{kind} {re.sub(r' at 0x[0-9a-fA-F]+', '', repr(thing))}"
    return f"{kind} {describe(inner, depth + 1)}"


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        # a name that is set later
        return False


def _code(code: types.CodeType) -> str:
    """Sum of what a function does, whatever file and line it stands in."""
    # sets among the constants are written in order: their own is another one in every session
    constants = [
        _code(constant) if isinstance(constant, types.CodeType) else describe(constant)
        for constant in code.co_consts
    ]
    return digest(repr((code.co_code, code.co_names, code.co_varnames, constants)))


def _names(code: types.CodeType) -> list[str]:
    """Names a function looks up, those of the functions inside it too."""
    functions = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    inner = [name for function in functions for name in _names(function)]
    return list(dict.fromkeys([*code.co_names, *inner]))


@cache
def _methods(kind: type) -> str:
    """Sum of what the methods of a class do: in a notebook they change while its name stays."""
    codes = [
        f"{name} {_code(method.__code__)}"
        for base in kind.__mro__
        for name, attribute in vars(base).items()
        if isinstance(method := getattr(attribute, "__func__", attribute), types.FunctionType)
    ]
    return digest(repr(codes))
