"""Any module whose first linear layer sees the encoded columns side by side, cut open at that layer.

Below the seam, rows become the inputs of the layer; each encoded column owns some of them. Above it, the module runs
with the layer's output given. Both are done by a twin that shares the module's tensors; the module itself is left
alone. What such a network computes between its inputs and the seam, or past it, need not be known: it is probed, and
what the view predicts is compared with what the module does.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from weighin._models.split_view import SplitView

# and two for each column
PROBE_ROWS = 384
CHUNK_ROWS = 8192
# what they become stays in cache
PROOF_ROWS = 1024

Inputs = tuple[Tensor, ...]
Call = Callable[[nn.Module, Inputs], Tensor]


@dataclass(frozen=True)
class Seam:
    """A module cut at its first linear layer.

    `view`: on the inputs of the layer, all continuous.
    `owned`: inputs of the layer that each encoded column owns; columns numbered through all tensors.
    `encode`: inputs of the layer, shape (n_rows, n_inputs), from tensors of encoded columns.
    """

    view: SplitView
    owned: tuple[tuple[int, ...], ...]
    encode: Callable[[Inputs], Tensor]


def find_seam(module: nn.Module, inputs: Inputs, call: Call) -> Seam | None:
    """Cut a module at its first linear layer.

    `module`: only read. `inputs`, shape (n_rows, n_columns): encoded rows, all of them: what is not probed to vary with
    a column has to be constant over them. `call`: predictions from a module like `module` in evaluation mode and such
    inputs. Returns None for a module that is not a sum at its first linear layer, or cannot be cut.
    """
    try:
        with torch.inference_mode():
            return _find(module, inputs, call)
    except Exception:
        # a module may fail in any way when run with a layer replaced: then it is not cut
        return None


def _find(module: nn.Module, inputs: Inputs, call: Call) -> Seam | None:
    memo: dict[int, Any] = {id(tensor): tensor for tensor in chain(module.parameters(), module.buffers())}
    twin = copy.deepcopy(module, memo)
    # a class may say itself how it is copied: a part that the copy shares with the user's module is not cut
    if {*map(id, module.modules())} & {*map(id, twin.modules())}:
        return None
    sample = _sample(inputs)
    name = _first_linear(twin, sample, call)
    if not name:
        return None
    layer = twin.get_submodule(name)
    cut = _Cut()
    parent, _, child = name.rpartition(".")
    setattr(twin.get_submodule(parent), child, cut)

    def encode(rows: Inputs) -> Tensor:
        return cut.catch(lambda: call(twin, rows))

    one_row = tuple(part[:1] for part in inputs)

    def above(z: Tensor) -> Tensor:
        rows = tuple(part.expand(len(z), -1) for part in one_row)
        return cut.give(z, lambda: call(twin, rows))

    weight = layer.weight.detach()
    bias = weight.new_zeros(len(weight)) if layer.bias is None else layer.bias.detach()
    view = SplitView((), weight.t().contiguous(), bias, (above,))
    owned = _owned(encode, sample)
    if owned is None or not _constant_elsewhere(encode, inputs, owned):
        return None
    seam = Seam(view, owned, encode)
    n_chunks = -(-len(inputs[0]) // PROOF_ROWS)
    # what a module does seldom, with two columns together say, is in no sample
    chunks = zip(*(part.tensor_split(n_chunks) for part in inputs), strict=True)
    proven = all(_agrees(seam, rows, lambda parts: call(module, parts)) for rows in chain([sample], chunks))
    return seam if proven else None


def _sample(inputs: Inputs) -> Inputs:
    """Rows from all over the table, and those with the smallest and largest value of each column.

    A flag that is seldom set, or what a module does with values beyond a limit, is found there if anywhere.
    """
    n_rows = len(inputs[0])
    spread = torch.linspace(0, n_rows - 1, min(PROBE_ROWS, n_rows), dtype=torch.double).long()
    ends = [end for part in inputs if part.shape[1] for end in (part.argmin(0), part.argmax(0))]
    rows = torch.cat([spread.to(inputs[0].device), *ends]).unique()
    return tuple(part[rows] for part in inputs)


def _first_linear(twin: nn.Module, sample: Inputs, call: Call) -> str | None:
    """Name of the linear layer that runs first, when it runs once and on one row per row."""
    runs: list[tuple[str, torch.Size]] = []
    hooks = [
        part.register_forward_pre_hook(lambda _, args, name=name: runs.append((name, args[0].shape)))
        for name, part in twin.named_modules()
        if isinstance(part, nn.Linear) and type(part).forward is nn.Linear.forward
    ]
    try:
        call(twin, sample)
    finally:
        for hook in hooks:
            hook.remove()
    if not runs or len(runs[0][1]) != 2 or runs[0][1][0] != len(sample[0]):
        return None
    name = runs[0][0]
    layer = twin.get_submodule(name)
    # hooks would be cut off with the layer
    if layer._forward_hooks or layer._forward_pre_hooks:
        return None
    return name if [run[0] for run in runs].count(name) == 1 else None


def _owned(encode: Callable[[Inputs], Tensor], sample: Inputs) -> tuple[tuple[int, ...], ...] | None:
    """Inputs of the layer that change with each encoded column; None where one changes with two."""
    plain = encode(sample)
    changed = []
    for p, part in enumerate(sample):
        for column in range(part.shape[1]):
            moved = part.clone()
            moved[:, column] = part[:, column].roll(1)
            changed.append((encode((*sample[:p], moved, *sample[p + 1 :])) != plain).any(0))
    # all at once: a device is waited for here
    owned = (
        [tuple(j for j, there in enumerate(row) if there) for row in torch.stack(changed).tolist()]
        if changed
        else []
    )
    return tuple(owned) if len(set(chain(*owned))) == sum(map(len, owned)) else None


def _constant_elsewhere(
    encode: Callable[[Inputs], Tensor], inputs: Inputs, owned: Sequence[Sequence[int]]
) -> bool:
    """Whether inputs of the layer that no column owns are the same in all rows."""
    first = encode(tuple(part[:1] for part in inputs))
    free = torch.ones(first.shape[1], dtype=torch.bool)
    free[list(chain(*owned))] = False
    if not bool(free.any()):
        return True
    columns = free.nonzero()[:, 0].to(first.device)
    return all(
        bool(
            (
                encode(tuple(part[start : start + CHUNK_ROWS] for part in inputs))[:, columns]
                == first[:, columns]
            ).all()
        )
        for start in range(0, len(inputs[0]), CHUNK_ROWS)
    )


def _agrees(seam: Seam, sample: Inputs, predict: Callable[[Inputs], Tensor]) -> bool:
    """Whether swaps below the seam are swaps of the columns, and the view predicts what the module does.

    The view is asked about every second row, and then about the others: rows have no say in each other's predictions
    if it gives what the module does for all together.
    """
    shifts = iter(range(1, len(seam.owned) + 1))
    plain = _in_halves(lambda *half: seam.encode(half), *sample)
    expected = plain.clone()
    rolled = []
    for part in sample:
        columns = []
        for column in part.unbind(1):
            shift = next(shifts)
            columns.append(column.roll(shift))
            for position in seam.owned[shift - 1]:
                expected[:, position] = plain[:, position].roll(shift)
        rolled.append(torch.stack(columns, 1) if columns else part)
    mixed = tuple(rolled)
    if not torch.allclose(seam.encode(mixed), expected, rtol=1e-5, atol=1e-6):
        return False
    no_cat = torch.empty((len(plain), 0), dtype=torch.long, device=plain.device)
    for rows, below in ((sample, plain), (mixed, expected)):
        truth = predict(rows).reshape(len(plain), -1)
        pred = _in_halves(seam.view, no_cat, below)
        allowed = 1000 * torch.finfo(pred.dtype).eps * truth.abs().amax(0)
        if pred.shape != truth.shape or not bool(((pred - truth).abs() <= allowed).all()):
            return False
    return True


def _in_halves(run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """What a function of rows gives for every second one, and for the others."""
    even, odd = (run(*(part[first::2] for part in inputs)) for first in (0, 1))
    both = even.new_empty((len(inputs[0]), *even.shape[1:]))
    both[::2], both[1::2] = even, odd
    return both


class _Reached(Exception):
    """The layer was reached; carries its input."""


class _Cut(nn.Module):
    """Stands where the layer was: gives its output, or takes its input, whichever the thread is about."""

    def __init__(self) -> None:
        super().__init__()
        self.local = threading.local()

    def forward(self, x: Tensor) -> Tensor:
        z = getattr(self.local, "z", None)
        if z is None:
            raise _Reached(x)
        return z

    def give(self, z: Tensor, run: Callable[[], Tensor]) -> Tensor:
        self.local.z = z
        try:
            return run()
        finally:
            self.local.z = None

    def catch(self, run: Callable[[], Tensor]) -> Tensor:
        self.local.z = None
        try:
            run()
        except _Reached as reached:
            return reached.args[0]
        raise RuntimeError("the layer was not reached")
