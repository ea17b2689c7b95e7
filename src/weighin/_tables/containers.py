"""What a user may give as table and target, taken apart by what it is; nothing unknown is turned into an array.

A library that the user does not use is not imported: containers are told by the module of their type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np

from weighin._base.errors import InputError, listing, nearest
from weighin._base.text import column_label
from weighin._tables.alignment import aligned
from weighin._tables.frames import columns_at, columns_of, frame_of_columns, is_frame, read_noted, unmasked
from weighin._tables.large import at, read_or_open, sample
from weighin._tables.torch_data import is_torch_data, read_torch_data

# dense bytes that a sparse matrix, or all batches of a loader, may take
MOST_BYTES = 2**31


@dataclass(frozen=True)
class Table:
    """A table and its target in forms that models take.

    `X`: without the column that is the target.
    `y`: in the order of `X`.
    `feature_names`: of matrices that have none.
    `notes`: what was done to the table that a reader of the numbers must know.
    `target`: the column of the table that is the target, where it was named.
    `index`: names of the rows, where the user's table had some.
    `what`: which rows of a larger table they are, in words.
    """

    X: Any
    y: Any = None
    feature_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    target: Any = None
    index: Any = None
    what: str = ""

    def align(self, **values: Any) -> tuple[Table, list[Any]]:
        """Give values of the rows in their order: a Series by its index, names of columns as texts.

        Returns `table`: with notes on what was put into another order; `values`: names of columns, or array-likes of
        shape (n_rows,). Raises InputError if the index of one of them does not name the same rows.
        """
        notes, in_order = list(self.notes), []
        names = columns_of(self.X) if is_frame(self.X) else {}
        for what, content in values.items():
            if isinstance(content, str | int | tuple) and not isinstance(content, bool):
                if self.target is not None and column_label(content) == self.target.name:
                    content = self.target
                elif column_label(content) in names:
                    content = column_label(content)
            if content is not self.target:
                content = _without_wrapper(content)
            content, note = aligned(content, self.index, what)
            notes += [note] if note else []
            in_order.append(content)
        return replace(self, notes=tuple(notes)), in_order


def as_table(
    X: Any,
    y: Any = None,
    feature_names: Any = None,
    levels: Mapping[str, Sequence[Any]] | None = None,
    seed: int | None = None,
) -> Table:
    """Take what a user has as a table that models read.

    `X`: frames of pandas, polars, pyarrow and what narwhals knows, lazy ones too; what has the Arrow C stream; arrays,
    masked, structured and sparse ones; torch data sets and loaders, which may bring `y` along; datasets.Dataset;
    xarray; records; a dict of columns; a path. What is none of these comes back as it is, for the model to judge. `y`:
    the target. `feature_names`: names for the columns of matrices. `levels`: categories that the model knows, for
    tables that are read from files. `seed`: draw rows of files and the like that are too large to be held. Raises
    InputError if it is known and cannot be a table, or `y` does not belong to its rows.
    """
    large: tuple[str, ...] = ()
    what = ""
    if seed is not None:
        X, source, large = read_or_open(X, levels)
        if source is not None:
            rows, note = sample(source, seed)
            X, y, large = source.take(rows), at(y, rows, source.n_rows, "y"), (*source.notes, f"{note}.")
            what = f"{len(rows):,} of {source.n_rows:,} rows, drawn at random"
    frame, notes = read_noted(X, levels) if isinstance(X, str | Path) else (X, ())
    table = _read(frame)
    table = replace(table, notes=(*large, *notes, *table.notes), what=what)
    if feature_names is not None:
        table = replace(table, feature_names=_checked_names(feature_names, table.X))
    if y is None:
        return table
    if table.y is not None:
        raise InputError(f"X brings a target along ({type(X).__name__}): leave y out, or give X alone.")
    if X is None:
        # the model says what it lacks
        return replace(table, y=y)
    return _with_named_target(table, y) or _with_target(table, y)


def _read(X: Any) -> Table:
    if _is_of(X, "narwhals"):
        X = X.to_native()
    if is_frame(X):
        return _of_frame(X)
    if _is_of(X, "datasets"):
        return _of_dataset(X)
    if _is_of(X, "xarray"):
        return _of_xarray(X)
    if is_torch_data(X):
        parts, target, notes = read_torch_data(X, MOST_BYTES)
        return Table(parts, target, notes=notes)
    if isinstance(X, Mapping):
        return _of_mapping(X)
    if isinstance(X, list | tuple):
        return _of_sequence(X)
    for read in (_sparse, _frames, _arrays):
        table = read(X)
        if table is not None:
            return table
    return Table(X)


def _of_frame(frame: Any) -> Table:
    columns_of(frame)
    return Table(frame, index=frame.index if nw.dependencies.is_pandas_dataframe(frame) else None)


def _of_mapping(X: Mapping[Any, Any]) -> Table:
    """A dict of columns is a frame; of matrices, inputs of a module."""
    # an input of a module may be None
    dimensions = {key: 2 if value is None else _dimensions(value) for key, value in X.items()}
    if X and all(n == 1 for n in dimensions.values()):
        named = (value.index for value in X.values() if nw.dependencies.is_pandas_series(value))
        index = next(named, None)
        # pandas would put them together by index, and fill up what does not fit
        columns = {key: aligned(value, index, f"X[{key!r}]")[0] for key, value in X.items()}
        return Table(frame_of_columns(columns, index), index=index)
    odd = [key for key, n in dimensions.items() if n not in (1, 2)]
    odd += [key for key, n in dimensions.items() if n == 1]
    if odd:
        n = dimensions[odd[0]]
        raise InputError(
            "A dict X must hold columns, each with 1 dimension, or inputs of a module, each with 2; "
            f"{odd[0]!r} is {f'a {type(X[odd[0]]).__name__}' if n is None else f'of {n}'}."
        )
    return _of_parts(list(X.values()), lambda parts: dict(zip(X, parts, strict=True)))


def _of_sequence(X: Sequence[Any]) -> Table:
    if X and all(isinstance(record, Mapping) for record in X):
        names = list(dict.fromkeys(name for record in X for name in record))
        return Table(frame_of_columns({name: [record.get(name) for record in X] for name in names}))
    if X and _dimensions(X[0]) == 2:
        return _of_parts(list(X), type(X))
    if X and _dimensions(X[0]) == 1:
        widths = sorted({len(row) for row in X})
        if len(widths) > 1:
            raise InputError(
                f"The rows of X have {widths[0]} to {widths[-1]} values; all need the same number."
            )
        return Table(np.array([[*row] for row in X]))
    return Table(X)


def _of_parts(parts: list[Any], joined: Callable[[list[Any]], Any]) -> Table:
    """Several inputs of a module, each a table."""
    tables = [_read(part) for part in parts]
    return Table(
        joined([table.X for table in tables]), notes=tuple(n for table in tables for n in table.notes)
    )


def _arrays(X: Any) -> Table | None:
    """Numpy's arrays, masked and structured ones; those of others that say that they are arrays of two dimensions."""
    if not isinstance(X, np.ndarray):
        if _is_of(X, "torch", "xarray") or not hasattr(X, "__array__") or is_frame(X):
            return None
        return Table(np.asarray(X)) if _dimensions(X) == 2 and not hasattr(X, "__arrow_c_stream__") else None
    if X.dtype.names is not None:
        if X.ndim != 1:
            raise InputError(f"A structured array must have 1 dimension, got shape {X.shape}.")
        return Table(frame_of_columns({name: X[name] for name in X.dtype.names}))
    if not isinstance(X, np.ma.MaskedArray):
        return Table(X)
    masked = int(np.ma.getmaskarray(X).sum())
    if not masked:
        return Table(np.asarray(X.data))
    return Table(unmasked(X), notes=(f"{masked:,} masked values of X count as missing.",))


