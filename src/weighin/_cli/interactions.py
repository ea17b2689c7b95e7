"""``weighin interactions``: which features of a model act together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._base.errors import InputError
from weighin._cli import model as _model
from weighin._cli import options
from weighin._cli import rows as _rows
from weighin._cli.outputs import ResultFiles, finish


def interactions(
    model: options.Model,
    table: options.Rows,
    target: options.Target = None,
    where: options.Where = None,
    add: options.Add = None,
    columns: options.Columns = None,
    features: options.Features = None,
    outputs: options.Outputs = None,
    classes: options.Classes = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B",
            help="Only this pair of features. May be repeated. By default every two of up to 30 features.",
        ),
    ] = None,
    group: options.Group = None,
    within: options.Within = None,
    sample_weight: options.Weights = None,
    n_repeats: Annotated[int, typer.Option(min=1, metavar="N", help="Swaps of each row.")] = 5,
    surfaces: Annotated[
        int, typer.Option(min=0, metavar="N", help="Strongest pairs to show a surface of.")
    ] = 3,
    max_seconds: options.MaxSeconds = None,
    random_state: options.RandomState = 0,
    missing: options.Missing = "raise",
    out: options.Out = Path("interactions.json"),
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
    trust: options.Trust = False,
) -> None:
    """Measure which features act together, and how the effect of one depends on another: table, page and JSON.

    Example: weighin interactions model.joblib patients.csv --target died --features age,dose,weight
    """
    from weighin._football.network import is_simulated
    from weighin._interactions.interactions import interactions as find_interactions
    from weighin._results.interrupted import Interrupted
    from weighin._tables.frames import check_table

    files = ResultFiles(out, page=page)
    _model.check_model(model)
    check_table(table)
    files.check(force=force)
    pairs = [_pair(text) for text in pair or []]
    groups = options.groups(group)
    opened = _model.open_model(model, trust=trust)
    chosen = _rows.read(table, None, None, where, opened, add, target)
    asked = _model.rows_for(
        opened,
        chosen.frame,
        target,
        options.names_or_none(columns),
        within=within,
        sample_weight=sample_weight,
    )
    code = 0
    with _model.failing_in_words(model, list(asked.X.columns)):
        try:
            result = find_interactions(
                opened,
                asked.X,
                features=options.names_or_none(features),
                pairs=pairs or "auto",
                surfaces=surfaces,
                groups=groups or None,
                outputs=outputs,
                classes=_model.classes_of(classes, asked.y),
                n_repeats=n_repeats,
                max_seconds=max_seconds,
                random_state=random_state,
                missing=missing,
                **asked.beside,
            )
        except Interrupted as interruption:
            result, code = interruption.result, 130
    finish(result, files, open_it=open_it, simulated=is_simulated(chosen.frame), notes=chosen.notes)
    if code:
        raise typer.Exit(code)


def _pair(text: str) -> tuple[str, ...]:
    names = tuple(options.names(text))
    if len(names) != 2:
        raise InputError(f"--pair must be two features, spread,home_elo, got {text!r}.")
    return names
