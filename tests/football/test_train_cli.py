"""``weighin cfbd train``, called as the command line calls it."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

from weighin._base.errors import InputError, OutputExistsError
from weighin._cli import train as _train
from weighin._football.card import Card
from weighin._football.simulate import simulate_league

pytestmark = pytest.mark.slow

app = typer.Typer()
app.command("train")(_train.train)


@app.callback()
def root() -> None:
    """Make `train` a subcommand, as it is in the real app."""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "games.parquet"
    simulate_league([2018, 2019], random_state=1).to_parquet(path, index=False)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *arguments])


def test_train_writes_a_learner_and_its_card(table: Path) -> None:
    options = ["--epochs", "2", "--lr", "0.002", "--layers", "20, 10", "--random-state", "3"]
    result = run("games.parquet", "-o", "learner.pkl", *options)
    assert result.exception is None
    lines = result.output.splitlines()
    assert lines[0].split() == ["epoch", "train", "loss", "valid", "loss", "valid", "MAE"]
    assert [line.split()[0] for line in lines[1:3]] == ["1", "2"]
    card = Card.for_learner(table.parent / "learner.pkl")
    assert card is not None
    assert (card.epochs, card.lr, card.layers, card.seed) == (2, 0.002, (20, 10), 3)
    assert "SIMULATED" in result.output
    assert f"Test MAE: {card.test_mae:.2f} points (the spread alone: {card.spread_mae:.2f})" in lines
    assert (
        f"Trained on {len(card.train_ids)} games of 2018, validated on {len(card.valid_ids)}" in result.output
    )
    assert lines[-3:] == [
        "Learner: learner.pkl",
        "Card:    learner.card.json",
        "Next:    weighin run learner.pkl games.parquet",
    ]
    assert sorted(os.listdir(table.parent)) == ["games.parquet", "learner.card.json", "learner.pkl"]


def test_real_games_are_not_called_simulated(table: Path) -> None:
    pd.read_parquet(table).assign(spread_provider="consensus").to_csv("my games.csv", index=False)
    result = run("my games.csv", "-o", "learner.pkl", "--epochs", "1", "--layers", "4")
    assert result.exception is None
    assert "SIMULATED" not in result.output
    assert result.output.splitlines()[-1] == "Next:    weighin run learner.pkl 'my games.csv'"


@pytest.mark.parametrize("taken", ["learner.pkl", "learner.card.json"])
def test_what_is_there_is_never_overwritten(table: Path, taken: str) -> None:
    Path(taken).write_text("mine")
    result = run("games.parquet", "-o", "learner.pkl")
    assert isinstance(result.exception, OutputExistsError)
    assert taken in str(result.exception)
    assert "--force" in str(result.exception)
    assert result.output == ""  # before any work
    assert Path(taken).read_text() == "mine"
    assert sorted(os.listdir(table.parent)) == sorted(["games.parquet", taken])


def test_force_replaces_both(table: Path) -> None:
    Path("learner.pkl").write_text("old")
    Path("learner.card.json").write_text("old")
    result = run("games.parquet", "-o", "learner.pkl", "--force", "--epochs", "1", "--layers", "4")
    assert result.exception is None
    assert Card.for_learner("learner.pkl") is not None


@pytest.mark.parametrize("layers", ["", "200,", "200;100", "0", "-5", "2.5", "many", "\u00b2"])
def test_layers_that_are_no_sizes(table: Path, layers: str) -> None:
    result = run("games.parquet", "-o", "learner.pkl", f"--layers={layers}")
    assert isinstance(result.exception, InputError)
    assert "--layers must be whole numbers >= 1 with commas, such as 200,100, got" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gamez.parquet", "-o", "learner.pkl"], "Did you mean 'games.parquet'"),
        (["games.parquet", "-o", "no/learner.pkl"], "does not exist: 'no'"),
        (["games.parquet", "-o", "."], "is a folder"),
        (["games.parquet", "-o", "learner.pkl", "--epochs", "0"], "epochs must be an integer >= 1, got 0"),
        (["games.parquet", "-o", "learner.pkl", "--lr", "0"], "lr must be a number above 0"),
    ],
)
def test_bad_input_leaves_nothing_behind(table: Path, arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert os.listdir(table.parent) == ["games.parquet"]


def test_one_season_is_refused(table: Path) -> None:
    simulate_league([2019]).to_parquet("one.parquet", index=False)
    result = run("one.parquet", "-o", "learner.pkl")
    assert isinstance(result.exception, InputError)
    assert "At least two seasons" in str(result.exception)
    assert sorted(os.listdir(table.parent)) == ["games.parquet", "one.parquet"]


def test_an_interrupted_training_leaves_nothing(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("weighin._football.network.train_network", stop)
    result = run("games.parquet", "-o", "learner.pkl")
    assert result.exit_code == 130 or isinstance(result.exception, KeyboardInterrupt)
    assert os.listdir(table.parent) == ["games.parquet"]


def test_help_gives_an_example() -> None:
    result = run("--help")
    assert "weighin cfbd train games.parquet -o learner.pkl" in result.output
