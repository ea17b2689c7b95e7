"""An encoder and a network: raw names, the fast path, and what ten lines over raw columns give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from swaps import donor_rows
from weighin import InputError, effects, weigh
from weighin._samplers import MarginalSampler

N = 400
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "elo": rng.normal(1500, 100, N),
        "week": rng.integers(1, 15, N),
        "league": rng.choice(["acc", "mac", "sec"], N),
        "seldom": np.where(np.arange(N) == 7, "once", "else"),
    }
)
Y = FRAME.elo / 100 + (FRAME.league == "sec") + 5 * (FRAME.seldom == "once")


def network(n_in: int, n_out: int = 1) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(n_in, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, n_out)
    ).eval()


def encoder(sparse: bool = False) -> Any:
    return make_column_transformer(
        (OneHotEncoder(sparse_output=sparse), ["league", "seldom"]), (StandardScaler(), ["elo", "week"])
    ).fit(FRAME)


def by_hand(prep: Any, module: torch.nn.Module, seed: int = 0, n_repeats: int = 2) -> np.ndarray:
    def loss(rows: pd.DataFrame) -> float:
        with torch.no_grad():
            pred = module(torch.tensor(np.asarray(prep.transform(rows)), dtype=torch.float32)).numpy()[:, 0]
        return float(abs(Y - pred).mean())

    changes = np.empty((FRAME.shape[1], n_repeats))
    for f, name in enumerate(FRAME):
        for r, given in enumerate(donor_rows(MarginalSampler(N, n_repeats, seed))):
            changes[f, r] = loss(FRAME.assign(**{name: FRAME[name].to_numpy()[given]})) - loss(FRAME)
    return changes


def test_raw_names_and_the_fast_path_and_the_numbers_of_ten_lines() -> None:
    prep, module = encoder(), network(7)
    imp = weigh((prep, module), FRAME, Y, n_repeats=2, random_state=0)
    assert imp.features == tuple(FRAME)
    assert set(imp.kernels.values()) <= {"sum", "levels", "ignored"}
    np.testing.assert_allclose(imp.importances, by_hand(prep, module), atol=2e-5)


def test_a_pipeline_that_ends_in_a_module_is_the_same() -> None:
    prep, module = encoder(sparse=True), network(7)
    steps = Pipeline([("prep", prep), ("net", module)])
    one, other = (weigh(model, FRAME, Y, n_repeats=2, random_state=0) for model in (steps, (prep, module)))
    np.testing.assert_array_equal(one.importances, other.importances)


def test_an_encoder_that_mixes_columns_is_right_and_says_so() -> None:
    numbers = FRAME[["elo", "week"]]
    prep = make_pipeline(StandardScaler(), PCA(2)).fit(numbers)
    module = network(2)
    imp = weigh((prep, module), numbers, Y, n_repeats=2, random_state=0)
    assert any("rows are encoded after each swap" in note for note in imp.notes)

    def predict(rows: Any) -> Any:
        with torch.no_grad():
            return module(torch.tensor(prep.transform(rows), dtype=torch.float32)).numpy()[:, 0]

    plain = weigh(predict, numbers, Y, n_repeats=2, random_state=0)
    np.testing.assert_allclose(imp.importances, plain.importances, atol=1e-5)


def test_an_encoder_that_looks_at_other_rows_is_never_encoded_once() -> None:
    class Ranks:
        def transform(self, X: pd.DataFrame) -> np.ndarray:
            return X[["elo"]].rank(pct=True).to_numpy(np.float32)

    # moving a whole column leaves its ranks alone; half of the rows have others
    imp = weigh((Ranks(), network(1)), FRAME[["elo"]], Y, n_repeats=2, random_state=0)
    assert imp.kernels["elo"] == "whole table"


def test_effects_show_the_raw_column() -> None:
    found = effects((encoder(), network(7)), FRAME, features=["league"], random_state=0)
    assert found.features == ("league",)


def test_other_columns_of_the_table_are_left_alone_and_missing_ones_named() -> None:
    model = (encoder(), network(7))
    wide = weigh(model, FRAME.assign(other=1.0)[["other", *FRAME]], Y, n_repeats=1, random_state=0)
    assert wide.features == tuple(FRAME)
    with pytest.raises(InputError, match=r"'league' is missing"):
        weigh(model, FRAME.drop(columns="league"), Y)


def test_two_models_in_a_tuple_are_two_models() -> None:
    models = tuple(Ridge(alpha).fit(FRAME[["elo"]], Y) for alpha in (1, 2))
    assert len(weigh(models, FRAME[["elo"]], Y, n_repeats=1, random_state=0)) == 2
