"""From a torch module to a `SplitView`: recognised by its structure, proven on rows before use."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from weighin._models.split_view import Dense, SplitView

CHECK_ROWS = 32
# layers that do nothing in evaluation mode
VANISH = (nn.Identity, nn.Dropout, nn.AlphaDropout, nn.FeatureAlphaDropout)

Forward = Callable[[Tensor, Tensor], Tensor]
Step = Callable[[Tensor], Tensor]


def split_view(module: nn.Module, cat: Tensor, cont: Tensor, forward: Forward) -> SplitView | None:
    """Read a network as head(bias + sum of one part per column).

    `module`: only read. Evaluation mode is what is meant, whichever mode it is in. `cat`, shape (n_rows, n_cat).
    `cont`, shape (n_rows, n_cont): rows to prove it on; the first few hundred are used. `forward`: predictions of the
    module in evaluation mode, from such rows. Returns None for a network that cannot be read so, or whose view does not
    predict what the network does.
    """
    if hooked(module):
        return None
    with torch.no_grad():
        view = _read_tabular(module) if hasattr(module, "embeds") else _read_sequential(module)
    return view if view is not None and agrees(view, cat, cont, forward) else None


def agrees(view: SplitView, cat: Tensor, cont: Tensor, forward: Forward) -> bool:
    """Whether a view predicts what the network does, on rows as they are and on rows mixed of several.

    Another order of summation moves predictions by some roundings: a thousand of the largest one are allowed.
    """
    cat, cont = cat[:CHECK_ROWS], cont[:CHECK_ROWS]
    if len(view.tables) != cat.shape[1] or len(view.weights) != cont.shape[1] or not len(cat):
        return False
    cont = torch.cat([cont, _rolled(cont, 1 + cat.shape[1])])
    cat = torch.cat([cat, _rolled(cat, 1)])
    with torch.inference_mode():
        pred = view(cat, cont)
        # last: the network may overwrite its inputs
        expected = forward(cat, cont).reshape(len(cat), -1)
    if pred.shape != expected.shape or pred.dtype != expected.dtype:
        return False
    allowed = 1000 * torch.finfo(pred.dtype).eps * expected.abs().amax(0)
    return bool(((pred - expected).abs() <= allowed).all())


def _rolled(columns: Tensor, first: int) -> Tensor:
    """Roll each column by another number of rows."""
    return columns.gather(0, _rolls(*columns.shape, first).to(columns.device))


@lru_cache(maxsize=16)
def _rolls(n: int, width: int, first: int) -> Tensor:
    """Row that gives to each place, shape (n, width)."""
    return (torch.arange(n)[:, None] + torch.arange(first, first + width)).remainder_(n)


# Folding, in double precision


@dataclass(frozen=True)
class _Affine:
    """x -> scale x + shift, elementwise."""

    scale: Tensor
    shift: Tensor

    def then(self, other: _Affine) -> _Affine:
        return _Affine(other.scale * self.scale, other.scale * self.shift + other.shift)


@dataclass(frozen=True)
class _Linear:
    """x -> weight x + bias."""

    weight: Tensor
    bias: Tensor

    def then(self, other: _Affine) -> _Linear:
        return _Linear(other.scale[:, None] * self.weight, other.scale * self.bias + other.shift)

    def after(self, other: _Affine) -> _Linear:
        return _Linear(self.weight * other.scale, self.bias + self.weight @ other.shift)


def _read_tabular(module: Any) -> SplitView | None:
    """Read fastai's TabularModel: embeddings beside continuous columns, then `layers`."""
    if type(module).forward.__module__ != "fastai.tabular.model" or not _vanishes(module.emb_drop):
        return None
    if not all(_is(part, nn.Embedding) and part.max_norm is None for part in module.embeds):
        return None
    read = _read_layers(module.layers)
    if read is None:
        return None
    first, head, dtype = read
    tables, at = [], 0
    for embedding in module.embeds:
        part = first.weight[:, at : at + embedding.embedding_dim]
        tables.append((embedding.weight.double() @ part.t()).to(dtype))
        at += embedding.embedding_dim
    first = _Linear(first.weight[:, at:], first.bias)
    if module.bn_cont is not None and module.n_cont:
        norm = _as_step(module.bn_cont)
        if not isinstance(norm, _Affine):
            return None
        first = first.after(norm)
    return SplitView(tuple(tables), first.weight.t().to(dtype).contiguous(), first.bias.to(dtype), head)


