"""What a model's outputs mean: the user's word, the model's, its structure, its values on all rows, or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, MetricError, listing
from weighin._base.random_state import random_state_kept
from weighin._metrics import (
    OF_CLASSES,
    OF_NUMBERS,
    PREDICTION_CHANGE,
    MetricContext,
    OutputAnswers,
    OutputMetrics,
    Outputs,
    as_numpy,
    plain_array,
)
from weighin._models.protocol import Encoded, Model
from weighin._tables.columns import is_missing

# rows predicted at once
LOOK_ROWS = 32_768
# by which several outputs of a row may miss 1 to be probabilities without anybody's word
SUM_ERROR = 1e-3

# whole numbers in a row that may be those of classes
FEW_VALUES = 10


class Meaning:
    """What the outputs of one model mean on some rows; found out at most once.

    `model`: adapted.
    `data`: rows that it is looked at on, and their target.
    `structure`: ``structure(data) -> Outputs``: what the model's last layer says, "unknown" where it is silent.
    `logits`: whether several outputs that are no probabilities count as logits of classes, as torch has them.
    """

    def __init__(
        self,
        model: Model,
        data: Encoded,
        structure: Callable[[Encoded], Outputs] | None = None,
        logits: bool = False,
    ) -> None:
        self.model, self.data, self.structure, self.logits = model, data, structure, logits
        self.declared = declared(model)
        self._found: Outputs | MetricError | None = None
        self._width = 0

    def __call__(self) -> Outputs:
        """What they mean.

        Raises MetricError: where it cannot be told, with the calls to choose from.
        """
        if self._found is None:
            try:
                self._found = self._several(self._look())
            except MetricError as error:
                self._found = error
        if isinstance(self._found, MetricError):
            raise self._found
        return self._found

    @property
    def found(self) -> Outputs | None:
        """What was found out, where it was asked for."""
        return self._found if isinstance(self._found, Outputs) else None

    def width(self) -> int:
        """Number of outputs, looked at once."""
        if not self._width:
            with random_state_kept(), self.model.predicting():
                self._width = int(self.model.predict(self.data.rows.take(slice(0, 2))).shape[-1])
        return self._width

    def context(self, **others: Any) -> MetricContext:
        """What metrics have to know: those that fit the outputs by name, and how others read them."""
        outputs, data = self.declared, self.data
        numbers = not outputs.of_classes
        metrics = OutputMetrics(self.model.name, outputs, self, self.width, data.targets)
        named = {**OF_NUMBERS, PREDICTION_CHANGE.name: PREDICTION_CHANGE} if numbers else {}
        labels = partial(_labels, outputs.classes) if outputs.classes else plain_array
        basic: dict[str, Any] = {
            "model": self.model.name,
            "default": lambda: metrics.default(data.target),
            "answers": OutputAnswers(
                self.model.name, data.target, self.width, self.model.to_user_scale, meaning=self
            ),
            "named": named,
            "sources": (metrics,),
            "target": data.target,
            "to_user_scale": self.model.to_user_scale,
            "to_array": labels,
            "pred_to_array": labels if outputs.kind == "label" else plain_array,
            "meaning": self,
            "notes": self.notes,
        }
        return MetricContext(**{**basic, **others})

    def notes(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """What has to be told of how outputs were read, if they were looked at."""
        outputs = self._found
        names = self.data.targets
        if len(names) > 1 and not (isinstance(outputs, Outputs) and outputs.parts):
            return of_targets(names, metrics)
        if not isinstance(outputs, Outputs) or not (outputs.guess or outputs.parts):
            return ()
        several = of_targets(outputs.targets, metrics) if outputs.parts else ()
        why = f", {outputs.why}" if outputs.why else ""
        return (f"Outputs are read as {outputs}{why}; set outputs= if they are something else.", *several)

    def _look(self) -> Outputs:
        outputs = self.declared
        if outputs.kind not in ("unknown", "label"):
            return outputs
        target = None if self.data.target is None else as_numpy(self.data.target)
        if outputs.kind == "label":
            self._check_labels(outputs, target)
            return outputs
        whole = target is not None and bool((target == target.round()).all())
        if target is not None and not whole and not outputs.classes:
            return replace(outputs, kind="number")
        read = self.structure(self.data) if self.structure is not None else Outputs()
        if read.kind == "logit" and self.width() > 1 and self._sum_to_one():
            read = Outputs("probability", why="as those of every row are 0 or more and sum to 1")
        if read.kind != "unknown":
            return replace(read, classes=read.classes or outputs.classes, targets=outputs.targets, guess=True)
        if not outputs.classes and not whole:
            return replace(outputs, kind="number")
        width = self.width()
        if target is not None and target.shape[1] > 1:
            two = width == target.shape[1] and set(np.unique(target)) == {0, 1}
            return (
                self._of_flags(outputs, "each of several 0/1 targets")
                if two
                else replace(outputs, kind="number")
            )
        if width > 1:
            return self._of_several(outputs, target, width)
        two = bool(outputs.classes) or (target is not None and set(np.unique(target)) == {0, 1})
        if two:
            return self._of_flags(outputs, "a 0/1 target")
        values = np.unique(target) if target is not None else np.zeros(0)
        few = 2 < len(values) <= FEW_VALUES and values[0] in (0, 1) and np.ptp(values) == len(values) - 1
        why = f"as there is one for whole numbers from {values[0]:g} to {values[-1]:g}" if few else ""
        return replace(outputs, kind="number", why=why, guess=few)

    def _of_several(self, outputs: Outputs, target: NDArray[Any] | None, width: int) -> Outputs:
        if self._sum_to_one():
            why = "as those of every row are 0 or more and sum to 1"
            return replace(outputs, kind="probability", why=why, guess=True)
        if not outputs.classes and target is not None and (target.min() < 0 or target.max() >= width):
            odd = target[(target < 0) | (target >= width)].ravel()[0]
            raise MetricError(
                f"y holds {odd:g}, and {self.model.name} has {width} outputs. If they are for classes, list their "
                "labels in the order of the outputs: classes=[...]; if they are quantiles, say "
                "outputs='quantile:0.1,0.9'."
            )
        inside = all(bool(((pred >= 0) & (pred <= 1)).all()) for pred in self._predictions())
        if self.logits and not inside:
            why = "as torch modules have them for classes"
            return replace(outputs, kind="logit", why=why, guess=True)
        what = "do not sum to 1" if inside else "go beyond 0 and 1"
        raise MetricError(
            f"{self.model.name} has {width} outputs for {_of(outputs, target)}, and they {what}. Say what they are: "
            "outputs='logit' for logits, whose softmax is taken; outputs='probability' for probabilities that sum to "
            "1; or outputs='number', with a metric of numbers."
        )

    def _sum_to_one(self) -> bool:
        """Whether all outputs are 0 or more, and those of every row sum to 1."""
        return all(
            bool((pred >= 0).all()) and bool((abs(pred.sum(-1) - 1) <= SUM_ERROR).all())
            for pred in self._predictions()
        )

    def _of_flags(self, outputs: Outputs, what: str) -> Outputs:
        """One output each for what is 0 or 1."""
        labels, lowest, largest = True, np.inf, -np.inf
        for pred in self._predictions():
            lowest, largest = min(lowest, float(pred.min())), max(largest, float(pred.max()))
            labels = labels and bool(((pred == 0) | (pred == 1)).all())
            if lowest < 0 or largest > 1:
                break
        if labels:
            return replace(outputs, kind="label", why="as every one is 0 or 1", guess=True)
        if lowest >= 0 and largest <= 1:
            return replace(
                outputs, kind="probability", why=f"as they lie between 0 and 1 beside {what}", guess=True
            )
        raise MetricError(
            f"{self.model.name} predicts {what}, and its outputs go beyond 0 and 1, to "
            f"{lowest if lowest < 0 else largest:.6g}. Say what they are: outputs='logit' for log loss of their "
            "sigmoid, or outputs='number' for an error such as the mean absolute one."
        )

    def _several(self, outputs: Outputs) -> Outputs:
        """A part for each target, where there are several of classes."""
        target = self.data.target
        if not outputs.of_classes or outputs.parts or target is None or target.shape[1] == 1:
            return outputs
        n_targets = target.shape[1]
        if self.width() != n_targets or set(np.unique(as_numpy(target))) - {0, 1}:
            raise MetricError(
                f"{self.model.name} has {self.width()} output(s) and y {n_targets} columns: for several targets of "
                "classes there has to be one output, and 0 or 1, for each."
            )
        names = tuple(map(str, outputs.classes)) if len(outputs.classes) == n_targets else self.data.targets
        part = Outputs(outputs.kind, n_outputs=1)
        return replace(outputs, classes=(), targets=names, parts=(part,) * n_targets)

    def _check_labels(self, outputs: Outputs, target: NDArray[Any] | None) -> None:
        """Refuse labels of which the target has none: they are numbered in another way."""
        if target is None or outputs.classes or outputs.clusters or target.shape[1] > 1:
            return
        seen = set(np.concatenate([np.unique(pred) for pred in self._predictions()]).tolist())
        if not seen & set(np.unique(target).tolist()):
            raise MetricError(
                f"{self.model.name} predicts {listing(f'{label:g}' for label in sorted(seen))} and y holds "
                f"{listing(f'{label:g}' for label in np.unique(target))}: no label occurs in both. "
                "classes=[...] lists the labels in the order of the numbers that are predicted."
            )

    def _predictions(self) -> Iterator[NDArray[Any]]:
        """Of all rows, on the scale that a user sees."""
        rows = self.data.rows
        with random_state_kept(), self.model.predicting():
            for start in range(0, rows.n_rows, LOOK_ROWS):
                pred = self.model.predict(rows.take(slice(start, min(start + LOOK_ROWS, rows.n_rows))))
                yield as_numpy(self.model.to_user_scale(pred))


def declared(model: Model, response: str = "predict") -> Outputs:
    """What the user says of the outputs, completed by what the model says of them."""
    requested, own = model.asked, model.outputs(response)
    if requested.classes and requested.kind == "unknown" and own.kind != "unknown" and not own.of_classes:
        raise InputError(
            f"classes= is for outputs of classes, and those of {model.name} are {own}, {own.why}."
        )
    if requested.kind == "unknown":
        return replace(own, classes=requested.classes) if requested.classes else own
    same = requested.kind == own.kind
    return replace(
        requested,
        classes=requested.classes or (own.classes if requested.of_classes else ()),
        targets=own.targets,
        levels=requested.levels,
        loss=own.loss if same else "",
        clusters=own.clusters and same,
        parts=own.parts if same else (),
    )


def _of(declared_outputs: Outputs, target: Any) -> str:
    return (
        f"classes {listing(declared_outputs.classes)}"
        if declared_outputs.classes or target is None
        else "a target of whole numbers"
    )


def _labels(classes: tuple[Any, ...], codes: Any) -> NDArray[Any]:
    """Labels of class numbers, as a user's function gets them."""
    array = plain_array(codes)
    return np.array(classes)[array.astype(np.int64)]


