"""Predictions that depend on which rows are called together: noticed on every row, and then as for scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import weighin
from swaps import donor_rows, engine
from weighin._engine import session as _session
from weighin._samplers import MarginalSampler

N = 2000


def table(n: int = N) -> tuple[pd.DataFrame, np.ndarray]:
    """A rare level of g in the last row, and a column c that is missing nowhere but there."""
    rng = np.random.default_rng(0)
    g = np.array(["b", "c", "d"])[rng.integers(0, 3, n)]
    g[-1] = "a"
    frame = pd.DataFrame({"g": g, "a": rng.normal(size=n), "b": rng.normal(size=n), "c": rng.random(n)})
    frame.loc[n - 1, "c"] = 9.0
    return frame, rng.normal(size=n)


def codes(frame: pd.DataFrame) -> Any:
    return frame.g.astype("category").cat.codes + 0.5 * frame.a


def lags(frame: pd.DataFrame) -> Any:
    return frame.a.shift(1, fill_value=0.0) + frame.c


def ranks(frame: pd.DataFrame) -> Any:
    return frame.a.rank() / len(frame) + frame.c


def scaled(frame: pd.DataFrame) -> Any:
    return (frame.a - frame.a.mean()) / frame.a.std() + frame.c


def means_of_groups(frame: pd.DataFrame) -> Any:
    return frame.groupby("g").a.transform("mean") + frame.c


def in_a_rare_row(frame: pd.DataFrame) -> Any:
    """The last row says that all others are others."""
    return frame.a * (2.0 if (frame.c > 8).any() else 1.0)


def encoded_anew(frame: pd.DataFrame) -> Any:
    dummies = pd.get_dummies(frame.g).to_numpy(float)
    return dummies @ np.array([5.0, 1.0, 2.0, 3.0])


def only_all_of_them(frame: pd.DataFrame) -> Any:
    if len(frame) < N:
        raise ValueError("too few rows")
    return frame.a + frame.c


def by_position(frame: pd.DataFrame) -> Any:
    return frame.a + np.linspace(0, 1, N)


def put_together_by_index(frame: pd.DataFrame) -> Any:
    return frame.a + frame.c[frame.c > 0.5].reindex(frame.index).fillna(0.0)


MODELS = [
    codes,
    lags,
    ranks,
    scaled,
    means_of_groups,
    in_a_rare_row,
    encoded_anew,
    only_all_of_them,
    by_position,
    put_together_by_index,
]


def by_whole_tables(
    predict: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, y: np.ndarray, donors: Any
) -> tuple[float, np.ndarray]:
    """The squared error, and what each swap of the whole table changes of it."""

    def score(rows: pd.DataFrame) -> float:
        return float(np.mean((y - np.asarray(predict(rows))) ** 2))

    before, change = score(frame), np.empty((frame.shape[1], donors.n_repeats))
    for f, column in enumerate(frame):
        for r, given in enumerate(donor_rows(donors)):
            swapped = frame.copy()
            swapped[column] = frame[column].to_numpy()[given]
            change[f, r] = score(swapped) - before
    return before, change


@pytest.mark.parametrize("chunk_rows", [None, 150])
@pytest.mark.parametrize("predict", MODELS, ids=lambda f: f.__name__)
def test_numbers_are_those_of_whole_tables(predict: Any, chunk_rows: int | None) -> None:
    frame, y = table()
    donors = MarginalSampler(N, 3, 0, 300)
    before, change = by_whole_tables(predict, frame, y, donors)
    scores = engine(predict, frame, y, donors=donors, chunk_rows=chunk_rows)
    np.testing.assert_allclose(scores.baseline, before, rtol=1e-12)
    np.testing.assert_allclose(scores.change, change, rtol=1e-9, atol=1e-12)


def test_a_column_that_is_never_read_weighs_exactly_nothing() -> None:
    frame, _ = table(20_000)
    importance = weighin.weigh(codes, frame, codes(frame), metric="mae", random_state=0)
    b = importance["b"]
    assert (b.importance, b.se) == (0.0, 0.0)
    (note,) = importance.notes
    assert note.startswith(
        "A row's prediction depends on which rows are predicted together (by up to 1): each swap was"
    )
    assert "batch_size" in note
    assert set(importance.kernels.values()) == {"whole table"}


class TrainsItself(nn.Module):
    """Its normalisation takes the statistics of the batch, whatever mode it is put into."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=0.0), nn.Linear(4, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.layers.train()
        return self.layers(x)


class Normalised(nn.Module):
    """Over the rows, which it takes for the length of a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(3, 4), nn.InstanceNorm1d(4), nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.first(x).t()).t())


class InARareRow(nn.Module):
    """Behind the first layer, one row that is beyond all others moves them all."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.first(x)
        return self.last(z) + (z.abs().amax() > 50) * z[:, :1]


def attending() -> nn.Module:
    """Torch takes a matrix for one sequence: its rows attend to each other."""
    layer = nn.TransformerEncoderLayer(4, 1, 8, dropout=0.0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), layer, nn.Linear(4, 1))


