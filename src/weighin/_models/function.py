"""Any function from a table to predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError, listing, of_the_model
from weighin._metrics import Kind, Outputs
from weighin._models.meaning import declared
from weighin._models.protocol import Encoded
from weighin._models.table import TableModel, as_array, as_given, as_matrix, few_values, in_order, table_rows


class FunctionModel(TableModel):
    """A function that gets rows in the form `X` has, frame or matrix, and gives one prediction or vector per row.

    `function`: ``function(X) -> predictions`` of shape (n_rows,) or (n_rows, n_outputs).
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.name = f"function {getattr(function, '__qualname__', type(function).__name__)}"

    # labels in text that it predicts for the rows as they are, where no target and nobody lists them
    _texts: tuple[str, ...] = ()

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take the table as it is; without a target, or with one of text, look whether predictions may be labels."""
        target = [] if y is None or hasattr(y, "detach") else as_array(y, "y").ravel().tolist()
        texts = {label for label in target if isinstance(label, str)}
        requested, own = self.asked, self.outputs()
        listed = requested.kind == "label" and requested.classes
        if (
            (texts or requested.classes)
            and requested.kind in ("unknown", "label")
            and own.kind == "unknown"
            and not listed
        ):
            seen = few_values(self.function, table_rows(X, self.name)[0])
            if seen and all(isinstance(value, str) for value in seen):
                classes = requested.classes or tuple(sorted(texts.union(seen)))
                self.asked = replace(requested, kind="label", classes=classes)
        data = super().encode(X, y, missing, needs_target)
        said = declared(self)
        if y is not None or said.classes or said.kind not in ("unknown", "label"):
            return data
        values = few_values(self.function, data.rows)
        if all(isinstance(value, str) for value in values):
            self._texts = tuple(values)
        elif said.kind == "unknown" and len(values) > 1:
            note = (
                f"Predictions are whole numbers ({listing(f'{value:g}' for value in values)}) and are read as numbers: "
                "a change counts by its amount. If they are labels of classes, say outputs='label'."
            )
            return replace(data, notes=(*data.notes, note))
        return data

    def outputs(self, response: str = "predict") -> Outputs:
        """Those of an estimator whose method it is; else nothing is known."""
        owner, method = getattr(self.function, "__self__", None), getattr(self.function, "__name__", "")
        classes = getattr(owner, "classes_", None)
        kinds: dict[str, Kind] = {"predict": "label", "predict_proba": "probability"}
        if method not in kinds or not isinstance(classes, np.ndarray) or classes.ndim != 1:
            return Outputs("label", self._texts, why="as it predicts text") if self._texts else Outputs()
        return Outputs(kinds[method], tuple(classes.tolist()))

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """What the function gives, as a matrix of floats; labels of classes that are known as their numbers."""
        with of_the_model():
            pred = in_order(self.function(as_given(rows)), rows, self.name)
        if self._texts:
            # a label that no row has as it is differs from all that have one
            numbers = {label: number for number, label in enumerate(self._texts)}
            labels = np.asarray(pred).ravel().tolist()
            return np.array([numbers.get(label, len(numbers)) for label in labels], dtype=np.float64)[:, None]
        outputs = declared(self)
        if outputs.kind == "label" and outputs.classes:
            return label_numbers(pred, outputs.classes, self.name)
        return as_matrix(pred, self.name, rows.n_rows)


def label_numbers(pred: Any, classes: tuple[Any, ...], who: str) -> NDArray[np.float64]:
    """Numbers of predicted labels, shape (n_rows, 1); of classes that are text, numbers may be predicted as well.

    Raises ModelError on a label that is none of the classes.
    """
    labels = np.asarray(pred.to_numpy() if hasattr(pred, "to_numpy") else pred).ravel()
    numbers: dict[Any, int] = {label: number for number, label in enumerate(classes)}
    if all(isinstance(label, str) for label in classes) and labels.dtype.kind in "fiub":
        numbers = {number: number for number in range(len(classes))}
    try:
        return np.array([numbers[label] for label in labels.tolist()], dtype=np.float64)[:, None]
    except KeyError:
        odd = [label for label in dict.fromkeys(labels.tolist()) if label not in numbers]
        raise ModelError(
            f"The {who} predicts {listing(odd)}, which is none of the classes: {listing(classes)}. List the labels as "
            "it predicts them, or in the order of the numbers that it predicts."
        ) from None
