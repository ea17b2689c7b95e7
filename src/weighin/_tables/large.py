"""Tables too large to be held: of these rows are drawn, as many as are asked for, wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._tables.frames import n_rows_of, rows_of
from weighin._tables.sources import Source
from weighin._tables.spool import open_source

# rows, or bytes in memory, above which a table is not read as a whole
LARGE_ROWS, LARGE_BYTES = 2_000_000, 2**30
SAMPLE_ROWS = 200_000
# of rows that are read before they are asked for
AHEAD_BYTES = 2**26


def read_or_open(
    X: Any, levels: Mapping[str, Sequence[Any]] | None = None
) -> tuple[Any, Source | None, tuple[str, ...]]:
    """Read a table where it is small.

    Returns `X`: as it was, or in memory; `source`: what to draw rows of a large table from, else None; `notes`: what a
    reader of the numbers must know. Raises InputError on files that cannot be read.
    """
    X, source = open_source(X, levels)
    # a file is read by the library that its user reads it with
    if source is None or (isinstance(X, str | Path) and not Path(X).is_dir() and not is_large(source)):
        return X, None, ()
    return (X, source, ()) if is_large(source) else (source.whole(), None, source.notes)


def is_large(source: Source) -> bool:
    """Whether a table is not read as a whole unless its user says so."""
    return source.n_rows > LARGE_ROWS or source.n_rows * source.row_bytes > LARGE_BYTES


def draw(source: Source, n_rows: int, seed: int) -> NDArray[np.int64]:
    """Draw different rows at random, in ascending order."""
    if n_rows >= source.n_rows:
        return np.arange(source.n_rows)
    return np.sort(np.random.default_rng(seed).choice(source.n_rows, n_rows, replace=False, shuffle=False))


def at(values: Any, rows: NDArray[np.int64], n_rows: int, what: str) -> Any:
    """Values of rows drawn, by position; names of columns stay.

    Raises InputError on values of other rows.
    """
    named = isinstance(values, str) or (isinstance(values, list) and all(isinstance(v, str) for v in values))
    if values is None or (named and len(values) != n_rows):
        return values
    if not hasattr(values, "__len__") or n_rows_of(values) != n_rows:
        has = f"{n_rows_of(values):,} values" if hasattr(values, "__len__") else type(values).__name__
        raise InputError(
            f"{what} must be the name of a column, or have a value for each of the {n_rows:,} rows of X, got {has}."
        )
    return rows_of(values.reset_index(drop=True) if hasattr(values, "reset_index") else values, rows)


def sample(source: Source, seed: int) -> tuple[NDArray[np.int64], str]:
    """Draw the rows of a large table that are taken where nobody says how many; and a note on it."""
    n_drawn = min(source.n_rows, SAMPLE_ROWS)
    note = (
        f"{n_drawn:,} of the {source.n_rows:,} rows of {source.what} were drawn at random, as is usual above "
        f"{LARGE_ROWS:,} rows or 1 GiB"
    )
    return draw(source, n_drawn, seed), note


@dataclass(eq=False)
class Reserve:
    """Rows of a large table that are asked for part by part, and read some parts ahead.

    `source`: the table.
    """

    source: Source
    _rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64), init=False)
    _frame: Any = field(default=None, init=False)

    def take(self, rows: NDArray[np.int64], ahead: NDArray[np.int64]) -> Any:
        """Give rows, in ascending order, as a frame.

        `ahead`: rows that may be asked for next.
        """
        places = np.searchsorted(self._rows, rows)
        if not np.array_equal(
            self._rows[np.minimum(places, len(self._rows) - 1)] if len(self._rows) else [], rows
        ):
            room = max(0, AHEAD_BYTES // self.source.row_bytes - len(rows))
            self._rows = np.sort(np.concatenate([rows, ahead[:room]]))
            # gone before there is another
            self._frame = None
            self._frame = self.source.take(self._rows)
            places = np.searchsorted(self._rows, rows)
        return rows_of(self._frame, places)
