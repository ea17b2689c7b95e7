"""Columns of categories in batches: each batch has its own list of them, and all have to have the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


class Dictionaries:
    """Categories of the columns of a table, as its batches show them.

    `schema`: with columns of categories.
    """

    def __init__(self, schema: pa.Schema) -> None:
        import pyarrow as pa

        self.columns = {f.name: f.type for f in schema if pa.types.is_dictionary(f.type)}
        self.schema = schema
        self._levels: dict[str, dict[Any, None]] = {name: {} for name in self.columns}
        self.plain_schema = schema
        for place, field in enumerate(schema):
            if field.name in self.columns:
                self.plain_schema = self.plain_schema.set(place, field.with_type(field.type.value_type))
                coded = pa.dictionary(pa.int32(), field.type.value_type, field.type.ordered)
                self.schema = self.schema.set(place, field.with_type(coded))

    def see(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Learn the categories of columns, in the order in which they appear."""
        for batch in batches:
            for name in self.columns:
                self._levels[name].update(dict.fromkeys(batch.column(name).dictionary.to_pylist()))

    def plain(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Learn the categories of a batch, and write them out row by row."""
        self.see([batch])
        for place, field in enumerate(self.plain_schema):
            if field.name in self.columns:
                batch = batch.set_column(place, field, batch.column(place).dictionary_decode())
        return batch

    def encoded(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give a batch of values as categories, of which all are known."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for place, field in enumerate(batch.schema):
            kind = self.columns.get(field.name)
            if kind is None:
                continue
            levels = pa.array(self._levels[field.name], type=kind.value_type)
            column = batch.column(place)
            if pa.types.is_dictionary(column.type):
                column = column.dictionary_decode()
            codes = pc.index_in(column, value_set=levels)
            coded = pa.DictionaryArray.from_arrays(codes, levels, ordered=kind.ordered)
            batch = batch.set_column(place, field.with_type(coded.type), coded)
        return batch
