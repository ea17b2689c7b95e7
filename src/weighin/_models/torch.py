"""Any torch module: on a matrix, on several tensors, or on a dict of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from weighin._base.errors import InputError, ModelError, of_the_model
from weighin._base.random_state import random_state_kept
from weighin._metrics import Kind, MetricContext, Outputs
from weighin._models.function import label_numbers
from weighin._models.meaning import LOOK_ROWS, Meaning, class_codes, declared, target_names
from weighin._models.protocol import Encoded
from weighin._models.raw_columns import of_arrays
from weighin._models.table import HOW_CLASSES, as_array
from weighin._models.tensor_split import TensorSplit, split_of, works_row_by_row
from weighin._models.torch_inputs import (
    Without,
    by_signature,
    call_by_name,
    describe_levels,
    matrices,
    numbers_of,
    tensor_to_numpy,
)
from weighin._models.torch_outputs import (
    has_members,
    last_activation,
    loss_inside,
    mean_of_members,
    tensor_of,
    which_tensor,
)
from weighin._models.torch_state import cached_rows, evaluating, module_device, usable_device
from weighin._tables.arrays import ArrayRows
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.mover import Mover


class TorchModel:
    """A ``torch.nn.Module``; left as found: mode, gradients, hooks, device.

    `module`: called with one tensor, several, or keywords, as `X` says.
    `device`: where to predict; where the module is by default.
    `name`: what to call it.

    `X` may be a matrix or a data frame of numbers (the module gets one float tensor), a tuple or list of matrices
    (one tensor each, integers kept), or a dict of them: keywords, or the dict itself for a module of one argument
    that has none of these names. A data frame for a module of two inputs such as `x_cat` and `x_cont` is taken apart:
    whole numbers and categories are levels. An input may be None. Of several outputs in a tuple, list or dict the
    first tensor is read, of a dict
    "logits" before others. Of the members that TabM has for each row the mean is taken, of their probabilities where
    they are logits.
    """

    asked = Outputs()

    def __init__(self, module: torch.nn.Module, *, device: Any = None, name: str | None = None) -> None:
        # wrapped, where what it takes has to be put together
        self.own = self.module = module
        self.device = usable_device(device) if device is not None else module_device(module)
        self.name = name or f"torch {type(module).__name__}"
        self.parallel, self.row_by_row = self.device.type == "cpu", works_row_by_row(module)
        self._members = has_members(module)
        # what the members of a row give: "number", or "logit", whose probabilities are averaged
        self._scale: Literal["", "number", "logit"] = ""

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Turn `X` into tensors on the module's device, and `y` into a matrix."""
        if X is None:
            raise InputError(f"X is needed: {self.name} carries no rows of its own.")
        X, absent, note = by_signature(X, self.own)
        self.module = Without(self.own, absent) if absent else self.own
        inputs, names, keys = matrices(X)
        one_matrix = not isinstance(X, Mapping | list | tuple)
        parts = []
        for values, part_names in zip(inputs, names, strict=True):
            tensor = torch.from_numpy(numbers_of(values, part_names))
            tensor = tensor.to(self._dtype) if tensor.is_floating_point() or one_matrix else tensor
            parts.append(tensor)
        flat = [name for part_names in names for name in part_names]
        features = tuple(Feature(name, (position,)) for position, name in enumerate(flat))
        return self._encoded(parts, keys, features, y, note)

    def _encoded(
        self,
        parts: Sequence[Tensor],
        keys: tuple[str, ...] | None,
        features: tuple[Feature, ...],
        y: Any,
        note: str = "",
    ) -> Encoded:
        """Put tensors on the module's device, and the target beside them."""
        n_rows = len(parts[0])
        if any(len(part) != n_rows for part in parts):
            raise InputError(
                "All inputs must have the same number of rows, got "
                f"{', '.join(str(len(part)) for part in parts)}."
            )
        if n_rows < 2:
            raise InputError(f"Swapping values needs at least 2 rows, got {n_rows}.")
        precise = self._dtype if self._dtype == torch.float64 else torch.float32
        target = None if y is None else _target(y, n_rows, self.device, precise, declared(self).classes)
        columns = () if target is None else target_names(y, target.shape[1])
        rows = ArrayRows(tuple(part.to(self.device) for part in parts), keys)
        what, notes = f"the {n_rows:,} rows given", (*((note,) if note else ()), *self._look(rows, target))
        return Encoded(rows, target, notes, what, features, targets=columns)

    @property
    def _dtype(self) -> torch.dtype:
        return next((p.dtype for p in self.own.parameters() if p.is_floating_point()), torch.float32)

    def _look(self, rows: ArrayRows, target: Tensor | None) -> tuple[str, ...]:
        """See in what form the module gives its outputs; say which part is read, and on what scale members are."""
        with random_state_kept(), self.predicting(), torch.inference_mode():
            # of one row where memory does not hold two
            for n_rows in (2, 1):
                try:
                    out = _called(self.module, rows.take(slice(0, n_rows)))
                    break
                except (RuntimeError, MemoryError):
                    if n_rows == 1:
                        raise
        read = tensor_of(out, n_rows)
        notes = [which_tensor(out)]
        if self._members and read.ndim == 3:
            if not self._scale:
                self._scale = _scale_of_members(self.name, self.asked, read, target)
            if self._scale == "logit":
                self.asked = replace(self.asked, kind="probability")
            what = (
                "probabilities, softmax or sigmoid of their logits," if self._scale == "logit" else "outputs"
            )
            notes.append(f"Of each row, {read.shape[1]} members predict: the mean of their {what} is read.")
        return tuple(filter(None, notes))

    def outputs(self, response: str = "predict") -> Outputs:
        """Nothing is known of them, but for averages of members."""
        kinds: dict[str, Kind] = {"logit": "probability", "number": "number", "": "unknown"}
        return Outputs(kinds[self._scale])

    def raw_columns(
        self, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
    ) -> tuple[Column, ...]:
        """Columns of the module's inputs."""
        assert isinstance(data.rows, ArrayRows)
        return of_arrays(data.rows, features)

    def mover(self, data: Encoded, X: Any) -> Mover:
        """The module's inputs take numbers as they are."""
        assert isinstance(data.rows, ArrayRows)
        return Mover.of(data.rows, data.features)

    def metric_context(self, data: Encoded) -> MetricContext:
        """Metrics that fit what the outputs mean; several that are no probabilities are logits of classes."""
        return Meaning(self, data, self._last_layer, logits=True).context(device=self.device)

    def _last_layer(self, data: Encoded) -> Outputs:
        """What the layer that ran last says, on all rows, or the loss that the module holds."""
        rows = data.rows

        def call(start: int) -> Tensor:
            part = rows.take(slice(start, min(start + LOOK_ROWS, rows.n_rows)))
            return tensor_of(_called(self.module, part), part.n_rows)

        def calls() -> Iterator[Callable[[], Tensor]]:
            return (partial(call, start) for start in range(0, rows.n_rows, LOOK_ROWS))

        with random_state_kept(), self.predicting(), torch.inference_mode():
            if self._scale:
                return Outputs()
            last = last_activation(self.module, calls())
            return last if last.kind != "unknown" else loss_inside(self.own, calls())

    def chunk_rows(self, rows: ArrayRows) -> int:
        """As many as keep the widest layer in cache."""
        return cached_rows(self.module, rows.take(slice(0, 4)), self.predict)

    def split(self, rows: Any) -> TensorSplit | None:
        """Read the module as a sum of parts under a head, where it is one."""
        return split_of(self.module, rows, self._outputs)

    def predicting(self) -> AbstractContextManager[None]:
        """Evaluation mode and no gradients, until the block ends."""
        return evaluating(self.module, self.device)

    # threads of the engine enter inference mode here
    @torch.inference_mode()
    def predict(self, rows: ArrayRows, response: str = "predict") -> Tensor:
        """What the module gives, as a matrix."""
        return self._outputs(self.module, rows)

    def _outputs(self, module: Any, rows: ArrayRows) -> Tensor:
        out = tensor_of(_called(module, rows), rows.n_rows)
        if out.dtype not in (torch.float32, torch.float64):
            # what is measured is added up: half precision would do that to three digits
            out = out.float()
        if rows.n_rows == 1 and out.ndim < 2:
            # its axis may have been squeezed away
            return out.reshape(1, -1)
        if out.ndim == 0:
            raise ModelError(f"The module gave one number for {rows.n_rows} rows; one per row is needed.")
        if self._scale and out.ndim == 3:
            out = mean_of_members(out, self._scale)
        if self.asked.kind == "label" and self.asked.classes:
            return torch.from_numpy(label_numbers(out.cpu(), self.asked.classes, self.name)).to(out)
        return out[:, None] if out.ndim == 1 else out.flatten(1)

    def to_user_scale(self, pred: Tensor) -> Tensor:
        """Nothing to do: the module's outputs are what its user sees."""
        return pred


