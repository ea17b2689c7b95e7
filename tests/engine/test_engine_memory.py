"""The engine holds what it says, on the CPU and on a GPU."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from opaque import MODELS, Tokens, product, randomised, small
from torch import nn

from swaps import engine
from weighin import weigh
from weighin._engine import run as _run


@pytest.mark.parametrize("metric", ["mse", "prediction_change"])
@pytest.mark.parametrize("n_rows", [1_000, 30_000, 60_000])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_held_at_once_do_not_grow_with_rows(
    name: str, n_rows: int, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, empty = [], _run.empty

    def counted(like: Any, *shape: int) -> Any:
        array = empty(like, *shape)
        held.append(array.nbytes)
        return array

    monkeypatch.setattr(_run, "empty", counted)
    x = np.random.default_rng(0).normal(size=(n_rows, 3))
    memory = 2**20
    engine(MODELS[name](), x, x[:, 0], metric, n_repeats=3, memory=memory)
    assert max(held) <= memory


PEAK = """
import ctypes, gc
import numpy as np, torch
from weighin import weigh

class Wide(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.randn(40, 64))

    def forward(self, x):  # no sum of parts; needs megabytes in one piece
        return (x[:, :, None] * self.scale).tanh().mean((1, 2))

def status(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key))

torch.manual_seed(0)
model = Wide()
x = np.random.default_rng(0).normal(size=(2000, 40)).astype("float32")
ask = dict(n_repeats=5, random_state=0, progress=False, batch_size=500, n_jobs=1)
weigh(model, x[:50], x[:50, 0].copy(), **ask)
gc.collect()
ctypes.CDLL(None).malloc_trim(0)
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
weigh(model, x, x[:, 0].copy(), **ask)
print((status("VmHWM") - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
def test_what_is_kept_does_not_lie_in_the_way_of_what_the_next_call_needs() -> None:
    """A small array kept after each call pinned the room that the call had: megabytes for each shuffle."""
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 200  # MiB; it was up to 1,600


@pytest.mark.parametrize("numbers", [10, 10_000])
@pytest.mark.parametrize("of_call", [0, 10_000_000])
def test_what_a_call_takes_for_each_row_sets_its_size(numbers: int, of_call: int) -> None:
    """A kernel against the rows of training, say; what every call takes, however few its rows, is no reason."""
    sizes: list[int] = []

    def predict(x: np.ndarray) -> np.ndarray:
        sizes.append(len(x))
        np.zeros(of_call // 8)
        return np.outer(product(x), np.ones(numbers)).mean(1)

    x, y = np.random.default_rng(0).normal(size=(2500, 3)), np.zeros(2500)
    found = engine(predict, x, y, n_repeats=2, memory=2**26)
    assert max(sizes) * numbers * 8 < 2**26
    assert (max(sizes) < 2500) == (numbers == 10_000)
    np.testing.assert_allclose(found.change, engine(product, x, y, n_repeats=2).change, rtol=1e-9, atol=1e-12)


def test_memory_that_is_traced_already_stays_the_tracers() -> None:
    tracemalloc.start()
    try:
        held = [bytearray(1000) for _ in range(10)]
        traced = tracemalloc.get_traced_memory()[0]
        engine(product, *small())
        assert tracemalloc.is_tracing()
        assert tracemalloc.get_traced_memory()[0] >= traced - len(held)
    finally:
        tracemalloc.stop()
    engine(product, *small())
    assert not tracemalloc.is_tracing()


def test_scored_predictions_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    import weakref

    held: list[Any] = []
    empty = _run.empty

    def counted(like: Any, *shape: int) -> Any:
        array = empty(like, *shape)
        held.append(weakref.ref(array))
        assert (
            sum(ref() is not None for ref in held) <= 5
        )  # those of a group and of a batch, each with a baseline
        return array

    monkeypatch.setattr(_run, "empty", counted)
    x = np.random.default_rng(0).normal(size=(200, 12))
    engine(
        lambda x: x.sum(1), x, x[:, 0], lambda y, pred: float(np.abs(y - pred).max()), better=False, memory=1
    )
    assert len(held) > 24


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@pytest.mark.parametrize("build", [MODELS["fast"], MODELS["generic"], lambda: randomised(Tokens(3), 0)])
def test_a_gpu_gives_the_numbers_of_the_cpu(build: Callable[[], nn.Module]) -> None:
    x, y = small()
    on_cpu = weigh(build().float(), x, y, random_state=0)
    on_gpu = weigh(build().float(), x, y, random_state=0, device="cuda")
    np.testing.assert_allclose(on_gpu.importances, on_cpu.importances, rtol=1e-4, atol=1e-4)
    moved = weigh(build().float().cuda(), torch.tensor(x).cuda(), torch.tensor(y).cuda(), random_state=0)
    np.testing.assert_allclose(moved.importances, on_cpu.importances, rtol=1e-4, atol=1e-4)
