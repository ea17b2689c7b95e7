"""``weighin run``: weigh an exported learner on a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import _learner, _rows, _weighing
from weighin._errors import InputError


def run(
    learner: Annotated[Path, typer.Argument(help="Learner exported by fastai: learn.export('learner.pkl').")],
    table: Annotated[
        Path, typer.Argument(help="Raw rows with the target: .csv, .parquet, .feather or .jsonl.")
    ],
    rows: Annotated[
        str | None,
        typer.Option(
            help="held-out (rows the network was not trained on; the default where weighin's card beside the "
            "learner knows them), all, or first:1000."
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option(help='Keep rows that meet conditions: "year==2021,week<10".')
    ] = None,
    features: Annotated[str | None, typer.Option(help="Weigh only these: spread,home_elo.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Weigh features together, too: elo=home_elo,away_elo. May be repeated."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="The learner's first metric by default; mae, rmse, accuracy, prediction_change, ..."
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Shuffles per feature.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    missing: Annotated[
        str,
        typer.Option(
            help="Missing values the network has never seen: raise, drop the rows, or fill the mean."
        ),
    ] = "raise",
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Result to write, JSON; the chart goes beside it as .png.")
    ] = Path("importance.json"),
    force: Annotated[bool, typer.Option("--force", help="Replace outputs that are there.")] = False,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Open the learner without asking: a pickle runs the code stored in it."),
    ] = False,
) -> None:
    """Weigh the features of a trained learner on a table: table, chart and JSON.

    Example: weighin run learner.pkl games.parquet

    Example: weighin run learner.pkl games.parquet --where "year==2021,week<10" --group elo=home_elo,away_elo
    """
    from weighin._files import check_free, check_there
    from weighin._football._card import Card
    from weighin._football._network import is_simulated
    from weighin._frames import read_table

    if out.suffix.lower() != ".json":
        raise InputError(f"--out must end in .json, got '{out}'; the chart goes beside it as .png.")
    check_there(learner)
    check_there(table)
    check_free(out, _weighing.chart_path(out), force=force)
    groups = _groups(group or [])
    frame = read_table(table)
    card = Card.for_learner(learner)
    chosen = _rows.choose(frame, rows, card, where)
    if chosen.frame.empty:
        raise InputError(f"No rows are left of '{table}': {chosen.what.replace('{n}', '0', 1)}.")
    opened = _learner.open_learner(learner, trust=trust)
    _weighing.weigh_and_write(
        opened,
        chosen,
        out,
        simulated=is_simulated(chosen.frame) or (card is not None and card.simulated),
        features=None if features is None else _names(features),
        groups=groups or None,
        metric=metric,
        n_repeats=repeats,
        random_state=seed,
        missing=missing,
    )
    typer.echo(f"Written: {out} and {_weighing.chart_path(out)}.")


def _groups(texts: list[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for text in texts:
        name, members = _group(text)
        if name in groups:
            raise InputError(f"--group names {name!r} more than once.")
        groups[name] = members
    return groups


def _group(text: str) -> tuple[str, list[str]]:
    name, sign, members = text.partition("=")
    if not sign or not name.strip() or not _names(members):
        raise InputError(f"--group must be name=feature,feature, got {text!r}.")
    return name.strip(), _names(members)


def _names(text: str) -> list[str]:
    """Read names with commas between them; one that holds a comma stands in double quotes."""
    names = next(csv.reader([text], skipinitialspace=True), [])
    return [name.strip() for name in names if name.strip()]
