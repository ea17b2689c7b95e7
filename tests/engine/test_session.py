"""A model is opened once in a call, however often it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import weighin
from weighin._engine import Measurement, Session
from weighin._metrics import MSE
from weighin._models import as_model
from weighin._models.torch import TorchModel
from weighin._samplers import MarginalSampler


class Counted:
    """How often the model of a call was brought into order to be measured, taken apart and looked at.

    Two rows that are read while a table is encoded do not count.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.left, self.tables = 0, 0, list[Any]()
        predicting, split, encode = TorchModel.predicting, TorchModel.split, TorchModel.encode
        encoding = False

        def encoded(model: TorchModel, *args: Any) -> Any:
            nonlocal encoding
            encoding = True
            try:
                return encode(model, *args)
            finally:
                encoding = False

        @contextmanager
        def counted(model: TorchModel) -> Iterator[None]:
            measured = not encoding
            self.entered += measured
            with predicting(model):
                yield
            self.left += measured

        def noted(model: TorchModel, rows: Any) -> Any:
            self.tables.append(rows)
            return split(model, rows)

        monkeypatch.setattr(TorchModel, "predicting", counted)
        monkeypatch.setattr(TorchModel, "split", noted)
        monkeypatch.setattr(TorchModel, "encode", encoded)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def small(n_rows: int = 400) -> tuple[nn.Module, np.ndarray, np.ndarray]:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_rows, 3)).astype(np.float32)
    return module, x, (x[:, 0] + rng.normal(size=n_rows)).astype(np.float32)


@pytest.mark.parametrize(
    "options",
    [
        {"n_repeats": 3},
        {"n_repeats": "auto"},
        {"metric": ["mae", "mse"]},
        {"max_seconds": 60},
        {"by": np.arange(400) % 2},
    ],
    ids=str,
)
def test_weigh_opens_a_model_once_and_takes_it_apart_once(counted: Counted, options: dict[str, Any]) -> None:
    module, x, y = small()
    weighin.weigh(module, x, y, random_state=0, **{"metric": "mse", **options})
    assert (counted.entered, counted.left, len(counted.tables)) == (1, 1, 1)


def test_precision_opens_a_model_once_and_proves_it_on_each_table_once(counted: Counted) -> None:
    module, x, y = small(60_000)
    imp = weighin.weigh(module, x, y, metric="mse", precision=0.01, random_state=0)
    assert imp.n_rows > 4096
    assert (counted.entered, counted.left) == (1, 1)
    # rows of each step are others, and a proof holds for the rows it was made on
    assert len(counted.tables) == len({id(rows) for rows in counted.tables}) > 1


def test_effects_open_a_model_once_and_look_once_at_what_its_outputs_mean(counted: Counted) -> None:
    module, x, _ = small()
    weighin.effects(module, x, random_state=0)
    assert (counted.entered, counted.left, len(counted.tables)) == (2, 2, 1)


def test_several_models_are_opened_once_each(counted: Counted) -> None:
    (one, x, y), (other, _, _) = small(), small()
    weighin.weigh([one, other], x, y, metric="mse", random_state=0)
    assert (counted.entered, counted.left, len(counted.tables)) == (2, 2, 2)


def test_a_model_is_given_back_though_the_call_fails() -> None:
    module, x, y = small()
    module.train()

    def nothing(y: np.ndarray, pred: np.ndarray) -> float:
        assert not module.training
        return float("nan")

    with pytest.raises(weighin.MetricError):
        weighin.weigh(module, x, y, metric=nothing, greater_is_better=False, random_state=0)
    assert module.training


def test_what_is_asked_twice_is_the_same_to_the_bit_and_so_is_what_a_new_session_says() -> None:
    module, x, y = small()

    def noisy(rows: np.ndarray) -> np.ndarray:
        return rows[:, 0] + np.random.normal(size=len(rows))

    for model in (as_model(module), as_model(noisy)):
        data = model.encode(x, y, "raise", True)
        sampler, measurement = MarginalSampler(400, 3, 0), Measurement((MSE,))
        with Session(model) as session:
            first, second = (session.measure(data, data.features, sampler, measurement) for _ in range(2))
        with Session(model) as session:
            third = session.measure(data, data.features, sampler, measurement)
        for other in (second, third):
            np.testing.assert_array_equal(first.change, other.change)


def test_other_rows_are_looked_at_again(counted: Counted) -> None:
    module, x, y = small()
    model = as_model(module)
    with Session(model) as session:
        for rows in (x, x[:200]):
            data = model.encode(rows, y[: len(rows)], "raise", True)
            sampler = MarginalSampler(len(rows), 3, 0)
            scores = session.measure(data, data.features, sampler, Measurement((MSE,)))
            assert scores.n_rows == len(rows)
    assert len(counted.tables) == 2
    assert (counted.entered, counted.left) == (1, 1)
