"""``weighin compare``: what weighs more, or less, in one result than in another."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from weighin._base.errors import InputError
from weighin._cli import weighing as _weighing


def compare(
    a: Annotated[Path, typer.Argument(help="Result of weighin run, JSON.", metavar="A.json")],
    b: Annotated[Path, typer.Argument(help="Another one: differences are B minus A.", metavar="B.json")],
    labels: Annotated[
        str | None,
        typer.Option(help="What to call them: 2020,2021. The names of the files by default."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Which metric, where the results have several; A's first by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write the comparison, JSON; chart and page go beside it."),
    ] = None,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Write the page, too: .html beside the result.")
    ] = True,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace outputs that are there.")] = False,
) -> None:
    """Compare two results: two models, two seasons, before and after.

    Where both kept their rows (the .npz files beside them) and were weighed on the same rows with the same seed, they
    are compared pair by pair; otherwise they are taken as independent.

    Example: weighin compare old.json new.json

    Example: weighin compare 2020.json 2021.json --labels "season 2020,season 2021" --out seasons.json
    """
    from rich.console import Console

    from weighin._base.files import check_free, check_there, replacing
    from weighin._compare.compare import compare as compare_results
    from weighin._display import charts as _plots
    from weighin._results.importance import Importance

    if out is not None and out.suffix.lower() != ".json":
        raise InputError(f"--out must end in .json, got '{out}'; the chart goes beside it as .png.")
    for path in (a, b):
        check_there(path)
    if open_it and (out is None or not page):
        raise InputError("--open opens the page that --out writes: give --out, without --no-page.")
    if out is not None:
        check_free(*_weighing.outputs(out, page=page), force=force)
    named = _labels(labels) if labels is not None else _names(a, b)
    comparison = compare_results(Importance.load(a), Importance.load(b), metric=metric, labels=named)
    Console().print(comparison)
    if out is None:
        return
    with replacing(_weighing.chart_path(out)) as temporary:  # both files, or neither
        _plots.save(lambda ax: comparison.plot(ax=ax), temporary)
        comparison.save(out, force=True)
    if page:
        comparison.to_html(_weighing.page_path(out), force=True)
    typer.echo(f"Written: {_weighing.listed(_weighing.outputs(out, page=page))}.")
    if open_it:
        _weighing.show(_weighing.page_path(out))


def _labels(text: str) -> list[str]:
    labels = [label.strip() for label in next(csv.reader([text], skipinitialspace=True), [])]
    if len(labels) != 2 or not all(labels):
        raise InputError(
            f"--labels takes two names with a comma between them, such as 2020,2021; got {text!r}."
        )
    return labels


def _names(a: Path, b: Path) -> tuple[str, str]:
    """Names of the files, with their folders where they are called the same."""
    if a.stem != b.stem:
        return a.stem, b.stem
    if str(a) != str(b):
        return str(a.with_suffix("")), str(b.with_suffix(""))
    return "a", "b"
