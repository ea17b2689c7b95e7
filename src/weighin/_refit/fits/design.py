"""The design of many fits: one table, its splits, nothing on both sides."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_counts, check_seed, seed_of
from weighin._base.errors import InputError
from weighin._base.versions import provenance, versions
from weighin._refit.fits.criterion import Criterion
from weighin._refit.fits.splits import Splits, check_leaks, make_splits
from weighin._refit.recipes.fingerprint import describe, digest, of_frame
from weighin._refit.recipes.recipe import Recipe, check_features, check_recipe, frame_of
from weighin._tables.alignment import aligned
from weighin._tables.containers import as_table
from weighin._tables.frames import column_names

if TYPE_CHECKING:
    import pandas as pd

# of the test rows: more that equal a training row are noted
MOST_COPIES = 0.01


@dataclass(frozen=True)
class Design:
    """What fits are trained and tested on."""

    recipe: Recipe
    frame: pd.DataFrame
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

    def made(self, notes: Iterable[str]) -> dict[str, Any]:
        """What every result says of how it was made; with `notes` behind the design's own."""
        return {
            "recipe": self.recipe.name,
            "split": self.splits.text,
            "random_state": self.random_state,
            "notes": (*self.notes, *notes),
            **provenance(),
        }

    def about(self, criterion: Criterion, **more: Any) -> dict[str, str]:
        """What decides the numbers of a fit, as sums, for a store."""
        first = [[side.tolist() for side in fold[0]] for fold in self.splits.folds]
        return {
            "data": of_frame(self.frame),
            "recipe": self.recipe.fingerprint,
            "split": digest(repr([self.splits.kind, first])),
            "metric": digest(describe([list(criterion.options.values()), more])),
            "random_state": str(self.random_state),
            "versions": ", ".join(
                f"{name} {number}" for name, number in versions().items() if name != "weighin"
            ),
        }


def make_design(
    recipe: Any,
    X: Any,
    *,
    split: Any,
    fits: int,
    id: str | None,
    keep_together: str | None,
    random_state: int | None,
    store: Path | str | None,
) -> Design:
    """Check and join the rows, and split them."""
    check_counts(fits=fits)
    check_seed(random_state)
    check_recipe(recipe)
    table = as_table(X)
    frame, notes = frame_of(table.X, column_names(table.X)), table.notes
    check_features(frame, recipe)
    if recipe.train_rows is not None:
        if split is not None:
            raise InputError(
                "The recipe brings its training rows, so all rows of the table are test rows and split= "
                "has no effect. Leave one of the two out."
            )
        check_features(recipe.train_rows, recipe)
        frame, split = _joined(recipe.train_rows, frame)
    seed = seed_of(_seed_in(store) if random_state is None else random_state)
    mask, note = aligned(split, table.index, "split")
    splits = make_splits(frame, "random" if split is None else mask, fits, seed)
    notes = (*notes, *([note] if note else []), *_copies(frame, recipe, splits))
    if id == "id" and (id not in frame.columns or id in recipe.features):
        id = None
    check_leaks(frame, splits, id, keep_together)
    return Design(recipe, frame, splits, seed, notes)


def _joined(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    import pandas as pd

    shared = [name for name in test.columns if name in train.columns]
    both = pd.concat([train[shared], test[shared]])
    return both, np.arange(len(both)) >= len(train)


def _seed_in(store: Path | str | None) -> int | None:
    """Seed of the fits in a store; None where there are none: what is wrong with it is told when it is opened."""
    if store is None:
        return None
    try:
        content = json.loads((Path(store) / "plan.json").read_text(encoding="utf-8"))
        seed = int(content["plan"]["random_state"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return seed if seed >= 0 else None


def _copies(frame: pd.DataFrame, recipe: Recipe, splits: Splits) -> list[str]:
    import pandas as pd

    sums = pd.util.hash_pandas_object(frame[[*recipe.features, *recipe.target]], index=False).to_numpy()
    sides = splits.folds[-1][0]
    count = int(np.isin(sums[sides.test], sums[sides.train]).sum())
    if count <= MOST_COPIES * len(sides.test):
        return []
    return [
        f"{count:,} of {len(sides.test):,} test rows equal a training row in every feature and the target. "
        "If they are copies, the split leaks."
    ]
