"""The folder of a run over all rows: what is finished, and of what."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighin._base.errors import InputError
from weighin._base.files import replacing
from weighin._base.journal import remove
from weighin._base.scratch import Scratch, disk
from weighin._tables.sources import reading
from weighin._weigh.all_rows import AllRows
from weighin._weigh.parts.part import Part, PartTerms

if TYPE_CHECKING:
    import pyarrow as pa

try:
    import fcntl
except ImportError:
    # there is none on Windows
    fcntl = None  # type: ignore[assignment]  # asked for where it is used

_RUN = "run.json"


class RunFolder:
    """Where a run keeps its rows while it needs them, and the parts that are finished.

    `path`: the folder.
    `kept`: whether it stays, so that the run can go on another time.
    """

    def __init__(self, path: Path, kept: bool) -> None:
        self.path, self.kept = path, kept

    @property
    def rows(self) -> Path:
        """Folder of the rows in random order."""
        return self.path / "rows"

    def begin(self, values: Mapping[str, Any]) -> None:
        """Write what the run is of, or make sure that the folder is of the same.

        Raises InputError naming what differs, or that the folder holds something else.
        """
        run = self.path / _RUN
        if run.is_file():
            before = json.loads(run.read_text(encoding="utf-8"))
            for name, value in json.loads(json.dumps(values)).items():
                if before.get(name) != value:
                    raise InputError(
                        f"The folder '{self.path}' holds another run: its {name} is {before.get(name)!r:.100}, and "
                        f"here {value!r:.100}. Name another folder, or remove it."
                    )
            return
        others = [entry.name for entry in self.path.iterdir() if not entry.name.startswith(".")]
        if others:
            raise InputError(f"The folder '{self.path}' holds {others[0]!r}, and no run: name an empty one.")
        with disk(self.path), replacing(run) as draft:
            draft.write_text(json.dumps(values), encoding="utf-8")

    def sample(self) -> pa.Table | None:
        """Rows by which the run was planned, where it was."""
        import pyarrow as pa

        path = self.path / "sample.arrow"
        if not path.is_file():
            return None
        with reading(str(path)), pa.OSFile(str(path)) as file:
            return pa.ipc.open_file(file).read_all()

    def keep_sample(self, table: pa.Table) -> None:
        """Keep the rows by which the run is planned."""
        import pyarrow as pa

        path = self.path / "sample.arrow"
        with disk(self.path), replacing(path) as draft, pa.ipc.new_file(str(draft), table.schema) as writer:
            writer.write_table(table)

    def parts(self, way: int, terms: PartTerms) -> dict[int, Part]:
        """Parts that are finished.

        `way`: number of the way to shuffle. `terms`: what they must have been weighed by. Raises InputError where they
        were weighed with another model, or asked something else.
        """
        parts: dict[int, Part] = {}
        for path in sorted(self.path.glob(f"part-{way}-*.json")):
            part = Part.load(path)
            try:
                terms.check_same(part.terms)
            except InputError as error:
                raise InputError(
                    f"The folder '{self.path}' holds parts of another run. {error} Or name another folder."
                ) from None
            parts[part.numbers[0]] = part
        return parts

    def keep(self, way: int, part: Part) -> None:
        """Keep a finished part."""
        if self.kept:
            with disk(self.path):
                part.save(self.path / f"part-{way}-{part.numbers[0]:06}.json", force=True)

    def finish(self) -> None:
        """Remove the rows: all parts are finished."""
        remove(self.rows)


@contextmanager
def run_folder(how: AllRows) -> Iterator[RunFolder]:
    """Open the folder of a run, for nobody else at the same time; a temporary one goes when the block ends.

    Raises InputError if it cannot be made, or another process works there.
    """
    if how.folder is None:
        with Scratch() as scratch:
            yield RunFolder(scratch.path, kept=False)
        return
    path = Path(how.folder)
    if path.exists() and not path.is_dir():
        raise InputError(f"folder='{path}' is a file; name a folder.")
    with disk(path):
        path.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDONLY) if fcntl is not None else None
    try:
        if lock is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"Another process is weighing in the folder '{path}': name another."
                ) from None
        yield RunFolder(path, kept=True)
    finally:
        if lock is not None:
            os.close(lock)
