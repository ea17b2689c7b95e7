"""Models that take tables as their user has them, and the frames, matrices and targets of such models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, ModelError
from weighin._base.random_state import random_state_kept
from weighin._metrics import MetricContext, Outputs, as_numpy
from weighin._models.meaning import FEW_VALUES, LOOK_ROWS, Meaning, class_codes, declared, target_names
from weighin._models.protocol import Encoded
from weighin._models.raw_columns import of_arrays, of_frame
from weighin._tables.arrays import ArrayRows
from weighin._tables.columns import Column, check_matrix
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows
from weighin._tables.frames import column_names, is_frame
from weighin._tables.mover import Mover

HOW_CLASSES = " For labels of classes, list them in the order of the model's outputs: classes=['no', 'yes']."


class TableModel:
    """All of the `Model` protocol but `name` and `predict`, for a model that takes the table as its user has it.

    Each column is a feature, and predictions are what the user sees. What they mean, and so which metrics there are and
    which is the default, follows from `outputs` where an adapter of one more framework says it; else from the target
    and the predictions themselves, see `weighin._models.meaning`.
    """

    name: str
    parallel = False
    row_by_row = False
    asked = Outputs()

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table as it is."""
        rows, features = table_rows(X, self.name)
        target = None if y is None else self._target(y, rows.n_rows)
        names = () if target is None else target_names(y, target.shape[1])
        return Encoded(rows, target, (), f"the {rows.n_rows:,} rows given", features, targets=names)

    def _target(self, y: Any, n_rows: int) -> NDArray[Any]:
        """Numbers, or the numbers of the classes that are known."""
        classes = declared(self).classes
        if classes and not declared(self).clusters:
            labels = target_array(y, n_rows)
            # a column of 0 and 1 for each class: numbers
            if labels.ndim < 2 or labels.shape[1] != len(classes):
                return class_codes(labels, classes, n_rows, "that are not among those given")
        return numeric_target(y, n_rows)

    def outputs(self, response: str = "predict") -> Outputs:
        """Nothing is known of them."""
        return Outputs()

    def raw_columns(
        self, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
    ) -> tuple[Column, ...]:
        """The columns as they are."""
        if isinstance(data.rows, FrameRows):
            return of_frame(data.rows, features)
        assert isinstance(data.rows, ArrayRows)
        return of_arrays(data.rows, features)

    def mover(self, data: Encoded, X: Any) -> Mover:
        """The columns take numbers as they are."""
        assert isinstance(data.rows, FrameRows | ArrayRows)
        return Mover.of(data.rows, data.features)

    def metric_context(self, data: Encoded) -> MetricContext:
        """Metrics that fit what the outputs mean."""
        return Meaning(self, data).context()

    def chunk_rows(self, rows: Any) -> int:
        """Many: what a call costs is spread over them."""
        return 32_768

    def split(self, rows: Any) -> None:
        """Nothing is known of its inside."""
        return

    def predicting(self) -> AbstractContextManager[None]:
        """Nothing to bring into order."""
        return nullcontext()

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """Predictions of shape (n_rows, n_outputs); `as_given` has the rows as the user's table was."""
        raise NotImplementedError

    def to_user_scale(self, pred: NDArray[Any]) -> NDArray[Any]:
        """Nothing to do: they are what the user sees."""
        return pred


def table_rows(X: Any, who: str) -> tuple[FrameRows | ArrayRows, tuple[Feature, ...]]:
    """Take a frame or a matrix as encoded rows, a feature per column.

    Raises InputError if it is neither, has fewer than two rows or no columns, or column names are not unique.
    """
    rows: FrameRows | ArrayRows
    if X is None:
        raise InputError(f"X is needed: a {who} carries no rows of its own.")
    if is_frame(X):
        names = column_names(X)
        rows = FrameRows(nw.from_native(X, eager_only=True))
    else:
        check_matrix(X)
        # a function of tensors gets tensors
        array = X.detach() if _is_tensor(X) else X
        names = [f"x{position}" for position in range(array.shape[1])]
        rows = ArrayRows((array,))
    if not names:
        raise InputError("X has no columns.")
    if rows.n_rows < 2:
        raise InputError(f"Swapping values needs at least 2 rows, got {rows.n_rows}.")
    return rows, tuple(Feature(name, (position,)) for position, name in enumerate(names))


def as_given(rows: FrameRows | ArrayRows) -> Any:
    """Rows in the form the user's table had."""
    return rows.lent if isinstance(rows, FrameRows) else rows.parts[0]


