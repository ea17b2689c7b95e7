"""ONNX models through ONNX Runtime: a session, a file, a ModelProto, what torch exports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, ModelError, of_the_model
from weighin._base.files import check_there
from weighin._base.optional import require
from weighin._metrics import Outputs
from weighin._models.function import label_numbers
from weighin._models.named_inputs import named_inputs, of_names
from weighin._models.protocol import Encoded
from weighin._models.table import TableModel, as_matrix
from weighin._tables.arrays import ArrayRows
from weighin._tables.features import Feature
from weighin._tables.frames import column_names, is_frame

_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_, "tensor(string)": object,
}  # fmt: skip


class OnnxModel(TableModel):
    """A model that ONNX Runtime runs.

    `model`: of inputs with a row per row: one matrix, or several matrices or columns by name. Where it takes a fixed
        number of rows, it is called with so many at a time.

    Of a label and probabilities the probabilities are read, of several other outputs the first.
    """

    def __init__(self, model: Any) -> None:
        self.session = _session(model)
        self.name = "onnx model"
        self._inputs = {entry.name: entry for entry in self.session.get_inputs()}
        self._output, kind = _output(self.session.get_outputs())
        self._zipped, self._labels = kind.startswith("seq"), kind in ("tensor(string)", "tensor(int64)")
        self._classes = _class_labels(model)

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Take one matrix, or a matrix or column for each input by name, in the types that the model takes."""
        names, inputs = None, list(self._inputs)
        if len(inputs) == 1 and is_frame(X):
            names = column_names(X)
        parts, features, keys = named_inputs(of_names(X, inputs), self.name)
        keys = keys or tuple(inputs)
        if len(keys) != len(inputs) or len(parts) != len(keys):
            raise InputError(f"The {self.name} takes {len(inputs)} inputs, {inputs}: give a dict of them.")
        cast = tuple(self._cast(part, key) for part, key in zip(parts, keys, strict=True))
        rows = ArrayRows(cast, keys)
        if names:
            features = tuple(Feature(name, (position,)) for position, name in enumerate(names))
        if self._zipped and not self._classes:
            self._classes = tuple(self._run(rows.take(slice(0, 2)))[0])
        target = None if y is None else self._target(y, rows.n_rows)
        return Encoded(rows, target, (), f"the {rows.n_rows:,} rows given", features)

    def outputs(self, response: str = "predict") -> Outputs:
        """Labels where it gives no more; classes where it names them. What numbers mean is seen from their values."""
        if self._labels:
            return Outputs("label", self._classes, why="as its output of whole numbers or text says")
        return Outputs("unknown", self._classes)

    def predict(self, rows: ArrayRows, response: str = "predict") -> NDArray[Any]:
        """What the model gives, as a matrix."""
        out = self._run(rows)
        if self._zipped:
            out = np.array([[row[label] for label in self._classes] for row in out], dtype=np.float64)
        if self._labels and (self.asked.classes or self._classes):
            return label_numbers(out, self.asked.classes or self._classes, self.name)
        return as_matrix(np.asarray(out).reshape(rows.n_rows, -1), self.name, rows.n_rows)

    def _cast(self, part: NDArray[Any], name: str) -> NDArray[Any]:
        entry = self._inputs[name]
        width = entry.shape[1] if len(entry.shape) > 1 else 1
        if isinstance(width, int) and width != part.shape[1]:
            raise InputError(
                f"The {self.name} takes {width} columns as {name!r}, got {part.shape[1]}: give those alone."
            )
        kind = _TYPES.get(entry.type)
        if kind is None:
            raise ModelError(
                f"The {self.name} takes {entry.type} as {name!r}; weighin gives it {', '.join(_TYPES)}."
            )
        try:
            return part.astype(str).astype(object) if kind is object else part.astype(kind)
        except (TypeError, ValueError) as error:
            raise InputError(f"The {self.name} takes {entry.type} as {name!r}: {error}.") from None

    def _run(self, rows: ArrayRows) -> Any:
        assert rows.keys is not None
        size = next((entry.shape[0] for entry in self._inputs.values() if entry.shape), None)
        inputs_by_name = dict(zip(rows.keys, rows.parts, strict=True))
        inputs_by_name = {
            name: part[:, 0] if len(self._inputs[name].shape) == 1 else part
            for name, part in inputs_by_name.items()
        }
        with of_the_model():
            if not isinstance(size, int):
                return self.session.run([self._output], inputs_by_name)[0]
            pieces = _pieces(inputs_by_name, rows.n_rows, size)
            outs = [self.session.run([self._output], piece)[0] for piece in pieces]
        joined = [row for out in outs for row in out] if self._zipped else np.concatenate(outs)
        return joined[: rows.n_rows]


def _pieces(
    inputs_by_name: dict[str, NDArray[Any]], n_rows: int, size: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """So many rows at a time; the last ones are filled up with the first row."""
    for start in range(0, n_rows, size):
        rows = np.arange(start, start + size)
        rows[rows >= n_rows] = 0
        yield {name: part[rows] for name, part in inputs_by_name.items()}


def _session(model: Any) -> Any:
    if hasattr(model, "get_inputs"):
        return model
    runtime = require("onnxruntime", "onnx", "run ONNX models")
    if isinstance(model, str | os.PathLike):
        check_there(Path(model))
        source: Any = os.fspath(model)
    else:
        source = getattr(model, "model_proto", model).SerializeToString()
    try:
        return runtime.InferenceSession(source, providers=["CPUExecutionProvider"])
    except Exception as error:
        # it has many ways to say so
        raise ModelError(f"ONNX Runtime cannot load the model: {str(error).splitlines()[0]}") from error


def _output(outputs: list[Any]) -> tuple[str, str]:
    """The output to read, and its type: numbers before labels."""
    numbers = [
        out
        for out in outputs
        if out.type.startswith("seq") or out.type in ("tensor(float)", "tensor(double)")
    ]
    chosen = (numbers or outputs)[0]
    return chosen.name, chosen.type


def _class_labels(model: Any) -> tuple[Any, ...]:
    """Labels of the classes that a classifier node of the graph holds, where the graph can be read."""
    # a session keeps where it came from, and nothing else of the graph
    stored = getattr(model, "_model_bytes", None) or getattr(model, "_model_path", model)
    if isinstance(stored, bytes | str | os.PathLike):
        try:
            import onnx
        except ImportError:
            return ()
        model = (
            onnx.load_from_string(stored)
            if isinstance(stored, bytes)
            else onnx.load(stored, load_external_data=False)
        )
    graph = getattr(getattr(model, "model_proto", model), "graph", None)
    mismatches = [
        tuple(value.decode() for value in entry.strings) or tuple(entry.ints)
        for node in getattr(graph, "node", ())
        for entry in node.attribute
        if entry.name.startswith("classlabels_") and (entry.strings or entry.ints)
    ]
    return mismatches[-1] if mismatches else ()
