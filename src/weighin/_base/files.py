"""Write files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weighin._base.errors import InputError, OutputExistsError, nearest


def check_free(*paths: Path, force: bool = False) -> None:
    """Refuse before any work when an output is in the way, or cannot be written.

    Raises
    ------
    OutputExistsError
        If a path exists and `force` is false.
    InputError
        If a path is a folder, or its folder does not exist or takes no files.
    """
    for path in paths:
        if path.is_dir():
            raise InputError(f"The output '{path}' is a folder; name a file in it.")
        if not path.parent.is_dir():
            raise InputError(f"The output '{path}' has no folder to go to: '{path.parent}' does not exist.")
        _try_folder(path.parent)
    taken = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if taken and not force:
        raise OutputExistsError(f"Already there, left as it is: {', '.join(taken)}. Pass --force to replace.")


def check_there(path: Path) -> None:
    """Raise unless `path` is a file, naming one beside it that is called almost the same.

    Raises
    ------
    InputError
        If there is no such file.
    """
    if not path.is_file():
        near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else ""
        raise InputError(f"No such file: '{path}'.{near}")


def _try_folder(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"Nothing can be written in the folder '{folder}': {error.strerror}.") from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there once the block has ended well.

    An exception (Ctrl-C included) leaves whatever was at `path` as it was, and nothing else behind.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def given_or_written(page: str, path: Path | str | None) -> str | None:
    """Give a page back where there is no path; write it there otherwise."""
    if path is None:
        return page
    with replacing(Path(path)) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return None
