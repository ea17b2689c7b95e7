"""Rows of a table in random order, by way of files on disk: bounded in memory, the same order as in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.files import replacing
from weighin._base.journal import remove
from weighin._base.scratch import disk
from weighin._samplers import RandomOrder
from weighin._tables.formats import to_pandas
from weighin._tables.sources import Source, reading

if TYPE_CHECKING:
    import pyarrow as pa

# of the memory allowed: what waits to be written, and a file that is put in order
WAITING_PART, FILE_PART = 1 / 8, 1 / 32
_BUCKET = "weighin bucket"
_DONE = "complete.json"


@dataclass(frozen=True)
class Shuffled:
    """Rows on disk in files, each of which holds rows that stand together in the random order.

    `folder`: where they lie.
    `order`: the random order.
    `rows`: of each file.
    `per_file`: buckets of the order in each file.
    `nulls`: columns with missing values.
    `pandas`: whether the rows are for frames of pandas.
    """

    folder: Path
    order: RandomOrder
    rows: tuple[int, ...]
    per_file: int
    nulls: frozenset[str]
    pandas: bool

    @classmethod
    def of(
        cls, source: Source, order: RandomOrder, folder: Path, memory: int, advance: Callable[[int], None]
    ) -> Shuffled:
        """Read all rows once and write each to its file, or find them there from before.

        `folder`: for nothing else. `memory`: bytes to hold at once. `advance`: told of rows. Raises InputError where
        the disk is full, and where rows cannot be read; nothing stays in the folder then.
        """
        done = folder / _DONE
        if done.is_file():
            values = json.loads(done.read_text(encoding="utf-8"))
            advance(source.n_rows)
            nulls = frozenset(values["nulls"])
            pandas = source.native is to_pandas
            return cls(folder, order, tuple(values["rows"]), values["per_file"], nulls, pandas)
        remove(folder)
        try:
            with disk(folder.parent):
                folder.mkdir(parents=True)
                return cls._written(source, order, folder, memory, advance)
        except BaseException:
            remove(folder)
            raise

    @classmethod
    def _written(
        cls, source: Source, order: RandomOrder, folder: Path, memory: int, advance: Callable[[int], None]
    ) -> Shuffled:
        n_files = max(
            1, min(order.n_buckets, int(source.n_rows * source.row_bytes / (memory * FILE_PART)) + 1)
        )
        per_file = -(-order.n_buckets // n_files)
        n_files = -(-order.n_buckets // per_file)
        waiting: list[list[pa.RecordBatch]] = [[] for _ in range(n_files)]
        rows, n_bytes, at, nulls = [0] * n_files, 0, 0, set()
        for batch in source.batches():
            buckets = order.buckets(at, at + batch.num_rows)
            nulls |= {
                name for name, column in zip(batch.schema.names, batch, strict=True) if column.null_count
            }
            for number, part in _by_file(batch, buckets, per_file, n_files):
                waiting[number].append(part)
                rows[number] += part.num_rows
            n_bytes += batch.nbytes
            at += batch.num_rows
            if n_bytes > memory * WAITING_PART:
                _write(folder, waiting)
                n_bytes = 0
            advance(batch.num_rows)
        _write(folder, waiting)
        values = {"rows": rows, "per_file": per_file, "nulls": sorted(nulls)}
        with replacing(folder / _DONE) as draft:
            draft.write_text(json.dumps(values), encoding="utf-8")
        return cls(folder, order, tuple(rows), per_file, frozenset(nulls), source.native is to_pandas)

    @property
    def edges(self) -> list[int]:
        """Place in the order of the first row of each file, and past the last."""
        return list(accumulate(self.rows, initial=0))

    def table(self, number: int) -> pa.Table:
        """Rows of a file, in the random order."""
        import pyarrow as pa

        path = _path(self.folder, number)
        with reading(str(path)):
            parts = []
            if self.rows[number]:
                with pa.OSFile(str(path)) as file:
                    while file.tell() < file.size():
                        parts.append(pa.ipc.open_stream(file).read_all())
            table = pa.concat_tables(parts).combine_chunks() if parts else None
        if table is None or table.num_rows != self.rows[number]:
            found = 0 if table is None else table.num_rows
            raise InputError(f"'{path}' has {found:,} rows; {self.rows[number]:,} were written. Start again.")
        buckets = table.column(_BUCKET).to_numpy()
        rows = np.argsort(buckets, kind="stable")
        first = number * self.per_file
        sizes = np.bincount(buckets - first, minlength=self.per_file)
        for bucket, (start, stop) in enumerate(zip(np.cumsum([0, *sizes]), np.cumsum(sizes), strict=False)):
            if stop > start:
                rows[start:stop] = rows[start:stop][self.order.within(first + bucket, stop - start)]
        table = table.drop_columns([_BUCKET])
        # which pandas has in floats where any is missing, and in all files then
        for place, field in enumerate(table.schema):
            if self.pandas and field.name in self.nulls and pa.types.is_integer(field.type):
                table = table.set_column(place, field.name, table.column(place).cast(pa.float64()))
        return table.take(pa.array(rows))


def in_parts(
    tables: Callable[[int], pa.Table], edges: Sequence[int], sizes: Sequence[int], wanted: Sequence[int]
) -> Iterator[tuple[int, pa.Table]]:
    """Cut tables that follow each other into parts.

    `tables`: gives the one of a number. `edges`: first row of each, and past the last. `sizes`: rows of each part.
    `wanted`: numbers of parts to give, in ascending order; tables that hold none of them are not read.
    """
    import pyarrow as pa

    starts = list(accumulate(sizes, initial=0))
    held: dict[int, Any] = {}
    for number in wanted:
        start, stop = starts[number], starts[number + 1]
        needed = [k for k in range(len(edges) - 1) if edges[k] < stop and edges[k + 1] > start]
        held = {k: table for k, table in held.items() if k in needed}
        pieces = []
        for k in needed:
            if k not in held:
                held[k] = tables(k)
            first = max(0, start - edges[k])
            pieces.append(held[k].slice(first, min(stop, edges[k + 1]) - edges[k] - first))
        yield number, pa.concat_tables(pieces)


def _by_file(
    batch: pa.RecordBatch, buckets: Any, per_file: int, n_files: int
) -> Iterator[tuple[int, pa.RecordBatch]]:
    import pyarrow as pa

    files = buckets // np.asarray(per_file, dtype=buckets.dtype)
    rows = np.argsort(files, kind="stable")
    batch = batch.append_column(_BUCKET, pa.array(buckets)).take(pa.array(rows))
    edges = np.cumsum([0, *np.bincount(files, minlength=n_files)])
    for number in np.flatnonzero(np.diff(edges)):
        yield int(number), batch.slice(edges[number], edges[number + 1] - edges[number])


def _write(folder: Path, waiting: list[list[pa.RecordBatch]]) -> None:
    import pyarrow as pa

    for number, batches in enumerate(waiting):
        if batches:
            table = pa.Table.from_batches(batches).combine_chunks()
            with _path(folder, number).open("ab") as file, pa.ipc.new_stream(file, table.schema) as writer:
                writer.write_table(table)
            batches.clear()


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:05}.arrows"
