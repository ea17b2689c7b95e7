"""``weighin cfbd train``: the article's network on a table of games."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weighin._base.errors import InputError
from weighin._cli import options, outputs
from weighin._cli.printing import say
from weighin._cli.program import program

if TYPE_CHECKING:
    import pandas as pd

    from weighin._football.card import Card
    from weighin._football.network import Epoch, TrainedNetwork


def train(
    games: Annotated[
        Path, typer.Argument(metavar="GAMES", help="Table of games, as `weighin cfbd fetch` writes it.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Learner file to write, such as learner.pkl.")
    ],
    epochs: Annotated[int, typer.Option(metavar="N", help="Passes over the training games.")] = 5,
    lr: Annotated[float, typer.Option(metavar="RATE", help="Learning rate.")] = 1e-3,
    layers: Annotated[
        str, typer.Option(metavar="SIZES", help="Sizes of the hidden layers, with commas.")
    ] = "200,100",
    random_state: Annotated[
        int, typer.Option(metavar="N", help="Seed for validation games, initial weights and batches.")
    ] = 0,
    force: options.Force = False,
) -> None:
    """Train the article's network: conferences, Elo, neutral site and spread in, the margin out.

    The last season is held out to test on; a random fifth of the games before it is kept for validation.
    Beside the learner a card in JSON says which games were which.

    Example: weighin cfbd train games.parquet -o learner.pkl
    """
    from weighin._football.card import card_path

    sizes = parse_layers(layers)
    outputs.check(output, card_path(output), force=force)

    from weighin._tables.frames import read_table

    table = read_table(games)
    network = train_and_show(table, epochs=epochs, lr=lr, layers=sizes, seed=random_state)
    network.save(output)
    summarise(network.card)
    say(f"Learner: {output}\nCard:    {card_path(output)}")
    say(f"Next:    {program()} run {shlex.quote(str(output))} {shlex.quote(str(games))}")


def train_and_show(
    table: pd.DataFrame,
    *,
    epochs: int = 5,
    lr: float = 1e-3,
    layers: Sequence[int] = (200, 100),
    seed: int = 0,
) -> TrainedNetwork:
    """Train on `table`, printing each epoch as it ends."""
    from weighin._football.network import train_network

    def show(epoch: Epoch) -> None:
        if epoch.number == 1:
            say(f"{'epoch':>5}{'train loss':>12}{'valid loss':>12}{'valid MAE':>11}")
        say(f"{epoch.number:>5}{epoch.train_loss:>12.2f}{epoch.valid_loss:>12.2f}{epoch.valid_mae:>11.2f}")

    return train_network(table, epochs=epochs, lr=lr, layers=layers, seed=seed, progress=show)


def parse_layers(text: str) -> tuple[int, ...]:
    """Read sizes such as ``"200,100"``.

    Raises InputError if a part is not a whole number of at least 1.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) >= 1 for part in parts):
        raise InputError(f"--layers must be whole numbers >= 1 with commas, such as 200,100, got {text!r}.")
    return tuple(int(part) for part in parts)


def summarise(card: Card) -> None:
    """Print what a network was trained and tested on, and how well it does."""
    if card.simulated:
        say("SIMULATED games: nothing here says anything about real football.")
    first, last = card.seasons_trained[0], card.seasons_trained[-1]
    seasons = str(first) if first == last else f"{first} to {last}"
    say(
        f"Trained on {len(card.train_ids)} games of {seasons}, validated on {len(card.valid_ids)}, "
        f"tested on {len(card.test_ids)} of {card.seasons_held_out[0]}, held out.\n"
        f"Test MAE: {card.test_mae:.2f} points (the spread alone: {card.spread_mae:.2f})"
    )
