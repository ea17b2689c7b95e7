"""Real notebooks, run by a real kernel."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode


@dataclass(frozen=True)
class Shown:
    """What a cell showed.

    Attributes
    ----------
    outputs : list
        That are left once it is done: what the notebook keeps.
    messages : list
        All that was sent on the way.
    """

    outputs: list[NotebookNode]
    messages: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(output.text for output in self.outputs if output.output_type == "stream")

    def texts_on_the_way(self) -> list[str]:
        """The texts that were displayed in the meantime."""
        return [
            message["content"]["data"]["text/plain"]
            for message in self.messages
            if message["msg_type"] in ("display_data", "update_display_data") and message["content"]["data"]
        ]


class Recorder(NotebookClient):
    """Runs a notebook and keeps the messages of each cell."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.messages: dict[int, list[Mapping[str, Any]]] = {}

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        self.messages.setdefault(cell_index, []).append(msg)
        return super().process_message(msg, cell, cell_index)


def run_notebook(cells: Mapping[str, str]) -> dict[str, Shown]:
    """Run cells one after the other in one kernel, and give what each showed."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells.values()])
    client = Recorder(book, timeout=120, kernel_name="python3", allow_errors=True)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        # no start-up files of the user, and none of the kernel's in the home folder
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
            environment.setenv(variable, str(Path(folder, variable.lower())))
        environment.delenv("NO_COLOR", raising=False)
        environment.delenv("COLUMNS", raising=False)
        environment.delenv("MPLBACKEND", raising=False)
        # under pytest a kernel does not catch what programs write
        environment.delenv("PYTEST_CURRENT_TEST", raising=False)
        client.execute()
    return {
        name: Shown(cell.outputs, client.messages[number])
        for number, (name, cell) in enumerate(zip(cells, book.cells, strict=True))
    }
