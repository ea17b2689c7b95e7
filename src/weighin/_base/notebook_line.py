"""A line in a running notebook that is written over in place and then goes away.

A notebook can forget all outputs of a cell, not one of them. So a line that was all its cell showed goes with
everything, and nothing is left; beside the outputs of others it is emptied, which takes no room. Which of the two it is
tells the number of messages the kernel has sent since the cell began: `watch_cells` writes it down at each beginning.
"""

from __future__ import annotations

import ast
import contextvars
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# seconds between two looks at the text; what ends before the first shows nothing at all
EVERY = 0.5


def kernel_shell() -> Any:
    """The shell of the notebook kernel this runs in, None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None


class _Cell:
    """The cell that runs, and how many messages the kernel had sent when it showed nothing yet."""

    name: str | None = None
    messages = -1

    def begin(self, *_: object) -> None:
        shell = kernel_shell()
        # a cell may run code as another cell: its outputs are still those of the outer one
        if shell is not None and _cell_name(shell) != self.name:
            self.name, self.messages = _cell_name(shell), _messages_sent(shell)


_cell = _Cell()


def watch_cells() -> None:
    """Write down from now on how many messages were sent when a cell begins."""
    shell = kernel_shell()
    if shell is None:
        return
    shell.events.register("pre_run_cell", _cell.begin)
    if _nothing_shown_so_far(shell):
        _cell.begin()


@contextmanager
def line(text: Callable[[], str]) -> Iterator[None]:
    """Show a text in the notebook as long as the block runs; it is asked for again every half second.

    `text`: Gives what the line says now; called in a thread.
    """
    shell = kernel_shell()
    # what `%%capture` keeps is not for a line that goes away
    if shell is None or not hasattr(shell.display_pub, "session"):
        yield
        return
    shown = _Line(shell, text)
    # outputs go to the cell that the context names
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(shown.keep_showing,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        shown.over.set()
        thread.join()
        shown.take_away()


class _Line:
    def __init__(self, shell: Any, text: Callable[[], str]) -> None:
        self.shell, self.text = shell, text
        self.over = threading.Event()
        self.place = {"display_id": f"weighin-{uuid.uuid4().hex}"}
        self.cell = _cell.name
        self.last = ""
        self.messages = 0

    def keep_showing(self) -> None:
        while not self.over.wait(EVERY):
            text = self.text()
            if text != self.last:
                self._send({"text/plain": text})
                self.last = text

    def take_away(self) -> None:
        if not self.messages:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        same_cell = self.cell is not None and self.cell == _cell.name == _cell_name(self.shell)
        if same_cell and _messages_sent(self.shell) == _cell.messages + self.messages:
            self.shell.display_pub.clear_output()
            _cell.messages = _messages_sent(self.shell)
        else:
            self._send({})

    def _send(self, data: dict[str, str]) -> None:
        self.shell.display_pub.publish(data, {}, transient=self.place, update=self.messages > 0)
        self.messages += 1


def _cell_name(shell: Any) -> str | None:
    return shell.get_parent().get("header", {}).get("msg_id")


def _messages_sent(shell: Any) -> int:
    return shell.kernel.session.message_count


def _nothing_shown_so_far(shell: Any) -> bool:
    """Whether the cell that imports this has shown nothing yet: it began with imports, and they were silent."""
    history = shell.history_manager
    # what was written to stdout and stderr is kept there since IPython 9
    written = getattr(history, "outputs", None)
    if written is None or written.get(shell.execution_count):
        return False
    try:
        statements = ast.parse(history.input_hist_parsed[-1]).body
    except (SyntaxError, ValueError, IndexError):
        return False
    for statement in statements:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            return False
        if "weighin" in ast.unparse(statement):
            return True
    return False
