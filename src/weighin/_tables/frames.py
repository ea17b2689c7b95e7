"""The only file that knows data frames: reading, writing, checking, converting (pandas, polars, pyarrow)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from glob import glob, has_magic
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._base.files import check_there
from weighin._base.optional import require
from weighin._base.text import column_label

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".json": "json",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
}


# what pandas takes for missing in a file of text
MISSING_TEXTS = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"),
    *("N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)


def is_frame(X: object) -> bool:
    """Tell whether `X` is a data frame of pandas, polars or pyarrow, which are those that models get."""
    backends = nw.dependencies
    return backends.is_pandas_dataframe(X) or backends.is_polars_dataframe(X) or backends.is_pyarrow_table(X)


def columns_of(X: Any) -> dict[str, int]:
    """Column names of a frame, as texts, with their places.

    Raises InputError if `X` is no frame weighin reads, or two columns share a name.
    """
    if not is_frame(X):
        raise InputError(
            f"A table must be a pandas, polars or pyarrow data frame, got {type(X).__module__}.{type(X).__name__}."
        )
    names = [
        column_label(name) for name in (X.column_names if nw.dependencies.is_pyarrow_table(X) else X.columns)
    ]
    places = {name: place for place, name in enumerate(names)}
    if len(places) < len(names):
        twice = [name for name, count in Counter(names).items() if count > 1]
        raise InputError(f"Column names must be unique; these occur more than once: {listing(twice)}.")
    return places


def column_names(X: Any) -> list[str]:
    """Column names of a frame, as texts, in order; `columns_of` says what is refused."""
    return list(columns_of(X))


def columns_at(X: Any, names: Sequence[str]) -> nw.DataFrame[Any]:
    """Give columns of a frame, by the texts of their names, in the order asked for."""
    places = columns_of(X)
    return nw.from_native(X, eager_only=True)[:, [places[name] for name in names]]


def column_at(X: Any, name: str) -> nw.Series[Any]:
    """Give one column of a frame, by the text of its name."""
    place = columns_of(X)[name]
    return nw.from_native(X, eager_only=True)[:, place]


def frame_of_columns(columns: Mapping[Any, Any], index: Any = None) -> Any:
    """Make a frame of columns by name: of pandas where it is installed, else of polars or pyarrow.

    `columns`, shape (n_rows,). `index`: names of the rows. Raises InputError on columns of different lengths.
    """
    plain = {name: _plain(values) for name, values in columns.items()}
    lengths = {name: len(values) for name, values in plain.items()}
    if len(set(lengths.values())) > 1:
        shortest, longest = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise InputError(
            f"The columns of X must have the same rows: {column_label(shortest)!r} has {lengths[shortest]:,}, "
            f"{column_label(longest)!r} {lengths[longest]:,}."
        )
    if find_spec("pandas") is not None:
        import pandas as pd

        return pd.DataFrame(plain, index=index)
    by_text = {column_label(name): values for name, values in plain.items()}
    if find_spec("polars") is not None:
        import polars as pl

        return pl.DataFrame(by_text)
    return require("pyarrow", "files", "make a table of columns").table(by_text)


def _plain(values: Any) -> Any:
    """Values of a column as one that any library of frames reads."""
    if hasattr(values, "detach"):
        return values.detach().cpu().numpy()
    if np.ma.isMaskedArray(values):
        return unmasked(values)
    return values if hasattr(values, "dtype") or isinstance(values, list) else list(values)


def unmasked(array: Any) -> NDArray[Any]:
    """A masked array with what is masked missing: NaN among numbers, None elsewhere."""
    if array.dtype.kind in "fiub":
        return np.asarray(array.astype(np.result_type(array.dtype, np.float64)).filled(np.nan))
    return np.asarray(array.astype(object).filled(None))


def check_columns(X: Any, needed: Sequence[str], what: str) -> None:
    """Raise unless every name of `needed` is a column of `X`.

    Raises InputError: naming the missing columns, the nearest match of each, and the columns there are.
    """
    names = column_names(X)
    missing = [name for name in needed if name not in names]
    if missing:
        unused = [name for name in names if name not in needed] or names
        hints = "".join(f"\n  {name!r} is missing.{nearest(name, unused)}" for name in missing[:12])
        raise InputError(
            f"{len(missing)} of the {len(needed)} columns {what} are not in the table:{hints}\n"
            f"Columns: {listing(names, 40)}."
        )


def to_pandas(X: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Give the `columns` of a frame as a new pandas frame with a plain index; `X` stays untouched.

    Raises InputError: as `column_names` raises.
    """
    frame = columns_at(X, columns).to_pandas()
    return frame.set_axis(list(columns), axis="columns").reset_index(drop=True).copy()


