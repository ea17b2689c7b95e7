"""What metrics have to know of a model, and how a source of metrics looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._metrics.base import Metric, as_numpy, one_column
from weighin._metrics.outputs import Outputs


class MetricSource(Protocol):
    """One kind of thing that can be given as metric: a name, a scorer, a function ..."""

    @property
    def takes(self) -> str:
        """What it takes, in words for a message: "a scorer"; empty for what needs no mention."""
        ...

    def names(self, context: MetricContext) -> Iterable[str]:
        """The names it knows for this model."""
        ...

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Make a `Metric` of what was given; None where it is of another kind.

        Raises MetricError if it is of this kind, and this model cannot have it.
        """
        ...


@dataclass(frozen=True)
class Answers:
    """How a model's raw predictions are read by scikit-learn's metrics.

    `name`: of the model, for messages.
    `methods`: what it has of predict, predict_proba and decision_function.
    `classes`: label of each class number, None for a model of numbers.
    `labels`: from predictions of "predict", shape (..., n_rows, n_outputs), to class numbers of shape (..., n_rows).
    `scores`: from predictions of the other methods to probabilities or decisions, shape kept.
    `n_targets`: columns of the target.
    `hint`: what to do where a method is missing.
    `response`: the method to call, whatever the scorer asks for, of a model that has one; None for the scorer's own.
    """

    name: str
    methods: tuple[str, ...]
    classes: NDArray[Any] | None
    labels: Callable[[Any], NDArray[np.int64]]
    scores: Callable[[Any], NDArray[Any]] = as_numpy
    n_targets: int = 1
    hint: str = ""
    response: str | None = None


def as_they_are(pred: Any) -> Any:
    """Predictions of a model that gives what its user sees."""
    return pred


def plain_array(array: Any) -> NDArray[Any]:
    """An array of a target or of predictions, one-dimensional where there is one column; a user may write to it."""
    return np.array(one_column(as_numpy(array)))


@dataclass(frozen=True)
class MetricContext:
    """What metrics have to know of a model and of the rows it is measured on.

    Attributes
    ----------
    model : str
        What it is, for messages.
    default : callable
        Gives the metric to take where none is named, in any form a source takes. Raises where there is none.
    answers : callable
        ``answers(name, scorer)``: how scikit-learn's scorers read the predictions.
    named : mapping of str to Metric
        Metrics it has by name.
    sources : tuple of MetricSource
        Those of its framework, asked before all others.
    target : array or None
        Of shape (n_rows, n_targets).
    to_user_scale : callable
        From raw predictions to those a user sees.
    to_array, pred_to_array : callable
        From targets, and from predictions on the user's scale, to the arrays that a user's function gets.
    device : torch.device or str
        Where predictions are.
    meaning : callable
        Gives what raw predictions mean. Raises a MetricError where it cannot be told.
    response : str
        The method whose predictions `meaning` speaks of.
    notes : callable
        ``notes(metrics)``: what a reader must know of how they were read, once metrics of these names are resolved.
    """

    model: str
    default: Callable[[], Any]
    answers: Callable[[str | None, Any], Answers]
    named: Mapping[str, Metric]
    sources: tuple[MetricSource, ...] = ()
    target: Any = None
    to_user_scale: Callable[[Any], Any] = as_they_are
    to_array: Callable[[Any], Any] = plain_array
    pred_to_array: Callable[[Any], Any] = plain_array
    device: Any = field(default="cpu")
    meaning: Callable[[], Outputs] = Outputs
    response: str = "predict"
    notes: Callable[[Sequence[str]], tuple[str, ...]] = lambda metrics: ()
