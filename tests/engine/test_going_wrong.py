"""The engine when it is stopped, out of memory, or given what are no numbers."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from opaque import CLOSE, MODELS, One, Opaque, product, small
from torch import Tensor, nn

from swaps import engine
from weighin import MetricError, ModelError
from weighin._engine import plan as _plan
from weighin._samplers import MarginalSampler


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_keeps_the_features_that_are_finished(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "SHORT_RUN", 0)
    (x, y), donors = small(), MarginalSampler(60, 2, 0, 10)
    whole = engine(MODELS[name](), x, y, donors=donors, memory=1)
    blocks = len(list(donors.blocks()))
    steps = itertools.count(1)

    def advance(work: int) -> None:
        assert work > 0
        if next(steps) == 2 * blocks + 2:  # in the middle of the third feature
            signal.raise_signal(signal.SIGINT)

    part = engine(MODELS[name](), x, y, donors=donors, memory=1, advance=advance)
    assert not part.complete
    assert part.n_rows == 60
    np.testing.assert_array_equal(part.change, whole.change[:2])
    assert len(part.kernels) == 2


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_keeps_the_rows_that_are_done_where_features_go_together(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "BATCH_ROWS", 20)
    (x, y), donors = small(), MarginalSampler(60, 2, 0, 10)
    steps = itertools.count(1)

    def advance(work: int) -> None:
        assert work == 20 * 2 * 3
        if next(steps) == 2:
            raise KeyboardInterrupt

    part = engine(MODELS[name](), x, y, donors=donors, advance=advance)
    assert not part.complete
    assert part.n_rows == 40
    both = [engine(MODELS[name](), x, y, donors=One(b)) for b in itertools.islice(donors.blocks(), 4)]
    np.testing.assert_allclose(part.change, np.mean([s.change for s in both], 0), **CLOSE)
    np.testing.assert_allclose(part.baseline, np.mean([s.baseline for s in both]), **CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_before_the_first_step_is_raised_on(name: str) -> None:
    def advance(work: int) -> None:
        raise AssertionError("nothing is done yet")

    def metric(y: np.ndarray, pred: np.ndarray) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine(MODELS[name](), *small(), metric, better=True)


def test_ctrl_c_while_scoring_keeps_the_features_that_are_scored() -> None:
    calls = itertools.count(1)

    def metric(y: np.ndarray, pred: np.ndarray) -> float:
        if next(calls) == 1 + 2 * 2 + 1:  # the baseline, two features, one shuffle of the third
            raise KeyboardInterrupt
        return float(pred.mean())

    part = engine(product, *small(), metric, better=True)
    assert part.change.shape == (2, 2)
    assert not part.complete


class Narrow(nn.Module):
    """Runs out of memory above so many rows."""

    def __init__(self, rows: int, error: Callable[[], Exception]) -> None:
        super().__init__()
        self.inner, self.rows, self.error = MODELS["fast"](), rows, error
        self.refused = 0

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.rows:
            self.refused += 1
            raise self.error()
        return self.inner(x)


OUT_OF_MEMORY: dict[str, Callable[[], Exception]] = {
    "torch": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "torch on the CPU": lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    "MPS": lambda: RuntimeError("MPS backend out of memory (MPS allocated: 9.07 GB)"),
    "Python": MemoryError,
}


@pytest.mark.slow
@pytest.mark.usefixtures("_threads_at_once")
@pytest.mark.parametrize("error", OUT_OF_MEMORY)
@pytest.mark.parametrize("rows", [1, 40, 150])
def test_out_of_memory_goes_on_with_fewer_rows_at_once(error: str, rows: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 3)), rng.normal(size=400)
    narrow = Narrow(rows, OUT_OF_MEMORY[error])
    found = engine(narrow, x, y, n_jobs=2)
    expected = engine(Opaque(MODELS["fast"]()), x, y)
    assert narrow.refused
    np.testing.assert_allclose(found.change, expected.change, **CLOSE)


@pytest.mark.parametrize("error", ["torch", "Python"])
def test_out_of_memory_with_one_row_is_raised_on(error: str) -> None:
    with pytest.raises((torch.OutOfMemoryError, MemoryError)):
        engine(Narrow(0, OUT_OF_MEMORY[error]), *small())


def test_out_of_memory_on_the_fast_path_goes_on_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._engine.kernels import split_sums

    kernel, asked = split_sums.predict_swapped, []

    def predict_swapped(*args: Any, chunk_rows: int | None, **kwargs: Any) -> None:
        asked.append(chunk_rows)
        if chunk_rows is None or chunk_rows > 50:
            raise torch.OutOfMemoryError("CUDA out of memory")
        kernel(*args, chunk_rows=chunk_rows, **kwargs)

    expected = engine(MODELS["fast"](), *small())
    monkeypatch.setattr(split_sums, "predict_swapped", predict_swapped)
    np.testing.assert_allclose(engine(MODELS["fast"](), *small()).change, expected.change, **CLOSE)
    assert asked[0] is None
    assert asked[-1] <= 50


def test_an_estimator_out_of_memory_goes_on() -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        if len(x) > 33:
            raise MemoryError
        return product(x)

    np.testing.assert_array_equal(engine(predict, *small()).change, engine(product, *small()).change)


def test_another_error_of_the_model_is_the_users_to_see() -> None:
    def predict(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("no memory of such a column")

    with pytest.raises(RuntimeError, match="no memory of such a column"):
        engine(predict, *small())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_no_numbers_are_counted_and_the_feature_named(bad: float) -> None:
    x = np.zeros((20, 3))
    x[4:9, 0] = 1.0
    x[4:9, 1] = 1.0

    def predict(x: np.ndarray) -> np.ndarray:
        return np.where(x[:, 0] > x[:, 1], bad, x[:, 2])

    message = r"[1-5] of 20 predictions are not finite after swapping 'x0'\."
    with pytest.raises(ModelError, match=message):
        engine(predict, x, np.zeros(20), n_repeats=1)
    with pytest.raises(
        ModelError, match=r"20 of 20 predictions are not finite on the rows before any swap\."
    ):
        engine(lambda x: x[:, 0] + bad, x, np.zeros(20))


def test_large_predictions_whose_sum_overflows_are_numbers() -> None:
    scores = engine(
        lambda x: (x[:, 0] * 1e36).astype(np.float32), np.full((2000, 1), 3.0), np.zeros(2000), "mae"
    )
    assert scores.baseline == pytest.approx(3e36, rel=1e-6)


@pytest.mark.parametrize("extra", [-1, 1])
def test_a_model_that_gives_another_number_of_rows_is_refused(extra: int) -> None:
    with pytest.raises(ModelError, match=r"gave \d+ predictions for \d+ rows; one per row is needed"):
        engine(lambda x: np.zeros(len(x) + extra), *small())


def test_a_metric_that_is_no_number_on_the_rows_as_they_are_is_an_error() -> None:
    with pytest.raises(MetricError, match="is nan on the rows before any swap"):
        engine(product, *small(), lambda y, pred: float("nan"), better=True)
