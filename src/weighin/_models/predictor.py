"""Models that predict from a table of certain columns, and say what: natives of boosters, statistics, AutoML."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Callable, Sequence
from typing import Any

import narwhals.stable.v2 as nw
from numpy.typing import NDArray

from weighin._base.errors import of_the_model
from weighin._metrics import Outputs
from weighin._models.levels import with_categories
from weighin._models.protocol import Encoded
from weighin._models.table import TableModel, as_given, as_matrix
from weighin._tables.features import Feature
from weighin._tables.frames import check_columns, column_names, is_frame


class PredictorModel(TableModel):
    """A model with one way to predict from a table.

    `name`: what it is, in words.
    `predict`: from a pandas frame, or a matrix, to predictions; it may get any rows.
    `outputs`: what they mean, as the model says.
    `columns`: those that it takes, in its order; all of the table by default.
    `targets`: columns that hold the target, where no y is given.
    `booster`: what knows categories of columns.
    """

    def __init__(
        self,
        name: str,
        predict: Callable[[Any], Any],
        outputs: Outputs | None = None,
        *,
        columns: Sequence[str] | Callable[[list[str]], Sequence[str]] | None = None,
        targets: Sequence[str] = (),
        booster: Any = None,
    ) -> None:
        self.name, self._predict, self._said = name, predict, outputs or Outputs()
        self._columns, self._targets, self._booster = columns, list(targets), booster

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the model's columns of the table, as pandas has them, and its target where no other is given."""
        names = self._columns
        if is_frame(X):
            there, frame = column_names(X), nw.from_native(X, eager_only=True)
            if y is None and needs_target and self._targets and set(self._targets) <= set(there):
                y = _as_pandas(frame.select(self._targets))
                y = y[self._targets[0]] if len(self._targets) == 1 else y
            names = names(there) if callable(names) else names or [n for n in there if n not in self._targets]
            check_columns(X, names, f"the {self.name} takes")
            X = with_categories(_as_pandas(frame.select(names)), self._booster, self.name)
        encoded = super().encode(X, y, missing, needs_target)
        if not is_frame(X) and isinstance(names, Sequence) and len(names) == len(encoded.features):
            named = tuple(
                Feature(name, own.columns) for name, own in zip(names, encoded.features, strict=True)
            )
            encoded = Encoded(**{**vars(encoded), "features": named})
        return encoded

    def outputs(self, response: str = "predict") -> Outputs:
        """What the model says."""
        return self._said

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """What the model gives, as a matrix."""
        with of_the_model():
            pred = self._predict(as_given(rows))
        return as_matrix(pred, self.name, rows.n_rows)


def _as_pandas(frame: Any) -> Any:
    """The user's own pandas frame with its index, or another library's made into one."""
    native = frame.to_native()
    return native if nw.dependencies.is_pandas_dataframe(native) else frame.to_pandas()


def formula_columns(formula: str, names: Sequence[str]) -> list[str]:
    """Columns that the right side of a formula speaks of, in the order of the table."""
    right = formula.partition("~")[2] or formula
    words = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(right).readline):
            # Q("a name with blanks"), or `the same`
            words |= {token.string, token.string.strip("\"'")}
    except (tokenize.TokenError, SyntaxError):
        pass
    words |= set(right.split("`")[1::2])
    return [name for name in names if name in words]


def only_or_none(names: Sequence[str] | None, made_up: str) -> list[str] | None:
    """Names of columns; None where a framework made them up for a matrix: "Column_0", "Column_1"."""
    if not names or all(name == f"{made_up}{position}" for position, name in enumerate(names)):
        return None
    return list(names)
