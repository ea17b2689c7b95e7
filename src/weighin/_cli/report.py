"""``weighin report``: one page from a result, to look at and to send around."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import options, outputs
from weighin._cli.printing import say


def report(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="A result that weighin wrote: importance.json.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Page to write; by default beside the result, ending in .html."),
    ] = None,
    ablation: Annotated[
        Path | None, typer.Option(help="Result of weighin ablate to add to the page, JSON.")
    ] = None,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Write a result as one HTML page that needs nothing but itself: sentences, chart, table, all that its file knows.

    Example: weighin report importance.json --open
    """
    from weighin._base.errors import InputError
    from weighin._base.files import check_there
    from weighin._results.importance import Importance

    page = out or result.with_suffix(".html")
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out must end in .html, got '{page}'.")
    check_there(result)
    retrained = None
    if ablation is not None:
        from weighin._results.ablation import Ablation

        check_there(ablation)
        retrained = Ablation.load(ablation)
    imp = Importance.load(result)
    outputs.check(page, force=force)
    imp.to_html(page, ablation=retrained, force=True)
    say(f"Written: {page}.")
    if open_it:
        outputs.open_page(page)
