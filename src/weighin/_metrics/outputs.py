"""What the numbers of a prediction mean, and the probabilities, labels and logits that can be read from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from weighin._base.errors import InputError, listing, nearest

Kind = Literal["unknown", "number", "count", "quantile", "probability", "logit", "label"]
KINDS = tuple(kind for kind in get_args(Kind) if kind != "unknown")
CLASS_KINDS = ("probability", "logit", "label")


@dataclass(frozen=True)
class Outputs:
    """What the numbers of a prediction mean, on the scale that a user sees.

    Attributes
    ----------
    kind : {"unknown", "number", "count", "quantile", "probability", "logit", "label"}
        "unknown" where the model does not say; "label" for class numbers that are predicted.
    classes : tuple
        Label of each class, in the order of the outputs or of the class numbers; empty where there are none or they
        are not known. One probability or logit alone is that of the second of two.
    targets : tuple of str
        Name of each target that is predicted, in the order of the outputs; empty where they are not known.
    levels : tuple of float
        Of quantiles, in the order of the outputs, each between 0 and 1.
    loss : str or Metric
        The metric to take where none is named: "mean_poisson_deviance"; empty for the one that fits the kind.
    clusters : bool
        Whether labels are those of clusters, which a target has not.
    parts : tuple of Outputs
        Of several targets that are classes: what each means, in the order of their outputs.
    n_outputs : int
        Numbers per row; 0 where that is not known.
    why : str
        How it is known, to follow a comma: "as its objective binary:logistic says".
    guess : bool
        Whether `why` has to be told: neither the user nor the model said it.
    """

    kind: Kind = "unknown"
    classes: tuple[Any, ...] = ()
    targets: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    loss: Any = ""
    clusters: bool = False
    parts: tuple[Outputs, ...] = ()
    n_outputs: int = 0
    why: str = ""
    guess: bool = False

    @property
    def of_classes(self) -> bool:
        """Whether they speak of classes."""
        return self.kind in CLASS_KINDS

    def __str__(self) -> str:
        """What they are, in words: "probabilities of 'no', 'yes'"."""
        if self.kind == "quantile":
            return (
                f"quantile{'s' * (len(self.levels) > 1)} {', '.join(f'{level:g}' for level in self.levels)}"
            )
        name = {"probability": "probabilities", "label": "clusters" if self.clusters else "predicted labels"}
        words = name.get(self.kind, f"{self.kind}s")
        return f"{words} of {listing(self.classes)}" if self.classes and not self.clusters else words


def asked_outputs(outputs: Any, classes: Any) -> Outputs:
    """Read what the user said of the outputs.

    `outputs`: one of the kinds; a quantile with its level or levels, as in "quantile:0.9" or "quantile:0.1,0.5,0.9".
    `classes`: labels of the classes. Raises InputError on an unknown kind, a level that is none, a class that is there
    twice or alone.
    """
    kind, _, after = outputs.partition(":") if isinstance(outputs, str) else (outputs, "", "")
    if outputs is not None and (kind not in KINDS or (after and kind != "quantile")):
        raise InputError(
            f"outputs must be one of {listing(KINDS)}, got {outputs!r}.{nearest(kind, KINDS)} A quantile "
            "needs its level: 'quantile:0.9'."
        )
    levels = _levels(outputs, after) if kind == "quantile" else ()
    labels: tuple[Any, ...] = ()
    if classes is not None:
        if isinstance(classes, str | bytes | dict | set) or not np.ndim(list(classes)) == 1:
            raise InputError(
                f"classes must list a label for each class, in the order of the outputs, got {classes!r}."
            )
        labels = tuple(label.item() if isinstance(label, np.generic) else label for label in classes)
        if len(set(labels)) < len(labels) or len(labels) < 2:
            raise InputError(f"classes must hold two or more different labels, got {listing(labels)}.")
        if kind is not None and kind not in CLASS_KINDS:
            raise InputError(f"classes= goes with outputs= {listing(CLASS_KINDS)}, got {outputs!r}.")
    return Outputs(
        cast("Kind", kind or "unknown"), labels, levels=levels, why="as outputs= says" if kind else ""
    )


def _levels(outputs: str, after: str) -> tuple[float, ...]:
    try:
        levels = tuple(float(level) for level in after.split(","))
    except ValueError:
        levels = ()
    if not levels or not all(0 < level < 1 for level in levels):
        raise InputError(
            f"A quantile needs its level, between 0 and 1: outputs='quantile:0.9', or several in the order of the "
            f"outputs, 'quantile:0.1,0.5,0.9'; got {outputs!r}."
        )
    return levels