def _sparse(X: Any) -> Table | None:
    if not (hasattr(X, "toarray") and hasattr(X, "nnz")):
        return None
    dense = int(np.prod(X.shape)) * X.dtype.itemsize
    if len(X.shape) != 2 or dense > MOST_BYTES:
        raise InputError(
            f"A sparse X of shape {tuple(X.shape)} would take {dense / 1e9:.1f} GB as a dense matrix; at most "
            f"{MOST_BYTES / 1e9:.1f} GB are made. Take fewer columns, X[:, columns], or rows."
        )
    made = f"The sparse matrix X was made dense, {dense / 1e6:,.1f} MB: the model gets arrays."
    return Table(np.asarray(X.toarray()), notes=(made,))


def _of_dataset(X: Any) -> Table:
    """A Dataset of the package datasets, whose rows may be a selection of those it holds."""
    if isinstance(X, Mapping) or not hasattr(X, "with_format"):
        raise InputError(f"A {type(X).__name__} holds several tables: give one of them, such as X['test'].")
    return Table(X.with_format("arrow")[:])


def _of_xarray(X: Any) -> Table:
    """A DataArray of rows and columns, or a Dataset of columns, which is a mapping, too."""
    if not hasattr(X, "data_vars"):
        if X.ndim != 2:
            raise InputError(
                f"A DataArray as X must have 2 dimensions, rows and columns, got {tuple(X.dims)}. "
                "Hint: X.stack(sample=(...)).transpose('sample', ...)."
            )
        names = X.indexes.get(X.dims[1])
        texts = names is not None and all(isinstance(name, str) for name in names)
        return Table(np.asarray(X.values), feature_names=tuple(names) if texts else None)
    along = {variable.dims for variable in X.data_vars.values()}
    if len(along) != 1 or len(next(iter(along))) != 1:
        shapes = ", ".join(f"{name} {tuple(v.dims)}" for name, v in list(X.data_vars.items())[:8])
        raise InputError(
            f"All variables of a Dataset must lie along one and the same dimension, the rows; got {shapes}. "
            "Hint: ds.stack(sample=(...))."
        )
    index = X.indexes.get(next(iter(along))[0])
    return Table(frame_of_columns({name: v.values for name, v in X.data_vars.items()}, index), index=index)


