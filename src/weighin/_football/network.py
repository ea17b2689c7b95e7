"""The article's network: six columns of a college football game in, the winning margin out.

fastai's `tabular_learner` with its defaults (embeddings, two hidden layers, Adam, MSE loss), trained with
``fit(5)`` at the default rate of 0.001. Trained on the real seasons 2015 to 2020 it has a mean absolute error
on 2021 of 12.80, 12.76, 12.73 and 12.69 points with the seeds 0 to 3, slightly more than the spread alone, 12.56
(``weighin cfbd train games.parquet -o learner.pkl --random-state 0``, and so on). ``fit_one_cycle(5)`` in place of
``fit(5)`` gives 12.92 to 13.00 and was not taken.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_counts, check_seed, is_real, is_whole
from weighin._base.errors import InputError, ModelError, listing
from weighin._base.files import replacing, together
from weighin._base.optional import require
from weighin._base.random_state import one_thread, random_state_kept
from weighin._base.versions import versions
from weighin._football.card import Card, card_path, checksum
from weighin._tables import frames as _frames

if TYPE_CHECKING:
    import pandas as pd

CAT_NAMES = ("home_conference", "away_conference", "neutral_site")
CONT_NAMES = ("home_elo", "away_elo", "spread")
TARGET = "margin"
VALID_SHARE = 0.2


class Epoch(NamedTuple):
    """What one epoch of training gave: its number from 1, the losses, and the mean absolute error."""

    number: int
    train_loss: float
    valid_loss: float
    valid_mae: float


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained fastai learner and its card."""

    learner: Any
    card: Card

    def save(self, path: Path | str) -> Path:
        """Export the learner to `path` and write its card beside it; give the path of the card.

        What is there is replaced: both files once both are written, or neither.
        """
        path = Path(path)
        beside = card_path(path)
        with together(), replacing(beside) as new_card, replacing(path) as new_learner:
            self.learner.export(new_learner.absolute())
            dataclasses.replace(self.card, learner_sha256=checksum(new_learner)).save(new_card)
        return beside