def to_matrix(X: Any, columns: Sequence[str]) -> NDArray[Any]:
    """Give columns of numbers as a matrix of shape (n_rows, n_columns).

    Raises InputError: naming the columns that hold something else.
    """
    if not columns:
        raise InputError("X has no columns.")
    frame = list(columns_at(X, columns).iter_columns())
    odd = [
        name
        for name, column in zip(columns, frame, strict=True)
        if not (column.dtype.is_numeric() or column.dtype == nw.Boolean)
    ]
    if odd:
        raise InputError(f"Numbers are needed, these columns hold something else: {listing(odd)}.")
    return np.column_stack([column.to_numpy() for column in frame])


def n_rows_of(X: Any) -> int:
    """Rows of what a user gave as table."""
    if isinstance(X, Mapping):
        return len(next(iter(X.values()), ()))
    return len(X[0]) if isinstance(X, tuple | list) and X and hasattr(X[0], "shape") else len(X)


def rows_of(X: Any, rows: NDArray[np.int64]) -> Any:
    """Some rows of what a user gave as table or target."""
    if X is None:
        return None
    if is_frame(X):
        return nw.from_native(X, eager_only=True)[rows].to_native()
    if isinstance(X, dict):
        return {key: rows_of(value, rows) for key, value in X.items()}
    if isinstance(X, tuple | list) and len(X) and len(getattr(X[0], "shape", ())) == 2:
        return type(X)(rows_of(value, rows) for value in X)
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if hasattr(X, "take") and not isinstance(X, np.ndarray) and hasattr(X, "to_numpy"):
        # a series of polars, an array of pyarrow
        return X.to_numpy()[rows]
    return X[rows] if hasattr(X, "dtype") else np.asarray(X)[rows]


def read_table(
    path: Path | str,
    levels: Mapping[str, Sequence[Any]] | None = None,
    missing: Counter[tuple[str, str]] | None = None,
) -> pd.DataFrame:
    """Read a table; the format follows the suffix.

    `path`: A ``.csv``, ``.parquet``, ``.feather``, ``.arrow``, ``.json`` (records), ``.jsonl`` or ``.ndjson`` file; or
    a pattern, ``games/*.csv``, of files with the same columns, read one after the other by name. `levels`: categories
    that a model knows: of a CSV file, such a column stays text where they are texts, and a text that is one of them,
    such as "NA", is no missing value. `missing`: counts by column and text which texts of a CSV file count as missing
    values beside other texts. Raises InputError if the file is not there, has another suffix, cannot be read, or its
    column names are not unique.
    """
    path = Path(path)
    kind = _format(path)
    if is_pattern(path):
        return _read_several(path, levels, missing)
    check_there(path)
    pd = require("pandas", "files", "read tables")
    json = partial(pd.read_json, dtype=False, precise_float=True)
    readers: dict[str, Callable[..., Any]] = {
        "csv": partial(_read_csv, levels=levels or {}, missing=missing),
        "parquet": pd.read_parquet,
        "feather": pd.read_feather,
        "json": partial(json, orient="records"),
        "json lines": partial(json, lines=True),
    }
    try:
        frame = readers[kind](path)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"'{path}' cannot be read as {kind}: {reason}") from error
    column_names(frame)
    return frame


