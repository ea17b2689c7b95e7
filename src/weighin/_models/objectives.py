"""What an estimator says of its outputs: by its kind, and by the objective or loss it was trained with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import (
    ClassifierMixin,
    ClusterMixin,
    OutlierMixin,
    RegressorMixin,
    is_classifier,
    is_clusterer,
    is_outlier_detector,
    is_regressor,
)

from weighin._metrics import Outputs, tweedie

GAMMA = "mean_gamma_deviance"
# by their names, of XGBoost, LightGBM, CatBoost, scikit-learn, Keras and torch, in small letters without separators
_COUNTS = ("countpoisson", "poisson", "poissonregressor", "poissonnllloss")
_GAMMAS = ("reggamma", "gamma", "gammaregressor")
_TWEEDIES = ("regtweedie", "tweedie", "tweedieregressor")
_QUANTILES = ("regquantileerror", "quantile", "multiquantile", "quantileregressor", "pinballloss")
_PROBABILITIES = (
    "reglogistic", "binarylogistic", "binary", "crossentropy", "multiclass", "multiclassova", "multisoftprob",
    "logloss", "binarycrossentropy", "categoricalcrossentropy", "sparsecategoricalcrossentropy",
    "binaryfocalcrossentropy", "categoricalfocalcrossentropy",
)  # fmt: skip
_LABELS = ("multisoftmax", "binaryhinge")
_LOGITS = ("binarylogitraw", "crossentropyloss", "bcewithlogitsloss", "nllloss")
_NUMBERS = (
    "mseloss", "l1loss", "huberloss", "smoothl1loss", "meansquarederror", "meanabsoluteerror", "mse", "mae", "rmse",
    "mape", "msle", "huber", "logcosh", "regsquarederror", "regabsoluteerror", "regpseudohubererror",
    "regsquaredlogerror", "regression", "regressionl1",
)  # fmt: skip


def of_objective(objective: Any, *, level: Any = None, power: Any = None) -> Outputs:
    """What outputs mean of a model that was trained with an objective or a loss of that name.

    `objective`: as its framework writes it: "count:poisson", "Quantile:alpha=0.9", "CrossEntropyLoss". `level`: of the
    quantiles, where the name does not hold them. `power`: of the variance, for Tweedie, likewise. Returns Of kind
    "unknown" where nothing follows from the name.
    """
    name, options = _taken_apart(str(objective))
    why = f"as its objective {objective} says"
    if name in _COUNTS:
        return Outputs("count", why=why)
    if name in _GAMMAS:
        return Outputs("number", loss=GAMMA, why=why)
    if name in _TWEEDIES:
        power = float(options.get("variance_power", 1.5 if power is None else power))
        usual: dict[float, Any] = {0: "", 1: "mean_poisson_deviance", 2: GAMMA}
        return Outputs("number", loss=usual.get(power, tweedie(power)), why=why)
    if name in _QUANTILES:
        level = options.get("alpha", level)
        levels = (
            level.split(",") if isinstance(level, str) else np.atleast_1d(0.5 if level is None else level)
        )
        return Outputs("quantile", levels=tuple(map(float, levels)), why=why)
    if name in _PROBABILITIES:
        return Outputs("probability", why=why)
    if name in _LOGITS:
        return Outputs("logit", why=why)
    if name in _LABELS:
        return Outputs("label", why=why)
    return Outputs("number", why=why) if name in _NUMBERS else Outputs()


def _taken_apart(objective: str) -> tuple[str, Mapping[str, str]]:
    """The name in small letters, and CatBoost's options behind it: "Quantile:alpha=0.1;..."."""
    name, _, after = objective.partition(":")
    if "=" not in after:
        name, after = objective, ""
    options = dict(part.split("=", 1) for part in after.replace(";", ":").split(":") if "=" in part)
    return "".join(filter(str.isalnum, name)).lower(), options


def inner(estimator: Any) -> Iterator[Any]:
    """An estimator, then what predicts inside it, of pipelines and searches and frozen ones."""
    seen: set[int] = set()
    while id(estimator) not in seen:
        seen.add(id(estimator))
        yield estimator
        steps = getattr(estimator, "steps", None)
        if isinstance(steps, list) and steps:
            estimator = steps[-1][1]
        estimator = getattr(estimator, "best_estimator_", estimator)
        if type(estimator).__name__ == "FrozenEstimator":
            estimator = estimator.estimator


def kind_of(estimator: Any) -> str:
    """Classifier, clusterer, outlier detector, regressor, or "" where none of its classes says so."""
    kinds: list[tuple[str, Any, type]] = [
        ("classifier", is_classifier, ClassifierMixin),
        ("clusterer", is_clusterer, ClusterMixin),
        ("outlier_detector", is_outlier_detector, OutlierMixin),
        ("regressor", is_regressor, RegressorMixin),
    ]
    for name, asks, mixin in kinds:
        for part in inner(estimator):
            # with BaseEstimator before the mixin, scikit-learn's tags know nothing of it
            if isinstance(part, mixin) or getattr(part, "_estimator_type", "") == name or _says(asks, part):
                return name
    return ""


def _says(asks: Any, estimator: Any) -> bool:
    try:
        return bool(asks(estimator))
    except (AttributeError, TypeError):
        return False


def outputs_of(estimator: Any) -> Outputs:
    """What an estimator that is no classifier says of its predictions."""
    last = list(inner(estimator))[-1]
    package = type(last).__module__.partition(".")[0]
    said = Outputs()
    if package in ("xgboost", "lightgbm", "sklearn"):
        options = _parameters(last)
        objective = options.get("objective" if package != "sklearn" else "loss")
        if package == "sklearn" and type(last).__name__.endswith("Regressor"):
            names = (type(last).__name__, objective)
            objective = next((name for name in names if of_objective(name).kind != "unknown"), "")
        level = options.get("quantile_alpha", options.get("quantile", options.get("alpha")))
        power = options.get("tweedie_variance_power", options.get("power"))
        said = of_objective(objective, level=level, power=power) if isinstance(objective, str) else said
    elif package == "catboost":
        said = of_objective(_parameters(last).get("loss_function") or "")
    elif package == "skorch":
        said = _of_net(last)
    if said.kind != "unknown":
        return said
    return Outputs("number", why="as it is a regressor") if kind_of(estimator) == "regressor" else said


def _parameters(estimator: Any) -> dict[str, Any]:
    try:
        return dict(estimator.get_params(deep=False))
    except (AttributeError, TypeError, NotImplementedError):
        return {}


def _of_net(net: Any) -> Outputs:
    """Of a skorch net: by its criterion, after the non-linearity that goes with it."""
    said = of_loss(getattr(net, "criterion_", None))
    if said.kind == "logit" and getattr(net, "predict_nonlinearity", None) == "auto":
        name = type(net.criterion_).__name__
        if name in ("CrossEntropyLoss", "BCEWithLogitsLoss"):
            return Outputs("probability", why=said.why)
    return said


def of_loss(loss: Any) -> Outputs:
    """What outputs mean of a module that was trained with a loss of torch."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(loss, torch.nn.Module):
        return Outputs()
    name = type(loss).__name__
    if name == "BCELoss":
        return Outputs("probability", why="as its loss BCELoss says")
    if name == "PoissonNLLLoss" and loss.log_input:
        return Outputs()
    outputs = of_objective(name)
    return Outputs(outputs.kind, why=f"as its loss {name} says") if outputs.kind != "unknown" else outputs
