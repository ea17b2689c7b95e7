"""Choose rows of a table: ``--rows`` and ``--where``."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from weighin._errors import InputError, listing, nearest

if TYPE_CHECKING:
    import pandas as pd

    from weighin._football._card import Card

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_CONDITION = re.compile(
    r"""\s*(?P<column>[^=!<>,]+?)\s*(?P<sign>==|!=|<=|>=|<|>)\s*"""
    r"""(?P<literal>"[^"]*"|'[^']*'|[^,"'=<>!]+?)\s*(?:,|$)"""
)
_ALLOWED = "Write column, comparison (== != <= >= < >), value; several with commas: year==2021,week<10."


def where(frame: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Keep the rows that meet every condition of an expression like ``year==2021,home_team=='Rice'``.

    The text is taken apart, never evaluated: a column, a comparison, and a number, true, false or text.

    Raises
    ------
    InputError
        On text that is no condition, an unknown column, or a value of another kind than the column.
    """
    at = 0
    while at < len(expression) or not expression:
        match = _CONDITION.match(expression, at)
        if match is None:
            raise InputError(f"--where: {expression[at:].strip()!r} is not a condition. {_ALLOWED}")
        at = match.end()
        column = match["column"]
        if column not in frame.columns:
            raise InputError(
                f"--where: unknown column {column!r}.{nearest(column, frame.columns)} "
                f"Columns: {listing(frame.columns, 40)}."
            )
        frame = frame[_compare(frame[column], match["sign"], match["literal"])]
    return frame


def _compare(column: pd.Series, sign: str, literal: str) -> pd.Series:
    import pandas as pd

    quoted = re.fullmatch(r"""(["'])(.*)\1""", literal, re.DOTALL)
    text = quoted[2] if quoted else literal
    kind = column.dtype
    value: Any = text
    if pd.api.types.is_bool_dtype(kind):
        allowed = {"true": True, "1": True, "false": False, "0": False}
        if text.lower() not in allowed or sign not in ("==", "!="):
            raise InputError(
                f"--where: {column.name!r} is true or false; {sign}{literal} cannot be compared with it."
            )
        value = allowed[text.lower()]
    elif pd.api.types.is_numeric_dtype(kind):
        try:
            value = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            raise InputError(f"--where: {column.name!r} holds numbers, got {literal!r}.")
    elif pd.api.types.is_datetime64_any_dtype(kind):
        try:
            value = pd.Timestamp(text)
            if isinstance(kind, pd.DatetimeTZDtype) and value.tzinfo is None:
                value = value.tz_localize(kind.tz)
        except ValueError:
            raise InputError(f"--where: {column.name!r} holds dates, got {literal!r}.") from None
    else:
        column = column.astype(str)
    return _COMPARISONS[sign](column, value)


def choose(frame: pd.DataFrame, rows: str | None, card: Card | None) -> tuple[pd.DataFrame, str]:
    """Take the rows that ``--rows`` names: held-out, all, or first:N.

    Returns
    -------
    frame : pandas.DataFrame
        The rows.
    what : str
        Which ones, in words, with their number left open: "{n} held-out rows".

    Raises
    ------
    InputError
        If the choice is none of these, cannot be told without a card or an id, or leaves nothing.
    """
    seen = _ids(frame, card, "train")
    if rows is None:
        rows = "all" if seen is None else "held-out"
    first = re.fullmatch(r"first:(\d+)", rows)
    if rows == "all":
        what = "all {n} rows"
    elif rows == "held-out":
        used = _ids(frame, card, "valid")
        if seen is None or used is None:
            raise InputError(
                "--rows held-out needs the card that weighin writes beside the learner (learner.card.json) and the "
                "column 'id' in the table. Use --rows all or --where."
            )
        frame = frame[~(seen | used).to_numpy()]
        what = "{n} held-out rows"
    elif first and int(first[1]) > 0:
        frame = frame.head(int(first[1]))
        what = "the first {n} rows"
    else:
        raise InputError(f"--rows must be held-out, all or first:N with N >= 1, got {rows!r}.")
    return frame, what


def training_rows(frame: pd.DataFrame, card: Card | None) -> int | None:
    """Count rows the network was trained on; None when nobody knows."""
    seen = _ids(frame, card, "train")
    return None if seen is None else int(seen.sum())


def _ids(frame: pd.DataFrame, card: Card | None, part: str) -> pd.Series | None:
    if card is None or "id" not in frame.columns:
        return None
    import pandas as pd

    ids = frame["id"]
    if pd.api.types.is_float_dtype(ids.dtype) and (ids.dropna() % 1 == 0).all():
        ids = ids.astype("Int64")
    # one file format keeps ids as numbers, another as text
    return ids.astype(str).isin({str(known) for known in getattr(card, f"{part}_ids")})
