"""What an estimator answers, as columns of numbers that the engine can hold, and back to what it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context, get_config

from weighin._compat.rows import native
from weighin._models.sklearn import SklearnModel

# whole numbers beyond this are not all there in double precision
EXACT = 2**53


class NotNumbersError(Exception):
    """An answer that cannot be held as numbers and given back as it was."""


class Answering(SklearnModel):
    """An estimator asked by all the methods that scorers need, at once.

    `estimator`: Fitted.
    `methods`: Such as predict and predict_proba; what they answer stands side by side in a prediction of the engine.
    """

    def __init__(self, estimator: Any, methods: Sequence[str]) -> None:
        super().__init__(estimator)
        self.methods = tuple(methods)
        # learnt from the first answers
        self._forms: list[_Form] = []
        # each thread of scikit-learn has its own
        self._config = get_config()

    def predict(self, rows: Any, response: str = "predict") -> NDArray[Any]:
        """Answers of all methods, as a matrix of floats."""
        table = native(rows)
        with config_context(**self._config):
            raw = [getattr(self.estimator, method)(table) for method in self.methods]
        if not self._forms:
            classes = getattr(self.estimator, "classes_", None)
            self._forms = [_Form(answer, classes) for answer in raw]
        held = [form.hold(answer, rows.n_rows) for form, answer in zip(self._forms, raw, strict=True)]
        return held[0] if len(held) == 1 else np.hstack(held)

    def answer(self, method: str, pred: NDArray[Any]) -> Any:
        """What a method answered, from predictions that the engine held."""
        number = self.methods.index(method)
        first = sum(form.width for form in self._forms[:number])
        form = self._forms[number]
        return form.give_back(pred[:, first : first + form.width])


class _Form:
    """How the answer of a method looks: an array, or a list of them."""

    def __init__(self, answer: Any, classes: Any) -> None:
        self.several = isinstance(answer, list)
        self.parts = [_Part(part, classes) for part in (answer if self.several else [answer])]
        self.width = sum(part.width for part in self.parts)

    def hold(self, answer: Any, n_rows: int) -> NDArray[Any]:
        all_answers = answer if self.several else [answer]
        if isinstance(answer, list) != self.several or len(all_answers) != len(self.parts):
            raise NotNumbersError
        held = [part.hold(array, n_rows) for part, array in zip(self.parts, all_answers, strict=True)]
        return held[0] if len(held) == 1 else np.hstack(held)

    def give_back(self, columns: NDArray[Any]) -> Any:
        edges = np.cumsum([0, *(part.width for part in self.parts)])
        all_answers = [
            part.give_back(columns[:, a:b])
            for part, a, b in zip(self.parts, edges[:-1], edges[1:], strict=True)
        ]
        return all_answers if self.several else all_answers[0]


class _Part:
    """One array: numbers, or labels of a classifier, of one or two dimensions."""

    def __init__(self, array: Any, classes: Any) -> None:
        if type(array) is not np.ndarray or array.ndim not in (1, 2):
            raise NotNumbersError
        self.dtype, self.ndim = array.dtype, array.ndim
        self.width = 1 if array.ndim == 1 else array.shape[1]
        self.labels: NDArray[Any] | None = None
        if array.dtype.kind not in "fiub":
            if type(classes) is not np.ndarray or classes.ndim != 1 or array.dtype.kind not in "OUS":
                raise NotNumbersError
            self.labels = classes
            self.numbers = {label: number for number, label in enumerate(classes.tolist())}

    def hold(self, array: Any, n_rows: int) -> NDArray[Any]:
        if type(array) is not np.ndarray or len(array) != n_rows or array.ndim != self.ndim:
            raise NotNumbersError
        if self.labels is not None:
            array = self._numbered(array)
        elif array.dtype != self.dtype or not np.isfinite(array).all():
            raise NotNumbersError
        elif array.dtype.kind != "f":
            if array.dtype.itemsize > 4 and (abs(array.astype(np.float64)) >= EXACT).any():
                raise NotNumbersError
            array = array.astype(np.float64)
        return array[:, None] if array.ndim == 1 else array

    def give_back(self, columns: NDArray[Any]) -> NDArray[Any]:
        array = np.array(columns[:, 0] if self.ndim == 1 else columns, order="C")
        if self.labels is not None:
            labels = self.labels[array.astype(np.int64)]
            # texts as wide as the widest label
            return labels.astype(object) if self.dtype == object else labels
        return array.astype(self.dtype)

    def _numbered(self, labels: NDArray[Any]) -> NDArray[np.float64]:
        try:
            numbers = [self.numbers[label] for label in labels.ravel().tolist()]
        except (KeyError, TypeError):
            raise NotNumbersError from None
        return np.array(numbers, dtype=np.float64).reshape(labels.shape)
