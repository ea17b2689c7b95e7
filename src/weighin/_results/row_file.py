"""What swaps changed row by row, as numpy's arrays beside a result."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from weighin._base.errors import InputError
from weighin._base.files import check_free, replacing
from weighin._inference import RowChanges


def write_rows(path: Path, kept: RowChanges, *, force: bool) -> None:
    """Write what swaps changed row by row, as numpy's arrays."""
    check_free(path, force=force)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **kept.arrays())


def read_rows(path: Path, shape: tuple[int, ...]) -> RowChanges | None:
    """Read what `write_rows` wrote for importances of a shape; None where there is no such file.

    Raises InputError if the file is no such thing.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = RowChanges(**{name: file[name] for name in file.files})
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
    return kept if kept.changes.shape[:2] == shape else None
