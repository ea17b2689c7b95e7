"""``weighin associations``: which columns of a table go together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import options
from weighin._cli import rows as _rows
from weighin._cli.outputs import ResultFiles, finish


def associations(
    table: options.Rows,
    features: options.Features = None,
    where: options.Where = None,
    threshold: Annotated[
        float,
        typer.Option(
            metavar="PART", help=("Association at which columns form a cluster, above 0 and at most 1.")
        ),
    ] = 0.7,
    n_rows: Annotated[int, typer.Option("--n-rows", metavar="N", help="Rows to look at.")] = 2000,
    random_state: options.RandomState = 0,
    out: options.Out = Path("associations.json"),
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Find columns that go together, and so stand in for each other: table, chart, page and JSON.

    Example: weighin associations patients.csv --features age,dose,weight
    """
    from weighin._associations.associations import associations as find_associations
    from weighin._football.network import is_simulated
    from weighin._tables.frames import check_table

    files = ResultFiles(out, page=page)
    check_table(table)
    files.check(force=force)
    chosen = _rows.read(table, None, None, where)
    result = find_associations(
        chosen.frame,
        options.names_or_none(features),
        threshold=threshold,
        n_rows=n_rows,
        random_state=random_state,
    )
    finish(result, files, open_it=open_it, simulated=is_simulated(chosen.frame), notes=chosen.notes)
