"""Choose the adapter of a model by the name of its type, importing nothing the user has not."""

from __future__ import annotations

from typing import Any

from weighin._errors import ModelError
from weighin._models._base import Model


def as_model(model: Any, *, device: Any = None) -> Model:
    """Wrap a trained model for the engine.

    Parameters
    ----------
    model : fastai TabularLearner
        Live, or loaded with ``load_learner``.
    device : str or torch.device, optional
        Where to predict; where the model is, by default.

    Raises
    ------
    ModelError
        If weighin cannot read the model; the message says what was tried.
    """
    kinds = {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(model).__mro__}
    if "fastai.Learner" in kinds:
        from weighin._models._fastai import FastaiModel

        return FastaiModel(model, device=device)
    if isinstance(model, type):
        raise ModelError(f"The class {model.__name__} was given; weigh needs a trained model, an instance of it.")
    raise ModelError(
        f"weighin cannot read a model of type {type(model).__module__}.{type(model).__name__}. "
        "It reads fastai's TabularLearner."
    )
