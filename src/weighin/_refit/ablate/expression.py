"""New columns from an expression over others: numbers, names, + - * / // % **, comparisons and a few functions."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest

if TYPE_CHECKING:
    import pandas as pd

FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int]] = {
    "abs": (np.abs, 1),
    "exp": (np.exp, 1),
    "log": (np.log, 1),
    "log1p": (np.log1p, 1),
    "sign": (np.sign, 1),
    "sqrt": (np.sqrt, 1),
    "maximum": (np.maximum, 2),
    "minimum": (np.minimum, 2),
}
_BINARY: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARISONS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_GRAMMAR = (
    "Allowed are column names (in `backticks` where they are no plain words), numbers, + - * / // % **, ( ), one "
    f"comparison, and {', '.join(FUNCTIONS)}."
)
_LONGEST = 1000


def evaluate(text: str, frame: pd.DataFrame, forbidden: Sequence[str] = ()) -> NDArray[np.float64]:
    """Compute a column of floats; nothing of Python but arithmetic is ever run."""
    tree, names = _parse(text)
    with np.errstate(all="ignore"):
        values = np.broadcast_to(_value(tree, names, text, frame, forbidden), len(frame)).astype(np.float64)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InputError(f"The expression {text!r} is infinite in {infinite} of {len(values)} rows.")
    return values


def columns_in(text: str) -> set[str]:
    """Names an expression reads; empty for a text that is no expression."""
    try:
        tree, names = _parse(text)
    except InputError:
        return set()
    return {names.get(node.id, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)} - {
        *FUNCTIONS
    }


def _parse(text: str) -> tuple[ast.expr, dict[str, str]]:
    quoted: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        name = f"__column_{len(quoted)}"
        quoted[name] = found[1]
        return name

    if len(text) > _LONGEST:
        raise InputError(f"The expression is longer than {_LONGEST} letters: {text[:60]!r} ...")
    try:
        return ast.parse(re.sub(r"`([^`]+)`", stand_in, text).strip(), mode="eval").body, quoted
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"The expression {text!r} cannot be read. {_GRAMMAR}") from None


def _value(
    node: ast.expr, names: Mapping[str, str], text: str, frame: pd.DataFrame, forbidden: Sequence[str]
) -> Any:
    def value(inner: ast.expr) -> Any:
        return _value(inner, names, text, frame, forbidden)

    match node:
        case ast.Name(id=name):
            return _numbers(names.get(name, name), text, frame, forbidden)
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return np.float64(number)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](value(left), value(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return value(operand)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _COMPARISONS[type(op)](value(left), value(right)) * 1.0
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            function, count = FUNCTIONS[name]
            if len(arguments) == count:
                return function(*map(value, arguments))
    raise InputError(f"The expression {text!r} holds {ast.unparse(node)!r}. {_GRAMMAR}")


def _numbers(name: str, text: str, frame: pd.DataFrame, forbidden: Sequence[str]) -> NDArray[np.float64]:
    import pandas as pd

    if name in forbidden:
        raise InputError(
            f"The expression {text!r} reads the target {name!r}: the model would be told the answer."
        )
    if name not in frame.columns:
        raise InputError(
            f"The expression {text!r} reads {name!r}, which is no column.{nearest(name, frame.columns)} "
            f"Columns: {listing(frame.columns, 40)}."
        )
    if not pd.api.types.is_numeric_dtype(frame[name].dtype):
        raise InputError(
            f"The expression {text!r} reads {name!r}, which holds {frame[name].dtype}, not numbers."
        )
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
