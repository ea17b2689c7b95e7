"""Leave torch modules and random generators as they were found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


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
