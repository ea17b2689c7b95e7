"""Leave torch modules and random generators as they were found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

CACHE_BYTES = 2 * 2**20  # of the widest layer's output
LEAST_ROWS, MOST_ROWS = 32, 2048
DEVICE_ROWS = 16_384  # on a GPU, where calls cost more than memory


@contextmanager
def evaluating(module: Any, device: Any = None) -> Iterator[None]:
    """Put a module into evaluation mode, without gradients; give every submodule its mode back afterwards.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    device : torch.device, optional
        Where it has to be meanwhile; it returns to where it was.
    """
    modes = [(part, part.training) for part in module.modules()]
    home = module_device(module)
    try:
        module.eval()
        if device is not None and device != home:
            module.to(device)
        with torch.no_grad():
            yield
    finally:
        for part, training in modes:
            part.training = training
        if device is not None and device != home:
            module.to(home)


def module_device(module: Any) -> torch.device:
    """Device of a module's first parameter or buffer; the CPU for one that has neither."""
    for tensor in (*module.parameters(), *module.buffers()):
        return tensor.device
    return torch.device("cpu")


def cached_rows(module: Any, rows: Any, predict: Callable[[Any], Any]) -> int:
    """Rows whose widest layer stays in cache: a power of two, fewer for a transformer than for a perceptron.

    Parameters
    ----------
    module : torch.nn.Module
        Hooked while it predicts once; the hooks are removed.
    rows : Rows
        A few encoded rows.
    predict : callable
        From encoded rows to predictions, through `module`.
    """
    if module_device(module).type != "cpu":
        return DEVICE_ROWS
    widest = [1]

    def note(part: Any, given: Any, out: Any) -> None:
        if isinstance(out, torch.Tensor):
            widest.append(out.nbytes // rows.n_rows)

    hooks = [part.register_forward_hook(note) for part in module.modules()]
    try:
        predict(rows)
    finally:
        for hook in hooks:
            hook.remove()
    fitting = CACHE_BYTES // max(widest)
    return min(max(1 << max(fitting, 1).bit_length() - 1, LEAST_ROWS), MOST_ROWS)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Give Python's, numpy's and torch's global generators their state back."""
    python, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
