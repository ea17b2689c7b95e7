"""Train a scikit-learn estimator again: a clone of it, on other columns, from another seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weighin._base.errors import InputError, ModelError, listing

if TYPE_CHECKING:
    import pandas as pd


class EstimatorTrainer:
    """Clone, seed, fit."""

    def __init__(self, estimator: Any, target: Sequence[str]) -> None:
        from sklearn.base import clone

        if isinstance(estimator, type) or not hasattr(estimator, "fit"):
            raise ModelError(
                f"An instance of an estimator with a fit method is needed, got {estimator!r:.80}. Other "
                "models: Recipe.from_function."
            )
        try:
            self.estimator = clone(estimator)
        except (TypeError, RuntimeError) as error:
            raise ModelError(
                f"The {type(estimator).__name__} cannot be cloned: {error} Hint: Recipe.from_function."
            ) from error
        self.target = tuple(target)

    def __call__(self, frame: pd.DataFrame, features: Sequence[str], seed: int) -> Any:
        """Fit a clone on the features."""
        from sklearn.base import clone

        estimator = clone(self.estimator)
        parameters = estimator.get_params(deep=True)
        random = {name: seed for name in parameters if name.rpartition("__")[2] == "random_state"}
        estimator.set_params(**random)
        for part in [estimator, *parameters.values()]:
            if hasattr(part, "transformers") and hasattr(part, "remainder"):
                _narrow(part, features)
        target = frame[self.target[0]] if len(self.target) == 1 else frame[list(self.target)]
        return estimator.fit(frame[list(features)], target)


def _narrow(columns: Any, features: Sequence[str]) -> None:
    """Take columns that are not among the features out of a ColumnTransformer; refuse ones it would not read."""
    read: set[str] = set()
    kept = []
    for name, transformer, chosen in columns.transformers:
        if callable(chosen):
            # it looks for them itself
            return
        names = [chosen] if isinstance(chosen, str) else list(chosen)
        if not all(isinstance(column, str) for column in names):
            raise InputError(
                "A ColumnTransformer that takes columns by position cannot be fitted on other columns: "
                "select them by name, or use Recipe.from_function."
            )
        left = [column for column in names if column in features]
        read.update(left)
        if left:
            kept.append((name, transformer, left[0] if isinstance(chosen, str) else left))
    unread = [name for name in features if name not in read]
    if unread and isinstance(columns.remainder, str) and columns.remainder == "drop":
        raise InputError(
            f"The ColumnTransformer drops {listing(unread)}: the estimator would never see it. "
            "Hint: remainder='passthrough', or Recipe.from_function."
        )
    columns.transformers = kept