def numeric_target(y: Any, n_rows: int) -> NDArray[Any]:
    """Target as a matrix of finite numbers, one row for each row of the table.

    Raises InputError on another length, or values that are no finite numbers.
    """
    array = target_array(y, n_rows)
    try:
        if array.dtype.kind not in "fiubO":
            raise TypeError
        array = array.astype(np.float64 if array.dtype == object else np.result_type(array.dtype, np.float64))
    except (TypeError, ValueError):
        raise InputError(f"y must hold numbers, got {array.dtype}.{HOW_CLASSES}") from None
    if not np.isfinite(array).all():
        raise InputError(f"y has {int((~np.isfinite(array)).sum())} missing or infinite value(s).")
    return array.reshape(n_rows, -1)


def target_array(y: Any, n_rows: int) -> NDArray[Any]:
    """Target as an array, one row for each row of the table.

    Raises InputError if it is one value, or has another length.
    """
    if _is_tensor(y):
        y = y.detach().cpu()
    array = as_array(y, "y")
    if array.ndim == 0:
        raise InputError(f"y must hold a value for each of the {n_rows} rows, got {y!r}.")
    if len(array) != n_rows:
        raise InputError(f"y must have {n_rows} rows as X has, got {len(array)}.")
    return array


def in_order(pred: Any, rows: FrameRows | ArrayRows, who: str) -> Any:
    """Predictions in the order of the rows that were given: a Series may come back sorted, its index tells.

    Raises ModelError if they are in another order, and there are rows of the same index.
    """
    if isinstance(rows, ArrayRows) or not hasattr(rows.native, "iloc") or not hasattr(pred, "iloc"):
        return pred
    index, own = pred.index, rows.native.index
    if len(index) != len(own) or index.equals(own):
        return pred
    if index.is_unique and own.is_unique:
        return pred.loc[own] if own.isin(index).all() else pred
    if index.sort_values().equals(own.sort_values()):
        raise ModelError(
            f"The {who} gave predictions in another order than its rows, and several rows have the same "
            "index: return them in the order of the rows."
        )
    return pred


def as_matrix(pred: Any, who: str, n_rows: int) -> NDArray[Any]:
    """Predictions as a matrix of floats, one row each.

    Raises
    ------
    ModelError
        If they are no numbers, or have no or more than two dimensions.
    """
    if _is_tensor(pred):
        pred = as_numpy(pred)
    if isinstance(pred, tuple | list) and len(pred) != n_rows:
        raise ModelError(
            f"The {who} gave a {type(pred).__name__} of {len(pred)} for {n_rows} rows; one array with a prediction for "
            "each row is needed. Weigh a function that picks it: lambda X: model(X)[0]."
        )
    try:
        array = pred.to_numpy() if hasattr(pred, "to_numpy") else np.asarray(pred)
    except ValueError as error:
        raise ModelError(f"The {who} must give the same number of outputs for every row: {error}") from None
    if n_rows == 1 and array.ndim < 2:
        # its axis may have been squeezed away
        array = array.reshape(1, -1)
    if array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
        raise ModelError(
            f"The {who} must give numbers of shape (n_rows,) or (n_rows, n_outputs), "
            f"got {array.dtype} of shape {array.shape}."
        )
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    return array[:, None] if array.ndim == 1 else array


def few_values(predict: Callable[[Any], Any], rows: Any) -> list[Any]:
    """Distinct predictions for all rows, if they are texts or few whole numbers; else none."""
    values: set[Any] = set()
    try:
        with random_state_kept():
            for start in range(0, rows.n_rows, LOOK_ROWS):
                part = rows.take(slice(start, min(start + LOOK_ROWS, rows.n_rows)))
                pred = predict(as_given(part))
                array = pred.to_numpy() if hasattr(pred, "to_numpy") else as_numpy(pred)
                values.update(
                    array.ravel().tolist() if array.ndim and array.shape == (part.n_rows,) else [None]
                )
                text = all(isinstance(value, str) for value in values)
                whole = len(values) <= FEW_VALUES and all(
                    isinstance(value, int | float) and value == round(value) for value in values
                )
                if not text and not whole:
                    return []
    except Exception:
        # what the model says of these rows is told where they are predicted
        return []
    return sorted(values)


def as_array(values: Any, what: str) -> NDArray[Any]:
    """Values as an array of numpy.

    Raises InputError if they are lists of several lengths.
    """
    try:
        return np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    except ValueError as error:
        raise InputError(f"{what} must have the same number of values in every row: {error}") from None


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")
