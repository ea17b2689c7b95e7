"""``weighin report``: one page from a result, to look at and to send around."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import weighin
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
    ablation: Annotated[
        Path | None, typer.Option(help="Result of weighin ablate to add to the page of an importance, JSON.")
    ] = None,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Write a result as one HTML page that needs nothing but itself: sentences, chart, table, all that its file knows.

    Example: weighin report importance.json --open
    """
    from weighin._base.errors import InputError
    from weighin._base.files import check_there

    page = out or result.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out must end in .html, got '{page}'.")
    check_there(result)
    read = options.kind_of(result).load(result)
    more = {}
    if ablation is not None:
        if not isinstance(read, weighin.Importance):
            raise InputError(f"--ablation adds to the page of an importance, which '{result}' is not.")
        check_there(ablation)
        more["ablation"] = weighin.Ablation.load(ablation)
    outputs.check(page, force=force)
    read.to_html(page, force=True, **more)
    say(f"Written: {page}.")
    if open_it:
        outputs.open_page(page)
