"""Tables and targets that are none are refused by name, whatever the model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression, LogisticRegression

import weighin
from weighin import InputError

X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
MODELS = {
    "function": lambda table: np.asarray(table)[:, 0],
    "module": torch.nn.Linear(2, 1),
    "regression": LinearRegression().fit(X.to_numpy(), X["a"]),
    "classifier": LogisticRegression().fit(X, X["a"] > 0),
}
RAGGED = [[1.0], [1.0, 2.0]] * 20


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_rows_of_several_lengths(model):
    with pytest.raises(InputError, match="y must have the same number of values in every row"):
        weighin.weigh(model, X, RAGGED)


@pytest.mark.parametrize("table", [pd.DataFrame(), X[[]]])
def test_a_table_without_columns(table):
    for name in ("function", "module", "regression"):
        with pytest.raises(InputError, match="X has no columns"):
            weighin.weigh(MODELS[name], table, np.zeros(len(table)))


def test_what_a_model_raises_comes_through_with_a_note_that_says_so():
    def fails(table):
        raise ZeroDivisionError("by the user")

    for model in (fails, torch.nn.Linear(7, 1)):
        with pytest.raises((ZeroDivisionError, RuntimeError)) as raised:
            weighin.weigh(model, X, X["a"].to_numpy(), metric="mse")
        assert raised.value.__notes__ == ["The model raised this as it predicted for rows of the table."]


@pytest.mark.parametrize("n_repeats", [np.array([1, 2]), {}, 1j, b"auto", "auto!"])
def test_counts_that_are_none(n_repeats):
    with pytest.raises(InputError, match=r'n_repeats must be "auto" or an integer >= 1'):
        weighin.weigh(MODELS["function"], X, X["a"], n_repeats=n_repeats)
