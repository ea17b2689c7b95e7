"""A scorer of scikit-learn taken apart, for one model."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._metrics.base import as_numpy, one_column
from weighin._metrics.callables import number
from weighin._metrics.context import Answers
from weighin._metrics.influence import not_here


@dataclass(frozen=True)
class Parts:
    """A scorer taken apart, for one model."""

    name: str
    greater: bool
    function: Callable[..., Any]
    options: dict[str, Any]
    response: str
    answers: Answers

    @property
    def function_name(self) -> str:
        """Name of scikit-learn's own function, empty for others."""
        module = getattr(self.function, "__module__", "")
        return self.function.__name__ if module.startswith("sklearn.metrics") else ""

    @property
    def positive(self) -> int:
        """Number of the class whose score a function of one score per row takes."""
        classes = self.answers.classes
        assert classes is not None
        return 0 if self.options.get("pos_label", self._usual_label) == classes[0] else 1

    @property
    def _usual_label(self) -> Any:
        """Label that the function takes for the positive one where none is given; None for the last."""
        taken = inspect.signature(self.function).parameters.get("pos_label")
        return None if taken is None else taken.default

    def column(self, pred: Any) -> NDArray[Any]:
        """One score per row where the function takes one, else all."""
        scores = self.answers.scores(pred)
        classes = self.answers.classes
        if self.response == "predict" or classes is None or len(classes) != 2:
            return np.asarray(one_column(scores))
        if scores.shape[-1] == 2:
            return np.asarray(scores[..., self.positive])
        # one score per row grows with the last class
        decision = scores[..., 0]
        if self.positive:
            return np.asarray(decision)
        return np.asarray(1 - decision if self.response == "predict_proba" else -decision)

    def truth(self, target: Any) -> NDArray[Any]:
        """Labels of the target, or its numbers."""
        classes = self.answers.classes
        target = as_numpy(target)
        # a function of the user's may write to it
        return np.array(one_column(target)) if classes is None else classes[target[..., 0].astype(np.int64)]

    def score(self, target: Any, pred: Any, weights: Any = None) -> float:
        """The scorer's function as scikit-learn calls it, before its sign."""
        from sklearn.exceptions import UndefinedMetricWarning

        classes = self.answers.classes
        read: Any
        if self.response == "predict" and classes is not None:
            read = classes[self.answers.labels(pred)]
        else:
            read = self.column(pred) if self.function_name else np.array(self.column(pred))
        extra = {} if weights is None else {"sample_weight": weights}
        try:
            with warnings.catch_warnings():
                # what is not defined is no number, and that is said
                warnings.simplefilter("ignore", UndefinedMetricWarning)
                return number(self.name, self.function(self.truth(target), read, **self.options, **extra))
        except ValueError as error:
            raise not_here(self.name, error) from error


def codes(target: Any) -> NDArray[np.int64]:
    """Numbers of the classes of rows."""
    return np.asarray(as_numpy(target)[..., 0].astype(np.int64))
