"""``weighin ablate``: train a learner or an estimator again without some features, and with others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighin._base.errors import InputError, ModelError
from weighin._cli import ablating as shared
from weighin._cli import options
from weighin._cli.outputs import ResultFiles

if TYPE_CHECKING:
    import pandas as pd

    from weighin._football.card import Card
    from weighin._refit.recipes.recipe import Recipe


def ablate(
    learner: options.Learner,
    table: options.Rows,
    target: options.Target = None,
    columns: options.Columns = None,
    drop: shared.Drop = None,
    add: shared.Add = None,
    replace: shared.Replace = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Epochs of each fit of a learner; by default as its card says."
        ),
    ] = None,
    lr: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", help=("Learning rate; by default as the card says, else the learner's own.")
        ),
    ] = None,
    one_cycle: Annotated[
        bool, typer.Option("--one-cycle", help="fit_one_cycle in place of fit; --lr is its highest rate.")
    ] = False,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="random, random:0.3, group:COLUMN, time:COLUMN. By default the rows that the card lists "
            "as held out; without a card, random.",
        ),
    ] = None,
    keep_together: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column whose values must not be both trained and tested on."),
    ] = None,
    fits: shared.Fits = 10,
    metric: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="By default the learner's first metric, or what fits the model."),
    ] = None,
    tolerance: shared.Tolerance = None,
    random_state: options.RandomState = 0,
    n_jobs: shared.Jobs = None,
    out: options.Out = Path("ablation.json"),
    store: shared.StoreFolder = None,
    page: options.Page = True,
    open_it: options.Open = False,
    force: options.Force = False,
    trust: options.Trust = False,
) -> None:
    """Train a model again without some features, and with others: does it get worse?

    A learner of fastai, or an estimator or pipeline of scikit-learn's kind.
    Each variant is trained several times, on the same rows and from the same seeds as the full model.
    An interrupted run goes on where it stopped.

    Example: weighin ablate model.joblib patients.csv --target died --drop each

    Example: weighin ablate learner.pkl games.parquet --drop near-zero --add "elo_diff=home_elo - away_elo"
    """
    from weighin._base.files import check_there
    from weighin._cli.model import is_learner, open_model, rows_for
    from weighin._football.card import Card
    from weighin._football.network import is_simulated
    from weighin._models.levels import levels_of
    from weighin._tables.frames import check_table, read_noted

    files = ResultFiles(out, page=page)
    files.check(force=force)
    asked = shared.questions(drop, add, replace)
    check_there(learner)
    check_table(table)
    card = Card.for_learner(learner)
    opened = open_model(str(learner), trust=trust)
    rows, read_notes = read_noted(table, levels_of(opened))
    mask, notes = (None, ()) if split is not None or card is None else _held_out(rows, card)
    # refuses names that the table does not have
    rows_for(opened, rows, target, options.names_or_none(columns))
    if is_learner(opened):
        recipe = _of_learner(opened, card, epochs, lr, one_cycle)
    else:
        readable = {"--epochs": epochs, "--lr": lr, "--one-cycle": one_cycle or None}
        recipe = _of_estimator(learner, opened, target, options.names_or_none(columns), readable)
    shared.ablate_and_write(
        recipe,
        rows,
        files,
        shared.store_of(out, store),
        simulated=is_simulated(rows) or (card is not None and card.simulated),
        open_it=open_it,
        notes=(*notes, *read_notes),
        **asked,
        fits=fits,
        metric=metric,
        split=split if mask is None else mask,
        keep_together=keep_together,
        tolerance=tolerance,
        random_state=random_state,
        n_jobs=n_jobs,
    )


def _of_learner(
    learner: Any, card: Card | None, epochs: int | None, lr: float | None, one_cycle: bool
) -> Recipe:
    """Train it as the options say, or as the card remembers."""
    from weighin._refit.recipes.recipe import Recipe

    if epochs is None and card is None:
        raise InputError(
            "--epochs is needed: without weighin's card beside it a learner does not remember them."
        )
    count = epochs or (card.epochs if card is not None else 1)
    rate = card.lr if lr is None and card is not None and not one_cycle else lr
    if one_cycle:
        return Recipe.from_learner(learner, fit=OneCycle(count, rate))
    return Recipe.from_learner(learner, epochs=count, lr=rate)


def _of_estimator(
    path: Path, estimator: Any, target: str | None, columns: list[str] | None, readable: Mapping[str, Any]
) -> Recipe:
    """Fit clones of it; options that are for learners are refused."""
    from weighin._refit.recipes.recipe import Recipe

    if not (hasattr(estimator, "fit") and hasattr(estimator, "get_params")):
        raise ModelError(
            f"'{path}' holds a {type(estimator).__module__}.{type(estimator).__name__}; this command trains learners "
            "of fastai and estimators of scikit-learn again. In Python weighin.Recipe.from_function takes others."
        )
    refused = [option for option, value in readable.items() if value is not None]
    if refused:
        raise InputError(
            f"{refused[0]} is for learners of fastai; this is a {type(estimator).__name__}. Leave it out."
        )
    if target is None:
        raise InputError("--target is needed: the column that the model predicts.")
    if columns is None and getattr(estimator, "feature_names_in_", None) is None:
        raise InputError("--columns is needed: the model was not fitted on a table with names.")
    return Recipe.from_estimator(estimator, target=target, features=columns)


class OneCycle:
    """fastai's ``fit_one_cycle``, as something that can be described and sent to another process.

    `lr`: highest rate.
    """

    def __init__(self, epochs: int, lr: float | None) -> None:
        self.epochs, self.lr = epochs, lr

    def __call__(self, learn: Any) -> None:
        """Train."""
        learn.fit_one_cycle(self.epochs, self.lr)


def _held_out(rows: pd.DataFrame, card: Card) -> tuple[Any, tuple[str, ...]]:
    """Which rows the card says were not trained on; None where it knows none of them."""
    if "id" not in rows.columns:
        return None, ()
    ids = rows["id"].astype(str)
    ids_of_card = {str(number) for number in (*card.train_ids, *card.valid_ids)}
    trained = ids.isin(ids_of_card).to_numpy(dtype=bool)
    if trained.all() or not trained.any():
        return None, ("The card does not say which of these rows were held out: they were split at random.",)
    return ~trained, ()
