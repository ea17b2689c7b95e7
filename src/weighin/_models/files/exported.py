"""Networks that were exported: ONNX, torch.export, Keras."""

from __future__ import annotations

import importlib.util
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weighin._base.errors import ModelError
from weighin._models.files.archive import check_archive
from weighin._models.files.beside import check_opens

# makes every torch.load read weights alone
SAFE = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def read_onnx(path: Path, trust: Callable[[str], None]) -> Any:
    """Open an ONNX model on the CPU."""
    import onnxruntime

    check_opens(path, "an ONNX model", "import onnxruntime; onnxruntime.InferenceSession(sys.argv[1])")
    options = onnxruntime.SessionOptions()
    # warnings of the C++ library go to the terminal directly
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def read_program(path: Path, trust: Callable[[str], None]) -> Any:
    """Read a program that torch.export saved, as a module; constants that are pickles only if somebody trusts them."""
    import torch

    from weighin._models.files.program import Program

    check_archive(path, "a program of torch.export")
    with zipfile.ZipFile(path) as archive:
        if not any(
            "models/" in name or name.endswith("serialized_exported_program.json")
            for name in archive.namelist()
        ):
            raise ModelError(f"'{path}' is not a program of torch.export: torch.export.save writes one.")
    try:
        with _weights_alone():
            program = torch.export.load(path)
    except Exception as error:
        if not _is_refused_pickle(error):
            raise
        trust("holds pickles: opening it runs the code stored in it.")
        program = torch.export.load(path)
    return Program(program)


def read_keras(path: Path, trust: Callable[[str], None]) -> Any:
    """Read a model of Keras 3; functions stored as code only if somebody trusts them."""
    check_archive(path, "a model of Keras")
    if "KERAS_BACKEND" not in os.environ and importlib.util.find_spec("tensorflow") is None:
        # Keras takes TensorFlow by default, there or not
        os.environ["KERAS_BACKEND"] = "jax" if importlib.util.find_spec("torch") is None else "torch"
    import keras

    # it warns of optimizers that nobody trains with here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return keras.models.load_model(path, safe_mode=True)
        except ValueError as error:
            if "safe_mode" not in str(error):
                raise
            trust("holds a function as code: opening it runs that code.")
            return keras.models.load_model(path, safe_mode=False)


@contextmanager
def _weights_alone() -> Iterator[None]:
    before = os.environ.get(SAFE)
    os.environ[SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE]
        else:
            os.environ[SAFE] = before


def _is_refused_pickle(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, pickle.UnpicklingError):
            return True
        error = error.__cause__ or error.__context__
    return False
