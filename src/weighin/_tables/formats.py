"""Open files as a source of rows: which they are, whether they fit together, and of which type each column is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighin._base.errors import InputError, listing
from weighin._base.optional import require
from weighin._tables.frames import (
    FORMATS,
    MISSING_TEXTS,
    check_format,
    check_header,
    check_table,
    files_like,
    is_pattern,
)
from weighin._tables.sources import Piece, Source, reading

if TYPE_CHECKING:
    import pyarrow as pa

# how pyarrow calls what `FORMATS` does
_READERS = {"parquet": "parquet", "feather": "ipc", "csv": "csv", "json lines": "json"}
# read as a whole, for types and numbers of rows
FORMATS_OF_TEXT = tuple(suffix for suffix, kind in FORMATS.items() if kind in ("csv", "json lines"))
_CSV_COLUMN = re.compile(r"CSV column #(\d+)")


def files_of(path: Path | str) -> list[Path]:
    """Files that a path, a pattern or a folder stands for, in order of their names.

    Raises InputError if there are none, or none that are read.
    """
    path = Path(path)
    if not path.is_dir():
        check_format(path)
        check_table(path)
        return files_like(path) if is_pattern(path) else [path]
    # as others leave out what they write beside tables
    there = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and not any(part[0] in "._" for part in file.relative_to(path).parts)
    ]
    odd = [file.name for file in there if file.suffix.lower() not in FORMATS]
    if odd or not there:
        holds = f"{listing(odd, 5)}, which weighin does not read" if odd else "no files"
        allowed = f"allowed: {', '.join(FORMATS)}. Hint: '{path}/*.parquet'"
        raise InputError(f"'{path}' is a folder, and holds {holds}; {allowed}.")
    return there


def open_files(path: Path | str, levels: Mapping[str, Sequence[Any]] | None = None) -> Source:
    """Open files as a source: of Parquet only the last bytes are read, of text all, for types and numbers of rows.

    `path`: a file, a pattern, or a folder, whose folders may be called ``year=2021``. `levels`: categories that a model
    knows, which are no missing values. Raises InputError naming the file that cannot be read, or does not fit.
    """
    require("pyarrow", "files", "read large files")
    files = files_of(path)
    kinds = {FORMATS.get(file.suffix.lower(), "") for file in files}
    if len(kinds) > 1 or not kinds <= set(_READERS):
        which = ", ".join(sorted(kinds)) or "nothing"
        raise InputError(
            f"'{path}' stands for {which}; large tables are read from one of {', '.join(_READERS)}."
        )
    kind = kinds.pop()
    folder = Path(path) if Path(path).is_dir() else None
    text = _Text(levels or {}) if kind == "csv" else None
    opened = _opener(_READERS[kind] if text is None else text.form, folder)
    schemas = {file: _schema_of(opened, file) for file in files}
    schema = _common(schemas)
    if kind in ("csv", "json lines"):
        schema, pieces = _read_all(opened, files, _of_text(schema, text), text)
    else:
        pieces = [piece for file in files for piece in _pieces(opened(file, schema), file)]
    empty = [file for file in files if not sum(piece.n_rows for piece in pieces if piece.file == str(file))]
    notes = (f"No rows are in {listing(map(str, empty), 5)}.",) if empty and len(files) > 1 else ()
    mended = None if text is None else text.without_missing
    return Source(tuple(pieces), schema, str(path), to_pandas, mended, None, notes)


def open_dataset(dataset: Any, native: Callable[[pa.Table], Any], what: str, held: Any = None) -> Source:
    """Take a data set of pyarrow as a source.

    `native`: from an Arrow table to the frame that models get. `held`: what has to live as long.
    """
    with reading(what):
        pieces = [
            piece
            for fragment in dataset.get_fragments()
            for piece in _of_fragment(fragment, getattr(fragment, "path", "") or "")
        ]
    return Source(tuple(pieces), dataset.schema, what, native, held=held)


def to_pandas(table: pa.Table) -> Any:
    """Make a frame as pandas reads files: an index only where one with a name was written."""
    table = table.unify_dictionaries()
    index = (table.schema.pandas_metadata or {}).get("index_columns", ())
    return (
        table if any(isinstance(name, str) for name in index) else table.replace_schema_metadata()
    ).to_pandas()


Opened = Callable[..., Any]


def _opener(form: Any, folder: Path | None) -> Opened:
    import pyarrow.dataset as ds

    hive: dict[str, Any] = (
        {} if folder is None else {"partitioning": "hive", "partition_base_dir": str(folder)}
    )

    def opened(file: Path, schema: Any = None) -> Any:
        return ds.dataset([str(file)], schema=schema, format=form(schema) if callable(form) else form, **hive)

    return opened


def _schema_of(opened: Opened, file: Path) -> pa.Schema:
    with reading(str(file)):
        schema = opened(file).schema
    try:
        check_header(schema.names)
    except InputError as error:
        raise InputError(f"'{file}' cannot be read: {error}") from None
    return schema


def _pieces(dataset: Any, file: Path) -> list[Piece]:
    with reading(str(file)):
        return [piece for fragment in dataset.get_fragments() for piece in _of_fragment(fragment, str(file))]


def _of_fragment(fragment: Any, file: str) -> Iterable[Piece]:
    if not hasattr(fragment, "split_by_row_group"):
        return [Piece(fragment, fragment.count_rows(), file)]
    return [Piece(part, part.row_groups[0].num_rows, file) for part in fragment.split_by_row_group()]


def _common(schemas: Mapping[Path, pa.Schema]) -> pa.Schema:
    """One schema for files with the same columns, numbers as the widest of their types."""
    import pyarrow as pa

    (first, schema), *others = schemas.items()
    for file, other in others:
        missing = [name for name in schema.names if name not in other.names]
        more = [name for name in other.names if name not in schema.names]
        if missing or more:
            lacks = (
                f"has no column {listing(missing)}" if missing else f"has the column {listing(more)} besides"
            )
            raise InputError(f"'{file}' {lacks}, unlike '{first}': all files must have the same columns.")
        for place, field in enumerate(schema):
            here = other.field(field.name)
            kinds = {_kind(field.type), _kind(here.type)} - {"nothing"}
            if len(kinds) > 1:
                raise InputError(
                    f"Column {field.name!r} holds {_kind(field.type)} ({field.type}) in '{first}' and "
                    f"{_kind(here.type)} ({here.type}) in '{file}': all files must have columns of the same types."
                )
            if field.type == here.type:
                continue
            wide = pa.string() if kinds == {"text"} else _wider(field, here, file)
            schema = schema.set(place, field.with_type(wide))
    return schema


def _wider(field: pa.Field, other: pa.Field, file: Path) -> pa.DataType:
    import pyarrow as pa

    try:
        parts = [pa.schema([field]), pa.schema([other])]
        return pa.unify_schemas(parts, promote_options="permissive").field(0).type
    except pa.ArrowException:
        raise InputError(
            f"Column {field.name!r} is of type {other.type} in '{file}' and of {field.type} in files before it."
        ) from None


def _kind(kind: pa.DataType) -> str:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    for name, belongs in (
        ("nothing", types.is_null),
        ("truth values", types.is_boolean),
        ("numbers", lambda kind: types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)),
        ("times", types.is_temporal),
        (
            "text",
            lambda kind: types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
        ),
    ):
        if belongs(kind):
            return name
    return str(kind)


def _of_text(schema: pa.Schema, text: _Text | None) -> pa.Schema:
    """Types as other readers of text give them: times stay text, what is empty is a missing number."""
    import pyarrow as pa

    for place, field in enumerate(schema):
        kind = _kind(field.type)
        if kind == "times" or (text is not None and field.name in text.texts):
            schema = schema.set(place, field.with_type(pa.string()))
        elif kind == "nothing":
            schema = schema.set(place, field.with_type(pa.float64()))
    return schema


def _read_all(
    opened: Opened, files: Sequence[Path], schema: pa.Schema, text: _Text | None
) -> tuple[pa.Schema, list[Piece]]:
    """Read text once: what looked like whole numbers at first may have fractions, or be text, further down."""
    import pyarrow as pa

    counts: list[int] = []
    while len(counts) < len(files):
        file = files[len(counts)]
        try:
            with reading(str(file)):
                batches = opened(file, schema).to_batches(batch_readahead=2)
                counts.append(sum(batch.num_rows for batch in batches))
        except InputError as error:
            column = _CSV_COLUMN.search(str(error))
            wider = schema
            for place, field in enumerate(schema):
                if column is not None and place != int(column[1]):
                    continue
                if pa.types.is_integer(field.type):
                    wider = wider.set(place, field.with_type(pa.float64()))
                elif column is not None and field.type != pa.string():
                    wider = wider.set(place, field.with_type(pa.string()))
            if wider == schema:
                raise
            schema = wider
    pieces = [
        Piece(fragment, count, str(file))
        for file, count in zip(files, counts, strict=True)
        for fragment in opened(file, schema).get_fragments()
    ]
    return schema, pieces


class _Text:
    """CSV files: which texts count as missing, as `read_table` has it."""

    def __init__(self, levels: Mapping[str, Sequence[Any]]) -> None:
        self.levels = levels
        self.texts = {
            name for name, own in levels.items() if own and all(isinstance(level, str) for level in own)
        }
        self.missing: Counter[tuple[str, str]] = Counter()

    def form(self, schema: pa.Schema | None) -> Any:
        """How pyarrow is to read them: what is missing in text is found afterwards."""
        import pyarrow.csv as csv
        import pyarrow.dataset as ds

        types = dict.fromkeys(self.texts, "string") if schema is None else {f.name: f.type for f in schema}
        return ds.CsvFileFormat(
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                null_values=list(MISSING_TEXTS), strings_can_be_null=False, column_types=types
            ),
        )

    def without_missing(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Make texts that stand for nothing missing."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for place, field in enumerate(batch.schema):
            if field.type != pa.string():
                continue
            own = set(self.levels.get(field.name, ()))
            words = pa.array([word for word in MISSING_TEXTS if word not in own])
            column = batch.column(place)
            gone = pc.is_in(column, value_set=words)
            if pc.any(gone).as_py():
                batch = batch.set_column(place, field, pc.if_else(gone, None, column))
                counts = pc.value_counts(column.filter(gone)).to_pylist()
                self.missing.update({(field.name, c["values"]): c["counts"] for c in counts if c["values"]})
        return batch
