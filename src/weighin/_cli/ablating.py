"""Read what is to be tried, train, print, write: shared by ``weighin ablate`` and ``weighin cfbd ablate``."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighin._base.errors import InputError
from weighin._base.text import in_a_row
from weighin._cli.options import names as _names
from weighin._cli.outputs import ResultFiles, open_page
from weighin._cli.printing import say, show

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
        help="A column that is not yet a feature, several together (label=a,b), or name=EXPRESSION over columns: "
        '"elo_diff=home_elo - away_elo". May be repeated.',
        metavar="COLUMN",
    ),
]
Replace = Annotated[
    list[str] | None,
    typer.Option(
        help=(
            'Features, a colon, and what takes their place: "home_elo,away_elo: elo_diff=home_elo - '
            'away_elo".'
        ),
        metavar="FEATURES:COLUMN",
    ),
]
Fits = Annotated[int, typer.Option(min=1, metavar="N", help="Fits of the full model and of each variant.")]
Tolerance = Annotated[
    float | None,
    typer.Option(
        metavar="CHANGE",
        help="Smaller changes do not matter; in units of the metric, by default 1% of it.",
    ),
]
Jobs = Annotated[int | None, typer.Option(metavar="N", help="Processes to train in; -1 for all processors.")]
StoreFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Folder that keeps finished fits, to continue from; by default beside the result, as .fits.",
    ),
]


def questions(
    drop: Sequence[str] | None, add: Sequence[str] | None, replace: Sequence[str] | None
) -> dict[str, Any]:
    """Read the options into arguments of `weighin.ablate`.

    Raises InputError if one of them says nothing, or a label is given twice.
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
    files: ResultFiles,
    store: Path,
    *,
    simulated: bool,
    open_it: bool = False,
    notes: tuple[str, ...] = (),
    **options: Any,
) -> None:
    """Train and measure, write the JSON, the chart and the page, print the table and the sentences.

    `recipe`, `table`: what to train on what. `files`: where it goes; what is there is replaced. `store`: folder of
    finished fits. `simulated`: whether the games were made up. `open_it`: whether to open the page. `notes`: more for
    the reader. `**options`: to `weighin.ablate`. Raises typer.Exit: with code 130 after an interruption.
    """
    from weighin._refit.ablate.run import ablate

    try:
        ablation: Ablation = ablate(recipe, table, store=store, **options)
    except KeyboardInterrupt as stop:
        for note in getattr(stop, "__notes__", ()):
            # that it was interrupted is told at the end
            say(note, err=True)
        raise typer.Exit(130) from None
    ablation = dataclasses.replace(ablation, simulated=simulated, notes=(*notes, *ablation.notes))
    written = files.write(ablation)
    show(ablation)
    kept = f"Fits are kept in {shlex.quote(str(store))}: more --fits add to them."
    say(f"Written: {in_a_row(written)}. {kept}")
    if open_it and files.html in written:
        open_page(files.html)


def store_of(out: Path, store: Path | None) -> Path:
    """Folder of the fits: the one given, else beside the result."""
    return store or out.with_suffix(".fits")


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
