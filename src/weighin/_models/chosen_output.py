"""Which number of a prediction is meant, where there are several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import is_whole
from weighin._base.errors import InputError, listing, nearest
from weighin._metrics import Outputs


@dataclass(frozen=True)
class ChosenOutput:
    """The number of a prediction that is looked at, and what rows have there as they are.

    `place`: Among the numbers of a row.
    `name`, `what`: Its name, "" where it has none; and what is predicted, in words that start a sentence.
    `remark`: For the reader, where nobody asked and there are several.
    `mean`, `spread`: Of the predictions: their mean, and the distance between their 2.5% and their 97.5% quantile.
    """

    place: int
    name: str
    what: str
    remark: str
    mean: float
    spread: float


def choose_output(choice: Any, outputs: Outputs, predicted: NDArray[np.float64]) -> ChosenOutput:
    """Find the output asked for.

    `choice`: Name or place; None for the usual one.
    `outputs`: What the model says of them.
    `predicted`, ndarray of shape (n_rows, n_outputs): Of rows as they are.

    Raises InputError: on an unknown output.
    """
    names, kind = output_names(outputs, predicted.shape[-1])
    place, remark = _place(choice, names, kind, predicted.mean(0))
    own = predicted[:, place].astype(np.float64)
    return ChosenOutput(
        place=place,
        name=names[place],
        what=described(names[place], kind),
        remark=remark,
        mean=float(own.mean()),
        spread=float(np.ptp(np.quantile(own, [0.025, 0.975]))),
    )


def output_names(outputs: Outputs, width: int) -> tuple[list[str], str]:
    """Name the outputs of a model, and say what they are: "probability", "vote", "logit", "target" or "output".

    `outputs`: What the model says of them; predicted labels get a column for each class.
    `width`: Numbers per row.
    """
    if outputs.classes and outputs.kind == "label":
        return [str(label) for label in outputs.classes], "vote"
    if len(outputs.classes) == width and outputs.kind in ("probability", "logit"):
        return [str(label) for label in outputs.classes], outputs.kind
    if width == 1 and len(outputs.classes) == 2 and outputs.kind in ("probability", "logit"):
        return [str(outputs.classes[1])], outputs.kind
    if outputs.levels and len(outputs.levels) == width:
        return [f"the {level:g} quantile" for level in outputs.levels], "output"
    if len(outputs.targets) == width:
        return list(outputs.targets), "target"
    return [""] if width == 1 else [f"output {position}" for position in range(width)], "output"


def described(name: str, kind: str) -> str:
    """Say what is predicted, in words that start a sentence."""
    if kind == "probability":
        return f"the probability of {name}"
    if kind == "vote":
        return f"how often {name} is predicted"
    if kind == "logit":
        return f"the output for {name}"
    return f"the predicted {name}" if kind == "target" else name or "the prediction"


def _place(choice: Any, names: Sequence[str], kind: str, mean: NDArray[np.float64]) -> tuple[int, str]:
    """Give the place of an output, and a remark where nobody asked and there are several."""
    if choice is None:
        if len(names) == 1:
            return 0, ""
        classes = kind in ("probability", "vote", "logit")
        if classes and len(names) == 2:
            return 1, ""
        if classes:
            place = int(np.argmax(mean))
            why = "the class with the largest mean prediction"
        else:
            place, why = 0, "the first"
        return (
            place,
            f"Of {len(names)} outputs ({listing(names)}), this is {names[place]!r}, {why}; choose another "
            "with output=.",
        )
    if is_whole(choice) and str(choice) not in names:
        if 0 <= int(choice) < len(names):
            return int(choice), ""
        raise InputError(f"output must be from 0 to {len(names) - 1}, got {choice}.")
    if str(choice) in names:
        return list(names).index(str(choice)), ""
    choices = (
        f"Outputs: {listing(names, 40)}." if names != [""] else "The model has one output: leave it out."
    )
    raise InputError(f"Unknown output {choice!r}.{nearest(choice, names)} {choices}")


def ballots(pred: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Turn predicted class numbers into a column for each class: 1 for the one predicted."""
    return (pred == np.arange(n_classes)).astype(np.float64)
