"""Any function from a table to predictions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, ModelError
from weighin._base.random_state import random_state_kept
from weighin._metrics import MAE, Metric
from weighin._models.given_metrics import given_metric
from weighin._models.protocol import Encoded
from weighin._tables.arrays import ArrayRows
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows
from weighin._tables.frames import column_names, is_frame


class FunctionModel:
    """A function that gets rows in the form `X` has, frame or matrix, and gives one prediction or vector per row.

    Parameters
    ----------
    function : callable
        ``function(X) -> predictions`` of shape (n_rows,) or (n_rows, n_outputs).
    """

    parallel = False

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.name = f"function {getattr(function, '__qualname__', type(function).__name__)}"

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table as it is."""
        rows, features = table_rows(X, self.name)
        target = None if y is None else numeric_target(y, rows.n_rows)
        return Encoded(rows, target, (), f"the {rows.n_rows:,} rows given", features)

    def metric(self, metric: Any, greater_is_better: bool | None, data: Encoded) -> Metric:
        """Resolve a metric; the mean absolute error by default."""
        if isinstance(metric, Metric):
            return metric
        if metric is None:
            return MAE
        return given_metric(metric, greater_is_better, self.name, data.target, self.settle, self._width(data))

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
        """What the function gives, as a matrix of floats."""
        return as_matrix(self.function(as_given(rows)), self.name, rows.n_rows)

    def settle(self, pred: NDArray[Any]) -> NDArray[Any]:
        """Nothing: they are what the user sees."""
        return pred

    def _width(self, data: Encoded) -> Callable[[], int]:
        def width() -> int:
            with random_state_kept():
                return int(self.predict(data.rows.take(slice(0, 2))).shape[-1])

        return width


def table_rows(X: Any, who: str) -> tuple[FrameRows | ArrayRows, tuple[Feature, ...]]:
    """Take a frame or a matrix as encoded rows, a feature per column.

    Raises
    ------
    InputError
        If it is neither, has fewer than two rows or no columns, or column names are not unique.
    """
    rows: FrameRows | ArrayRows
    if X is None:
        raise InputError(f"X is needed: a {who} brings no rows along.")
    if is_frame(X):
        names = column_names(X)
        rows = FrameRows(nw.from_native(X, eager_only=True))
    else:
        array = X.detach() if _is_tensor(X) else np.asarray(X)  # a function of tensors gets tensors
        if array.ndim != 2:
            raise InputError(
                "X must be a data frame (pandas, polars, pyarrow) or a matrix (rows, columns), "
                f"got {type(X).__name__} of shape {tuple(array.shape)}."
            )
        names = [f"x{position}" for position in range(array.shape[1])]
        rows = ArrayRows((array,))
    if not names:
        raise InputError("X has no columns.")
    if rows.n_rows < 2:
        raise InputError(f"Swapping values takes at least 2 rows, got {rows.n_rows}.")
    return rows, tuple(Feature(name, (position,)) for position, name in enumerate(names))


def as_given(rows: FrameRows | ArrayRows) -> Any:
    """Rows in the form the user's table had."""
    return rows.lent if isinstance(rows, FrameRows) else rows.parts[0]


def numeric_target(y: Any, n_rows: int) -> NDArray[Any]:
    """Target as a matrix of finite numbers, one row for each row of the table.

    Raises
    ------
    InputError
        On another length, or values that are no finite numbers.
    """
    array = target_array(y, n_rows)
    try:
        if array.dtype.kind not in "fiubO":
            raise TypeError
        array = array.astype(np.float64 if array.dtype == object else np.result_type(array.dtype, np.float64))
    except (TypeError, ValueError):
        raise InputError(f"y must hold numbers, got {array.dtype}.") from None
    if not np.isfinite(array).all():
        raise InputError(f"y has {int((~np.isfinite(array)).sum())} missing or infinite value(s).")
    return array.reshape(n_rows, -1)


def target_array(y: Any, n_rows: int) -> NDArray[Any]:
    """Target as an array, one row for each row of the table.

    Raises
    ------
    InputError
        If it is one value, or has another length.
    """
    if _is_tensor(y):
        y = y.detach().cpu()
    array = np.asarray(y.to_numpy() if hasattr(y, "to_numpy") else y)
    if array.ndim == 0:
        raise InputError(f"y must hold a value for each of the {n_rows} rows, got {y!r}.")
    if len(array) != n_rows:
        raise InputError(f"y must have {n_rows} rows as X has, got {len(array)}.")
    return array


def as_matrix(pred: Any, who: str, n_rows: int) -> NDArray[Any]:
    """Predictions as a matrix of floats, one row each.

    Raises
    ------
    ModelError
        If they are no numbers, or have no or more than two dimensions.
    """
    if _is_tensor(pred):
        pred = pred.detach().cpu()
    array = pred.to_numpy() if hasattr(pred, "to_numpy") else np.asarray(pred)
    if n_rows == 1 and array.ndim < 2:
        array = array.reshape(1, -1)  # its axis may have been squeezed away
    if array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
        raise ModelError(
            f"The {who} must give numbers of shape (n_rows,) or (n_rows, n_outputs), "
            f"got {array.dtype} of shape {array.shape}."
        )
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    return array[:, None] if array.ndim == 1 else array


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")
