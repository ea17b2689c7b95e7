"""Folders for what does not fit into memory: removed when they are no longer used, also those of a killed process."""

from __future__ import annotations

import errno
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from weighin._base.errors import InputError
from weighin._base.journal import hidden, remove, settle


class Scratch:
    """A folder of this process, removed when it is closed, or nobody holds it any more.

    A process that was killed leaves one; the next that makes one in the same place removes it.

    `parent`: where; the folder of the system for temporary files by default.
    """

    def __init__(self, parent: Path | None = None) -> None:
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        settle(parent)
        self.path = hidden(parent / "rows", ".rows")
        with disk(parent):
            self.path.mkdir(mode=0o700)
        self._close = weakref.finalize(self, remove, self.path)

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the folder."""
        self._close()


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Say where it is that nothing more can be written.

    Raises InputError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = "The disk is full"
        elif error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            why = "Nothing can be written"
        else:
            raise
        raise InputError(
            f"{why}: '{folder}', where rows are kept that do not fit into memory. Make room, or name a folder on "
            "another disk (weighin.AllRows(folder=...), or the environment variable TMPDIR)."
        ) from None
