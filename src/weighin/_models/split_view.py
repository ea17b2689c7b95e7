"""A network as head(bias + sum of one part per column): what the fast path of the engine works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Dense:
    """A linear layer, with the ReLU after it where there is one.

    `weight`, shape (n_out, n_in).
    `bias`, shape (n_out,).
    """

    weight: Tensor
    bias: Tensor
    relu: bool = False

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it to rows, shape (n_rows, n_in); gives a new tensor."""
        if x.device.type == "cpu" and x.dtype == torch.float32 and fused_linear():
            activation = "relu" if self.relu else "none"
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, activation, [], "")
        out = torch.addmm(self.bias, x, self.weight.t())
        return out.relu_() if self.relu else out


@dataclass(frozen=True)
class SplitView:
    """f(x) = head(bias + sum of one part per column), tensors detached from the module they were made of.

    `tables`, shape (n_levels, n_hidden): part of each level of each categorical column.
    `weights`, shape (n_cont, n_hidden): part of each continuous column, for a value of one.
    `bias`, shape (n_hidden,).
    `head`: steps from the sum to the predictions. The first may overwrite its argument; the others may overwrite what
        the step before gave them.
    """

    tables: tuple[Tensor, ...]
    weights: Tensor
    bias: Tensor
    head: tuple[Callable[[Tensor], Tensor], ...]

    def sum_parts(self, cat: Tensor, cont: Tensor) -> Tensor:
        """Add up bias and parts.

        `cat`, shape (n_rows, n_cat). `cont`, shape (n_rows, n_cont). Returns shape (n_rows, n_hidden).
        """
        z = Dense(self.weights.t(), self.bias)(cont) if len(self.weights) else self.bias.repeat(len(cat), 1)
        for column, table in enumerate(self.tables):
            z += table.index_select(0, cat[:, column])
        return z

    def finish(self, z: Tensor) -> Tensor:
        """Apply the head to sums, which it may overwrite; gives (n_rows, n_outputs)."""
        out = z
        for step in self.head:
            out = step(out)
        return out if out.ndim == 2 else out.reshape(len(z), -1)

    def in_half(self) -> SplitView:
        """The same with a head in bfloat16: sums are made as before, and predictions are of their type again."""
        down, up = _Cast(torch.bfloat16), _Cast(self.bias.dtype)
        return replace(self, head=(down, *map(_in_half, self.head), up))

    def __call__(self, cat: Tensor, cont: Tensor) -> Tensor:
        """Predict rows, shape (n_rows, n_outputs)."""
        return self.finish(self.sum_parts(cat, cont))

    def ignores(self, cats: Sequence[int], conts: Sequence[int]) -> bool:
        """Whether these columns cannot change anything: weights are zero, all levels have the same part."""
        return all(_alike(self.tables[j]) for j in cats) and all(j in self._unused for j in conts)

    @cached_property
    def _unused(self) -> frozenset[int]:
        """Continuous columns whose weights are all zero."""
        return frozenset(j for j, used in enumerate(self.weights.any(1).tolist()) if not used)


@dataclass(frozen=True)
class _Cast:
    """Numbers in another type."""

    dtype: torch.dtype

    def __call__(self, x: Tensor) -> Tensor:
        return x.to(self.dtype)


def _in_half(step: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    if isinstance(step, Dense):
        return replace(step, weight=step.weight.bfloat16(), bias=step.bias.bfloat16())
    return deepcopy(step).bfloat16() if isinstance(step, torch.nn.Module) else step


def _alike(table: Tensor) -> bool:
    """Whether all levels have the same part."""
    return torch.equal(table, table[:1].expand_as(table))


@cache
def fused_linear() -> bool:
    """Whether oneDNN's linear layer can be used directly, in single precision on the CPU.

    It is what torch.compile calls. Unlike torch's usual matrix product it includes the ReLU, gives a row the
    same bits whatever rows come with it, and is twice as fast on AMD processors, where MKL avoids AVX-512.
    """
    try:
        if not torch.backends.mkldnn.is_available():
            return False
        x, weight = torch.linspace(-1, 1, 21).reshape(3, 7), torch.linspace(-1, 2, 35).reshape(5, 7)
        bias = torch.linspace(-1, 1, 5)
        out = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "relu", [], "")
        return torch.allclose(out, torch.addmm(bias, x, weight.t()).relu(), rtol=1e-5, atol=1e-5)
    # no part of torch's public interface: a build or version without it, or that calls it otherwise
    except (RuntimeError, AttributeError, NotImplementedError, TypeError):
        return False