def read_noted(
    path: Path | str, levels: Mapping[str, Sequence[Any]] | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a table as `read_table` does, and say which texts of it count as missing values, if any."""
    missing: Counter[tuple[str, str]] = Counter()
    frame = read_table(path, levels, missing)
    if not missing:
        return frame, ()
    which = ", ".join(
        f"{word!r} of {column!r} ({times:,})" for (column, word), times in missing.most_common(5)
    )
    note = (
        f"Texts that count as missing values: {which}. If they are names, such as NA for Namibia, read the table with "
        "pandas.read_csv(path, keep_default_na=False) and pass it."
    )
    return frame, (note,)


def check_table(path: Path) -> None:
    """Raise before any work unless `path` is a file, a folder, or a pattern that some files fit.

    Raises InputError.
    """
    if is_pattern(path):
        files_like(path)
    elif not path.is_dir():
        check_there(path)


def is_pattern(path: Path) -> bool:
    """Whether it stands for files called like it."""
    return has_magic(str(path)) and not path.exists()


def files_like(pattern: Path) -> list[Path]:
    """Files called like a pattern, by name; raises InputError if there are none."""
    paths = sorted(map(Path, glob(str(pattern))))
    if not paths:
        raise InputError(f"No file is called like '{pattern}'.")
    return paths


def _read_several(
    pattern: Path, levels: Mapping[str, Sequence[Any]] | None, missing: Counter[tuple[str, str]] | None
) -> pd.DataFrame:
    import pandas as pd

    paths = files_like(pattern)
    parts = [read_table(path, levels, missing) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        check_columns(part, list(parts[0].columns), f"of '{paths[0]}' and '{path}'")
        if len(part.columns) > len(parts[0].columns):
            more = [name for name in part.columns if name not in parts[0].columns]
            raise InputError(f"'{path}' has columns that '{paths[0]}' has not: {listing(more)}.")
    return pd.concat(parts, ignore_index=True)


def check_header(names: Sequence[Any]) -> None:
    """Raise `InputError` where a name occurs twice, or the first line of a CSV file was not cut into columns."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"these column names occur more than once: {listing(twice)}")
    if len(names) == 1 and ";" in str(names[0]):
        raise InputError(
            "its columns are separated by ';', weighin reads ','. Hint: pd.read_csv(path, sep=';')"
        )


def write_table(frame: pd.DataFrame, path: Path | str) -> None:
    """Write a pandas frame without its index; the format follows the suffix, as in `read_table`."""
    path = Path(path)
    kind = _format(path)
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path, index=False)
    elif kind == "feather":
        frame.reset_index(drop=True).to_feather(path)
    else:
        frame.to_json(path, orient="records", lines=kind == "json lines", double_precision=15)


def check_format(path: Path | str) -> None:
    """Raise `InputError` unless the suffix of `path` is one weighin reads and writes."""
    _format(Path(path))


def _read_csv(
    path: Path, levels: Mapping[str, Sequence[Any]], missing: Counter[tuple[str, str]] | None
) -> pd.DataFrame:
    import pandas as pd

    # pandas renames the second of two equal names to "x.1": look at the header as it stands
    header = pd.read_csv(path, header=None, nrows=1, dtype=str).iloc[0].tolist()
    check_header(header)
    texts = {
        name: {level for level in levels[name] if isinstance(level, str)} for name in header if name in levels
    }
    words = {name: [text for text in MISSING_TEXTS if text not in texts.get(name, ())] for name in header}
    kept: Any = {
        name: str
        for name, trained_levels in texts.items()
        if trained_levels and len(trained_levels) == len(levels[name])
    }
    frame = pd.read_csv(path, low_memory=False, keep_default_na=False, na_values=words, dtype=kept)
    if missing is not None:
        # beside numbers a text can hardly be a name
        holes = frame.isna()
        doubtful = [
            place
            for place, name in enumerate(frame.columns)
            if holes[name].any() and pd.api.types.is_string_dtype(frame[name].dropna())
        ]
        own = pd.read_csv(path, usecols=doubtful, dtype=str, keep_default_na=False) if doubtful else frame[[]]
        for name in own.columns:
            counts = own.loc[holes[name], name].value_counts()
            missing.update({(str(name), word): int(times) for word, times in counts.items() if word})
    return frame


def _format(path: Path) -> str:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise InputError(
            f"'{path}' has no suffix weighin knows; allowed: {', '.join(FORMATS)}.{nearest(path.suffix, FORMATS)}"
        ) from None
