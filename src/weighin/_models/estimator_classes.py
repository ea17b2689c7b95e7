"""What an estimator that predicts labels calls its classes: of one target, of several, of clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, ModelError, listing
from weighin._metrics import Outputs, as_numpy
from weighin._models.meaning import refuse_missing
from weighin._models.objectives import inner, kind_of
from weighin._models.table import as_matrix, target_array


class EstimatorClasses:
    """Labels and their numbers.

    `name`: for messages.
    `of_targets`: the classes of each target, in the order of the columns of `predict_proba`; empty for an estimator of
        numbers.
    `several`: whether there are several targets, or several labels at once.
    `clusters`: whether they are clusters, which no target knows.
    `expected`: whether it is a classifier that knows no classes: it is not fitted, or has them elsewhere.
    """

    def __init__(self, estimator: Any, name: str) -> None:
        self.name = name
        kind = kind_of(estimator)
        classes: Any = getattr(estimator, "classes_", None)
        # boosters that do both have a list of none where they predict numbers
        if hasattr(classes, "__len__") and not len(classes):
            classes = None
        parts = list(inner(estimator))
        self.expected = kind == "classifier" and classes is None
        self.clusters, self.several, self.flags = False, False, False
        self.of_targets: list[NDArray[Any]] = []
        if classes is not None and (
            kind == "classifier" or (not kind and hasattr(estimator, "predict_proba"))
        ):
            listed = isinstance(classes, list) and bool(classes) and np.ndim(classes[0]) == 1
            self.several = listed
            self.of_targets = [np.asarray(of_one) for of_one in (classes if listed else [classes])]
        elif kind == "outlier_detector":
            self.of_targets = [np.array([-1, 1])]
        elif kind == "clusterer" or any(hasattr(part, "n_components") and _mixes(part) for part in parts):
            self.clusters = True
            self.of_targets = [np.arange(_n_clusters(parts[-1]))]

    @property
    def one(self) -> NDArray[Any] | None:
        """The classes of the only target; None for numbers, and for several targets."""
        return self.of_targets[0] if self.of_targets and not self.several else None

    def see(self, pred: Any) -> None:
        """Learn from predicted labels whether there are several at once, 0 or 1 for each of the classes."""
        if not self.several and self.of_targets and np.ndim(pred) == 2 and np.shape(pred)[1] > 1:
            self.several, self.flags = True, True
            self.of_targets = [np.array([0, 1])] * np.shape(pred)[1]

    def codes(self, y: Any, n_rows: int) -> NDArray[np.int64]:
        """Numbers of a target's labels, shape (n_rows, n_targets).

        Raises InputError on another number of columns, or a label that is none of the classes.
        """
        labels = target_array(y, n_rows)
        if self.clusters:
            # what rows are called elsewhere, for metrics that compare partitions
            labels = labels.astype(str) if labels.dtype == object else labels
            return np.unique(labels, return_inverse=True)[1].reshape(n_rows, -1)
        n_targets = len(self.of_targets)
        if labels.size != n_rows * n_targets:
            columns = "one column" if n_targets == 1 else f"{n_targets} columns"
            raise InputError(f"y must have {columns} of classes, got shape {labels.shape}.")
        return self.numbers(labels)

    def numbers(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Numbers of labels, shape (n_rows, n_targets)."""
        columns = labels.reshape(len(labels), len(self.of_targets)).T
        return np.stack([self._numbers(*pair) for pair in zip(columns, self.of_targets, strict=True)], 1)

    def read(self, pred: Any, response: str, n_rows: int) -> NDArray[Any]:
        """Answers of a method as a matrix: labels as their numbers, probabilities of several targets side by side."""
        if response == "predict" and self.of_targets:
            labels = np.asarray(pred)
            self.see(labels)
            own = None if self.one is None else self.one.tolist()
            odd = set(labels.ravel().tolist()) - set(own) if own and labels.dtype.kind in "OU" else set()
            if own and odd:
                raise ModelError(
                    f"The {self.name} predicts {listing(sorted(odd, key=str))} after a swap, which it predicts for no "
                    f"row as it is and y does not hold. List all labels: classes={[*own, *sorted(odd, key=str)]}."
                )
            return self.numbers(labels).astype(np.float64)
        if isinstance(pred, list) and self.several and len(pred) == len(self.of_targets):
            return np.concatenate([as_matrix(part, self.name, n_rows) for part in pred], 1)
        if getattr(pred, "ndim", 0) == 3 and np.shape(pred)[2] == 1:
            # skorch stacks the probabilities of both classes so
            pred = pred[:, :, 0]
        return as_matrix(pred, self.name, n_rows)

    def outputs(self, response: str, targets: tuple[str, ...] = ()) -> Outputs:
        """What answers of a method mean."""
        label = response == "predict"
        if self.several and response != "decision_function":
            kind: Any = "label" if label else "probability"
            parts = tuple(
                Outputs(kind, tuple(classes.tolist()), n_outputs=1 if label or self.flags else len(classes))
                for classes in self.of_targets
            )
            return Outputs(kind, targets=targets or tuple(map(str, range(len(parts)))), parts=parts)
        classes = () if self.one is None else tuple(self.one.tolist())
        if label:
            return Outputs("label", classes, clusters=self.clusters)
        return Outputs("probability" if response == "predict_proba" else "number", classes)

    def labels(self, codes: Any) -> NDArray[Any]:
        """Labels of class numbers, one-dimensional where there is one target."""
        array = as_numpy(codes).astype(np.int64)
        if not self.several:
            return np.asarray(self.of_targets[0][array.ravel()])
        return np.stack(
            [classes[column] for classes, column in zip(self.of_targets, array.T, strict=True)], 1
        )

    def check(self, requested: Outputs) -> None:
        """Refuse what the user says of the outputs, where the estimator knows better.

        Raises InputError.
        """
        if not self.of_targets:
            return
        if requested.kind not in ("unknown", "label", "probability"):
            raise InputError(
                f"outputs={requested.kind!r} is not what the {self.name} gives: it predicts "
                f"{'clusters' if self.clusters else 'classes'}, outputs='label' or 'probability'."
            )
        own = set() if self.one is None else set(self.one.tolist())
        if requested.classes and own != set(requested.classes):
            raise InputError(
                f"classes= are not those of the {self.name}, which knows its own: {listing(sorted(own, key=str))}. "
                "Leave classes= out."
            )

    def _numbers(self, labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
        numbers = {label: number for number, label in enumerate(classes.tolist())}
        try:
            return np.array([numbers[label] for label in labels.tolist()], dtype=np.int64)
        except (KeyError, TypeError):
            refuse_missing(labels)
            odd = [label for label in dict.fromkeys(labels.tolist()) if label not in numbers]
            raise InputError(
                f"y has classes the {self.name} was not fitted on: {listing(odd)}. Classes: {listing(numbers)}."
            ) from None


def _mixes(estimator: Any) -> bool:
    """Whether it is a mixture, whose components are clusters."""
    try:
        return bool(estimator.__sklearn_tags__().estimator_type == "density_estimator")
    except (AttributeError, TypeError):
        return False


def _n_clusters(estimator: Any) -> int:
    """How many clusters it may predict.

    Raises ModelError if it has found none yet.
    """
    for name in ("cluster_centers_", "subcluster_centers_", "weights_"):
        if getattr(estimator, name, None) is not None:
            labels = getattr(estimator, "subcluster_labels_", None)
            return len(getattr(estimator, name)) if labels is None else int(np.max(labels)) + 1
    labels = getattr(estimator, "labels_", None)
    if labels is None:
        raise ModelError(f"The {type(estimator).__name__} is not fitted: it has no clusters yet.")
    return int(np.max(labels)) + 1
