"""How a model is trained again: on given rows, on given columns, from a given seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import narwhals as nw

from weighin._base.checks import list_of_names
from weighin._base.errors import InputError, ModelError, listing, unknown
from weighin._base.optional import require
from weighin._base.text import column_label
from weighin._refit.recipes.fingerprint import describe, digest
from weighin._refit.recipes.seeds import run_seeded
from weighin._tables.containers import as_table
from weighin._tables.frames import check_columns, column_names, to_pandas

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Recipe:
    """How to train a model again; made by `from_learner`, `from_estimator` or `from_function`.

    Attributes
    ----------
    name : str
        What it trains, in words.
    features : tuple of str
        Columns the full model takes.
    target : tuple of str
        Columns it predicts.
    trainer : callable
        ``trainer(frame, features, seed) -> model``.
    train_rows : pandas.DataFrame, optional
        Rows it is always trained on; the table of `ablate` is then held out.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> games = pd.DataFrame({"spread": [3.0, -7.0, 1.0], "week": [1.0, 2.0, 3.0], "margin": [2.0, -9.0, 4.0]})
    >>> recipe = Recipe.from_estimator(Ridge(), features=["spread", "week"], target="margin")
    >>> recipe.train(games, ["spread"]).coef_.shape
    (1,)
    """

    name: str
    features: tuple[str, ...]
    target: tuple[str, ...]
    trainer: Callable[[Any, Sequence[str], int], Any] = field(repr=False)
    train_rows: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InputError(f"The name of a recipe must be text, got {self.name!r}.")
        for what in ("features", "target"):
            list_of_names(getattr(self, what), what)
        names = [*self.features, *self.target]
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise InputError(f"Named more than once among features and target: {listing(twice)}.")
        if not self.features or not self.target:
            raise InputError(
                f"A recipe needs at least one feature and a target, got features={self.features!r} and "
                f"target={self.target!r}."
            )
        odd = [name for name in names if not isinstance(name, str)]
        if odd:
            raise InputError(f"Features and target are column names, text; got {odd[0]!r}.")
        if not callable(self.trainer):
            raise InputError(f"trainer must be a function (frame, features, seed), got {self.trainer!r:.80}.")
        if self.train_rows is not None:
            train_frame = as_table(self.train_rows).X
            check_columns(train_frame, names, "the recipe trains on")
            rows = frame_of(train_frame, column_names(train_frame))
            object.__setattr__(self, "train_rows", rows)
        # summed up now: a function may hold a list that its calls fill
        object.__setattr__(self, "_sum", digest(describe([self.features, self.target, self.trainer])))

    @classmethod
    def from_learner(
        cls,
        learn: Any,
        train_X: Any = None,
        *,
        fit: Callable[[Any], Any] | None = None,
        epochs: int | None = None,
        lr: float | None = None,
        valid: float | None = None,
    ) -> Recipe:
        """Train a network like a fastai learner's: same procs, layers, loss, metrics, optimizer and batches.

        Every fit starts from new weights. Embedding sizes follow fastai's rule where the learner's do. A part of the
        training rows, drawn by the seed, is its validation set, as the learner had one. New columns of numbers are
        continuous, others categorical.

        Parameters
        ----------
        learn : fastai TabularLearner
            Live or loaded with ``load_learner``; read, not trained.
        train_X : data frame, optional
            Raw rows every fit is trained on; by default they are taken from the table of `ablate`, by a split.
        fit : callable, optional
            ``fit(learn)`` trains a new learner: ``lambda learn: learn.fit_one_cycle(5, 1e-3)``.
        epochs : int, optional
            In its place: ``learn.fit(epochs, lr)``.
        lr : float, optional
            Learning rate; the learner's own by default.
        valid : float, optional
            Part of the training rows to validate on; as the learner had it by default, 0.2 where that is not known.

        Returns
        -------
        Recipe

        Raises
        ------
        InputError
            Without a schedule, or on one that cannot be.
        ModelError
            If it is no learner of fastai's own tabular network.
        """
        require("fastai", "fastai", "train a learner again")
        from weighin._refit.recipes.read_learner import read_learner

        trainer = read_learner(learn, fit=fit, epochs=epochs, lr=lr, valid=valid)
        return cls(trainer.name, trainer.features, trainer.target, trainer, train_X)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        train_X: Any = None,
        *,
        target: str | Sequence[str],
        features: Iterable[str] | None = None,
    ) -> Recipe:
        """Fit clones of a scikit-learn estimator, each with its ``random_state`` from the seed.

        A ColumnTransformer inside loses the columns that are dropped.

        Parameters
        ----------
        estimator : scikit-learn estimator or pipeline
            Fitted or not; it stays untouched.
        train_X : data frame, optional
            Rows every fit is trained on; by default they are taken from the table of `ablate`, by a split.
        target : str or sequence of str
            Column(s) it predicts.
        features : iterable of str, optional
            Columns it takes; those it was fitted on by default.

        Returns
        -------
        Recipe

        Raises
        ------
        InputError
            If the features are not known.
        ModelError
            If the estimator cannot be cloned.
        """
        from weighin._refit.recipes.estimator import EstimatorTrainer

        columns = _names(target, "target")
        trainer = EstimatorTrainer(estimator, columns)
        if features is None:
            features = getattr(estimator, "feature_names_in_", None)
            if features is None:
                raise InputError("features= is needed: the estimator was not fitted on a table with names.")
        own = tuple(name for name in _names(features, "features") if name not in columns)
        return cls(f"scikit-learn {type(estimator).__name__}", own, columns, trainer, train_X)

    @classmethod
    def from_function(
        cls,
        function: Callable[[Any, Sequence[str], int], Any],
        train_X: Any = None,
        *,
        features: Iterable[str],
        target: str | Sequence[str],
        name: str | None = None,
    ) -> Recipe:
        """Train by a function of your own.

        Parameters
        ----------
        function : callable
            ``function(frame, features, seed) -> model``: trains on the pandas frame, which holds the features and the
            target, and gives any model that `weigh` reads. Numpy's, Python's and torch's global generators are seeded
            before each call.
        train_X : data frame, optional
            Rows every fit is trained on; by default they are taken from the table of `ablate`, by a split.
        features : iterable of str
            Columns the full model takes.
        target : str or sequence of str
            Column(s) it predicts.
        name : str, optional
            What it trains, in words; the function's name by default.

        Returns
        -------
        Recipe

        Raises
        ------
        InputError
            On names that are none.
        """
        name = name or f"function {getattr(function, '__qualname__', type(function).__name__)}"
        return cls(name, _names(features, "features"), _names(target, "target"), function, train_X)

    def train(self, X: Any, features: Iterable[str] | None = None, *, random_state: int = 0) -> Any:
        """Train one model.

        Parameters
        ----------
        X : table
            With the features and the target; it stays untouched, and so do the global random generators.
        features : iterable of str, optional
            The recipe's own by default.
        random_state : int
            The same seed gives the same model.

        Returns
        -------
        model
            Whatever the recipe trains.

        Raises
        ------
        InputError
            If a column is missing.
        """
        chosen = self.features if features is None else _names(features, "features")
        columns = [*chosen, *self.target]
        X = as_table(X).X
        check_columns(X, columns, "the recipe trains on")
        rows = frame_of(X, columns)
        return run_seeded(lambda: self.trainer(rows.copy(), list(chosen), random_state), random_state)

    @property
    def fingerprint(self) -> str:
        """Sum of everything that decides what it trains; the same in every session."""
        return str(vars(self)["_sum"])


def frame_of(X: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Give columns of a table as a new pandas frame, its rows called as the user's."""
    frame = to_pandas(X, columns)
    return frame.set_index(X.index) if nw.dependencies.is_pandas_dataframe(X) else frame


def check_recipe(recipe: Any) -> None:
    """Raise unless `recipe` is one."""
    if not isinstance(recipe, Recipe):
        raise ModelError(
            f"A recipe is needed, something that can be trained again, got {type(recipe).__module__}."
            f"{type(recipe).__name__}. Make one with weighin.Recipe.from_learner, from_estimator or from_function."
        )


def check_features(frame: Any, recipe: Recipe) -> None:
    """Raise unless a table has the recipe's columns and a target in every row."""
    check_columns(frame, [*recipe.features, *recipe.target], "the recipe trains on")
    for name in recipe.target:
        gaps = int(frame[name].isna().sum())
        if gaps:
            raise InputError(
                f"The target {name!r} is missing in {gaps} of {len(frame)} rows. Hint: df.dropna."
            )


def unknown_feature(name: str, recipe: Recipe) -> InputError:
    """Build the error for a name that is no feature of the recipe."""
    return unknown("feature", name, recipe.features, 40)


def _names(names: Any, what: str) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,)
    try:
        return tuple(column_label(name) for name in names)
    except TypeError:
        raise InputError(f"{what} must be column names, got {names!r:.80}.") from None
