"""Weigh chosen rows and write what was found: shared by ``run`` and ``demo``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

ENOUGH_ROWS = 20_000  # for curves and correlations

if TYPE_CHECKING:
    from weighin._cli._rows import Chosen
    from weighin._result import Importance


def chart_path(out: Path) -> Path:
    """Where the chart of a result goes: beside it."""
    return out.with_suffix(".png")


def page_path(out: Path) -> Path:
    """Where the page of a result goes: beside it."""
    return out.with_suffix(".html")


def outputs(out: Path, *, page: bool, rows: bool = False) -> list[Path]:
    """Files that a result is written to."""
    beside = [out.with_suffix(".npz")] if rows else []
    return [out, chart_path(out), *beside, *([page_path(out)] if page else [])]


def show(page: Path) -> None:
    """Open a page where its reader looks at pages, or say where it is."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        typer.echo(f"No browser could be opened; the page is {page.resolve()}.", err=True)


def weigh_and_write(
    learner: Any,
    chosen: Chosen,
    out: Path,
    *,
    simulated: bool,
    page: bool,
    open_it: bool,
    progress: bool | None = None,
    **options: Any,
) -> list[Path]:
    """Weigh, print the table, write the JSON, the chart and the page; after Ctrl-C the finished part of them.

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
    page : bool
        Whether to write the page.
    open_it : bool
        Whether to open it.
    **options
        To `weighin.weigh`.

    Returns
    -------
    list of path
        What was written.

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
        if page:
            _write_page(result, out)
        typer.echo(f"Only the part that was finished is in {out}.", err=True)
        raise typer.Exit(130) from None
    _show_and_write(result, out)
    written = outputs(out, page=False, rows=result.kept is not None)
    if page:
        missing = options.get("missing", "raise")
        written += _write_page(result, out, **_look_further(result, learner, frame, missing))
    if open_it and page_path(out) in written:
        show(page_path(out))
    return written


def _look_further(result: Importance, learner: Any, frame: Any, missing: str) -> dict[str, Any]:
    """Ask for effects and company on some of the rows; a page does without what cannot be told."""
    from weighin._errors import WeighinError
    from weighin._result_page import look_further

    some = frame if len(frame) <= ENOUGH_ROWS else frame.sample(ENOUGH_ROWS, random_state=result.random_state)
    try:
        effects, company = look_further(result, learner, some, missing=missing)
    except WeighinError as error:
        typer.echo(f"The page does without effects and company: {error}", err=True)
        return {}
    return {"effects": effects, "company": company}


def _write_page(result: Importance, out: Path, **more: Any) -> list[Path]:
    from weighin._cli._program import command
    from weighin._errors import MissingDependencyError

    try:
        result.to_html(page_path(out), command=command(), force=True, **more)
    except MissingDependencyError as error:
        typer.echo(f"No page: {error}", err=True)
        return []
    return [page_path(out)]


def listed(paths: list[Path]) -> str:
    """Write paths as a sentence does."""
    *most, last = map(str, paths)
    return f"{', '.join(most)} and {last}" if most else last


def _show_and_write(result: Importance, out: Path) -> None:
    from rich.console import Console

    from weighin import _plots
    from weighin._files import replacing

    Console().print(result)
    with replacing(chart_path(out)) as temporary:  # both files, or neither
        _plots.save(lambda ax: result.plot(ax=ax), temporary)
        result.save(out, force=True)
