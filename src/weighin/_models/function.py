"""Any function from a table to predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from weighin._models.table import TableModel, as_given, as_matrix


class FunctionModel(TableModel):
    """A function that gets rows in the form `X` has, frame or matrix, and gives one prediction or vector per row.

    Parameters
    ----------
    function : callable
        ``function(X) -> predictions`` of shape (n_rows,) or (n_rows, n_outputs).
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.name = f"function {getattr(function, '__qualname__', type(function).__name__)}"

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """What the function gives, as a matrix of floats."""
        return as_matrix(self.function(as_given(rows)), self.name, rows.n_rows)
