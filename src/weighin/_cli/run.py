"""``weighin run``: weigh a trained model on a table."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from weighin._base.errors import InputError
from weighin._base.text import in_a_row
from weighin._cli import model as _model
from weighin._cli import options
from weighin._cli import rows as _rows
from weighin._cli import weighing as _weighing
from weighin._cli.outputs import ResultFiles, open_page
from weighin._cli.printing import say, show


def run(
    model: options.Model,
    table: options.Rows,
    target: options.Target = None,
    unit: options.Unit = "",
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS",
            help="held-out (rows the model was not trained on; the default where weighin's card beside the "
            "learner knows them), all, or first:1000, of those that --where keeps.",
        ),
    ] = None,
    where: options.Where = None,
    add: options.Add = None,
    columns: options.Columns = None,
    features: options.Features = None,
    outputs: options.Outputs = None,
    classes: options.Classes = None,
    group: options.Group = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="mae, rmse, r2, log_loss, accuracy, roc_auc, prediction_change, ...; a learner's own by default. May "
            "be repeated.",
        ),
    ] = None,
    by: options.By = None,
    within: options.Within = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="rest|COLUMNS",
            help="Also weigh what features tell beyond other columns: rest for all others, or spread,home_elo. May be "
            "repeated.",
        ),
    ] = None,
    sample_weight: options.Weights = None,
    n_repeats: options.Repeats = "auto",
    precision: options.Precision = None,
    max_seconds: options.MaxSeconds = None,
    random_state: options.RandomState = 0,
    missing: options.Missing = "raise",
    keep_rows: Annotated[
        bool,
        typer.Option(
            "--keep-rows",
            help=(
                "Keep row by row what each shuffle changes, .npz beside the result, so that weighin "
                "compare can pair results."
            ),
        ),
    ] = False,
    out: options.Out = Path("importance.json"),
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
    trust: options.Trust = False,
) -> None:
    """Weigh the features of a trained model on a table: table, chart, page and JSON.

    Example: weighin run model.joblib patients.csv --target died

    Example: weighin run learner.pkl games.parquet --where "year = 2021 and week < 10" --group elo=home_elo,away_elo
    """
    from weighin._football.network import is_simulated
    from weighin._tables.frames import check_table

    files = ResultFiles(out, page=page, rows=keep_rows)
    _model.check_model(model)
    check_table(table)
    files.check(force=force)
    groups = options.groups(group)
    card = _model.card_of(model)
    opened = _model.open_model(model, trust=trust)
    chosen = _rows.read(table, rows, card, where, opened, add, target, random_state)
    asked = _model.rows_for(
        opened,
        chosen.frame,
        target,
        options.names_or_none(columns),
        by=by,
        within=within,
        sample_weight=sample_weight,
    )
    # looked at further is a sample, also where all rows are weighed
    source = _rows.large(table, opened) if rows == "all" or precision is not None else None
    if source is not None and (where or add or (card is not None and rows != "all")):
        raise InputError(
            f"'{table}' is too large to be held: --rows all and --precision do not go with --where, --add or held-out "
            "rows then. Leave --rows and --precision out for a sample."
        )
    if asked.y is None and not _model.is_learner(opened) and metric != ["prediction_change"]:
        raise InputError(_model.NO_TARGET)
    with _model.failing_in_words(model, list(asked.X.columns)):
        weighed = _weighing.weigh_rows(
            opened,
            chosen,
            asked,
            source=source,
            names={
                "y": None if asked.y is None else target,
                "by": by,
                "within": within,
                "sample_weight": sample_weight,
            },
            rows="all" if rows == "all" else "auto",
            simulated=is_simulated(chosen.frame) or (card is not None and card.simulated),
            outputs=outputs,
            classes=_model.classes_of(classes, asked.y),
            features=options.names_or_none(features),
            groups=groups or None,
            given=[None, *map(_given, given)] if given else None,
            metric=_one_or_more(metric),
            n_repeats=n_repeats,
            precision=precision,
            max_seconds=max_seconds,
            random_state=random_state,
            missing=missing,
            keep_rows=keep_rows,
            unit=unit,
        )
    written = dataclasses.replace(files, rows=weighed.result.kept is not None).write(weighed.result)
    show(weighed.result)
    for note in weighed.notes:
        say(note, err=True)
    say(f"Written: {in_a_row(written)}.")
    if weighed.lacks:
        say(f"Stopped early: {in_a_row(written)} lack {weighed.lacks}.", err=True)
        raise typer.Exit(130)
    if open_it and files.html in written:
        open_page(files.html)


def _one_or_more(metrics: list[str] | None) -> str | list[str] | None:
    if not metrics:
        return None
    return metrics[0] if len(metrics) == 1 else metrics


def _given(text: str) -> str | list[str]:
    names = options.names(text)
    if not names:
        raise InputError(f"--given must be rest or columns with commas between them, got {text!r}.")
    return "rest" if names == ["rest"] else names
