"""Torch modules: what they take, and how they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from modules import RNG, N, X, Y, by_hand, close, forward, importances, mae, perceptron
from torch import Tensor, nn

from swaps import engine, reference
from weighin import InputError, weigh
from weighin._samplers import MarginalSampler
from weighin._tables.features import Feature

CAT = np.stack([RNG.integers(0, 3, N), RNG.integers(0, 5, N)], 1)


class Mixed(nn.Module):
    """Takes categories and numbers, by position or by keyword."""

    def __init__(self, n_outputs: int = 1) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = nn.Embedding(3, 2), nn.Embedding(5, 3)
        self.layers = perceptron(n_outputs, 1, 9)

    def forward(self, x_cat: Tensor, x_num: Tensor) -> Tensor:
        embedded = [self.first(x_cat[:, 0]), self.second(x_cat[:, 1])]
        return self.layers(torch.cat([*embedded, x_num], 1))


def mixed() -> Mixed:
    return Mixed().double()


FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])


@pytest.mark.parametrize(
    "rows",
    [
        X,
        torch.tensor(X),
        torch.tensor(X, requires_grad=True),
        FRAME,
        FRAME.set_axis([7] * N),
        pl.from_pandas(FRAME),
        pa.Table.from_pandas(FRAME),
        np.asfortranarray(X),
        np.repeat(X, 2, 1)[:, ::2],
        X[::-1, ::-1].copy()[::-1, ::-1],
        np.frombuffer(X.tobytes()).reshape(X.shape),
        X.astype(">f8"),
        X.astype(np.longdouble),
        (X,),
        [torch.tensor(X)],
        (FRAME,),
        {"input": X},
    ],
    ids=[
        "array", "tensor", "gradient", "pandas", "odd index", "polars", "arrow", "Fortran", "strided", "backwards",
        "read-only", "other bytes", "long", "tuple", "list", "tuple of a frame", "dict",
    ],
)  # fmt: skip
def test_one_matrix_in_any_form(rows: Any) -> None:
    np.testing.assert_array_equal(importances(perceptron(), rows), importances(perceptron(), X))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "int8", "uint8", "uint32", "bool"])
def test_numbers_of_any_dtype_become_those_of_the_module(dtype: str) -> None:
    rows = (X > 0).astype(dtype)
    np.testing.assert_array_equal(importances(perceptron(), rows), importances(perceptron(), (X > 0) * 1.0))
    close(importances(perceptron(), rows), by_hand(perceptron(), [(X > 0) * 1.0], mae))


def test_frames_of_mixed_dtypes() -> None:
    short = X[:, 2].astype("float32")
    frame = pd.DataFrame({"i": (X[:, 0] * 5).astype(int), "b": X[:, 1] > 0, "f": short, "n": X[:, 3]})
    nullable = frame.convert_dtypes()
    expected = by_hand(perceptron(), [frame.to_numpy(float)], mae)
    kept = frame.copy()
    for rows in (frame, nullable, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        imp = weigh(perceptron(), rows, Y, n_repeats=2, random_state=0)
        assert imp.features == ("i", "b", "f", "n")
        close(imp.importances, expected)
    pd.testing.assert_frame_equal(frame, kept)


@pytest.mark.parametrize(
    "rows",
    [
        (CAT, X),
        [torch.tensor(CAT), torch.tensor(X)],
        (torch.tensor(CAT, dtype=torch.int32), X),
        {"x_cat": CAT, "x_num": X},
        {"x_num": torch.tensor(X), "x_cat": torch.tensor(CAT)},
        (pd.DataFrame(CAT, columns=["home", "away"]), FRAME),
        {"x_num": pl.from_pandas(FRAME), "x_cat": CAT},
    ],
)
def test_several_inputs_by_position_and_by_keyword(rows: Any) -> None:
    found = importances(mixed(), rows)
    if isinstance(rows, dict) and next(iter(rows)) == "x_num":
        found = found[[4, 5, 0, 1, 2, 3]]
    close(found, by_hand(mixed(), [CAT, X], mae))


class Batch(nn.Module):
    """Takes all its inputs as one dict."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: dict[str, torch.Tensor], scale: float = 1.0) -> torch.Tensor:
        return self.network(batch["x_cat"], batch["x_num"]) * scale


def test_a_module_of_one_argument_gets_the_dict_itself() -> None:
    rows = {"x_cat": CAT, "x_num": X}
    assert weigh(Batch(mixed()), rows, Y, n_repeats=1).kernels == weigh(mixed(), rows, Y, n_repeats=1).kernels
    close(importances(Batch(mixed()), rows), by_hand(mixed(), [CAT, X], mae))


