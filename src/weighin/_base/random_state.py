"""Leave the global random generators, and torch's threads, as they were found."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def restored(restore: Callable[[], object]) -> Iterator[None]:
    """Call `restore` at the end of the block, and again should Ctrl-C have cut it short."""
    try:
        try:
            yield
        finally:
            restore()
    except BaseException:
        restore()
        raise


@contextmanager
def random_state_kept() -> Iterator[None]:
    """Give Python's, numpy's and, where it is loaded, torch's global generators their state back."""
    torch = sys.modules.get("torch")
    python, numpy_state = random.getstate(), np.random.get_state()
    torch_state = torch.get_rng_state() if torch else None
    # asking a GPU that nobody has used yet would start it
    cuda = torch.cuda.get_rng_state_all() if torch and torch.cuda.is_initialized() else None

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(numpy_state)
        if torch and torch_state is not None:
            torch.set_rng_state(torch_state)
        if torch and cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    with restored(restore):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch, where it is loaded, use one thread."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 0
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch:
            torch.set_num_threads(threads)
