"""The scale on which features add up or do not: raw scores of classes where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin._engine.pair_means import Scale
from weighin._metrics import Outputs, as_numpy
from weighin._models import Model, declared
from weighin._models.chosen_output import ballots
from weighin._models.protocol import Encoded
from weighin._models.raw_scores import RAW_SCORE, raw_scores

# rows predicted to see whether predictions are raw scores
FEW_ROWS = 64
ON_PROBABILITIES = (
    "The model gives probabilities and no raw scores: features that only add up on the scale of log odds act together "
    "on that of probabilities."
)


@dataclass(frozen=True)
class Measured:
    """What of a model is measured.

    `response`: the method that predicts.
    `scale`: from its predictions to the numbers whose moves are measured.
    `what`: what these are, in words.
    `notes`: what a reader must know of that.
    """

    response: str
    scale: Scale
    what: str
    notes: tuple[str, ...] = ()


def measured(model: Model, data: Encoded) -> Measured:
    """Choose the raw scores of classes, where the model gives them; else what a user sees."""
    context = model.metric_context(data)
    meant = declared(model, context.response)
    decides = hasattr(getattr(model, "estimator", None), "decision_function")
    raw = raw_scores(getattr(model, "estimator", None)) is not None
    if raw and meant.of_classes and model.asked.kind != "label":
        return Measured(RAW_SCORE, centred, "the raw score")
    if decides and meant.of_classes and not meant.clusters and model.asked.kind != "label":
        return Measured("decision_function", centred, "the decision function")
    if meant.kind == "label" and meant.classes and not meant.parts:
        n_classes = len(meant.classes)
        return Measured(
            context.response, lambda pred: ballots(pred, n_classes), "how often a class is predicted"
        )
    if meant.kind == "logit" or (meant.kind == "probability" and _is_raw(model, data, context.response)):
        return Measured(context.response, centred if _of_classes(meant) else unchanged, "the logits")
    if meant.kind == "probability":
        return Measured(context.response, model.to_user_scale, "the probabilities", (ON_PROBABILITIES,))
    return Measured(context.response, model.to_user_scale, "the prediction")


def unchanged(pred: Any) -> Any:
    """Predictions as they are."""
    return pred


def centred(pred: Any) -> Any:
    """Scores of classes less their mean over the classes, which no probability depends on."""
    return pred if pred.shape[-1] == 1 else pred - pred.mean(-1)[..., None]


def _of_classes(meant: Outputs) -> bool:
    """Whether outputs are those of the classes of one target, which only count beside each other."""
    return not meant.parts


def _is_raw(model: Model, data: Encoded, response: str) -> bool:
    """Whether what the model predicts are scores that probabilities are made of."""
    from weighin._base.random_state import random_state_kept

    with random_state_kept(), model.predicting():
        pred = model.predict(data.rows.take(slice(0, FEW_ROWS)), response)
    return not np.array_equal(as_numpy(pred), as_numpy(model.to_user_scale(pred)))
