"""``weighin compare``: what weighs more, or less, in one result than in another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._base.errors import InputError
from weighin._base.text import in_a_row
from weighin._cli import options, printing
from weighin._cli.outputs import ResultFiles, open_page


def compare(
    a: Annotated[Path, typer.Argument(help="Result of weighin run or shares, JSON.", metavar="A.json")],
    b: Annotated[Path, typer.Argument(help="Another result: differences are B minus A.", metavar="B.json")],
    labels: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Names for the two: 2020,2021. By default the names of the files."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which metric, if the results have several; by default A's first."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write the comparison, JSON; chart and page go beside it."),
    ] = None,
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Compare two results: two models, two seasons, before and after.

    Where both kept their rows (the .npz files beside them) and were weighed on the same rows with the same seed,
    they are compared pair by pair; otherwise they are taken as independent.

    Example: weighin compare old.json new.json

    Example: weighin compare 2020.json 2021.json --labels "season 2020,season 2021" --out seasons.json
    """
    from weighin._base.files import check_there
    from weighin._compare.compare import compare as compare_results

    for path in (a, b):
        check_there(path)
    if open_it and (out is None or not page):
        raise InputError("--open opens the page that --out writes: give --out, without --no-page.")
    files = None if out is None else ResultFiles(out, page=page)
    if files is not None:
        files.check(force=force)
    named = _labels(labels) if labels is not None else _names(a, b)
    both = [options.kind_of(path).load(path) for path in (a, b)]
    comparison = compare_results(*both, metric=metric, labels=named)
    written = [] if files is None else files.write(comparison)
    printing.show(comparison)
    if files is None:
        # what is printed was all there is
        raise typer.Exit(1 if printing.lost() else 0)
    printing.say(f"Written: {in_a_row(written)}.")
    if open_it and files.html in written:
        open_page(files.html)


def _labels(text: str) -> list[str]:
    labels = options.names(text)
    if len(labels) != 2:
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
