"""``weighin report``: one page from a result, to look at and to send around."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import options, outputs
from weighin._cli.printing import say


def report(
    result: Annotated[
        Path,
        typer.Argument(metavar="RESULT", help="A result that weighin wrote, of any kind: importance.json."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Page to write; by default beside the result, ending in .html."),
    ] = None,
    also: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RESULT",
            help="Another result for the same page, JSON: of effects, shares, interactions, ablate. May be repeated.",
        ),
    ] = None,
    light: Annotated[
        bool, typer.Option("--light", help="Without scripts and at most 200 kB, for a mail or a model card.")
    ] = False,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Write a result as one HTML page that needs nothing but itself: sentences, chart, table, all that its file knows.

    Example: weighin report importance.json --open

    Example: weighin report importance.json --also shares.json --also ablation.json --light
    """
    from weighin._base.errors import InputError
    from weighin._base.files import check_there

    page = out or result.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out must end in .html, got '{page}'.")
    paths = [result, *(also or ())]
    for path in paths:
        check_there(path)
    first, *others = [options.kind_of(path).load(path) for path in paths]
    outputs.check(page, force=force)
    first.to_html(page, also=others, light=light, force=True)
    say(f"Written: {page}.")
    if open_it:
        outputs.open_page(page)
