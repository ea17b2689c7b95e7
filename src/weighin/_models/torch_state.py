"""Leave torch modules as they were found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import torch

from weighin._base.errors import InputError
from weighin._base.random_state import restored

# of the widest layer in one pass: more leaves the cache, fewer do not pay for the calls
CACHE_BYTES = 2 * 2**20
LEAST_ROWS, MOST_ROWS = 32, 2048
# on a GPU, where calls cost more than memory
DEVICE_ROWS = 16_384


@contextmanager
def evaluating(module: Any, device: Any = None) -> Iterator[None]:
    """Put a module into evaluation mode, without gradients; give every submodule its mode back afterwards.

    `module`: the network. `device`: where it has to be meanwhile; it returns to where it was.
    """
    modes = [(part, part.training) for part in module.modules()]
    home, gradients = module_device(module), torch.is_grad_enabled()

    def restore() -> None:
        torch.set_grad_enabled(gradients)
        for part, training in modes:
            if part.training != training:
                part.training = training
        if device is not None and device != home:
            module.to(home)

    with restored(restore):
        if any(training for _, training in modes):
            module.eval()
        if device is not None and device != home:
            module.to(device)
        with torch.no_grad():
            yield


def usable_device(device: Any) -> torch.device:
    """Give the device, once something could be put there.

    Raises InputError on a name torch does not know, or a device that is not there.
    """
    try:
        return torch.empty(0, device=device).device
    # an unknown name, a build without CUDA, a device without an allocator, no name at all
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise InputError(f"device={device!r} cannot be used: {str(error).splitlines()[0]}") from error


def module_device(module: Any) -> torch.device:
    """Device of a module's first parameter or buffer; the CPU for one that has neither."""
    first = next(chain(module.parameters(), module.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def cached_rows(module: Any, rows: Any, predict: Callable[[Any], Any]) -> int:
    """Rows whose widest layer stays in cache: a power of two, fewer for a transformer than for a perceptron.

    `module`: hooked while it predicts once; the hooks are removed. `rows`: A few encoded rows. `predict`: from encoded
    rows to predictions, through `module`.
    """
    if module_device(module).type != "cpu":
        return DEVICE_ROWS
    widest = [1]

    def note(part: Any, args: Any, out: Any) -> None:
        if isinstance(out, torch.Tensor):
            widest.append(out.nbytes // rows.n_rows)

    hooks: list[Any] = []

    def restore() -> None:
        for hook in hooks:
            hook.remove()

    # what was seen until memory ran out will do; the run goes on with fewer rows
    with restored(restore), suppress(MemoryError, RuntimeError):
        hooks.extend(part.register_forward_hook(note) for part in module.modules())
        predict(rows)
    fitting = CACHE_BYTES // max(widest)
    return min(max(1 << max(fitting, 1).bit_length() - 1, LEAST_ROWS), MOST_ROWS)
