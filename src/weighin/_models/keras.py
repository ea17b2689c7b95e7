"""Keras models of any backend: one matrix, or inputs by name; the compiled loss says what outputs mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError, of_the_model
from weighin._metrics import Outputs
from weighin._models.named_inputs import named_inputs, of_names
from weighin._models.objectives import of_objective
from weighin._models.protocol import Encoded
from weighin._models.table import TableModel, as_matrix
from weighin._tables.arrays import ArrayRows


class KerasModel(TableModel):
    """A keras.Model of one output.

    `model`: called with ``training=False``.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.name = f"keras {type(model).__name__}"
        inputs = getattr(model, "inputs", None) or []
        self._ranks = {tensor.name.partition(":")[0]: len(tensor.shape) for tensor in inputs}

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take a matrix, a frame, or a dict or list of them, one for each input."""
        parts, features, keys = named_inputs(of_names(X, list(self._ranks)), self.name)
        rows = ArrayRows(
            tuple(part.astype(np.float32) if part.dtype == float else part for part in parts), keys
        )
        notes: tuple[str, ...] = ()
        if y is not None and np.ndim(y) == 2 and _loss_name(self.model).startswith("categorical"):
            flags = np.asarray(y)
            if flags.shape[1] > 1 and bool((flags.sum(1) == 1).all()):
                y, notes = (
                    flags.argmax(1),
                    ("y has a column for each class: the one that is 1 is the target.",),
                )
        target = None if y is None else self._target(y, rows.n_rows)
        return Encoded(rows, target, notes, f"the {rows.n_rows:,} rows given", features)

    def outputs(self, response: str = "predict") -> Outputs:
        """What the loss says that the model was compiled with."""
        name = _loss_name(self.model)
        why = f"as its loss {name} says"
        said = of_objective(name)
        if said.kind != "probability":
            return replace(said, why=why)
        loss = getattr(self.model, "loss", None)
        logits = getattr(loss, "from_logits", getattr(loss, "_fn_kwargs", {}).get("from_logits", False))
        return Outputs("logit" if logits else "probability", why=why)

    def predicting(self) -> AbstractContextManager[None]:
        """No gradients, where the backend is torch."""
        return _without_gradients() if sys.modules["keras"].backend.backend() == "torch" else nullcontext()

    def predict(self, rows: ArrayRows, response: str = "predict") -> NDArray[Any]:
        """What the model gives, as a matrix."""
        import keras

        model_inputs: Any = (
            rows.parts[0] if rows.keys is None else dict(zip(rows.keys, rows.parts, strict=True))
        )
        if isinstance(model_inputs, dict):
            model_inputs = {
                key: part[:, 0] if self._ranks.get(key) == 1 else part for key, part in model_inputs.items()
            }
        with of_the_model():
            out = self.model(model_inputs, training=False)
        if isinstance(out, list | tuple | dict):
            if len(out) != 1:
                raise ModelError(
                    f"The {self.name} has {len(out)} outputs. Weigh one: keras.Model(model.inputs, model.outputs[0])."
                )
            out = next(iter(out.values())) if isinstance(out, dict) else out[0]
        return as_matrix(keras.ops.convert_to_numpy(out).reshape(rows.n_rows, -1), self.name, rows.n_rows)


def _loss_name(model: Any) -> str:
    """In small letters without separators; empty for a model that was not compiled."""
    loss = getattr(model, "loss", None)
    if loss is None or isinstance(loss, dict | list):
        return ""
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return "".join(filter(str.isalnum, name)).lower()


@contextmanager
def _without_gradients() -> Iterator[None]:
    import torch

    with torch.no_grad():
        yield
