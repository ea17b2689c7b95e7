"""``weighin demo``: from no data to a picture, on a simulated league."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import weighing as _weighing
from weighin._cli.program import program


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the files go.")] = Path("weighin-demo"),
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 0,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Simulate a league, train the article's network, weigh it, draw the bars, write the page. No key, no network."""
    from weighin._base.files import check_free, replacing
    from weighin._base.optional import require
    from weighin._football.card import card_path

    require("fastai", "fastai", "train the demo's network")
    folder.mkdir(parents=True, exist_ok=True)
    games_path, learner_path = folder / "games.parquet", folder / "learner.pkl"
    out = folder / "importance.json"
    outputs = _weighing.outputs(out, page=True)
    check_free(games_path, learner_path, card_path(learner_path), *outputs, force=force)

    from weighin._cli import train as _train
    from weighin._football.simulate import simulate_league
    from weighin._tables.frames import write_table

    typer.echo("SIMULATED DATA: a made-up league that looks like college football, 2015-2021.")
    games = simulate_league(random_state=seed)
    with replacing(games_path) as temporary:
        write_table(games, temporary)
    typer.echo(f"{len(games):,} simulated games. Training the article's network (SIMULATED):")
    trained = _train.train_and_export(games, learner_path, seed=seed)
    from weighin._cli import rows as _rows

    held_out = _rows.choose(games, "held-out", trained.card)
    written = _weighing.weigh_and_write(
        trained.learner,
        held_out._replace(what=f"{held_out.what} (the last season)"),
        out,
        simulated=True,
        page=True,
        open_it=open_it,
        random_state=seed,
    )
    run, simulated = f"{program()} run", shlex.join([str(learner_path), str(games_path)])
    typer.echo(
        f"SIMULATED games, network, numbers, chart and page are in {folder}/: {games_path.name}, "
        f"{learner_path.name} (and its card), {', '.join(path.name for path in written)}.\n"
        "Next, try:\n"
        f"  {run} {simulated} --trust --group elo=home_elo,away_elo -o {shlex.quote(str(folder / 'groups.json'))}\n"
        f"  {program()} cfbd fetch --seasons 2015-2021 -o games.parquet    (real seasons; needs a free CFBD key)"
    )
