"""Choose the adapter of a model by the name of its type, importing nothing the user has not."""

from __future__ import annotations

from typing import Any

from weighin._base.errors import ModelError
from weighin._models.protocol import Model

_TRIED = (
    "a fastai TabularLearner, a torch.nn.Module, an estimator with predict as in scikit-learn, a function from a "
    "table to predictions"
)


def as_model(model: Any, *, device: Any = None) -> Model:
    """Wrap a trained model for the engine.

    Parameters
    ----------
    model : fastai TabularLearner, torch.nn.Module, scikit-learn-style estimator, or callable
        Trained. skorch nets and pipelines are estimators.
    device : str or torch.device, optional
        Where to predict, for models of torch; where the model is by default.

    Raises
    ------
    ModelError
        If weighin cannot read the model; the message says what was tried.
    """
    if isinstance(model, type):
        raise ModelError(
            f"The class {model.__name__} was given; a trained model is needed, an instance of it."
        )
    kinds = {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(model).__mro__}
    if "fastai.Learner" in kinds:
        from weighin._models.fastai import FastaiModel

        return FastaiModel(model, device=device)
    if "torch.Module" in kinds:
        from weighin._models.torch import TorchModel

        return TorchModel(model, device=device)
    if device is not None:
        raise ModelError(f"device={device!r} is for models of torch, got {_type_name(model)}.")
    if "xgboost.Booster" in kinds:
        raise ModelError(
            "An xgboost.Booster predicts on a DMatrix, which has no columns to swap. Give an XGBRegressor, an "
            "XGBClassifier, or a function: weighin.weigh(lambda X: booster.predict(xgboost.DMatrix(X)), X, y)."
        )
    if hasattr(model, "predict"):
        from weighin._models.sklearn import SklearnModel

        return SklearnModel(model)
    if callable(model):
        from weighin._models.function import FunctionModel

        return FunctionModel(model)
    raise ModelError(f"weighin cannot read a model of type {_type_name(model)}. It reads {_TRIED}.")


def _type_name(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__name__}"
