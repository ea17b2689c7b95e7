"""Which number of a prediction is meant, where there are several."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest


def output_names(adapted: Any, width: int, votes: bool) -> tuple[list[str], str]:
    """Name the outputs of a model, and tell what they are: "probability", "vote", "target" or "output".

    Parameters
    ----------
    adapted : Model
    width : int
        Numbers per row.
    votes : bool
        Whether predicted labels stand for probabilities, a column for each class.
    """
    classes = getattr(adapted, "classes", None)
    if classes is not None and (votes or len(classes) == width):
        return [str(label) for label in np.asarray(classes).tolist()], "vote" if votes else "probability"
    learn = getattr(adapted, "learn", None)
    if learn is not None:
        to = learn.dls.train_ds
        categorize = [proc for proc in to.procs.fs if type(proc).__name__ == "Categorize"]
        vocab = list(categorize[0].vocab) if categorize else []
        if vocab and len(vocab) == width:
            return [str(label) for label in vocab], "probability"
        if not vocab and len(to.y_names) == width:
            return [str(name) for name in to.y_names], "target"
    return [""] if width == 1 else [f"output {position}" for position in range(width)], "output"


def described(name: str, kind: str) -> str:
    """Say what is predicted, in words that start a sentence."""
    if kind == "probability":
        return f"the probability of {name}"
    if kind == "vote":
        return f"how often {name} is predicted"
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
        classes = kind in ("probability", "vote")
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
