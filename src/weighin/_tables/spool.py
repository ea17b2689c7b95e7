"""Tables that come as a stream or a query: in memory while small, else written to disk, to be read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from weighin._base.optional import require
from weighin._base.scratch import Scratch, disk
from weighin._tables.dictionaries import Dictionaries
from weighin._tables.formats import FORMATS_OF_TEXT, files_of, open_dataset, open_files
from weighin._tables.frames import FORMATS, is_frame
from weighin._tables.sources import BATCH_ROWS, Source

if TYPE_CHECKING:
    import pyarrow as pa

# of a stream, in memory
HELD_BYTES = 2**28
# of text files, which are read as they always were
SMALL_BYTES = 2**26


def open_source(X: Any, levels: Any = None, always: bool = False) -> tuple[Any, Source | None]:
    """Find what a table is read from piece by piece.

    `X`: a path, a data set of pyarrow, a lazy frame of polars, a relation of DuckDB, anything with the Arrow C stream
    that is no frame. `levels`: as for `open_files`. `always`: take frames and small files of text, too. Returns `X`: as
    it was, or the frame that a small stream was read into; `source`: None where it is in memory, or is read as a whole
    anyway. Raises InputError on files that cannot be read.
    """
    if type(X).__module__.partition(".")[0] == "narwhals":
        X = X.to_native()
    if isinstance(X, Source):
        return X, X
    if isinstance(X, str | Path):
        whole = not Path(X).is_dir() and _is_read_whole(files_of(X), always)
        return X, None if whole else open_files(X, levels)
    source = None
    if nw.dependencies.is_polars_lazyframe(X):
        X, source = _lazy(X)
    elif not is_frame(X) and not nw.dependencies.is_into_series(X) and not hasattr(X, "to_pylist"):
        X, source = _of_arrow(X)
    return X, _of_frame(X) if source is None and always and is_frame(X) else source


def _lazy(X: Any) -> tuple[Any, Source | None]:
    import polars as pl

    frames = X.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    held, n_bytes = [pl.DataFrame(schema=X.collect_schema())], 0
    for frame in frames:
        held.append(frame)
        n_bytes += frame.estimated_size()
        if n_bytes > HELD_BYTES:
            break
    else:
        return pl.concat(held), None
    schema = _of_polars(held[0]).schema
    batches = (part for frame in chain(held, frames) for part in _of_polars(frame).to_batches())
    return X, _spooled(batches, schema, pl.from_arrow, "a LazyFrame")


def _of_arrow(X: Any) -> tuple[Any, Source | None]:
    is_of_arrow = type(X).__module__.startswith("pyarrow")
    if not is_of_arrow and not hasattr(X, "__arrow_c_stream__"):
        return X, None
    pa = require("pyarrow", "files", "read streams of Arrow")
    what = f"a {type(X).__name__}"
    if hasattr(X, "get_fragments"):
        try:
            return X, open_dataset(X, _same, what)
        # of rows that a filter leaves
        except ValueError:
            X = X.scanner().to_reader()
    if not hasattr(X, "__arrow_c_stream__"):
        return X, None
    reader = pa.RecordBatchReader.from_stream(X)
    held, n_bytes = [], 0
    for batch in reader:
        held.append(batch)
        n_bytes += batch.nbytes
        if n_bytes > HELD_BYTES:
            return X, _spooled(chain(held, reader), reader.schema, _same, what)
    return pa.Table.from_batches(held, reader.schema), None


def _is_read_whole(files: Sequence[Path], always: bool) -> bool:
    suffixes = {file.suffix.lower() for file in files}
    if ".json" in suffixes or not suffixes <= set(FORMATS):
        return True
    small = sum(file.stat().st_size for file in files) < SMALL_BYTES
    return suffixes <= set(FORMATS_OF_TEXT) and small and not always


def _same(table: Any) -> Any:
    return table


def _of_frame(X: Any) -> Source:
    pa = require("pyarrow", "files", "read a table piece by piece")
    if nw.dependencies.is_pandas_dataframe(X):
        from weighin._tables.formats import to_pandas

        return _in_memory(pa.Table.from_pandas(X, preserve_index=False), to_pandas, "the rows given")
    if nw.dependencies.is_polars_dataframe(X):
        import polars as pl

        return _in_memory(_of_polars(X), pl.from_arrow, "the rows given")
    return _in_memory(X, _same, "the rows given")


def _of_polars(frame: Any) -> pa.Table:
    import polars as pl

    # of types that everybody reads
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _in_memory(table: pa.Table, native: Callable[[Any], Any], what: str) -> Source:
    import pyarrow.dataset as ds

    return open_dataset(ds.dataset(table), native, what)


def _spooled(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, native: Callable[[Any], Any], what: str
) -> Source:
    """Write a stream to disk."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    scratch, known = Scratch(), Dictionaries(schema)
    file = scratch.path / "rows.arrow"
    with disk(scratch.path), pa.ipc.new_file(str(file), known.plain_schema) as writer:
        for batch in batches:
            writer.write_batch(known.plain(batch))
    source = open_dataset(ds.dataset(str(file), format="ipc"), native, what, held=scratch)
    return replace(source, categories=known) if known.columns else source
