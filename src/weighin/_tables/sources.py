"""Rows that are read piece by piece, always in the same order: files, and data sets of pyarrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.memory import give_back
from weighin._tables.dictionaries import Dictionaries
from weighin._tables.frames import FORMATS

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 2**16
# of a row group, at a time, when rows of it are taken
TAKE_BYTES = 2**23
# of a text, or a list, in memory
TEXT_BYTES = 32


@dataclass(frozen=True)
class Piece:
    """Rows that are read one after the other: a row group of a Parquet file, a file of another kind as a whole.

    `fragment`: pyarrow's own.
    `n_rows`: how many.
    `file`: where they lie; "" for what is in memory.
    """

    fragment: Any
    n_rows: int
    file: str


@dataclass(frozen=True, eq=False)
class Source:
    """A table that is read piece by piece.

    `pieces`: all of it, in order.
    `stored`: names and types of the columns, the same in all pieces.
    `what`: what to call it: "games/*.parquet".
    `native`: from an Arrow table to the frame that models get.
    `mended`: what is done to each batch as it is read.
    `categories`: those of its columns that have some; None to leave each batch its own.
    `notes`: what a reader of the numbers must know of it.
    `held`: what has to live as long as this, such as a folder of files.
    `opened`: see `signatures`.
    """

    pieces: tuple[Piece, ...]
    stored: pa.Schema
    what: str
    native: Callable[[pa.Table], Any]
    mended: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None
    categories: Dictionaries | None = None
    notes: tuple[str, ...] = ()
    held: Any = None
    opened: Mapping[str, tuple[int, int]] | None = None

    def __post_init__(self) -> None:
        if self.opened is None:
            files = dict.fromkeys(piece.file for piece in self.pieces if piece.file)
            object.__setattr__(self, "opened", {file: signature(file) for file in files})

    @property
    def signatures(self) -> Mapping[str, tuple[int, int]]:
        """Size of each file, and when it was changed, as it was first seen."""
        return self.opened or {}

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return self.edges[-1]

    @cached_property
    def edges(self) -> list[int]:
        """Number of the first row of each piece, and past the last."""
        return list(accumulate((piece.n_rows for piece in self.pieces), initial=0))

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns as batches have them."""
        return self.stored if self.categories is None else self.categories.schema

    def select(self, columns: Sequence[str]) -> Source:
        """The same with these columns only, in this order; others are not read where the format allows it."""
        import pyarrow as pa

        return replace(
            self, stored=pa.schema([self.stored.field(name) for name in columns], self.stored.metadata)
        )

    def with_categories(self) -> Source:
        """The same with one list of categories in all batches, for which such columns are read once."""
        known = Dictionaries(self.stored)
        if self.categories is not None or not known.columns:
            return self
        known.see(self.batches(list(known.columns)))
        return replace(self, categories=known)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in memory, about."""
        return sum(map(_bytes_of, self.schema.types))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Read all rows in order.

        Raises InputError naming the file that cannot be read, is no longer there, or was changed.
        """
        for piece in self.pieces:
            yield from self._read(piece, columns)

    def take(self, rows: NDArray[np.int64]) -> Any:
        """Read some rows, in ascending order, as the frame that models get; of pieces without any nothing is read.

        Raises InputError naming the file that cannot be read.
        """
        import pyarrow as pa

        places = np.searchsorted(rows, self.edges)
        wanted = [
            (piece, rows[start:stop] - first)
            for piece, first, start, stop in zip(self.pieces, self.edges, places, places[1:], strict=False)
            if stop > start
        ]
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            tables = list(pool.map(lambda one: self._taken(*one), wanted))
        give_back()
        return self.native(pa.concat_tables(tables) if tables else self.schema.empty_table())

    def whole(self) -> Any:
        """Read all rows as the frame that models get."""
        import pyarrow as pa

        return self.native(pa.Table.from_batches(self.batches(), self.schema))

    def parts(self, sizes: Sequence[int], wanted: Sequence[int]) -> Iterator[tuple[int, pa.Table]]:
        """Cut the rows, in order, into parts.

        `sizes`: rows of each. `wanted`: numbers of those to give, in ascending order; pieces without any are not read.
        """
        import pyarrow as pa

        starts = list(accumulate(sizes, initial=0))
        numbers = iter(wanted)
        number, held = next(numbers, None), []
        for piece, first in zip(self.pieces, self.edges, strict=False):
            if number is None:
                return
            if starts[number] >= first + piece.n_rows:
                continue
            at = first
            for batch in self._read(piece):
                while number is not None:
                    start, stop = max(starts[number] - at, 0), min(starts[number + 1] - at, batch.num_rows)
                    if stop > start:
                        held.append(batch.slice(start, stop - start))
                    if starts[number + 1] > at + batch.num_rows:
                        break
                    yield number, pa.Table.from_batches(held, self.schema)
                    number, held = next(numbers, None), []
                at += batch.num_rows

    def _taken(self, piece: Piece, rows: NDArray[np.int64]) -> pa.Table:
        import pyarrow as pa

        names, width = self.schema.names, len(self.schema.names)
        # what is decoded at once of a row group
        if hasattr(piece.fragment, "row_groups"):
            width = max(1, int(TAKE_BYTES * len(names) / (piece.n_rows * self.row_bytes)))
        columns: dict[str, Any] = {}
        for first in range(0, len(names), width):
            taken, at, some = [], 0, names[first : first + width]
            for batch in self._read(piece, some):
                start, stop = np.searchsorted(rows, [at, at + batch.num_rows])
                if stop > start:
                    taken.append(batch.take(pa.array(rows[start:stop] - at)))
                at += batch.num_rows
            columns |= {name: pa.chunked_array([batch.column(name) for batch in taken]) for name in some}
        return pa.table(columns, schema=self.schema)

    def _read(self, piece: Piece, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        n_rows = 0
        with reading(piece.file):
            self._check_unchanged(piece.file)
            for batch in _batches(piece.fragment, self.stored, columns):
                n_rows += batch.num_rows
                if self.mended is not None:
                    batch = self.mended(batch)
                if self.categories is not None:
                    batch = self.categories.encoded(batch)
                if batch.num_rows:
                    yield batch
            self._check_unchanged(piece.file)
        if n_rows != piece.n_rows:
            where = f"'{piece.file}'" if piece.file else self.what
            raise InputError(f"{where} gave {piece.n_rows:,} rows at first and {n_rows:,} now. Start again.")

    def _check_unchanged(self, file: str) -> None:
        if file and signature(file) != self.signatures[file]:
            raise InputError(f"'{file}' was changed while it was in use. Start again.")


def _batches(fragment: Any, schema: pa.Schema, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    """Rows of a fragment, with columns of the types asked for."""
    import pyarrow as pa

    names = schema.names if columns is None else list(columns)
    if not hasattr(fragment, "row_groups"):
        yield from fragment.to_batches(
            schema=schema, columns=names, batch_size=BATCH_ROWS, batch_readahead=1, fragment_readahead=1
        )
        return
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    # a fragment would hold a whole row group at a time
    fixed = ds.get_partition_keys(fragment.partition_expression)
    groups = [group.id for group in fragment.row_groups]
    with fragment.open() as opened:
        file = pq.ParquetFile(opened, metadata=fragment.metadata)
        there = [name for name in names if name not in fixed]
        for batch in file.iter_batches(BATCH_ROWS, groups, there):
            arrays = [
                pa.repeat(pa.scalar(fixed[name], schema.field(name).type), batch.num_rows)
                if name in fixed
                else batch.column(name).cast(schema.field(name).type)
                for name in names
            ]
            fields = [schema.field(name) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, schema.metadata))


def signature(file: str) -> tuple[int, int]:
    """Size of a file, and when it was changed last."""
    state = os.stat(file)
    return state.st_size, state.st_mtime_ns


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Say which file it is that cannot be read.

    Raises InputError.
    """
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise InputError(f"'{file}' is not there any more; it was when reading began.") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].removesuffix(".") if str(error) else type(error).__name__
        kind = FORMATS.get(Path(file).suffix.lower(), "")
        raise InputError(f"'{file}' cannot be read{' as ' * bool(kind)}{kind}: {reason}.") from error


def _bytes_of(kind: pa.DataType) -> int:
    try:
        return max(1, int(kind.bit_width) // 8)
    # of no fixed width
    except ValueError:
        return TEXT_BYTES
