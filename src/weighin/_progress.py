"""One progress bar for everything that takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def tracking(what: str, total: int, show: bool | None) -> Iterator[Callable[[str], None]]:
    """Show a bar with the time left; the block calls what it gets with a label after each step.

    Parameters
    ----------
    what : str
        What is going on.
    total : int
        Number of steps.
    show : bool or None
        None shows it where somebody can see it: a terminal or a notebook.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[label]}"),
    )
    visible = (console.is_terminal or console.is_jupyter) if show is None else show
    with Progress(*columns, console=console, transient=True, disable=not visible) as bar:
        task = bar.add_task(what, total=total, label="")
        yield lambda label: bar.update(task, advance=1, label=label)
