"""Write files whole or not at all, one alone or several together.

A file is written under a hidden name beside its place and renamed once it is complete. Renaming several takes several
steps; `journal` sees to it that a process killed between two of them leaves what the next one can put right.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

from weighin._base.errors import InputError, OutputExistsError, nearest
from weighin._base.journal import Journal, Replacement, hidden, settle, to_disk

try:
    import fcntl
except ImportError:
    # there is none on Windows, where a file that is open cannot be replaced either
    fcntl = None  # type: ignore[assignment]  # asked for where it is used


def as_path(path: Any, name: str = "path") -> Path:
    """Take what a caller gave as a path.

    Raises InputError: if it names no file.
    """
    if (
        isinstance(path, str | os.PathLike)
        and (text := os.fspath(path))
        and isinstance(text, str)
        and "\0" not in text
    ):
        return Path(text)
    raise InputError(f"{name} must be a path, got {path!r}.")


def check_free(*paths: Path, force: bool = False, hint: str = "Pass force=True to replace.") -> None:
    """Refuse before any work when an output is in the way, or cannot be written.

    What a killed process left of these outputs is cleared up first.

    `*paths`: Files to be written. A link stands for the file it leads to.
    `force`: Whether a file may be replaced.
    `hint`: How the caller can say so.

    Raises OutputExistsError: if a path exists and `force` is false.
    Raises InputError: if a path is no file, or its folder does not exist or takes no files.
    """
    for path in paths:
        _try_name(path)
        if path.is_dir():
            raise InputError(f"The output '{path}' is a folder; name a file in it.")
        if path.exists() and not path.is_file():
            raise InputError(f"The output '{path}' is not a regular file; name another.")
        target = _followed(path)
        if not target.parent.is_dir():
            folder = target.parent if path.is_symlink() else path.parent
            raise InputError(
                f"The folder of the output '{path}' does not exist: '{folder}'. Create it, or name another."
            )
        _try_folder(target.parent if path.is_symlink() else path.parent)
        settle(target.parent)
    taken = [str(path) for path in paths if path.exists() or path.is_symlink()]
    if taken and not force:
        raise OutputExistsError(f"Already there, left as it is: {', '.join(taken)}. {hint}")


def check_there(path: Path) -> None:
    """Raise unless `path` is a file, naming one beside it that is called almost the same.

    What a killed process left of it is cleared up first.

    Raises InputError: if there is no such file.
    """
    settle(_followed(path).parent)
    if path.is_file():
        return
    if path.is_dir():
        raise InputError(f"'{path}' is a folder, not a file.")
    if path.exists():
        raise InputError(f"'{path}' is not a regular file.")
    if path.is_symlink():
        raise InputError(f"'{path}' is a link to '{os.readlink(path)}', which does not exist.")
    if not path.parent.is_dir():
        raise InputError(f"No such file: '{path}': there is no folder '{path.parent}'.")
    files = [p.name for p in path.parent.iterdir() if p.is_file() and p.name != path.name]
    near = nearest(path.name, files)
    raise InputError(f"No such file: '{path}'.{near}")


def read_text(path: Path) -> str:
    """Read a file of text, after putting right what a process killed while it wrote left of it."""
    settle(_followed(path).parent)
    return path.read_text(encoding="utf-8")


class Outputs:
    """Files that are written together: at the end all of them are there, or none has changed.

    Use it through `together`.
    """

    def __init__(self) -> None:
        self._files: dict[Path, Replacement] = {}
        self._journal: Journal | None = None

    def add(self, path: Path) -> Path:
        """Give the hidden file to write what will stand at `path`; a link is followed to the file it leads to."""
        target = _followed(path)
        if target.parent not in _SETTLED:
            # a folder with thousands of fits is looked through once, not for each
            settle(target.parent)
            _SETTLED.add(target.parent)
        temporary = hidden(target)
        # made as any new file is made, so that it gets the rights of one
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        self._forget(self._files.get(target))
        self._files[target] = Replacement(target, temporary)
        return temporary

    @contextmanager
    def part(self) -> Iterator[None]:
        """After an exception in the block, leave out what was added in it."""
        before = list(self._files.values())
        try:
            yield
        except BaseException:
            for file in list(self._files.values()):
                if file not in before:
                    self._forget(self._files.pop(file.target))
            raise

    def commit(self) -> None:
        """Put all files in place.

        Raises OSError: if one cannot be; the others are then as they were.
        """
        for file in self._files.values():
            to_disk(file.temporary)
            if file.target.exists():
                file.temporary.chmod(stat.S_IMODE(file.target.stat().st_mode))
        if len(self._files) == 1:
            (file,) = self._files.values()
            os.replace(file.temporary, file.target)
        elif self._files:
            with _alone({target.parent for target in self._files}):
                self._replace_together()

    def discard(self) -> None:
        """Remove what is hidden still."""
        for file in self._files.values():
            self._forget(file)

    def _replace_together(self) -> None:
        for target, file in list(self._files.items()):
            self._files[target] = _with_old(file)
        journal = self._journal = Journal.of(self._files.values())
        try:
            journal.write()
            for file in self._files.values():
                os.replace(file.temporary, file.target)
            journal.remove()
        except BaseException:
            journal.put_back()
            journal.remove()
            raise

    def _forget(self, file: Replacement | None) -> None:
        if file is not None:
            file.temporary.unlink(missing_ok=True)
        # while the journal stands, somebody has still to put the old file back
        if file is not None and file.old is not None and not (self._journal and self._journal.stands()):
            file.old.unlink(missing_ok=True)


_SETTLED: set[Path] = set()
_CURRENT: ContextVar[Outputs | None] = ContextVar("weighin_outputs", default=None)


@contextmanager
def together() -> Iterator[Outputs]:
    """Let all files that are written in the block appear at its end, at once; after an exception none.

    A block in the block belongs to it. A process that is killed between two of the steps leaves the old files or the
    new ones, as soon as weighin next writes to that folder or reads from it.
    """
    outer = _CURRENT.get()
    if outer is not None:
        with outer.part():
            yield outer
        return
    outputs = Outputs()
    token = _CURRENT.set(outputs)
    try:
        yield outputs
        outputs.commit()
    finally:
        _CURRENT.reset(token)
        outputs.discard()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a hidden file beside `path` to write to; it goes there at the end of the block, or of `together` around it.

    An exception (Ctrl-C included) leaves whatever was at `path` as it was, and nothing else behind.
    """
    with together() as outputs:
        yield outputs.add(path)


