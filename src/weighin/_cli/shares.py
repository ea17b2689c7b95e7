"""``weighin shares``: how much of the loss that all features prevent is due to each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._base.errors import InputError
from weighin._cli import model as _model
from weighin._cli import options
from weighin._cli import rows as _rows
from weighin._cli.outputs import ResultFiles, finish
from weighin._cli.printing import say


def shares(
    model: options.Model,
    table: options.Rows,
    target: options.Target = None,
    where: options.Where = None,
    add: options.Add = None,
    columns: options.Columns = None,
    features: options.Features = None,
    outputs: options.Outputs = None,
    classes: options.Classes = None,
    group: options.Group = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A mean over rows: mse, mae, log_loss, accuracy, prediction_change."
        ),
    ] = None,
    by: options.By = None,
    within: options.Within = None,
    sample_weight: options.Weights = None,
    n_repeats: options.Repeats = "auto",
    precision: options.Precision = None,
    max_seconds: options.MaxSeconds = None,
    random_state: options.RandomState = 0,
    missing: options.Missing = "raise",
    out: options.Out = Path("shares.json"),
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
    trust: options.Trust = False,
) -> None:
    """Split the loss that all features prevent into shares that add up: table, chart, page and JSON.

    Example: weighin shares model.joblib patients.csv --target died --metric log_loss
    """
    from weighin._football.network import is_simulated
    from weighin._shares.shares import shares as find_shares
    from weighin._tables.frames import check_table
    from weighin._weigh.weighing import Interrupted

    files = ResultFiles(out, page=page)
    _model.check_model(model)
    check_table(table)
    files.check(force=force)
    groups = options.groups(group)
    opened = _model.open_model(model, trust=trust)
    chosen = _rows.read(table, None, None, where, opened, add, target)
    names = options.names_or_none(columns)
    beside = {"by": by, "within": within, "sample_weight": sample_weight}
    asked = _model.rows_for(opened, chosen.frame, target, names, **beside)
    if asked.y is None and not _model.is_learner(opened) and metric != "prediction_change":
        raise InputError(_model.NO_TARGET)
    stopped = False
    with _model.failing_in_words(model, list(asked.X.columns)):
        try:
            result = find_shares(
                opened,
                asked.X,
                asked.y,
                metric=metric,
                features=options.names_or_none(features),
                groups=groups or None,
                outputs=outputs,
                classes=_model.classes_of(classes, asked.y),
                n_repeats=n_repeats,
                precision=precision,
                max_seconds=max_seconds,
                random_state=random_state,
                missing=missing,
                **asked.beside,
            )
        except Interrupted as interruption:
            result, stopped = interruption.result, True
    simulated = is_simulated(chosen.frame)
    finish(result, files, open_it=open_it, simulated=simulated, notes=chosen.notes)
    if stopped:
        say(f"Stopped early: {out} is about {result.n_rows:,} rows.", err=True)
        raise typer.Exit(130)
