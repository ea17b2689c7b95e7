"""Lay out the rows of a plan: one table, its splits, nothing on both sides."""

from __future__ import annotations

import json
import numbers
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.versions import versions
from weighin._refit.recipes.fingerprint import describe, digest, of_frame
from weighin._refit.recipes.recipe import Recipe, check_features, check_recipe
from weighin._refit.recipes.splits import Splits, check_leaks, make_splits
from weighin._tables.frames import column_names, to_pandas

if TYPE_CHECKING:
    import pandas as pd

COPIES = 0.01  # of the test rows: more that equal a training row are told of


@dataclass(frozen=True)
class Laid:
    """What fits are trained and tested on.

    Attributes
    ----------
    recipe : Recipe
        How.
    frame : pandas.DataFrame
        All rows.
    index : pandas.Index or None
        What the rows were called in the table given.
    splits : Splits
        Of it.
    random_state : int
        Seed of the plan.
    notes : tuple of str
        What a reader must know.
    """

    recipe: Recipe
    frame: pd.DataFrame
    index: Any
    splits: Splits
    random_state: int
    notes: tuple[str, ...]

    @property
    def n_test(self) -> int:
        """Test rows of a fit, of all folds together."""
        return sum(len(fold[0].test) for fold in self.splits.folds)

    @property
    def weights(self) -> NDArray[np.float64]:
        """Share of each fold in the test rows."""
        return np.array([len(fold[0].test) for fold in self.splits.folds]) / self.n_test

    def about(self, metric: Any, greater_is_better: bool | None, **more: Any) -> dict[str, str]:
        """What decides the numbers of a fit, as sums, for a store."""
        first = [(side.tolist() for side in fold[0]) for fold in self.splits.folds]
        return {
            "data": of_frame(self.frame),
            "recipe": self.recipe.fingerprint,
            "split": digest(repr([self.splits.kind, [list(sides) for sides in first]])),
            "metric": digest(describe([metric, greater_is_better, more])),
            "random_state": str(self.random_state),
            "versions": ", ".join(
                f"{name} {number}" for name, number in versions().items() if name != "weighin"
            ),
        }


def check_whole(**arguments: Any) -> None:
    """Raise unless the arguments are whole numbers as large as they must be.

    Raises
    ------
    InputError
        Naming the one that is not, and what is allowed.
    """
    for name, value in arguments.items():
        least = {"random_state": 0, "n_jobs": None}.get(name, 1)
        if value is None and name in ("random_state", "n_jobs"):
            continue
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or (value == 0 if least is None else value < least):
            allowed = "an integer other than 0, or None" if least is None else f"an integer >= {least}"
            raise InputError(f"{name} must be {allowed}, got {value!r}.")


def lay_out(
    recipe: Any,
    df: Any,
    split: Any,
    fits: int,
    id: str | None,
    group: str | None,
    random_state: int | None,
    store: Path | str | None,
) -> Laid:
    """Check and join the rows, and split them.

    Raises
    ------
    InputError, ModelError
        If a column or target is missing, or the split cannot be made or leaks.
    """
    check_recipe(recipe)
    frame = to_pandas(df, column_names(df))
    check_features(frame, recipe)
    index = getattr(df, "index", None)
    if recipe.train_rows is not None:
        if split is not None:
            raise InputError(
                "The recipe brings its training rows, so all rows of the table are tested on, and split= says nothing. "
                "Leave one of the two out."
            )
        check_features(recipe.train_rows, recipe)
        frame, split = _joined(recipe.train_rows, frame)
        index = None
    random_state = _seed(random_state, store)
    splits = make_splits(frame, "random" if split is None else split, fits, random_state)
    if id == "id" and (id not in frame.columns or id in recipe.features):
        id = None
    check_leaks(frame, splits, id, group)
    return Laid(recipe, frame, index, splits, random_state, tuple(_copies(frame, recipe, splits)))


def _joined(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    import pandas as pd

    shared = [name for name in test.columns if name in train.columns]
    both = pd.concat([train[shared], test[shared]], ignore_index=True)
    return both, np.arange(len(both)) >= len(train)


def _seed(random_state: int | None, store: Path | str | None) -> int:
    """The seed given, else that of the fits in the store, else a new one."""
    if random_state is not None:
        return int(random_state)
    if store is not None:
        try:
            content = json.loads((Path(store) / "plan.json").read_text(encoding="utf-8"))
            return int(content["plan"]["random_state"])
        except (OSError, ValueError, KeyError, TypeError):
            pass  # there is none; what is wrong with the store is told when it is opened
    return int(np.random.SeedSequence().generate_state(1)[0] >> 1)


def _copies(frame: pd.DataFrame, recipe: Recipe, splits: Splits) -> list[str]:
    import pandas as pd

    sums = pd.util.hash_pandas_object(frame[[*recipe.features, *recipe.target]], index=False).to_numpy()
    sides = splits.folds[-1][0]
    count = int(np.isin(sums[sides.test], sums[sides.train]).sum())
    if count <= COPIES * len(sides.test):
        return []
    return [
        f"{count:,} of {len(sides.test):,} rows tested on equal a training row in every feature and the target. If "
        "they are copies, the split leaks."
    ]
