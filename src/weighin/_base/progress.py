"""One progress bar for everything that takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


@contextmanager
def tracking(what: str, total: int, show: bool | None) -> Iterator[Callable[[int], None]]:
    """Show a bar with the time left; the block calls what it gets with the work done in each step.

    Parameters
    ----------
    what : str
        What is going on.
    total : int
        All the work.
    show : bool or None
        None shows it where somebody can see it: a terminal or a notebook.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    visible = (console.is_terminal or console.is_jupyter) if show is None else show
    # by default the speed is that of the last 30 seconds: unknown where a step takes longer
    forever = float("inf")
    with Progress(
        *columns, console=console, transient=True, disable=not visible, speed_estimate_period=forever
    ) as bar:
        task = bar.add_task(what, total=total)
        bar.advance(task, 0)  # the first step is measured from here
        yield lambda work: bar.advance(task, work)
