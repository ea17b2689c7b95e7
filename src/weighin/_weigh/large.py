"""Which rows of a table too large to be held are weighed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import AUTO, is_whole
from weighin._base.errors import InputError, nearest
from weighin._tables.containers import Table, as_table
from weighin._tables.large import Reserve, at, draw, is_large, read_or_open, sample
from weighin._tables.sources import Source
from weighin._tables.spool import open_source
from weighin._weigh.all_rows import AllRows
from weighin._weigh.precise import is_small

ALL = "all"


def is_file(X: Any) -> bool:
    """Whether a table is read from files."""
    return isinstance(X, str | Path)


def check_rows(rows: Any) -> None:
    """Refuse what says nothing about which rows to take.

    Raises InputError.
    """
    named = isinstance(rows, str)
    if not isinstance(rows, AllRows) and not (named and rows in (AUTO, ALL)) and not is_whole(rows, 2):
        hint = nearest(rows, (AUTO, ALL)) if named else ""
        allowed = '"auto", "all", an integer >= 2 or weighin.AllRows(...)'
        raise InputError(f"rows must be {allowed}, got {rows!r}.{hint}")


def open_rows(
    X: Any,
    y: Any,
    feature_names: Any,
    levels: Mapping[str, Sequence[Any]] | None,
    rows: Any,
    seed: int,
    precisely: bool = False,
) -> tuple[Any, Large | None, tuple[str, ...]]:
    """Read a table that is small, or to be read as a whole; of another one, what rows are drawn from; and notes.

    `precisely`: as many rows are drawn as a precision takes, of a small table that is read piece by piece, too.

    Raises InputError on files that cannot be read, and on a table of which no rows are drawn.
    """
    notes: tuple[str, ...] = ()
    if rows == AUTO and not precisely:
        X, source, notes = read_or_open(X, levels)
    else:
        always = is_whole(rows) or isinstance(rows, AllRows)
        X, source = open_source(X, levels, always=always)
        if source is None and always:
            raise InputError(f"rows={rows!r} is for files and frames, and X is a {type(X).__name__}.")
        small = rows == AUTO and source is not None and is_small(source.n_rows)
        if source is not None and (small or (rows == ALL and not is_large(source))):
            X, notes, source = source.whole(), source.notes, None
    large = None if source is None else Large(source, y, feature_names, seed, rows)
    return X, large, notes


@dataclass(frozen=True, eq=False)
class Large:
    """A table of which rows are drawn.

    `source`: what is read.
    `y`: name of the target, or its values for all rows.
    `feature_names`: refused, as the columns of frames have names.
    `seed`: everything random comes from it.
    `rows`: how many to draw where nothing else says so; "auto" for as many as usually are enough.
    """

    source: Source
    y: Any
    feature_names: Any
    seed: int
    rows: Any
    reserve: Reserve = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reserve", Reserve(self.source))

    @property
    def all_rows(self) -> AllRows | None:
        """How all rows are weighed, where they are."""
        if isinstance(self.rows, AllRows):
            return self.rows
        return AllRows() if self.rows == ALL else None

    def drawn(self, **beside: Any) -> tuple[Table, dict[str, Any]]:
        """Draw rows for all to be weighed on.

        `**beside`: names of columns, or values for all rows. Returns `table`: with a note on what was drawn; `beside`:
        for the rows drawn.
        """
        n_rows, notes = self.source.n_rows, list(self.source.notes)
        if self.rows == AUTO:
            rows, note = sample(self.source, self.seed)
            more = 'rows="all" takes all, rows=1_000_000 more, precision=0.02 as many as that takes'
            notes.append(f"{note}: {more}.")
        else:
            rows = draw(self.source, int(self.rows), self.seed)
        n_drawn = len(rows)
        table, beside = self.table(rows, **beside)
        what = "" if n_drawn == n_rows else f"{n_drawn:,} of {n_rows:,} rows, drawn at random"
        return replace(table, what=what, notes=(*notes, *table.notes)), beside

    def table(
        self, rows: NDArray[np.int64], ahead: NDArray[np.int64] | None = None, **beside: Any
    ) -> tuple[Table, dict[str, Any]]:
        """Read rows as a table.

        `rows`: in ascending order. `ahead`: rows that may be asked for next. `**beside`: as for `drawn`.
        """
        frame = self.reserve.take(rows, rows[:0] if ahead is None else ahead)
        n_rows = self.source.n_rows
        table = as_table(frame, at(self.y, rows, n_rows, "y"), self.feature_names)
        of_rows = {name: at(values, rows, n_rows, name) for name, values in beside.items()}
        table, in_order = table.align(**of_rows)
        return table, dict(zip(beside, in_order, strict=True))
