"""The way every model goes: what is predicted, copied and looked at no more often than it takes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from swaps import engine
from weighin import weigh
from weighin._engine import plan as _plan

N = 700


def table(n_columns: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, n_columns)), rng.normal(size=N)


def product(x: Any) -> Any:
    return x[:, 0] * x[:, 1] + x[:, 2]


def rounding(x: np.ndarray) -> np.ndarray:
    """Adds in another order, by the number of rows: exact among the few rows looked at before the run."""
    return product(x) * (1 + 2.3e-16 * (len(x) % 3 if len(x) > 300 else 0))


class Module(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return product(x)


def largest_miss(y: np.ndarray, pred: np.ndarray) -> float:
    return float(abs(y - pred).max())


@pytest.mark.parametrize("metric", ["mse", largest_miss])
@pytest.mark.parametrize("model", [product, rounding, Module()], ids=["pairs", "stacks", "torch"])
@pytest.mark.parametrize("memory", [1, _plan.MEMORY])
def test_rows_as_they_are_are_predicted_once_however_often_the_run_can_be_stopped(
    model: Any, metric: Any, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "SHORT_RUN", 0)
    predicted = []

    def counting(x: Any) -> Any:
        predicted.append(len(x))
        return model(x)

    if isinstance(model, torch.nn.Module):
        model.register_forward_pre_hook(lambda _, given: predicted.append(len(given[0])))
    x, y = table(10)
    steps: list[int] = []
    better = None if isinstance(metric, str) else False
    asked = model if isinstance(model, torch.nn.Module) else counting
    engine(asked, x, y, metric, better=better, n_repeats=1, memory=memory, advance=steps.append)
    assert len(steps) >= 10
    # a few rows, and twice all of them at once
    looked_at = 4 * 257 + 4 + 2 * N
    again = 2 * N if model is rounding else 0  # what was predicted before it was seen to round
    of_sections = 9 * N if memory == 1 and metric == "mse" else 0  # which begin anew, to save memory
    assert sum(predicted) <= looked_at + N * (1 + 10) + again + of_sections


@pytest.mark.parametrize("convert", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
@pytest.mark.parametrize("exact", [True, False])
def test_columns_that_stay_are_not_copied_for_every_feature(
    convert: Callable[[Any], Any], exact: bool
) -> None:
    """The cost of a feature must not grow with the number of the others."""
    x, y = table(60)
    frame = convert({f"c{j}": x[:, j] for j in range(60)})
    held, places = [], set()

    def predict(rows: Any) -> Any:
        last = rows["c59"].to_numpy()
        held.append(last)  # or its place could be used again
        places.add(last.__array_interface__["data"][0])
        return (np.asarray(rows["c0"]) * last) * (
            1 if exact or len(rows) < 300 else 1 + 2.3e-16 * (len(rows) % 3)
        )

    weigh(predict, frame, y, n_repeats=1, random_state=0)
    assert len(held) > 60
    assert len(places) < 20


def decaying(x: Any) -> Any:
    """Writes into what it gets, only where values are large, and each time again."""
    x[x > 8] -= 5
    return product(x)


class Decaying(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return decaying(x)


def decaying_roundings(x: Any) -> Any:
    return decaying(x) * (1 + 2.3e-16 * (len(x) % 3 if len(x) > 300 else 0))


def decaying_frame(rows: pd.DataFrame) -> Any:
    rows.loc[rows["x0"] > 8, "x0"] -= 5
    rows["x1"] = rows["x1"].where(rows["x1"] <= 8, rows["x1"] - 5)
    return rows["x0"] * rows["x1"] + rows["x2"]


@pytest.mark.parametrize("model", [decaying, decaying_roundings, Decaying(), decaying_frame])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_model_that_overwrites_rows_further_down_is_found_out(
    model: Any, n_jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    x, y = table()
    x = x.astype(np.float32).astype(np.float64)
    x[400::50, :2] = 19.0  # none of them among the rows looked at before the run
    kept = x.copy()
    given: Any = pd.DataFrame(x, columns=["x0", "x1", "x2", "x3"]) if model is decaying_frame else x

    def by_hand(rows: np.ndarray) -> np.ndarray:
        rows = rows.copy()
        rows[:, :2] = np.where(rows[:, :2] > 8, rows[:, :2] - 5, rows[:, :2])
        return product(rows)

    found = engine(model, given, y, n_repeats=3, n_jobs=n_jobs)
    expected = engine(by_hand, x, y, n_repeats=3)
    np.testing.assert_allclose(found.change, expected.change, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(x, kept)


def test_dtypes_stay_when_columns_are_swapped_in_a_frame_of_any_kind() -> None:
    """Objects that look like dates or text stay objects."""
    when = [pd.Timestamp("2021-09-01"), pd.Timestamp("2021-10-01")] * 20
    frame = pd.DataFrame(
        {
            "dates": pd.Series(when, dtype=object),
            "words": pd.Series(["a", "b"] * 20, dtype=object),
            "numbers": pd.Series([1, 2] * 20, dtype=object),
            "number": np.arange(40.0),
        }
    )
    seen = set()

    def predict(rows: pd.DataFrame) -> Any:
        seen.add(tuple(map(str, rows.dtypes)))
        return rows["number"].to_numpy() * 2

    weigh(predict, frame, np.arange(40.0), random_state=0)
    assert seen == {("object", "object", "object", "float64")}


@pytest.mark.parametrize("convert", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_all_kinds_give_the_numbers_of_a_matrix(convert: Callable[[Any], Any]) -> None:
    x, y = table()
    x[:, 1] = x[:, 1].round()

    def predict(rows: Any) -> Any:
        return np.asarray(rows["x0"]) * np.asarray(rows["x1"]) + np.asarray(rows["x2"])

    frame = convert({f"x{j}": x[:, j] for j in range(4)})
    asked: dict[str, Any] = {"groups": {"g": ["x0", "x1"]}, "n_repeats": 3, "random_state": 0}
    found, expected = weigh(predict, frame, y, **asked), weigh(product, x, y, **asked)
    np.testing.assert_array_equal(found.importances, expected.importances)


def test_warnings_are_seen_again_after_ctrl_c_in_code_that_hides_them() -> None:
    filters = warnings.filters
    hiding = warnings.catch_warnings()

    def metric(y: np.ndarray, pred: np.ndarray) -> float:
        hiding.__enter__()
        warnings.simplefilter("ignore")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine(product, *table(), metric, better=True)
    assert warnings.filters is filters
    with pytest.warns(UserWarning, match="seen"):
        warnings.warn("seen", stacklevel=1)


def test_ctrl_c_keeps_the_features_of_a_slow_model_of_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "SHORT_SECONDS", 0.0)  # whatever it takes is long, then
    steps: list[int] = []

    def advance(work: int) -> None:
        steps.append(work)
        if len(steps) == 2:
            raise KeyboardInterrupt

    x, y = table()
    part = engine(product, x, y, n_repeats=2, advance=advance)
    assert not part.complete
    assert part.n_rows == N
    np.testing.assert_array_equal(part.change, engine(product, x, y, n_repeats=2).change[:2])