def _is(module: Any, kind: type[nn.Module]) -> bool:
    """Whether a module is of a kind and does what the kind does: what rows seldom show must not differ either."""
    return isinstance(module, kind) and type(module).forward is kind.forward and not hooked(module)


def _vanishes(module: Any) -> bool:
    return any(_is(module, kind) for kind in VANISH)


def hooked(module: nn.Module) -> bool:
    """Whether somebody has a say in what a module takes or gives."""
    return bool(module._forward_hooks or module._forward_pre_hooks) or "forward" in vars(module)


def _read_sequential(module: nn.Module) -> SplitView | None:
    """Read a Sequential on continuous columns."""
    read = _read_layers(module)
    if read is None:
        return None
    first, head, dtype = read
    return SplitView((), first.weight.t().to(dtype).contiguous(), first.bias.to(dtype), head)


def _read_layers(layers: nn.Module) -> tuple[_Linear, tuple[Step, ...], torch.dtype] | None:
    """First linear layer, steps after it, their type; BatchNorm is folded into a linear layer beside it."""
    steps: list[Any] = []
    for leaf in _leaves(layers):
        if _vanishes(leaf):
            continue
        step = _as_step(leaf)
        before = steps[-1] if steps else None
        if step is None:
            return None
        if isinstance(before, _Affine | _Linear) and isinstance(step, _Affine):
            steps[-1] = before.then(step)
        elif isinstance(before, _Affine) and isinstance(step, _Linear):
            steps[-1] = step.after(before)
        else:
            steps.append(step)
    if not steps or not isinstance(steps[0], _Linear):
        return None
    dtype = next(layers.parameters()).dtype
    return steps[0], tuple(_callables(steps[1:], dtype)), dtype


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """Modules of a nested Sequential, in the order they are called."""
    if _is(module, nn.Sequential):
        for child in module:
            yield from _leaves(child)
    else:
        yield module


def _as_step(leaf: nn.Module) -> _Linear | _Affine | nn.Module | None:
    """What a leaf does in evaluation mode; None where that depends on the batch."""
    if _is(leaf, nn.Linear):
        weight = leaf.weight.double()
        return _Linear(weight, weight.new_zeros(len(weight)) if leaf.bias is None else leaf.bias.double())
    if _is(leaf, nn.BatchNorm1d):
        if leaf.running_mean is None or leaf.running_var is None:
            return None
        scale = (leaf.running_var.double() + leaf.eps).rsqrt_()
        if leaf.weight is not None:
            scale *= leaf.weight
        # in double precision, as scale is
        shift = scale * leaf.running_mean
        return _Affine(scale, -shift if leaf.bias is None else leaf.bias - shift)
    return leaf


def _callables(steps: list[Any], dtype: torch.dtype) -> Iterator[Step]:
    """Steps of a head, the ReLU after a linear layer made part of it."""
    for i, step in enumerate(steps):
        if isinstance(step, _Linear):
            relu = _is(steps[i + 1], nn.ReLU) if i + 1 < len(steps) else False
            # oneDNN is a little faster with columns side by side
            weight = step.weight.to(dtype).t().contiguous().t()
            yield Dense(weight, step.bias.to(dtype), relu)
        elif isinstance(step, _Affine):
            yield _Scale(step.scale.to(dtype), step.shift.to(dtype))
        elif _is(step, nn.ReLU):
            if i == 0 or not isinstance(steps[i - 1], _Linear):
                yield torch.relu_
        else:
            own = copy.deepcopy(step)
            # what a replaced `eval` gives back may be anything
            own.eval()
            yield own


@dataclass(frozen=True)
class _Scale:
    """A BatchNorm with no linear layer beside it."""

    scale: Tensor
    shift: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.shift, x, self.scale)
