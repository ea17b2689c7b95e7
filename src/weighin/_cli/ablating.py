"""Read what is to be tried, train, print, write: shared by ``weighin ablate`` and ``weighin cfbd ablate``."""

from __future__ import annotations

import csv
import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighin._base.errors import InputError
from weighin._cli import weighing as _weighing

if TYPE_CHECKING:
    import pandas as pd

    from weighin._refit.recipes.recipe import Recipe
    from weighin._results.ablation import Ablation

Drop = Annotated[
    list[str] | None,
    typer.Option(
        help="A feature, several together (a,b or label=a,b), each, or near-zero. May be repeated.",
        metavar="FEATURES",
    ),
]
Add = Annotated[
    list[str] | None,
    typer.Option(
        help="A column that is no feature, several together (label=a,b), or name=EXPRESSION over columns: "
        '"elo_diff=home_elo - away_elo". May be repeated.',
        metavar="COLUMN",
    ),
]
Replace = Annotated[
    list[str] | None,
    typer.Option(
        help='Features, a colon, what comes in their place: "home_elo,away_elo: elo_diff=home_elo - away_elo".',
        metavar="FEATURES:COLUMN",
    ),
]
Fits = Annotated[int, typer.Option(min=1, help="Fits of the full model and of each variant.")]
Tolerance = Annotated[
    float | None,
    typer.Option(help="A change below it does not matter, in units of the metric; 1% of it by default."),
]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")]
Jobs = Annotated[int | None, typer.Option(help="Processes to train in; -1 for all processors.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Result to write, JSON; chart and page go beside it.")]
StoreFolder = Annotated[
    Path | None,
    typer.Option(help="Folder for finished fits, to go on with; by default beside the result, as .fits."),
]
Page = Annotated[bool, typer.Option("--page/--no-page", help="Write the page, too: .html beside the result.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
Force = Annotated[bool, typer.Option("--force", help="Replace outputs that are there.")]


def questions(
    drop: Sequence[str] | None, add: Sequence[str] | None, replace: Sequence[str] | None
) -> dict[str, Any]:
    """Read the options into arguments of `weighin.ablate`.

    Raises
    ------
    InputError
        If one of them says nothing, or a label is given twice.
    """
    asked: dict[str, Any] = {"drop": {}, "add": {}, "replace": {}}
    for text in drop or ():
        label, names = _labelled(text, "--drop")
        _put(asked["drop"], label or " + ".join(names), names if len(names) > 1 else names[0], "--drop")
    for text in add or ():
        name, sign, source = text.partition("=")
        if not sign:
            columns = _names(text)
            _put(asked["add"], " + ".join(columns), columns, "--add")
        elif not name.strip() or not source.strip():
            raise InputError(f"--add must be a column or name=expression, got {text!r}.")
        else:
            listed = _names(source) if "(" not in source else []
            _put(asked["add"], name.strip(), listed if len(listed) > 1 else source.strip(), "--add")
    for text in replace or ():
        features, colon, source = text.partition(":")
        if not colon or not features.strip() or not source.strip():
            raise InputError(f"--replace must be features:column or features:name=expression, got {text!r}.")
        _put(asked["replace"], tuple(_names(features)), source.strip(), "--replace")
    return {name: entries or None for name, entries in asked.items()}


def ablate_and_write(
    recipe: Recipe,
    table: pd.DataFrame,
    out: Path,
    store: Path,
    *,
    simulated: bool,
    page: bool = True,
    open_it: bool = False,
    notes: tuple[str, ...] = (),
    **options: Any,
) -> None:
    """Train and measure, print the table and the sentences, write the JSON, the chart and the page.

    Parameters
    ----------
    recipe, table
        What to train on what.
    out : path
        The JSON; it and what goes beside it are replaced.
    store : path
        Folder of finished fits.
    simulated : bool
        Whether the games were made up.
    page, open_it : bool
        Whether to write the page, and to open it.
    notes : tuple of str
        More for the reader.
    **options
        To `weighin.ablate`.

    Raises
    ------
    typer.Exit
        With code 130 after an interruption.
    """
    from rich.console import Console

    from weighin._base.files import replacing
    from weighin._display import charts as _plots
    from weighin._refit.ablate.run import ablate

    try:
        found: Ablation = ablate(recipe, table, store=store, **options)
    except KeyboardInterrupt as stop:
        for note in getattr(stop, "__notes__", ()):
            typer.echo(note, err=True)  # that it was interrupted is told at the end
        raise typer.Exit(130) from None
    found = dataclasses.replace(found, simulated=simulated, notes=(*notes, *found.notes))
    Console().print(found)
    with replacing(_weighing.chart_path(out)) as temporary:  # both files, or neither
        _plots.save(lambda ax: found.plot(ax=ax), temporary)
        found.save(out, force=True)
    if page:
        found.to_html(_weighing.page_path(out), force=True)
    written = _weighing.listed(_weighing.outputs(out, page=page))
    typer.echo(f"Written: {written}. Fits are kept in {shlex.quote(str(store))}: more --fits add to them.")
    if open_it and page:
        _weighing.show(_weighing.page_path(out))


def store_of(out: Path, store: Path | None) -> Path:
    """Folder of the fits: the one given, else beside the result."""
    return store or out.with_suffix(".fits")


def check_out(out: Path, *, page: bool, force: bool) -> None:
    """Refuse before any work what cannot be written.

    Raises
    ------
    InputError, OutputExistsError
        If it does not end in .json, or is in the way.
    """
    from weighin._base.files import check_free

    if out.suffix.lower() != ".json":
        raise InputError(f"--out must end in .json, got '{out}'; the chart goes beside it as .png.")
    check_free(*_weighing.outputs(out, page=page), force=force)


def _put(entries: dict[Any, Any], key: Any, value: Any, option: str) -> None:
    if key in entries:
        raise InputError(f"{option} names {key!r} more than once.")
    entries[key] = value


def _labelled(text: str, option: str) -> tuple[str | None, list[str]]:
    label, sign, rest = text.partition("=")
    names = _names(rest if sign else text)
    if not names or (sign and not label.strip()):
        raise InputError(
            f"{option} must be a feature, feature,feature or label=feature,feature, got {text!r}."
        )
    return (label.strip() if sign else None), names


def _names(text: str) -> list[str]:
    """Read names with commas between them; one that holds a comma stands in double quotes."""
    names = next(csv.reader([text], skipinitialspace=True), [])
    return [name.strip() for name in names if name.strip()]
