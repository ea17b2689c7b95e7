"""The split view of a torch module, on encoded rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import activation

from weighin._models.fold import hooked, split_view
from weighin._models.seam import find_seam
from weighin._models.split_view import SplitView
from weighin._tables.arrays import ArrayRows

# layers of which the one dimension they run along, where they have one, is known
PLAIN = {name for name in activation.__all__ if name not in ("MultiheadAttention", "Softmax2d")} | {
    *("Dropout", "AlphaDropout", "FeatureAlphaDropout", "Embedding", "Flatten", "Identity", "LayerNorm"),
    *("Linear", "ModuleList", "RMSNorm", "Sequential"),
}
FASTAI = ("Embedding", "LinBnDrop", "SigmoidRange", "TabularModel")

Predict = Callable[[ArrayRows], Tensor]
Call = Callable[[Any, ArrayRows], Tensor]


@dataclass(frozen=True)
class TensorSplit:
    """A network's view, and how its inputs are found among encoded rows.

    `view`: the network as a sum of parts under a head.
    `tensors`: from encoded rows to the categorical and the continuous columns of the view; an absent kind has no
        columns.
    `unit`: from encoded columns to those of the view: categorical and continuous ones.
    `copies`: whether `tensors` makes new ones.
    `opaque`: whether it runs layers that nothing is known of: what they do with a row may depend on chance.
    `row_by_row`: whether it does not depend on other rows, by its layers or as found on all rows.
    `like`, shape (1, n_outputs): A prediction.
    """

    view: SplitView
    tensors: Callable[[ArrayRows], tuple[Tensor, Tensor]]
    unit: Callable[[Sequence[int]], tuple[tuple[int, ...], tuple[int, ...]]]
    copies: bool
    opaque: bool
    row_by_row: bool
    like: Tensor


def split_of(module: Any, rows: ArrayRows, call: Call) -> TensorSplit | None:
    """Read a module as a sum of parts under a head, and prove it on some of the rows.

    `module`: only read. `rows`: encoded rows, the inputs of the module. `call`: predictions from a module like this
    one, in evaluation mode, and encoded rows. Returns None where the module is no such sum, or does not predict what
    the view does.
    """
    # such a device has no double precision to fold in
    if rows.parts[0].device.type == "mps":
        return None

    def call_on_copy(twin: Any, inputs: ArrayRows) -> Tensor:
        # a module may overwrite its inputs
        return call(twin, inputs.take(slice(None)))

    return _folded(module, rows, call) or _cut(module, rows, call_on_copy)


def _folded(module: Any, rows: ArrayRows, call: Call) -> TensorSplit | None:
    """Read the layers of a network one knows: the first one disappears into tables and weights."""
    kinds = tuple(part.is_floating_point() for part in rows.parts)
    if rows.keys is not None or kinds not in ((False, True), (True,), (False,)):
        return None

    seen: list[Tensor] = []

    def forward(cat: Tensor, cont: Tensor) -> Tensor:
        both = (cat, cont) if len(kinds) == 2 else (cont,) if kinds[0] else (cat,)
        seen.append(call(module, ArrayRows(both)))
        return seen[-1]

    try:
        view = split_view(module, *_cat_cont(rows), forward)
    except Exception:
        # whatever ails the module, the generic kernel meets it again and says so
        return None
    if view is None:
        return None
    n_cat = len(view.tables)

    def unit(columns: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return tuple(c for c in columns if c < n_cat), tuple(c - n_cat for c in columns if c >= n_cat)

    plain = all(map(works_row_by_row, view.head))
    return TensorSplit(
        view, _cat_cont, unit, copies=False, opaque=not plain, row_by_row=plain, like=seen[-1][:1]
    )


def _cut(module: Any, rows: ArrayRows, call: Call) -> TensorSplit | None:
    """Cut any other module at its first linear layer; inputs of that layer are the columns of the view."""
    seam = find_seam(module, rows.parts, lambda twin, parts: call(twin, ArrayRows(parts, rows.keys)))
    if seam is None:
        return None

    def tensors(encoded: ArrayRows) -> tuple[Tensor, Tensor]:
        inputs = seam.encode(encoded.parts)
        return inputs.new_empty((len(inputs), 0), dtype=torch.long), inputs

    def unit(columns: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (), tuple(owned for column in columns for owned in seam.owned[column])

    # of two rows: some modules fail on one alone
    like = call(module, rows.take(slice(0, 2)))[:1]
    return TensorSplit(seam.view, tensors, unit, copies=True, opaque=True, row_by_row=True, like=like)


def works_row_by_row(step: Any) -> bool:
    """Whether all that runs comes from torch, fastai or here and treats each row by itself, the same every time."""
    parts = list(step.modules()) if isinstance(step, nn.Module) else [step]
    return all(map(_is_plain, parts))


def _is_plain(part: Any) -> bool:
    package, _, path = type(part).__module__.partition(".")
    if not isinstance(part, nn.Module):
        return package in ("weighin", "builtins")
    if hooked(part):
        return False
    if package == "weighin" or (package == "fastai" and type(part).__name__ in FASTAI):
        return True
    if package != "torch" or not path.startswith("nn.modules."):
        return False
    # the statistics of the batch, where it has none of its own
    if path == "nn.modules.batchnorm":
        return getattr(part, "running_mean", None) is not None
    dims = [getattr(part, name) for name in ("dim", "start_dim") if hasattr(part, name)]
    return type(part).__name__ in PLAIN and all(dim not in (0, -2) for dim in dims)


def _cat_cont(rows: ArrayRows) -> tuple[Tensor, Tensor]:
    first = rows.parts[0]
    if len(rows.parts) == 2:
        return rows.parts[0], rows.parts[1]
    if first.is_floating_point():
        return first.new_empty((len(first), 0), dtype=torch.long), first
    return first, torch.empty((len(first), 0), device=first.device)
