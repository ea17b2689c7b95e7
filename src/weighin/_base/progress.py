"""One progress bar for everything that takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from weighin._base.notebook_line import kernel_shell, line

# letters of the bar in a notebook
WIDTH = 40


@contextmanager
def tracking(what: str, total: int, show: bool | None) -> Iterator[Callable[[int], None]]:
    """Show a bar with the time left; the block calls what it gets with the work done in each step.

    `what`: What is going on.
    `total`: All the work.
    `show`: None shows it where somebody can see it: a terminal or a notebook.
    """
    # rich's own way in a notebook asks for ipywidgets and leaves a gap
    console = Console(stderr=True, force_jupyter=False)
    in_notebook = kernel_shell() is not None
    visible = (console.is_terminal or in_notebook) if show is None else show
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    # by default the speed is that of the last 30 seconds: unknown where a step takes longer
    forever = float("inf")
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=in_notebook or not visible,
        speed_estimate_period=forever,
    ) as bar:
        task = bar.add_task(what, total=total)
        # the first step is measured from here
        bar.advance(task, 0)
        with line(lambda: _as_text(bar)) if visible else nullcontext():
            yield lambda work: bar.advance(task, work)


def _as_text(bar: Progress) -> str:
    (task,) = bar.tasks
    done = int(task.percentage * WIDTH / 100)
    left = TimeRemainingColumn().render(task)
    return f"{task.description} {'━' * done}{'─' * (WIDTH - done)} {task.percentage:3.0f}% {left}"