def class_codes(y: Any, classes: tuple[Any, ...], n_rows: int, where: str) -> NDArray[np.int64]:
    """Numbers of the classes of a target's labels, shape (n_rows, n_targets).

    Raises InputError on a label that is none of the classes.
    """
    numbers = {label: number for number, label in enumerate(classes)}
    try:
        return np.array([numbers[label] for label in y.ravel().tolist()], dtype=np.int64).reshape(n_rows, -1)
    except (KeyError, TypeError):
        refuse_missing(y)
        odd = [
            label
            for label in dict.fromkeys(map(str, y.ravel().tolist()))
            if label not in set(map(str, classes))
        ]
        raise InputError(
            f"y has classes {where}: {listing(odd or y.ravel().tolist()[:1])}. Classes: {listing(numbers)}."
        ) from None


def of_targets(targets: Sequence[str], metrics: Sequence[str]) -> tuple[str, ...]:
    """Say that metrics are means over targets, with the name that one asked for has of a single target."""
    if all("[" in metric for metric in metrics):
        return ()
    own = (*OF_NUMBERS, *OF_CLASSES, "log_loss", PREDICTION_CHANGE.name)
    example = next((f"; '{metric}[{targets[0]}]' is that of one" for metric in metrics if metric in own), "")
    return (f"Metrics are means over the {len(targets)} targets ({listing(targets)}){example}.",)


def refuse_missing(labels: NDArray[Any]) -> None:
    """Raise `InputError` where labels of rows are missing."""
    n_missing = sum(map(is_missing, labels.ravel().tolist()))
    if n_missing:
        raise InputError(f"y has {n_missing:,} missing value(s): leave these rows out.")


def target_names(y: Any, n_targets: int) -> tuple[str, ...]:
    """Names of the columns of a target: those of a frame or a series, else their numbers."""
    names = getattr(y, "column_names", getattr(y, "columns", None))
    if names is None and isinstance(getattr(y, "name", None), str):
        names = [y.name]
    return tuple(map(str, range(n_targets) if names is None or len(names) != n_targets else names))
