"""``weighin demo``: from no data to a picture, on a simulated league."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from weighin._cli import options, outputs
from weighin._cli.printing import say, show
from weighin._cli.program import program


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the files go.")] = Path("weighin-demo"),
    random_state: options.RandomState = 0,
    open_it: options.Open = False,
    force: options.Force = False,
) -> None:
    """Simulate a league, train the article's network, weigh it, draw the bars, write the page. No key, no network.

    Example: weighin demo --open
    """
    from weighin._base.files import replacing, together
    from weighin._base.optional import require
    from weighin._football.card import card_path

    require("fastai", "fastai", "train the demo's network")
    games_path, learner_path = folder / "games.parquet", folder / "learner.pkl"
    files = outputs.ResultFiles(folder / "importance.json")
    with _made(folder):
        outputs.check(games_path, learner_path, card_path(learner_path), *files.paths, force=force)

        from weighin._cli import model as _model
        from weighin._cli import rows as _rows
        from weighin._cli import train as _train
        from weighin._cli import weighing as _weighing
        from weighin._football.simulate import simulate_league
        from weighin._tables.frames import write_table

        say("SIMULATED DATA: a made-up league that looks like college football, 2015-2021.")
        games = simulate_league(random_state=random_state)
        say(f"{len(games):,} simulated games. Training the article's network (SIMULATED):")
        trained = _train.train_and_show(games, seed=random_state)
        held_out = _rows.choose(games, "held-out", trained.card)
        weighed = _weighing.weigh_rows(
            trained.learner,
            held_out._replace(what=f"{held_out.what} (the last season)"),
            _model.rows_for(trained.learner, held_out.frame, None),
            simulated=True,
            random_state=random_state,
            unit="points",
        )
        if weighed.lacks:
            say("Stopped early: nothing was written. The demo takes less than a minute.", err=True)
            raise typer.Exit(130)
        with together():
            with replacing(games_path) as temporary:
                write_table(games, temporary)
            trained.save(learner_path)
            written = files.write(weighed.result)
    _train.summarise(trained.card)
    show(weighed.result)
    for note in weighed.notes:
        say(note, err=True)
    run, simulated = f"{program()} run", shlex.join([str(learner_path), str(games_path)])
    say(
        f"SIMULATED games, network, numbers, chart and page are in {folder}/: {games_path.name}, "
        f"{learner_path.name} (and its card), {', '.join(path.name for path in written)}.\n"
        "Next, try:\n"
        f"  {run} {simulated} --trust --group elo=home_elo,away_elo -o {shlex.quote(str(folder / 'groups.json'))}\n"
        f"  {program()} cfbd fetch --seasons 2015-2021 -o games.parquet    (real seasons; needs a free CFBD key)"
    )
    if open_it and files.html in written:
        outputs.open_page(files.html)


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder, and remove it where nothing came of it."""
    there = folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if not there:
            # one that holds anything is kept
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
