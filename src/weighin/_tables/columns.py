"""Columns of any table as numbers: values as they are, levels by their place, NaN where nothing is known."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import list_of_names, names_among
from weighin._base.errors import InputError
from weighin._tables.frame_rows import values_of
from weighin._tables.frames import columns_of, is_frame, n_rows_of

# in microseconds
SECOND = 1_000_000
# whole numbers up to here are exact in double precision
EXACT = 2**53


@dataclass(frozen=True, eq=False)
class Column:
    """A raw column.

    Attributes
    ----------
    name : str
    kind : {"numeric", "date", "ordered", "nominal"}
        Dates count seconds; "ordered" levels have an order of their own (truth values, ordered categories, whole
        numbers too large to be exact otherwise).
    values : ndarray of shape (n_rows,)
        Numbers, or places in `levels`; NaN where missing.
    levels : tuple of str
        Of a column that is not numeric, in order; sorted by name where they have no order.
    """

    name: str
    kind: str
    values: NDArray[np.float64]
    levels: tuple[str, ...] = ()

    @property
    def ranked(self) -> bool:
        """Whether larger and smaller mean something."""
        return self.kind != "nominal"

    def take(self, rows: Any) -> Column:
        """Some rows."""
        return Column(self.name, self.kind, self.values[rows], self.levels)

    def label(self, value: float) -> str:
        """Write a value as its owner would."""
        if np.isnan(value):
            return "missing"
        if self.levels:
            return self.levels[int(value)]
        if self.kind == "date" and np.isfinite(value):
            return str(np.datetime64(round(value), "s")).removesuffix("T00:00:00")
        return f"{value:.6g}"


def read_columns(
    X: Any,
    features: Iterable[str] | None = None,
    rows: NDArray[np.int64] | None = None,
    names: Sequence[str] | None = None,
) -> tuple[Column, ...]:
    """Read columns of a table.

    `X`: as models take it, or read before. Columns of a matrix are called x0, x1, ... unless `features` has a name for
    each. `features`: which, in which order; all by default. `rows`: only these rows. `names`: what the columns of
    matrices are called. Raises InputError on anything that is no table, and on unknown or repeated names.
    """
    wanted = None if features is None else list_of_names(features, "features")
    available = _sources(X, wanted, names)
    chosen = list(available) if wanted is None else names_among(wanted, available, "features")
    return tuple(_read(name, available[name](), rows) for name in chosen)


def count_rows(X: Any) -> int:
    """Rows of a table."""
    return len(X[0].values) if _are_columns(X) else n_rows_of(X)


def column_of(name: str, values: Any) -> Column:
    """Read one array of values, or list of objects."""
    array = values if isinstance(values, np.ndarray) else _objects(values)
    if array.dtype.kind in "iu" and array.size and max(int(array.max()), -int(array.min())) > EXACT:
        return _large(name, array.tolist())
    if array.dtype.kind in "fiu":
        # -0.0 is 0.0
        return Column(name, "numeric", array.astype(np.float64) + 0.0)
    if array.dtype.kind == "b":
        return Column(name, "ordered", array.astype(np.float64), ("False", "True"))
    if array.dtype.kind == "M":
        return _dates(name, array)
    return _from_objects(name, array.tolist())


def _sources(
    X: Any, features: Sequence[str] | None, names_given: Sequence[str] | None
) -> dict[str, Callable[[], Any]]:
    """Name each column of a table, unread."""
    if X is None:
        raise InputError("X is needed: the table whose columns are compared.")
    if _are_columns(X):
        return {column.name: partial(_same, column) for column in X}
    if isinstance(X, Mapping):
        parts = [(f"{key}_", part) for key, part in X.items()]
    elif isinstance(X, list | tuple):
        parts = [(f"input{position}_", part) for position, part in enumerate(X)]
    else:
        parts = [("x", X)]
    sources: dict[str, Callable[[], Any]] = {}
    for prefix, part in parts:
        if is_frame(part):
            frame = nw.from_native(part, eager_only=True)
            sources |= {name: partial(_series, frame, place) for name, place in columns_of(part).items()}
            continue
        array = part.detach().cpu().numpy() if hasattr(part, "detach") else part
        check_matrix(array)
        sources |= {f"{prefix}{j}": partial(_same, column) for j, column in enumerate(array.T)}
    if (
        names_given is None
        and features
        and len(features) == len(sources)
        and not set(features) & set(sources)
    ):
        names_given = None if any(is_frame(part) for _, part in parts) else features
    return sources if names_given is None else dict(zip(names_given, sources.values(), strict=True))


def check_matrix(X: Any) -> None:
    """Raise `InputError` unless `X` is an array of two dimensions, of numpy or torch."""
    if getattr(X, "ndim", None) != 2:
        shape = f" of shape {tuple(X.shape)}" if hasattr(X, "shape") else ""
        raise InputError(
            "X must be a table: a data frame (pandas, polars, pyarrow, or what they can read), a matrix (rows, "
            f"columns), a dict of columns, records, or a path; got {type(X).__name__}{shape}."
        )


def _series(frame: nw.DataFrame[Any], place: int) -> nw.Series[Any]:
    return frame[:, place]


def _same(values: Any) -> Any:
    return values


def _are_columns(X: Any) -> bool:
    return isinstance(X, list | tuple) and bool(X) and all(isinstance(part, Column) for part in X)


def _read(name: str, source: Any, rows: NDArray[np.int64] | None) -> Column:
    if isinstance(source, Column):
        return source if rows is None else source.take(rows)
    if rows is not None:
        source = source[rows]
    if isinstance(source, np.ndarray):
        return column_of(name, source)
    kind = source.dtype
    if kind.is_integer():
        return column_of(name, values_of(source))
    if kind.is_numeric():
        return Column(name, "numeric", _floats(source.cast(nw.Float64)) + 0.0)
    if kind in (nw.Date, nw.Datetime):
        return Column(name, "date", _floats(source.dt.timestamp("us").cast(nw.Float64)) / SECOND)
    if kind == nw.Duration:
        return Column(name, "numeric", _floats(source.dt.total_microseconds().cast(nw.Float64)) / SECOND)
    if isinstance(kind, nw.Enum):
        return _levelled(name, "ordered", source.to_list(), [str(level) for level in kind.categories])
    return _from_objects(name, source.to_list())


def _floats(series: Any) -> NDArray[np.float64]:
    return np.array(series.to_numpy(), dtype=np.float64)


def _from_objects(name: str, values: Sequence[Any]) -> Column:
    """Infer the kind of a column of objects from the values that are not missing."""
    present = [value for value in values if not is_missing(value)]
    if present and all(isinstance(value, bool | np.bool_) for value in present):
        return _levelled(name, "ordered", values, ["False", "True"])
    if present and all(
        isinstance(value, numbers.Real | Decimal) and not isinstance(value, bool | np.bool_)
        for value in present
    ):
        if all(isinstance(value, numbers.Integral) for value in present) and max(map(abs, present)) > EXACT:
            return _large(name, values)
        return Column(name, "numeric", np.array([np.nan if is_missing(v) else float(v) for v in values]))
    if present and all(isinstance(value, date | np.datetime64) for value in present):
        plain = [np.datetime64("NaT") if is_missing(v) else _naive(v) for v in values]
        return _dates(name, np.array(plain, dtype="datetime64[us]"))
    return _levelled(name, "nominal", values, sorted({str(value) for value in present}))


def _large(name: str, values: Sequence[Any]) -> Column:
    """Whole numbers that double precision does not tell apart, by their places in order."""
    levels = sorted({int(value) for value in values if not is_missing(value)})
    return _levelled(name, "ordered", values, [str(level) for level in levels])


def _naive(value: Any) -> Any:
    """Without the zone, which numpy does not know: all of a column have the same one, about."""
    return value.replace(tzinfo=None) if getattr(value, "tzinfo", None) is not None else value


def _levelled(name: str, kind: str, values: Iterable[Any], levels: Sequence[str]) -> Column:
    places = {level: float(place) for place, level in enumerate(levels)}
    codes = [np.nan if is_missing(value) else places[str(value)] for value in values]
    return Column(name, kind, np.array(codes, dtype=np.float64), tuple(levels))


def _dates(name: str, array: NDArray[Any]) -> Column:
    exact = array.astype("datetime64[us]")
    seconds = exact.astype(np.int64) / SECOND
    return Column(name, "date", np.where(np.isnat(exact), np.nan, seconds))


def is_missing(value: Any) -> bool:
    """Whether a value of any library stands for none."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating | Decimal) and bool(value != value)


def _objects(values: Any) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array
