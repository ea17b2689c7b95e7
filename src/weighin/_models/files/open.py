"""Open the file of a trained model, whatever wrote it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighin._base.errors import MissingDependencyError, ModelError, WeighinError, listing, nearest
from weighin._base.files import check_there
from weighin._models.files import exported, native, pickles

# raises where nobody trusts the file; gets the rest of a sentence about it
Trust = Callable[[str], None]
HINT = (
    "Or write a function that loads the model and predicts, and name it in place of the file: "
    "package.module:function."
)


@dataclass(frozen=True)
class Format:
    """A kind of file that holds a model.

    `what`: what such a file is, in words.
    `suffixes`: how its name ends.
    `read`: ``read(path, trust) -> model``; calls `trust` before it runs anything that is stored in the file.
    `needs`: modules it takes, and the packages that bring them.
    """

    what: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Trust], Any]
    needs: Mapping[str, str] = field(default_factory=dict)


FORMATS = (
    Format("a pickle", (".pkl", ".pickle", ".joblib"), pickles.read),
    Format("a file of PyTorch", (".pt", ".pth"), pickles.read_torch, {"torch": "torch"}),
    Format("a file of skops", (".skops",), pickles.read_skops, {"skops": "skops"}),
    Format("an ONNX model", (".onnx",), exported.read_onnx, {"onnxruntime": "onnxruntime"}),
    Format("a program of torch.export", (".pt2",), exported.read_program, {"torch": "torch"}),
    Format("a model of Keras", (".keras",), exported.read_keras, {"keras": "keras"}),
    Format("a model of XGBoost", (".json", ".ubj"), native.read_xgboost, {"xgboost": "xgboost"}),
    Format("a model of LightGBM", (".txt",), native.read_lightgbm, {"lightgbm": "lightgbm"}),
    Format("a model of CatBoost", (".cbm",), native.read_catboost, {"catboost": "catboost"}),
)
# what else is seen, and what to do about it
UNREAD = {
    ".safetensors": "holds the weights of a network without the network",
    ".ckpt": "is a checkpoint: the weights of a network without the network",
    ".h5": "is of an older Keras: keras.models.load_model(...).save('model.keras') writes what is read here",
    ".hdf5": "is of an older Keras: keras.models.load_model(...).save('model.keras') writes what is read here",
    ".model": "has a suffix that several libraries use; XGBoost's save_model('model.ubj') writes what is read here",
    ".pmml": "is PMML, which weighin does not read",
    ".pb": "is of TensorFlow: keras.Model.save('model.keras') writes what is read here",
}


def open_model(path: Path, trust: Trust) -> Any:
    """Open a file that holds a trained model.

    `path`: its suffix says which format it has. `trust`: called before code stored in the file would be run, with what
    there is to know; raises if nobody trusts it. Returns `model`: as its library gives it. Raises InputError if there
    is no such file. Raises UntrustedFileError if it would run code, and nobody trusts it. Raises MissingDependencyError
    if its library is not installed. Raises ModelError if it is of no format that is read, is damaged, or holds no
    model.
    """
    check_there(path)
    form = _format_of(path)
    for module, package in form.needs.items():
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError(
                f"'{path}' is {form.what}; {module} is needed to open it and is not installed: pip install {package}"
            )
    try:
        model = form.read(path, trust)
    except (KeyboardInterrupt, MemoryError, WeighinError):
        raise
    # what is stored may raise anything, and libraries written in Rust raise a BaseException of their own
    except BaseException as error:
        raise ModelError(f"'{path}' cannot be opened as {form.what}: {_reason(error)}") from error
    _check_model(path, model)
    return model


def _format_of(path: Path) -> Format:
    suffix = path.suffix.lower()
    for form in FORMATS:
        if suffix in form.suffixes:
            return form
    allowed = [suffix for form in FORMATS for suffix in form.suffixes]
    if suffix in UNREAD:
        raise ModelError(f"'{path}' {UNREAD[suffix]}. Read are {', '.join(allowed)}. {HINT}")
    raise ModelError(
        f"'{path}' has no suffix of a model that weighin opens: {', '.join(allowed)}.{nearest(suffix, allowed)} {HINT}"
    )


def _reason(error: BaseException) -> str:
    """Say in a line why something could not be opened, and what may help."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0]:.300}" if lines else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return (
            f"it needs the module {error.name!r}, which is not installed. Install it (pip install "
            f"{package}), or start weighin in the folder that holds it."
        )
    if isinstance(error, AttributeError) and "__main__" in text:
        return (
            f"{text}. Move what it names from the script or notebook to a module, and write the file again."
        )
    return text


def _check_model(path: Path, model: Any) -> None:
    """Refuse data and weights.

    Raises ModelError.
    """
    if hasattr(model, "predict") or callable(model):
        return
    kind = f"{type(model).__module__}.{type(model).__name__}".removeprefix("builtins.")
    holds = kind
    if isinstance(model, Mapping):
        holds = f"{kind} with {listing(model, 5)}" if model else f"an empty {kind}"
        if model and all(hasattr(value, "dtype") and hasattr(value, "shape") for value in model.values()):
            raise ModelError(
                f"'{path}' holds the weights of a network ({listing(model, 3)}), not the network. Save all of it: "
                f"torch.export.save(torch.export.export(net, ...), 'net.pt2'). {HINT}"
            )
    if hasattr(model, "inference") or "InferenceSession" in kind:
        return
    raise ModelError(f"'{path}' holds {holds}, not a model. {HINT}")
