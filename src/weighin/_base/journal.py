"""What stands hidden beside a file while it is replaced, and how the next process clears up after one that was killed.

A hidden file carries the machine and the process it belongs to in its name. Where several files are replaced together,
a journal in each of their folders says which, from before the first until after the last: while all journals stand,
the old files count.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
import socket
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

_HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"
# two processes may have one number, one after the other
_RUN = secrets.token_hex(4)
_NAME = re.compile(
    r"\..*\.weighin-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-(?P<run>[0-9a-f]{8})-\d+\..*", re.DOTALL
)
_LONG_AGO = 24 * 3600.0
_COUNT = itertools.count()


@dataclass(frozen=True)
class Replacement:
    """A file on its way to its place.

    `target`: Its place.
    `temporary`: Where it is written.
    `old`: Where the file that it replaces is kept meanwhile, if there is one.
    `new`: Size and time by which it is known once it is complete.
    """

    target: Path
    temporary: Path
    old: Path | None = None
    new: tuple[int, ...] = ()


def hidden(target: Path, suffix: str | None = None) -> Path:
    """Name a new hidden file beside `target` that belongs to this process, with the suffix of `target` or another."""
    ending = (target.suffix if len(target.suffix) <= 16 else ".new") if suffix is None else suffix
    process = f"{_HOST}-{os.getpid()}-{_RUN}-{next(_COUNT)}"
    # at most 32 letters of the name: one may take four bytes of the 255 that a name can have
    return target.with_name(f".{target.name[:32]}.weighin-{process}{ending or '.new'}")


def settle(folder: Path) -> None:
    """Clear up what processes that are gone left in a folder: old files go back, hidden ones away."""
    try:
        with os.scandir(folder) as entries:
            left = [
                Path(entry.path)
                for entry in entries
                if (match := _NAME.fullmatch(entry.name)) and _gone(match, entry)
            ]
    except OSError:
        return
    journals = [path for path in left if path.suffix == ".journal"]
    with contextlib.suppress(OSError):
        for path in journals:
            Journal.read(path).put_back()
        # the journals first: without one, what else is hidden has no meaning
        for path in [*journals, *(path for path in left if path not in journals)]:
            remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what is gone already is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would outlast a power cut."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Journal:
    """Which files are being replaced together, told in each of their folders.

    `places`: The journal's own files, one in each folder.
    `files`: What is replaced.
    """

    def __init__(self, places: Iterable[Path], files: Iterable[Replacement]) -> None:
        self.places, self.files = tuple(places), tuple(files)

    @classmethod
    def of(cls, files: Iterable[Replacement]) -> Journal:
        """Plan the journal of files that are complete and not yet in place."""
        complete = [replace(file, new=_signature(file.temporary)) for file in files]
        folders = dict.fromkeys(file.target.parent for file in complete)
        return cls([hidden(folder / "files", ".journal") for folder in folders], complete)

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Read what `write` wrote; a journal half written is about nothing, as no file had been replaced by then."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            return cls([], [])
        # a whole path stays what it is
        beside = path.parent.joinpath
        files = [
            Replacement(beside(target), beside(temporary), old and beside(old), tuple(new))
            for target, temporary, old, new in content["files"]
        ]
        return cls(map(beside, content["places"]), files)

    def write(self) -> None:
        """Write it in every folder."""
        for place in self.places:
            name = partial(_named, place.parent)
            files = [
                (name(file.target), name(file.temporary), file.old and name(file.old), file.new)
                for file in self.files
            ]
            content = {"places": [name(other) for other in self.places], "files": files}
            place.write_text(json.dumps(content), encoding="utf-8")
            to_disk(place)
            to_disk(place.parent)

    def stands(self) -> bool:
        """Tell whether the old files count: from when all of it is written until a part of it is removed."""
        return bool(self.places) and all(place.exists() for place in self.places)

    def put_back(self) -> None:
        """Put the old files back while the journal stands: earlier nothing was replaced, later everything was.

        A file that somebody else has changed since is left as it is.
        """
        if not self.stands():
            return
        for file in self.files:
            if not file.target.exists() or _signature(file.target) != file.new:
                continue
            if file.old is None:
                file.target.unlink()
            elif file.old.exists():
                os.replace(file.old, file.target)

    def remove(self) -> None:
        """Make the files count that stand there now."""
        for place in self.places:
            to_disk(place.parent)
        for place in self.places:
            place.unlink(missing_ok=True)


def _gone(match: re.Match[str], entry: os.DirEntry[str]) -> bool:
    """Tell whether the process that a hidden file belongs to runs no more."""
    pid = int(match["pid"])
    if match["host"] != _HOST or os.name == "nt":
        # nobody can be asked; nothing stays hidden for so long
        state = entry.stat(follow_symlinks=False)
        return time.time() - max(state.st_mtime, state.st_ctime) > _LONG_AGO
    if pid == os.getpid():
        return match["run"] != _RUN
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False


def _signature(path: Path) -> tuple[int, ...]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _named(folder: Path, path: Path) -> str:
    """Name a path in a journal: without its folder where that is the journal's own, which may be moved."""
    return path.name if path.parent == folder else str(path)
