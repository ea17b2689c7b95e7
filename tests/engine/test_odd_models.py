"""Global state comes back; models that overwrite, look at other rows, or roll dice."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from opaque import CLOSE, MODELS, SCORES, Opaque, product, randomised, small
from torch import Tensor, nn

from swaps import engine, reference, singles
from weighin import weigh
from weighin._samplers import MarginalSampler


def state() -> list[Any]:
    kind, keys, *rest = np.random.get_state()
    return [
        random.getstate(),
        (kind, keys.tolist(), rest),
        torch.get_rng_state().tolist(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.backends.cudnn.benchmark,
        torch.get_default_dtype(),
        np.geterr(),
    ]


class Dicing(nn.Module):
    """Draws from every global generator there is, then does what it is told."""

    def __init__(self, inner: Any, at_swap: Callable[[], None]) -> None:
        super().__init__()
        self.inner, self.at_swap, self.calls = inner, at_swap, 0

    def forward(self, x: Tensor) -> Tensor:
        random.random(), np.random.random(), torch.rand(1)
        self.calls += 1
        if self.calls > 5:
            self.at_swap()
        return self.inner(x)

    __deepcopy__ = Opaque.__deepcopy__  # the calls are to be its own


def nothing() -> None:
    pass


def fail() -> None:
    raise ValueError("at last")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("at_swap", [nothing, fail, interrupt])
@pytest.mark.parametrize("kind", ["torch", "function"])
def test_global_state_comes_back(kind: str, at_swap: Callable[[], None], n_jobs: int) -> None:
    module = Dicing(randomised(nn.Linear(3, 1), 0), at_swap)
    model: Any = module if kind == "torch" else lambda x: module(torch.from_numpy(x))
    before = state()
    try:
        engine(model, *small(), n_jobs=n_jobs, chunk_rows=20)
        assert at_swap is nothing
    except (ValueError, KeyboardInterrupt):
        assert at_swap is not nothing
    assert module.calls > 5
    assert state() == before


@pytest.mark.slow
@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_flags_come_back_on_the_fast_path(error: type[BaseException], threads: int) -> None:
    def advance(work: int) -> None:
        raise error

    module = MODELS["fast"]()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        before = state()
        fine = engine(module, *small(), n_jobs=2)
        assert set(fine.kernels) == {"sum"}
        assert state() == before
        if error is KeyboardInterrupt:
            assert not engine(module, *small(), n_jobs=2, advance=advance).complete
        else:
            with pytest.raises(error):
                engine(module, *small(), n_jobs=2, advance=advance)
        assert state() == before
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(1)


@pytest.mark.parametrize("last", [nn.Softmax(dim=0), nn.Sequential(nn.Tanh(), nn.LogSoftmax(0))])
def test_a_layer_across_the_rows_is_noted(last: nn.Module) -> None:
    (x, y), donors = small(), MarginalSampler(60, 2, 0)
    module = randomised(nn.Sequential(nn.Linear(3, 4), last, nn.Linear(4, 1)), 0)
    scores = engine(module, x, y, donors=donors, chunk_rows=20)
    assert scores.batch_dependence > 0
    assert set(scores.kernels) == {"whole table"}

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            dtype = next(module.parameters()).dtype
            return np.asarray(module(torch.from_numpy(x).to(dtype)).numpy()[:, 0], np.float64)

    _, change = reference(predict, [x], singles(3), donors, lambda p: SCORES["mse"](y, p))
    np.testing.assert_allclose(scores.change, change, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_stochastic_model_is_noted_once(n_jobs: int) -> None:
    rng = np.random.default_rng(0)

    def predict(x: np.ndarray) -> np.ndarray:
        return product(x) + rng.normal(scale=1e-3, size=len(x))

    imp = weigh(predict, *small(), random_state=0, n_jobs=n_jobs)
    (note,) = imp.notes
    assert note.startswith("The model is stochastic: two predictions of the same rows differ by up to 0.00")


def test_a_network_that_drops_out_when_evaluated_is_noted_and_goes_the_generic_way() -> None:
    class Always(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.dropout(self.inner(x), 0.5, training=True)

    imp = weigh(Always(), *small(), random_state=0)
    assert len(imp.notes) == 1
    assert set(imp.kernels.values()) == {"generic"}


def test_roundings_are_no_noise() -> None:
    turn = itertools.count()

    def predict(x: np.ndarray) -> np.ndarray:
        return product(x) * (1 + 2.3e-16 * (next(turn) % 2))

    imp = weigh(predict, *small(), random_state=0, metric="mse", groups={"all": ["x0", "x1", "x2"]})
    assert imp.notes == ()


def test_a_row_that_depends_on_its_neighbours_is_noted() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, track_running_stats=False), nn.Linear(4, 1))
    for model in (module, lambda x: product(x) - product(x).mean()):
        (note,) = weigh(model, *small(), random_state=0).notes
        assert note.startswith("A row's prediction depends on which rows are predicted together (by up to ")
        assert "each swap was predicted on the whole table in one call" in note


class Overwriting(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x -= 0.5
        x[:, 1] = x[:, 1].exp()
        return x[:, 0] * x[:, 1] + x[:, 2]


def overwriting(x: np.ndarray) -> np.ndarray:
    x -= 0.5
    x[:, 1] = np.exp(x[:, 1])
    return x[:, 0] * x[:, 1] + x[:, 2]


def overwriting_noisily(x: np.ndarray) -> np.ndarray:
    """Not the same to the bit beside other rows: this one goes in stacks."""
    return overwriting(x) * (1 + 4e-16 * (len(x) % 2))


@pytest.mark.parametrize("model", [Overwriting(), overwriting, overwriting_noisily])
@pytest.mark.parametrize("n_repeats", [1, 5])
def test_a_model_that_overwrites_its_input_gives_the_same_numbers(model: Any, n_repeats: int) -> None:
    (x, y), donors = small(), MarginalSampler(60, n_repeats, 0)
    x = x.astype(np.float32).astype(np.float64)
    kept = x.copy()
    _, change = reference(
        lambda x: overwriting(x.copy()), [x], singles(3), donors, lambda p: SCORES["mse"](y, p)
    )
    scores = engine(model, x, y, donors=donors)
    # the module has no weights to say otherwise, so it predicts in single precision
    np.testing.assert_allclose(scores.change, change, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(x, kept)
    assert scores.noise == 0


def test_a_function_may_add_columns_to_the_frame_it_gets() -> None:
    x, y = small()
    frame = pd.DataFrame(x, columns=["x0", "x1", "x2"])
    kept = frame.copy()

    def predict(frame: pd.DataFrame) -> np.ndarray:
        frame["x1"] = frame["x1"] * 2
        frame["new"] = frame["x0"] * frame["x1"]
        return frame["new"] + frame["x2"]

    expected = engine(lambda x: 2 * x[:, 0] * x[:, 1] + x[:, 2], x, y)
    np.testing.assert_allclose(engine(predict, frame, y).change, expected.change, **CLOSE)
    pd.testing.assert_frame_equal(frame, kept)


class View(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, 1]


@pytest.mark.parametrize("model", [View(), lambda x: x[:, 1], lambda x: x[:, 1:2]])
def test_a_prediction_may_be_a_view_of_the_input(model: Any) -> None:
    (x, y), donors = small(), MarginalSampler(60, 4, 0)
    _, change = reference(lambda x: x[:, 1].copy(), [x], singles(3), donors, lambda p: SCORES["mse"](y, p))
    np.testing.assert_allclose(engine(model, x, y, donors=donors).change, change, rtol=1e-4, atol=1e-5)


def test_a_prediction_may_come_in_a_buffer_used_again() -> None:
    buffer = np.empty(100_000)

    def predict(x: np.ndarray) -> np.ndarray:
        buffer[: len(x)] = product(x)
        return buffer[: len(x)]

    np.testing.assert_array_equal(
        engine(predict, *small(), chunk_rows=7).change, engine(product, *small(), chunk_rows=7).change
    )
