"""Archives that would fill the memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

from weighin._base.errors import ModelError

# weights hardly become smaller when they are packed; what grows past both is no model
MOST_TIMES, MOST_BYTES = 50, 2**28


def check_archive(path: Path, what: str) -> None:
    """Look into a zip archive without unpacking it.

    Raises ModelError if it is none, is damaged, or would unpack to far more than it is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ModelError(f"'{path}' cannot be opened as {what}: its archive is damaged ({error}).") from error
    if unpacked > max(MOST_BYTES, MOST_TIMES * path.stat().st_size):
        raise ModelError(
            f"'{path}' has {path.stat().st_size:,} bytes and would unpack to {unpacked:,}: no model does, so it is "
            "not opened."
        )
