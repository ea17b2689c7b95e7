"""How scikit-learn's scorers read a model whose outputs are all there is to read: a network, a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, MetricError
from weighin._metrics.base import as_numpy
from weighin._metrics.context import Answers, as_they_are
from weighin._metrics.kinds import of_classes
from weighin._metrics.of_classes import class_numbers, probabilities
from weighin._metrics.outputs import Outputs


@dataclass(frozen=True)
class OutputAnswers:
    """Reads outputs as predicted classes, as probabilities or as numbers, as a scorer asks for.

    Whole numbers as target stand for classes where the scorer is one of classes. Several outputs are read as one per
    class, the largest as the prediction; one output as the score of class 1, or as a number.

    Attributes
    ----------
    model : str
        For messages.
    target : array or None
        Of shape (n_rows, n_targets).
    width : callable
        Gives the number of the model's outputs.
    to_user_scale : callable
        From raw predictions to those a user sees.
    labels : ndarray, optional
        Label of each class number; the numbers themselves by default.
    meaning : callable, optional
        Gives what raw predictions mean. Where it raises a MetricError they are read as they are.
    """

    model: str
    target: Any
    width: Callable[[], int]
    to_user_scale: Callable[[Any], Any] = as_they_are
    labels: NDArray[Any] | None = None
    meaning: Callable[[], Outputs] = Outputs

    def __call__(self, name: str | None, scorer: Any) -> Answers:
        """How this scorer reads the outputs.

        Raises InputError if there is no target. Raises MetricError if the scorer is one of classes, and target or
        outputs are not.
        """
        if self.target is None:
            raise InputError(f"The metric {name or scorer!r} needs a target.")
        if not of_classes(scorer):
            n_targets = self.target.shape[1]
            return Answers(self.model, ("predict",), None, _largest, n_targets=n_targets, response="predict")
        outputs = self._meaning()
        if outputs.parts:
            return self._of_parts(outputs, scorer)
        codes = as_numpy(self.target)
        if codes.shape[1] != 1 or (codes != np.round(codes)).any() or codes.min() < 0:
            raise MetricError(
                f"The metric {name or 'given'!r} is one of classes: y must hold class numbers 0, 1, ... in one "
                "column, or labels that classes= lists in the order of the outputs."
            )
        n_outputs = self.width()
        labels = np.array(outputs.classes) if outputs.classes else self.labels
        n_classes = len(outputs.classes) or max(n_outputs, int(codes.max()) + 1, 2)
        labels = np.arange(n_classes) if labels is None else labels
        if outputs.kind == "label":
            return Answers(self.model, ("predict",), labels, _as_numbers(outputs), response="predict")
        if outputs.of_classes:
            return Answers(
                self.model,
                ("predict", "predict_proba"),
                labels,
                _as_numbers(outputs),
                partial(probabilities, outputs),
                response="predict",
            )
        if n_outputs > 1 and n_classes > n_outputs:
            raise MetricError(
                f"y holds class {int(codes.max())} and {self.model} has {n_outputs} outputs, one per class."
            )
        cut_it = "say what it is, outputs='probability' or outputs='logit'."
        return Answers(
            self.model,
            ("predict", "predict_proba") if n_outputs > 1 else ("predict_proba", "decision_function"),
            labels,
            _largest,
            lambda pred: as_numpy(self.to_user_scale(pred)),
            hint="" if n_outputs > 1 else f" Its one output is read as a score: {cut_it}",
            response="predict",
        )

    def _meaning(self) -> Outputs:
        try:
            return self.meaning()
        except MetricError:
            return Outputs()

    def _of_parts(self, outputs: Outputs, scorer: Any) -> Answers:
        """Several targets: scikit-learn takes matrices of labels, or of probabilities of label 1."""
        ends = np.cumsum([part.n_outputs for part in outputs.parts])
        cuts = [
            (part, slice(end - part.n_outputs, end)) for part, end in zip(outputs.parts, ends, strict=True)
        ]
        of_labels = scorer._response_method == "predict"
        if not of_labels and (
            outputs.kind == "label" or any(len(part.classes) > 2 for part in outputs.parts)
        ):
            raise MetricError(
                f"{self.model} has no probabilities of label 1 of each target: name a metric of labels."
            )

        def scores(pred: Any) -> NDArray[Any]:
            each = [
                as_numpy(class_numbers(part, pred[..., own]))
                if of_labels
                else probabilities(part, pred[..., own])[..., 1]
                for part, own in cuts
            ]
            return np.stack(each, -1).astype(np.int64 if of_labels else np.float64)

        methods = ("predict",) if of_labels else ("predict_proba",)
        return Answers(self.model, methods, None, _largest, scores, n_targets=len(cuts), response="predict")


def _as_numbers(outputs: Outputs) -> Callable[[Any], NDArray[np.int64]]:
    return lambda pred: np.asarray(as_numpy(class_numbers(outputs, pred)), dtype=np.int64)


def _largest(pred: Any) -> NDArray[np.int64]:
    return np.asarray(as_numpy(pred).argmax(-1), dtype=np.int64)