def _frames(X: Any) -> Table | None:
    """Frames of other libraries, lazy ones, and streams of Arrow, as the frame that is nearest."""
    if nw.dependencies.is_into_series(X) or (
        _is_of(X, "pyarrow") and hasattr(X, "to_pylist") and not hasattr(X, "schema")
    ):
        raise InputError(f"X must be a table, got one column, a {type(X).__name__}. Hint: df[['name']].")
    if _is_of(X, "pyarrow") and hasattr(X, "to_table"):
        return Table(X.to_table())
    if _is_of(X, "pyarrow") and hasattr(X, "read_all"):
        return Table(X.read_all())
    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        return _of_frame(frame.collect().to_native())
    if isinstance(frame, nw.DataFrame):
        return _of_frame(frame.to_pandas())
    if not hasattr(X, "__arrow_c_stream__"):
        return None
    for library, read in (("pyarrow", "table"), ("polars", "DataFrame")):
        try:
            module = __import__(library)
        except ImportError:
            continue
        return Table(getattr(module, read)(X))
    raise InputError(f"Reading a {type(X).__name__} takes pyarrow or polars, and neither is installed.")


def _with_named_target(table: Table, y: Any) -> Table | None:
    """Take a column out of the table as the target, or a list of several; None where `y` names none."""
    if isinstance(y, list) and y and is_frame(table.X) and len(y) != len(table.X):
        there = columns_of(table.X)
        if all(isinstance(name, str) and name in there for name in y):
            others = columns_at(table.X, [name for name in there if name not in y])
            return replace(table, X=others.to_native(), y=columns_at(table.X, y).to_native())
    if (
        isinstance(y, bool)
        or not isinstance(y, str | int | tuple)
        or (isinstance(y, tuple) and not is_frame(table.X))
    ):
        return None
    if is_frame(table.X):
        places = columns_of(table.X)
        if column_label(y) not in places:
            if isinstance(y, str):
                raise InputError(
                    f"y={y!r} is no column of X.{nearest(y, places)} Columns: {listing(places, 40)}."
                )
            return None
        frame = nw.from_native(table.X, eager_only=True)
        target = frame[:, places[column_label(y)]].alias(column_label(y))
        rest = frame[:, [place for name, place in places.items() if name != column_label(y)]]
        return replace(table, X=rest.to_native(), y=_plain_target(target.to_native()), target=target)
    if not isinstance(y, str):
        return None
    if isinstance(table.X, Mapping) and y in table.X:
        return replace(table, X={key: part for key, part in table.X.items() if key != y}, y=table.X[y])
    names = list(table.feature_names or ())
    if y not in names:
        hint = (
            f" among feature_names.{nearest(y, names)}"
            if names
            else ": X has no column names. Give them, feature_names="
        )
        raise InputError(f"y={y!r} names a column, and there is none of that name{hint}.")
    place = names.index(y)
    values = table.X[:, place]
    kept = [j for j in range(len(names)) if j != place]
    rest = tuple(name for name in names if name != y)
    return replace(table, X=table.X[:, kept], y=values, feature_names=rest)


