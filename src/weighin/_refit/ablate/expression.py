"""New columns from an SQL expression over others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._tables import sql

if TYPE_CHECKING:
    import pandas as pd


def evaluate(text: str, frame: pd.DataFrame, forbidden: Sequence[str] = ()) -> NDArray[Any]:
    """Compute a column: numbers as floats, truth values as 1 and 0, texts as they are.

    `text`: such as ``"home_elo - away_elo"``; see `weighin._tables.sql`. `frame`: with the columns it names.
    `forbidden`: columns it must not read: the target. Raises InputError on anything else, a column that is not there or
    is forbidden, or infinite values.
    """
    values = sql.evaluate(text, frame, "The expression", forbidden)
    if str(values.type) in ("string", "large_string"):
        return np.array(values.to_pylist(), dtype=object)
    try:
        plain = [np.nan if value is None else value for value in values.to_pylist()]
        column = np.array(plain, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"The expression {text!r:.200} gives neither numbers nor texts but {values.type}. Hint: cast as double."
        ) from None
    infinite = int(np.isinf(column).sum())
    if infinite:
        raise InputError(f"The expression {text!r:.200} is infinite in {infinite} of {len(column)} rows.")
    return column