@pytest.mark.filterwarnings("ignore:input's size at dim=0")
@pytest.mark.parametrize("make", [TrainsItself, Normalised, InARareRow, attending])
def test_a_module_whose_rows_are_not_alone(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(0)
    module = make().eval()
    x = np.random.default_rng(0).normal(size=(N, 3)).astype(np.float32)
    x[-1] = 300.0
    y, donors = np.zeros(N), MarginalSampler(N, 2, 0, 500)

    def predict(frame: pd.DataFrame) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(module(torch.from_numpy(frame.to_numpy(np.float32))).numpy()[:, 0], np.float64)

    before, change = by_whole_tables(predict, pd.DataFrame(x), y, donors)
    scores = engine(module, x, y, donors=donors, chunk_rows=128)
    assert scores.batch_dependence > 0
    np.testing.assert_allclose(scores.baseline, before, rtol=1e-5)
    np.testing.assert_allclose(scores.change, change, rtol=1e-3, atol=1e-5 * before)


def test_chance_in_a_rare_row_is_noise() -> None:
    frame, y = table()
    rng = np.random.default_rng(0)

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return np.where(rows.c > 8, rng.normal(size=len(rows)), rows.a)

    scores = engine(predict, frame, y)
    assert scores.noise > 0
    assert scores.batch_dependence == 0


def test_rounding_of_another_shape_is_no_dependence() -> None:
    """Single precision inside, double outside: products of other shapes are added up in another order."""
    rng = np.random.default_rng(0)
    first, last = rng.normal(size=(4, 64)), rng.normal(size=64)

    def predict(x: np.ndarray) -> np.ndarray:
        odd = np.float32(1 + 2e-7 * (len(x) % 2))
        return np.asarray((np.maximum(x @ first, 0) @ last).astype(np.float32) * odd, np.float64)

    x = rng.normal(size=(N, 4))
    scores = engine(predict, x, predict(x), chunk_rows=333)
    assert (scores.batch_dependence, scores.why_at_once, scores.unproven) == (0.0, "", "")
    assert set(scores.kernels) == {"generic"}


class Counting:
    """How many rows a function was asked for."""

    def __init__(self, function: Any) -> None:
        self.function, self.n_rows, self.calls = function, 0, list[int]()

    def __call__(self, rows: Any) -> Any:
        self.calls.append(len(rows))
        return self.function(rows)


def test_a_proof_takes_two_passes_and_holds_for_what_is_asked_next() -> None:
    x = np.random.default_rng(0).normal(size=(N, 3))
    model = Counting(lambda x: x[:, 0] * x[:, 1])
    engine(model, x, x[:, 0], n_repeats=1)
    assert (
        model.calls.count(N) == 2 + 1 + 3
    )  # as they are, and after each swap of one feature, are calls of all rows
    assert sum(n for n in model.calls if n < N) <= 4 * 257
    adapted = weighin._models.as_model(model)
    data = adapted.encode(x, x[:, 0], "raise", True)
    measurement = weighin._engine.Measurement((weighin._metrics.MSE,))
    with weighin._engine.Session(adapted) as session:
        for passes in (2, 0):
            model.calls.clear()
            session.measure(data, data.features, MarginalSampler(N, 1, 0), measurement)
            assert model.calls.count(N) == passes + 4


@pytest.mark.parametrize("function", [lags, ranks, scaled])
def test_what_needs_the_whole_table_cannot_be_had_from_a_part_of_it(function: Any) -> None:
    frame, y = table(10_000)
    with pytest.raises(
        weighin.ModelError, match=r"whole table, and precision draws rows at random: leave it out"
    ):
        weighin.weigh(function, frame, y, precision=0.1, random_state=0)


@pytest.mark.parametrize("predict", MODELS, ids=lambda f: f.__name__)
def test_effects_of_a_row_are_not_those_of_a_table(predict: Any) -> None:
    frame, _ = table()
    says = "depends on which rows are predicted together|fails when called on part of the rows"
    with pytest.raises(weighin.ModelError, match=rf"({says}).*whole table, and effects"):
        weighin.effects(predict, frame, n_rows=200, random_state=0)


def test_a_table_that_takes_too_much_memory_at_once_is_compared_in_large_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_session, "AT_ONCE_BYTES", 2**20)
    x, wide = np.random.default_rng(0).normal(size=(N, 1)), np.linspace(0, 1, 2000)

    def smooth(x: np.ndarray) -> Any:
        return np.sin(x * wide).mean(1)

    def centred(x: np.ndarray) -> Any:
        return smooth(x) - smooth(x).mean()

    model, small = Counting(smooth), {"n_repeats": 1, "memory": 2**20, "chunk_rows": 20}
    assert engine(model, x, x[:, 0], **small).batch_dependence == 0
    assert max(model.calls) < N / 4
    says = r"a call of 2,000 rows would take about 0\.\d GiB: raise max_memory"
    with pytest.raises(weighin.ModelError, match=says):
        engine(centred, x, x[:, 0], **small)


def test_it_is_said_where_there_was_no_time_to_look_at_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "PROOF_BATCHES", 0)
    frame, y = table()
    (note,) = weighin.weigh(lambda rows: rows.a, frame, y, max_seconds=60, random_state=0).notes
    assert "was checked on a few rows only: the time allowed was too short to check more" in note
    assert weighin.weigh(lambda rows: rows.a, frame, y, random_state=0).notes == ()


def test_as_many_outputs_in_every_call() -> None:
    turn = iter(range(10_000))

    def wider(x: np.ndarray) -> np.ndarray:
        return np.ones((len(x), 1 + next(turn) % 2))

    x = np.random.default_rng(0).normal(size=(N, 2))
    with pytest.raises(
        weighin.ModelError, match="1 outputs for each row in one call and 2 in another; every"
    ):
        engine(wider, x, x[:, 0])