def test_names_a_module_does_not_take_are_its_own_error() -> None:
    with pytest.raises(TypeError, match="x_nums"):
        weigh(mixed(), {"x_cat": CAT, "x_nums": X}, Y)


def test_columns_of_several_inputs_have_names() -> None:
    assert weigh(mixed(), (CAT, X), Y).features == (
        "input0_0",
        "input0_1",
        *(f"input1_{j}" for j in range(4)),
    )
    assert weigh(mixed(), {"x_cat": CAT, "x_num": FRAME}, Y).features == (
        "x_cat_0",
        "x_cat_1",
        "a",
        "b",
        "c",
        "d",
    )
    assert weigh(perceptron(), X, Y).features == ("x0", "x1", "x2", "x3")


def test_categories_alone_stay_whole_numbers() -> None:
    module = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 1)).double()
    close(importances(module, (CAT,)), by_hand(module, [CAT], mae))


def test_a_group_reaches_across_inputs() -> None:
    groups = {"both": ["input0_1", "c"]}
    found = weigh(mixed(), (CAT, FRAME), Y, groups=groups, features=[], n_repeats=2, random_state=0)
    donors = MarginalSampler(N, 2, 0)
    close(found.importances, reference(forward(mixed()), [CAT, X], [Feature("both", (1, 4))], donors, mae)[1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "X is needed: torch Sequential carries no rows of its own"),
        (X[:, 0], r"X must have 2 dimensions \(rows, columns\), got shape \(90,\)"),
        (np.zeros((3, 2, 2)), r"got shape \(3, 2, 2\)"),
        ({}, "X is an empty dict"),
        ([], "must hold the module's inputs"),
        ((X, X[:5]), "All inputs must have the same number of rows, got 90, 5"),
        ((X, X[:, 0]), r"input1 must have 2 dimensions"),
        ((FRAME, FRAME), "Column names must be unique across the inputs; 'a' occurs more than once"),
        (X[:1], "at least 2 rows, got 1"),
        (X.astype(str), "takes numbers, got an array of <U"),
        (X.astype(object), "takes numbers, got an array of object"),
        (FRAME.assign(e="text"), "Numbers are needed, these columns hold something else: 'e'"),
        (FRAME.assign(b=np.nan), "Missing or infinite values in 'b'"),
        (np.where(X > 2, np.inf, X), "Missing or infinite values in 'x"),
        (FRAME.astype("Float64").where(X > 0), "object|Missing"),
    ],
)
def test_rows_that_cannot_be_used_are_said(rows: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        weigh(perceptron(), rows, Y)


def test_inference_tensors_and_grad_mode_of_the_caller() -> None:
    expected = importances(perceptron(), X)
    for mode in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        module = perceptron()
        with mode():
            np.testing.assert_array_equal(importances(module, X), expected)


def test_one_output_of_a_module_without_parameters() -> None:
    class Sum(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, 0] - 2 * x[:, 1]

    imp = weigh(Sum(), X, Y, random_state=0)
    np.testing.assert_array_equal(imp.importances[2:], 0.0)
    # it predicts in single precision: predictions near 1 are off by up to 1e-7
    exact = weigh(lambda x: x[:, 0] - 2 * x[:, 1], X, Y, random_state=0)
    np.testing.assert_allclose(imp.importances, exact.importances, atol=1e-6)


@pytest.mark.slow
def test_a_constant_column_is_exactly_zero() -> None:
    rows = X.copy()
    rows[:, 1] = 3.0
    assert not importances(perceptron(), rows)[1].any()
    cat = CAT.copy()
    cat[:, 0] = 2
    assert not importances(mixed(), (cat, X))[0].any()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_a_scripted_module() -> None:
    module = perceptron()
    scripted = torch.jit.trace(module, torch.tensor(X))
    close(importances(scripted, X), by_hand(module, [X], mae))


def test_a_module_in_parts_of_its_own_kind() -> None:
    class Deep(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(torch.tanh(x))

    torch.manual_seed(0)
    module = Deep(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)).double()
    close(importances(module, X), by_hand(module, [X], mae))


@pytest.mark.slow
def test_batches_and_threads_do_not_change_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    expected = engine(mixed(), (CAT, X), Y, fast=False).change
    for batch_size in (None, 1, 7, 64):
        for n_jobs in (1, 2, 3):
            for fast in (True, False):
                found = engine(mixed(), (CAT, X), Y, chunk_rows=batch_size, n_jobs=n_jobs, fast=fast).change
                close(found, engine(mixed(), (CAT, X), Y, "mse").change)
                close(found, expected)