def train_network(
    games: pd.DataFrame,
    *,
    epochs: int = 5,
    lr: float = 1e-3,
    layers: Sequence[int] = (200, 100),
    seed: int = 0,
    batch_size: int = 64,
    progress: Callable[[Epoch], object] | None = None,
) -> TrainedNetwork:
    """Train the article's network on all seasons but the last, and test it on the last.

    The same games and the same arguments give the same network; the global random generators of Python, numpy
    and torch are left as they were found. It is trained on the CPU: too small to gain from anything else.
    """
    _check_settings(epochs, lr, layers, seed, batch_size)
    frame = _check_games(games)
    held_out = frame["year"] == frame["year"].max()
    train, test = frame[~held_out].reset_index(drop=True), frame[held_out].reset_index(drop=True)
    train_rows, valid_rows = _split(len(train), seed)
    if len(train_rows) < batch_size:
        raise InputError(
            f"{len(train)} games before the season held out ({frame['year'].max()}) are too few: "
            f"{len(train_rows)} are left after the validation split, and one batch needs {batch_size}."
        )
    fastai = _fastai()
    with fastai.no_random(seed), one_thread(), _quiet():
        learner = _fit(
            fastai,
            train,
            (train_rows, valid_rows),
            CAT_NAMES,
            CONT_NAMES,
            epochs=epochs,
            lr=lr,
            layers=layers,
            batch_size=batch_size,
            cbs=[_reporter(fastai, progress)] if progress else None,
        )
        with learner.no_bar(), learner.no_logging():
            predicted = learner.get_preds(dl=learner.dls.test_dl(test))[0].numpy()[:, 0]
    margin = test[TARGET].to_numpy()
    test_mae = float(np.abs(predicted - margin).mean())
    if not math.isfinite(test_mae):
        raise ModelError(
            f"Training gave predictions that are not numbers. Hint: use a smaller lr than {lr!r}."
        )
    card = Card(
        cat_names=CAT_NAMES,
        cont_names=CONT_NAMES,
        target=TARGET,
        metric="mae",
        seasons_trained=tuple(sorted(train["year"].unique().tolist())),
        seasons_held_out=tuple(test["year"].unique().tolist()),
        train_ids=tuple(train["id"].iloc[train_rows].tolist()),
        valid_ids=tuple(train["id"].iloc[valid_rows].tolist()),
        test_ids=tuple(test["id"].tolist()),
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        layers=tuple(layers),
        simulated=is_simulated(games),
        test_mae=test_mae,
        spread_mae=float(np.abs(test["spread"].to_numpy() - margin).mean()),
        versions=versions(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return TrainedNetwork(learner, card)


def _fit(
    fastai: Any,
    train: pd.DataFrame,
    splits: tuple[NDArray[np.int64], NDArray[np.int64]],
    cat_names: Sequence[str],
    cont_names: Sequence[str],
    *,
    epochs: int,
    lr: float,
    layers: Sequence[int],
    batch_size: int,
    cbs: Any = None,
) -> Any:
    table = fastai.TabularPandas(
        train.reset_index(drop=True),
        procs=[fastai.Categorify, fastai.Normalize],
        cat_names=list(cat_names),
        cont_names=list(cont_names),
        y_names=TARGET,
        y_block=fastai.RegressionBlock(),
        splits=tuple(rows.tolist() for rows in splits),
    )
    dls = table.dataloaders(bs=batch_size, device="cpu", num_workers=0)
    learner = fastai.tabular_learner(dls, layers=list(layers), metrics=fastai.mae)
    with learner.no_bar(), learner.no_logging():
        learner.fit(epochs, lr, cbs=cbs)
    return learner


@dataclass(frozen=True)
class ArticleTrainer:
    """Train the article's network on other columns: called with a table, its features and a seed.

    Columns of the article keep their kind, new ones are continuous where they hold numbers, else categorical. The
    same seed and the article's columns give the network that `train_network` gives.
    """

    epochs: int = 5
    lr: float = 1e-3
    layers: tuple[int, ...] = (200, 100)
    batch_size: int = 64

    def __post_init__(self) -> None:
        _check_settings(self.epochs, self.lr, self.layers, 0, self.batch_size)

    def __call__(self, train: pd.DataFrame, features: Sequence[str], seed: int) -> Any:
        """Give a trained learner."""
        from pandas.api.types import is_bool_dtype, is_numeric_dtype

        numbers = [
            name for name in features if is_numeric_dtype(train[name]) and not is_bool_dtype(train[name])
        ]
        cats = [name for name in CAT_NAMES if name in features]
        conts = [name for name in CONT_NAMES if name in features]
        new = [name for name in features if name not in CAT_NAMES + CONT_NAMES]
        splits = _split(len(train), seed)
        if len(splits[0]) < self.batch_size:
            raise InputError(
                f"{len(train)} games to train on are too few: one batch needs {self.batch_size}."
            )
        fastai = _fastai()
        with fastai.no_random(seed), one_thread(), _quiet():
            return _fit(
                fastai,
                train,
                splits,
                cats + [name for name in new if name not in numbers],
                conts + [name for name in new if name in numbers],
                epochs=self.epochs,
                lr=self.lr,
                layers=self.layers,
                batch_size=self.batch_size,
            )


def prepare_games(games: pd.DataFrame) -> pd.DataFrame:
    """Give all columns of a table of games as a new frame, those the network needs checked, their numbers as float."""
    checked = _check_games(games)
    every = _frames.to_pandas(games, _frames.column_names(games))
    return every.assign(**{name: checked[name] for name in checked.columns})


def _check_settings(epochs: int, lr: float, layers: Sequence[int], seed: int, batch_size: int) -> None:
    check_counts(epochs=epochs)
    check_seed(seed, "seed", or_none="")
    if not is_whole(batch_size, 2):
        raise InputError(f"batch_size must be an integer >= 2, got {batch_size!r}.")
    if not is_real(lr) or not 0 < lr < math.inf:
        raise InputError(f"lr must be a number above 0, got {lr!r}.")
    if isinstance(layers, str) or not isinstance(layers, Sequence) or len(layers) == 0:
        raise InputError(f"layers must be one or more sizes, such as (200, 100), got {layers!r}.")
    for size in layers:
        if not is_whole(size, 1):
            raise InputError(f"layers must be integers >= 1, such as (200, 100), got {size!r}.")


def _check_games(games: pd.DataFrame) -> pd.DataFrame:
    """Give the columns the network needs as a new frame, numbers as float, or say what is wrong."""
    names = ["id", "year", *CAT_NAMES, *CONT_NAMES, TARGET]
    if not _frames.is_frame(games):
        raise InputError(f"games must be a pandas data frame, got {type(games).__name__}.")
    _frames.check_columns(games, names, "the network is trained on")
    frame = _frames.to_pandas(games, names)
    if frame.empty:
        raise InputError("The table of games has no rows.")
    for name in ("year", *CONT_NAMES, TARGET):
        frame[name] = _numbers(frame[name])
    if (frame["year"] % 1 != 0).any():
        raise InputError(
            f"year must hold whole numbers, got {frame['year'][frame['year'] % 1 != 0].iloc[0]}."
        )
    frame["year"] = frame["year"].astype("int64")
    if frame["id"].isna().any():
        raise InputError(f"id is missing in {frame['id'].isna().sum()} of {len(frame)} rows.")
    twice = frame["id"][frame["id"].duplicated()].unique().tolist()
    if twice:
        raise InputError(f"id must be unique; {len(twice)} occur more than once: {listing(twice, 5)}.")
    seasons = frame["year"].unique().tolist()
    if len(seasons) < 2:
        raise InputError(
            f"At least two seasons are needed, the last one to test on; the games are all of {seasons[0]}."
        )
    return frame


def _numbers(column: pd.Series) -> pd.Series:
    """Give a column as float, or say which values are no numbers."""
    try:
        numbers = column.astype("float64")
    except (TypeError, ValueError):
        first = column.iloc[0]
        raise InputError(f"{column.name} must be numbers, got {column.dtype}, as in {first!r}.") from None
    bad = ~np.isfinite(numbers.to_numpy())
    if bad.any():
        raise InputError(
            f"{column.name} is missing or infinite in {bad.sum()} of {len(column)} rows "
            f"(the first is row {int(bad.argmax())}). Hint: drop these games before training."
        )
    return numbers


def _split(n: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the rows to train on and those to validate on, each in their order."""
    order = np.random.default_rng(seed).permutation(n)
    cut = round(n * VALID_SHARE)
    return np.sort(order[cut:]), np.sort(order[:cut])


def is_simulated(games: Any) -> bool:
    """Tell whether any of the games is simulated."""
    if "spread_provider" not in _frames.column_names(games):
        return False
    return bool((_frames.to_pandas(games, ["spread_provider"])["spread_provider"] == "simulated").any())


def _fastai() -> Any:
    """Import fastai; its first import draws from Python's global generator, which is put back."""
    with random_state_kept():
        return require("fastai.tabular.all", "fastai", "train a network")


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide a warning that fastai causes with pandas 3, whose arrays are read-only; nobody writes to them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        yield


def _reporter(fastai: Any, progress: Callable[[Epoch], object]) -> Any:
    class EpochReport(fastai.Callback):
        # after fastai's Recorder, which fills `values`
        order = 60

        def after_epoch(self) -> None:
            progress(Epoch(self.epoch + 1, *map(float, self.recorder.values[-1])))

    return EpochReport()
