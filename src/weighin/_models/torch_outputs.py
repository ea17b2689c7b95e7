"""What a torch module gives: the tensor meant, its members, and what its last layer says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, OneHotCategorical

from weighin._base.errors import ModelError, listing
from weighin._metrics import Kind, Outputs
from weighin._models.objectives import of_loss

_LAST: dict[type[nn.Module], Kind] = {
    nn.Softmax: "probability",
    nn.Sigmoid: "probability",
    nn.LogSoftmax: "logit",
}
# of the tensors that a dict of outputs may hold, the usual ones
_KEYS = ("logits", "logit", "probabilities", "probs", "predictions", "prediction")


def tensor_of(out: Any, n_rows: int) -> Tensor:
    """The tensor of predictions: of a tuple, list or dict the first of a row each, of a dict "logits" before others.

    Of a distribution its mean, of one of classes their probabilities.

    Raises ModelError if there is none.
    """
    if isinstance(out, Tensor):
        return out
    if isinstance(out, Distribution):
        return getattr(out, _read_of(out))
    parts = _parts(out)
    for part in parts:
        if isinstance(part, Tensor) and part.ndim and len(part) == n_rows:
            return part
    part_types = f" of {listing(type(part).__name__ for part in parts)}" if parts else ""
    raise ModelError(
        f"The module must give a tensor with one entry per row, got {type(out).__name__}{part_types}."
    )


def which_tensor(out: Any) -> str:
    """Say which part of several outputs is read; empty for a tensor."""
    if isinstance(out, Distribution):
        return f"The module gives a {type(out).__name__} for each row: its {_read_of(out)!r} is read."
    if isinstance(out, Mapping):
        key = next(key for key in _ordered(out) if isinstance(out[key], Tensor) and out[key].ndim)
        return f"The module gives a {type(out).__name__} of {listing(out)}: {key!r} is read."
    if isinstance(out, list | tuple):
        return f"The module gives a {type(out).__name__} of {len(out)}: its first tensor is read."
    return ""


def _read_of(out: Distribution) -> str:
    return "probs" if isinstance(out, Categorical | OneHotCategorical) else "mean"


def _parts(out: Any) -> list[Any]:
    if isinstance(out, Mapping):
        return [out[key] for key in _ordered(out)]
    return list(out) if isinstance(out, list | tuple) else []


def _ordered(out: Mapping[Any, Any]) -> list[Any]:
    return [*(key for key in _KEYS if key in out), *(key for key in out if key not in _KEYS)]


def has_members(module: nn.Module) -> bool:
    """Whether it is a TabM, or built of its layers: of each row it gives the outputs of k members."""
    return any(type(part).__module__.partition(".")[0] == "tabm" for part in module.modules())


def mean_of_members(out: Tensor, scale: str) -> Tensor:
    """Mean over members, shape (n_rows, k, n_outputs), of probabilities where the members give logits."""
    if scale == "logit":
        out = out.sigmoid() if out.shape[-1] == 1 else out.softmax(-1)
    return out.mean(1)


def last_activation(module: nn.Module, calls: Iterator[Callable[[], Tensor]]) -> Outputs:
    """Tell from the layer that ran last whether outputs are probabilities: it has to have given them, in every call.

    `module`: hooked meanwhile. `calls`: each gives the module's outputs for some rows.
    """
    last_layer: type[nn.Module] | None = None
    ran: list[tuple[nn.Module, Tensor]] = []
    with _hooks(module, lambda part, out: ran.append((part, out))):
        for call in calls:
            ran.clear()
            out = call()
            if not ran or ran[-1][1].numel() != out.numel():
                return Outputs()
            part, last = ran[-1]
            if not torch.equal(last.reshape(out.shape).to(out.dtype), out) or last_layer not in (
                None,
                type(part),
            ):
                return Outputs()
            last_layer = type(part)
    if last_layer is None:
        return Outputs()
    return Outputs(_LAST[last_layer], why=f"as its last layer is a {last_layer.__name__}")


@contextmanager
def _hooks(module: nn.Module, note: Callable[[nn.Module, Tensor], None]) -> Iterator[None]:
    hooks = [
        part.register_forward_hook(lambda own, args, out: note(own, out))
        for part in module.modules()
        if type(part) in _LAST
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def loss_inside(module: nn.Module, calls: Iterator[Callable[[], Tensor]]) -> Outputs:
    """Tell from the loss that a module holds, as one of Lightning does, what it gives; not against what it gave.

    `calls`: each gives the module's outputs for some rows.
    """
    losses = [part for part in module.modules() if type(part).__module__ == "torch.nn.modules.loss"]
    said = of_loss(losses[0]) if len(losses) == 1 else Outputs()
    if said.kind not in ("logit", "probability"):
        return said
    # a forward may go on to probabilities after what the loss takes
    beyond = any(bool(((out < 0) | (out > 1)).any()) for out in (call() for call in calls))
    return said if beyond == (said.kind == "logit") else Outputs()
