"""Which number of a prediction is meant, where there are several."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._models import Outputs


def output_names(outputs: Outputs, width: int) -> tuple[list[str], str]:
    """Name the outputs of a model, and say what they are: "probability", "vote", "logit", "target" or "output".

    Parameters
    ----------
    outputs : Outputs
        What the model says of them; predicted labels get a column for each class.
    width : int
        Numbers per row.
    """
    if outputs.classes and outputs.kind == "label":
        return [str(label) for label in outputs.classes], "vote"
    if len(outputs.classes) == width and outputs.kind in ("probability", "logit"):
        return [str(label) for label in outputs.classes], outputs.kind
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


def choose_output(output: Any, names: Sequence[str], kind: str, mean: NDArray[np.float64]) -> tuple[int, str]:
    """Find the output asked for; give its place, and a remark where nobody asked and there are several.

    Raises
    ------
    InputError
        On an unknown output.
    """
    if output is None:
        if len(names) == 1:
            return 0, ""
        classes = kind in ("probability", "vote", "logit")
        if classes and len(names) == 2:
            return 1, ""
        if classes:
            place = int(np.argmax(mean))
            why = "the class that is predicted most"
        else:
            place, why = 0, "the first"
        return (
            place,
            f"Of {len(names)} outputs ({listing(names)}) this is {names[place]!r}, {why}: output= chooses.",
        )
    if isinstance(output, numbers.Integral) and not isinstance(output, bool) and str(output) not in names:
        if 0 <= int(output) < len(names):
            return int(output), ""
        raise InputError(f"output must be from 0 to {len(names) - 1}, got {output}.")
    if str(output) in names:
        return list(names).index(str(output)), ""
    known = f"Outputs: {listing(names, 40)}." if names != [""] else "The model has one output: leave it out."
    raise InputError(f"Unknown output {output!r}.{nearest(output, names)} {known}")


def ballots(pred: NDArray[np.float64], n_classes: int) -> NDArray[np.float64]:
    """Turn predicted class numbers into a column for each class: 1 for the one predicted."""
    return (pred == np.arange(n_classes)).astype(np.float64)