def given_or_written(page: str, path: Path | str | None) -> str | None:
    """Give a page back where there is no path; write it there otherwise."""
    if path is None:
        return page
    with replacing(as_path(path)) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return None


def _followed(path: Path) -> Path:
    """Follow links to the file that is meant, there or not."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise InputError(f"The link '{path}' leads back to itself.")
    return target


@contextmanager
def _alone(folders: set[Path]) -> Iterator[None]:
    """Let no other process rename several files in these folders meanwhile: some of each would be left."""
    with ExitStack() as held:
        # in one order, so that nobody waits for somebody who waits
        for folder in sorted(folders) if fcntl is not None else ():
            # a file system need not know locks
            with suppress(OSError):
                lock = os.open(folder, os.O_RDONLY)
                held.callback(os.close, lock)
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _try_folder(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"Nothing can be written in the folder '{folder}': {error.strerror}.") from None


def _try_name(path: Path) -> None:
    try:
        os.lstat(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InputError(f"The output '{path}' cannot be written: {error.strerror}.") from None


def _with_old(file: Replacement) -> Replacement:
    """Keep the file that is replaced under a second name."""
    if not file.target.exists():
        return file
    old = hidden(file.target, ".old")
    try:
        os.link(file.target, old)
    except OSError:
        # no file system has to know second names
        shutil.copy2(file.target, old)
    return replace(file, old=old)
