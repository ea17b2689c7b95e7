"""Weigh chosen rows and write what was found: shared by ``run`` and ``demo``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from weighin._cli.rows import Chosen
    from weighin._results.importance import Importance


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
    """Weigh, look which way features push, print the table, write JSON, chart and page; after Ctrl-C what is finished.

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
    from weighin._cli.program import command
    from weighin._weigh.weigh import weigh
    from weighin._weigh.weighing import Interrupted

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
            further={**result.further, "command": command()},
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
    try:
        result = _look_further(result, learner, frame, options.get("missing", "raise"))
    except KeyboardInterrupt:
        _show_and_write(result, out)
        typer.echo(
            f"{out} and its chart do without effects and associations, and there is no page.", err=True
        )
        raise typer.Exit(130) from None
    _show_and_write(result, out)
    written = outputs(out, page=False, rows=result.kept is not None)
    if page:
        written += _write_page(result, out)
    if open_it and page_path(out) in written:
        show(page_path(out))
    return written


def _look_further(result: Importance, learner: Any, frame: Any, missing: str) -> Importance:
    """Add effects and associations to a result, which does without what cannot be told."""
    from weighin._base.errors import WeighinError
    from weighin._cli.further import look_further

    try:
        effects, associations = look_further(result, learner, frame, missing=missing)
    except WeighinError as error:
        typer.echo(f"The result does without effects and associations: {error}", err=True)
        return result
    if effects is not None:
        result = result.with_effects(effects)
    return result if associations is None else result.with_associations(associations)


def _write_page(result: Importance, out: Path) -> list[Path]:
    from weighin._base.errors import MissingDependencyError

    try:
        result.to_html(page_path(out), force=True)
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

    from weighin._base.files import replacing
    from weighin._display import charts as _plots

    Console().print(result)
    with replacing(chart_path(out)) as temporary:  # both files, or neither
        _plots.save(lambda ax: result.plot(ax=ax), temporary)
        result.save(out, force=True)
