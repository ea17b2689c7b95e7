"""``weighin cfbd ablate``: the article's questions, answered with the article's network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import ablating as shared
from weighin._cli import options
from weighin._cli.outputs import ResultFiles
from weighin._cli.train import parse_layers

DROP = {
    "neutral_site": "neutral_site",
    "both conferences": ["home_conference", "away_conference"],
    "home_elo": "home_elo",
    "away_elo": "away_elo",
    "spread": "spread",
}
ADD = {"elo_diff": "home_elo - away_elo", "week": ["week"], "season": "year"}


def ablate(
    games: Annotated[
        Path, typer.Argument(metavar="GAMES", help="Table of games, as `weighin cfbd fetch` writes it.")
    ],
    drop: shared.Drop = None,
    add: shared.Add = None,
    replace: shared.Replace = None,
    fits: shared.Fits = 10,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Passes over the training games.")] = 5,
    lr: Annotated[float, typer.Option(metavar="RATE", help="Learning rate.")] = 1e-3,
    layers: Annotated[
        str, typer.Option(metavar="SIZES", help="Sizes of the hidden layers, with commas.")
    ] = "200,100",
    split: Annotated[
        str,
        typer.Option(
            metavar="SPLIT", help="time:year tests on the last season; time:year:3 on each of the last three."
        ),
    ] = "time:year",
    tolerance: shared.Tolerance = None,
    random_state: options.RandomState = 0,
    n_jobs: shared.Jobs = None,
    out: options.Out = Path("ablation.json"),
    store: shared.StoreFolder = None,
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Train the article's network again and again: what may be dropped, what is worth adding?

    Without --drop, --add and --replace it drops neutral_site, both conferences, either Elo and the spread, and it
    adds elo_diff (home_elo - away_elo), week and season. The last season is tested on.

    Example: weighin cfbd ablate games.parquet

    Example: weighin cfbd ablate games.parquet --drop near-zero --fits 20 --n-jobs 2
    """
    from weighin._base.optional import require
    from weighin._football.network import (
        CAT_NAMES,
        CONT_NAMES,
        TARGET,
        ArticleTrainer,
        is_simulated,
        prepare_games,
    )
    from weighin._tables.frames import check_table, column_names, read_table

    files = ResultFiles(out, page=page)
    files.check(force=force)
    asked = shared.questions(drop, add, replace)
    check_table(games)
    require("fastai", "fastai", "train the article's network")
    trainer = ArticleTrainer(epochs=epochs, lr=lr, layers=parse_layers(layers))
    table = prepare_games(read_table(games))

    from weighin._refit.recipes.recipe import Recipe

    recipe = Recipe.from_function(
        trainer, features=[*CAT_NAMES, *CONT_NAMES], target=TARGET, name="the article's network"
    )
    if not any(asked.values()):
        there = column_names(table)
        asked = {
            "drop": DROP,
            "add": {name: column for name, column in ADD.items() if name != "week" or "week" in there},
        }
    shared.ablate_and_write(
        recipe,
        table,
        files,
        shared.store_of(out, store),
        simulated=is_simulated(table),
        open_it=open_it,
        **asked,
        fits=fits,
        split=split,
        tolerance=tolerance,
        unit="points",
        random_state=random_state,
        n_jobs=n_jobs,
    )
