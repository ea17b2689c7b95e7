"""How all rows of a table are weighed that does not fit into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from weighin._base.checks import is_whole
from weighin._base.errors import InputError
from weighin._base.files import as_path


@dataclass(frozen=True)
class AllRows:
    """Weigh all rows of a table piece by piece, however many there are: for `weigh`, as ``rows=AllRows(...)``.

    ``rows="all"`` is the same as ``rows=AllRows()`` for a table that is large, and for a small one that fits into
    memory, which gives the same numbers.

    Attributes
    ----------
    shuffled : bool
        Whether the rows already come in random order: then nothing is written to disk. By default they are put in
        random order first, by way of files on disk that take about as much room as the table does in memory: rows in
        the order of a file would exchange values with their neighbours in time or place only.
    folder : path, optional
        Where to keep what is finished. The same call goes on there after it was interrupted or killed, with the numbers
        of a run in one go. By default everything lies in a temporary folder and is removed at the end; what a killed
        process left there is removed by the next run.
    memory : int
        Megabytes to use beside the model, about.

    Raises
    ------
    InputError
        On arguments that cannot be.

    Examples
    --------
    ``weighin.weigh(model, "games/*.parquet", "margin", rows=weighin.AllRows(folder="games-weighed"))``
    """

    shuffled: bool = False
    folder: Path | str | None = None
    memory: int = 512

    def __post_init__(self) -> None:
        if not isinstance(self.shuffled, bool):
            raise InputError(f"shuffled must be True or False, got {self.shuffled!r}.")
        if not is_whole(self.memory, 1):
            raise InputError(f"memory must be an integer >= 1, in megabytes, got {self.memory!r}.")
        if self.folder is not None:
            as_path(self.folder, "folder")

    @property
    def memory_bytes(self) -> int:
        """Bytes to use beside the model."""
        return int(self.memory) * 2**20