def _scale_of_members(
    name: str, requested: Outputs, out: Tensor, target: Tensor | None
) -> Literal["number", "logit"]:
    """Whether members give numbers, or logits whose probabilities are averaged.

    Raises InputError: where neither the user nor the target says it.
    """
    if requested.kind != "unknown":
        return "logit" if requested.kind == "logit" else "number"
    whole = target is not None and bool((target == target.round()).all())
    if target is not None and not whole:
        return "number"
    if out.shape[-1] > 1 and (whole or requested.classes):
        return "logit"
    if target is not None and not requested.classes and set(target.unique().tolist()) != {0, 1}:
        return "number"
    raise InputError(
        f"{name} gives {out.shape[1]} members of {out.shape[2]} output(s) for each row. Say what they are, for their "
        "mean: outputs='number', or outputs='logit' for the mean of probabilities."
    )


def _called(module: Any, rows: ArrayRows) -> Any:
    keys = rows.keys
    try:
        with of_the_model():
            if keys is None:
                return module(*rows.parts)
            return call_by_name(module, dict(zip(keys, rows.parts, strict=True)))
    except IndexError as error:
        levels = describe_levels(module, rows)
        if not levels:
            raise
        raise ModelError(f"The module knows fewer levels than it was given ({error}): {levels}") from error


def _target(
    y: Any, n_rows: int, device: torch.device, dtype: torch.dtype, classes: tuple[Any, ...] = ()
) -> Tensor:
    array = tensor_to_numpy(y) if isinstance(y, Tensor) else as_array(y, "y")
    if array.ndim == 0 or len(array) != n_rows:
        raise InputError(f"y must have {n_rows} rows as X has, got {len(array) if array.ndim else y!r}.")
    if classes and not (array.ndim == 2 and array.shape[1] == len(classes)):
        codes = class_codes(array, classes, n_rows, "that are not among those given")
        return torch.from_numpy(codes).to(device)
    if array.dtype.kind not in "fiub":
        raise InputError(
            f"y must hold numbers (class numbers for a classifier), got {array.dtype}.{HOW_CLASSES}"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"y has {int((~np.isfinite(array)).sum())} missing or infinite value(s).")
    kind: type = np.float64 if array.dtype.kind == "f" else np.int64
    tensor = torch.from_numpy(np.array(array.reshape(n_rows, -1), dtype=kind))
    return tensor.to(dtype).to(device) if tensor.is_floating_point() else tensor.to(device)
