"""Options that several verbs have."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

Learner = Annotated[Path, typer.Argument(help="Learner exported by fastai: learn.export('learner.pkl').")]
Rows = Annotated[Path, typer.Argument(help="Raw rows with the target: .csv, .parquet, .feather or .jsonl.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Result to write, JSON; chart and page go beside it.")]
Page = Annotated[bool, typer.Option("--page/--no-page", help="Write the page, too: .html beside the result.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
Force = Annotated[bool, typer.Option("--force", help="Replace outputs that are there.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="The same seed gives the same numbers.")]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Open the learner without asking: a pickle runs the code stored in it."),
]


def names(text: str) -> list[str]:
    """Read names with commas between them; one that holds a comma stands in double quotes."""
    read = next(csv.reader([text], skipinitialspace=True), [])
    return [name.strip() for name in read if name.strip()]
