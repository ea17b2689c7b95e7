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


def test_missing_labels_and_a_single_class_are_called_so():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
    y = pd.Series(np.where(X["a"] > 0, "yes", "no"))
    model = LogisticRegression().fit(X, y)
    for asked in (model, lambda rows: model.predict_proba(rows)[:, 1]):
        classes = None if asked is model else ["no", "yes"]
        with pytest.raises(weighin.InputError, match=r"y has 3 missing value\(s\)"):
            weighin.weigh(asked, X, y.where(y.index > 2), classes=classes)
    with pytest.raises(weighin.MetricError, match=r"roc_auc is nan.* y holds one value or class only"):
        weighin.weigh(model, X[y == "yes"], y[y == "yes"], metric="roc_auc")


def test_a_list_of_columns_is_the_target():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=list("abcd"))
    X, y = table[["a", "b"]], table[["d", "c"]]
    model = LinearRegression().fit(X, y)
    found, expected = (
        weighin.weigh(model, *given, n_repeats=2, random_state=0) for given in ((table, ["d", "c"]), (X, y))
    )
    assert found.features == ("a", "b")
    np.testing.assert_array_equal(found.importances, expected.importances)