def _with_target(table: Table, y: Any) -> Table:
    y = _without_wrapper(y)
    if isinstance(y, Iterator):
        raise InputError(f"y must hold a value for each row, got {type(y).__name__}. Hint: list(y).")
    y, note = aligned(y, table.index, "y")
    if np.ma.isMaskedArray(y):
        if np.ma.getmaskarray(y).any():
            raise InputError(
                f"y has {int(np.ma.getmaskarray(y).sum())} masked value(s): leave these rows out."
            )
        y = y.data
    return replace(table, y=_plain_target(y), notes=(*table.notes, *([note] if note else [])))


def _checked_names(names: Any, X: Any) -> tuple[str, ...]:
    if is_frame(X):
        raise InputError(
            "feature_names= names the columns of a matrix; X has names. Hint: df.rename(columns=...)."
        )
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise InputError(f"feature_names must be a list of texts, got {names!r:.80}.")
    parts = list(X.values()) if isinstance(X, Mapping) else list(X) if isinstance(X, list | tuple) else [X]
    width = sum(int(part.shape[1]) for part in parts if _dimensions(part) == 2)
    names = tuple(names)
    if len(names) != width:
        raise InputError(f"feature_names must name the {width} columns of X, got {len(names)} names.")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(f"feature_names must be unique; these occur more than once: {listing(twice)}.")
    return names


def _without_wrapper(values: Any) -> Any:
    """Values of narwhals, dask and xarray as those of pandas, polars, numpy."""
    if _is_of(values, "narwhals"):
        return _without_wrapper(values.to_native())
    if _is_of(values, "xarray"):
        return values.to_pandas()
    if _is_of(values, "dask"):
        return values.compute()
    if nw.dependencies.is_polars_lazyframe(values):
        return values.collect()
    return values


def _plain_target(values: Any) -> Any:
    """Nullable numbers as floats, NaN where missing."""
    if nw.dependencies.is_pandas_series(values) and not isinstance(values.dtype, np.dtype):
        series = nw.from_native(values, series_only=True)
        if series.dtype.is_numeric() and series.null_count():
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return values


def _dimensions(value: Any) -> int | None:
    """How many dimensions something has; None for what is no array."""
    if isinstance(value, str | bytes | Mapping) or value is None:
        return None
    if _is_of(value, "narwhals"):
        value = value.to_native()
    if is_frame(value):
        return 2
    for read in (lambda: int(value.ndim), lambda: len(value.shape)):
        try:
            return read()
        except (AttributeError, TypeError):
            continue
    if isinstance(value, list | tuple):
        inner = _dimensions(value[0]) if len(value) else 0
        return 1 + (inner or 0)
    return 1 if hasattr(value, "__len__") and hasattr(value, "__getitem__") else None


def _is_of(value: Any, *packages: str) -> bool:
    return any(cls.__module__.partition(".")[0] in packages for cls in type(value).__mro__)
