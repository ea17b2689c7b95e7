"""What is random in a fit comes from its seed, and nothing of it is left behind."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from weighin._base.random_state import one_thread, random_state_kept

# The global generators belong to a process: fits in threads of one take turns.
_TURN = threading.Lock()


def seed_at(random_state: int, *place: int) -> int:
    """Seed of one place in the plan; the same whatever else is in it."""
    return int(np.random.SeedSequence(random_state, spawn_key=place).generate_state(1)[0] >> 1)


def run_seeded(work: Callable[[], Any], seed: int) -> Any:
    """Give what `work` gives with all global generators at `seed` and torch on one thread; both are put back.

    One thread because sums then do not depend on how many processors there are, or how many fits run at once.
    """
    with _TURN:
        was_loaded = "torch" in sys.modules
        with _seeded(seed):
            result = work()
        # it has just been loaded, and drew from a seed of its own
        if not was_loaded and "torch" in sys.modules:
            with _seeded(seed):
                result = work()
    return result


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    torch = sys.modules.get("torch")
    with random_state_kept(), one_thread():
        random.seed(seed)
        np.random.seed(seed)
        if torch:
            torch.manual_seed(seed)
        yield
