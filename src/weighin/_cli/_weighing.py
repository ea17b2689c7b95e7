"""Weigh chosen rows and write what was found: shared by ``run`` and ``demo``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from weighin._cli._rows import Chosen
    from weighin._result import Importance


def chart_path(out: Path) -> Path:
    """Where the chart of a result goes: beside it."""
    return out.with_suffix(".png")


def weigh_and_write(
    learner: Any,
    chosen: Chosen,
    out: Path,
    *,
    simulated: bool,
    progress: bool | None = None,
    **options: Any,
) -> None:
    """Weigh, print the table, write the JSON and the chart; after Ctrl-C the finished part of them.

    Parameters
    ----------
    learner : fastai TabularLearner
        What to weigh.
    chosen : Chosen
        The rows, and what is known of them.
    out : path
        The JSON; it and the chart beside it are replaced.
    simulated : bool
        Whether the games were made up.
    **options
        To `weighin.weigh`.

    Raises
    ------
    typer.Exit
        With code 130 after an interruption that left a partial result.
    """
    from weighin._weigh import Interrupted, weigh

    frame, trained_on = chosen.frame, chosen.trained_on

    def about(result: Importance) -> Importance:
        notes = chosen.notes
        if trained_on:
            notes = (
                f"{trained_on:,} of the {len(frame):,} rows given are TRAINING ROWS: the network may rely on noise it "
                "memorised there.",
                *notes,
            )
        what = chosen.what.replace("{n}", f"{result.n_rows:,}", 1)
        if trained_on is None:
            what += " (whether the network was trained on them is not known)"
        return dataclasses.replace(
            result,
            rows=what,
            on_training_rows=None if trained_on is None else bool(trained_on),
            simulated=simulated,
            notes=(*notes, *result.notes),
        )

    try:
        result = about(weigh(learner, frame, progress=progress, **options))
    except Interrupted as interruption:
        result = about(interruption.result)
        _show_and_write(result, out)
        typer.echo(f"Only the part that was finished is in {out}.", err=True)
        raise typer.Exit(130) from None
    _show_and_write(result, out)


def _show_and_write(result: Importance, out: Path) -> None:
    from rich.console import Console

    from weighin import _plots
    from weighin._files import replacing

    Console().print(result)
    with replacing(chart_path(out)) as temporary:  # both files, or neither
        _plots.save(lambda ax: result.plot(ax=ax), temporary)
        result.save(out, force=True)
