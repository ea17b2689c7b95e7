"""``weighin effects``: which way features push a model's predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import model as _model
from weighin._cli import options
from weighin._cli import rows as _rows
from weighin._cli.outputs import ResultFiles, finish


def effects(
    model: options.Model,
    table: options.Rows,
    target: options.Target = None,
    where: options.Where = None,
    add: options.Add = None,
    columns: options.Columns = None,
    features: options.Features = None,
    outputs: options.Outputs = None,
    classes: options.Classes = None,
    output: Annotated[
        str | None,
        typer.Option(metavar="NAME|N", help="Which of several classes or targets: its name or position."),
    ] = None,
    grid: Annotated[int, typer.Option(metavar="N", help="Points per curve.")] = 20,
    n_rows: Annotated[int, typer.Option("--n-rows", metavar="N", help="Rows to average over.")] = 1000,
    random_state: options.RandomState = 0,
    missing: options.Missing = "raise",
    out: options.Out = Path("effects.json"),
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
    trust: options.Trust = False,
) -> None:
    """Show which way each feature pushes the predictions, and how far: table, curves, page and JSON.

    Example: weighin effects model.joblib patients.csv --target died --features age,dose
    """
    from weighin._effects.effects import effects as find_effects
    from weighin._football.network import is_simulated
    from weighin._tables.frames import check_table

    files = ResultFiles(out, page=page)
    _model.check_model(model)
    check_table(table)
    files.check(force=force)
    opened = _model.open_model(model, trust=trust)
    chosen = _rows.read(table, None, None, where, opened, add, target)
    asked = _model.rows_for(opened, chosen.frame, target, options.names_or_none(columns))
    with _model.failing_in_words(model, list(asked.X.columns)):
        result = find_effects(
            opened,
            asked.X,
            options.names_or_none(features),
            outputs=outputs,
            classes=_model.classes_of(classes, asked.y),
            output=int(output) if output is not None and output.isdecimal() else output,
            grid=grid,
            n_rows=n_rows,
            missing=missing,
            random_state=random_state,
        )
    finish(result, files, open_it=open_it, simulated=is_simulated(chosen.frame), notes=chosen.notes)
