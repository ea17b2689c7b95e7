"""`permutation_importance` takes the tables that scikit-learn's takes, and leaves them as they are."""

from __future__ import annotations

from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from beside_sklearn import FRAME, MARGIN, MATRIX, N, assert_same, both, encoded, seeing_the_table
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from weighin import permutation_importance

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "table",
    [
        MATRIX.tolist(),
        tuple(map(tuple, MATRIX.tolist())),
        np.asfortranarray(MATRIX),
        MATRIX.astype(np.float32),
        MATRIX.astype(object),
        pd.DataFrame(MATRIX),
        pd.DataFrame(MATRIX, columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)])),
        pd.DataFrame(MATRIX, index=pd.date_range("2021-01-01", periods=N)),
        pd.DataFrame(MATRIX, index=[0] * N),
        torch.from_numpy(MATRIX),
        pl.DataFrame(MATRIX),
        pa.table({str(j): MATRIX[:, j] for j in range(3)}),
    ],
    ids=lambda table: type(table).__name__,
)
def test_tables_without_known_names(table: Any) -> None:
    model = RandomForestRegressor(5, random_state=0).fit(MATRIX, MARGIN)
    both(model, table, MARGIN)
    both(model, table, MARGIN, scoring=seeing_the_table)


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas])
def test_polars_and_arrow_tables_keep_their_names(convert: Any) -> None:
    # scikit-learn's function makes a matrix of these, and a pipeline that picks columns by name then fails
    model = encoded(Ridge())
    expected = theirs(model, FRAME, MARGIN, random_state=7)
    assert_same(permutation_importance(model, convert(FRAME), MARGIN, random_state=7), expected)


@pytest.mark.parametrize("kind", ["string", "category", object])
def test_columns_of_text(kind: Any) -> None:
    X = FRAME.astype({"conference": kind})
    if kind != "string":  # which scikit-learn's encoders do not take with gaps
        X.loc[::9, "conference"] = None
    picked = make_column_transformer((OneHotEncoder(), ["conference"]), remainder="drop")
    both(make_pipeline(picked, Ridge()).fit(X, MARGIN), X, MARGIN)


def test_categories_and_missing_values_reach_a_booster() -> None:
    X = FRAME.astype({"conference": "category"})
    X.loc[::7, "elo"] = np.nan
    model = HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=2).fit(X, MARGIN)
    found = both(model, X, MARGIN)
    assert found.importances_mean[2] > 0.1


def test_objects_of_all_kinds_are_told_apart() -> None:
    values = np.array([1, 1.0, True, "1", None, float("nan")], dtype=object)
    X = np.column_stack([np.resize(values, N), MATRIX[:, 0].astype(object)])

    class Kinds(RegressorMixin, BaseEstimator):
        def fit(self, X: Any, y: Any) -> Any:
            return self

        def predict(self, X: Any) -> Any:
            return np.array([len(type(a).__name__) + float(b) for a, b in X])

    both(Kinds(), X, MARGIN)


def test_an_index_stays_with_its_rows() -> None:
    class ByDate(RegressorMixin, BaseEstimator):
        def fit(self, X: Any, y: Any) -> Any:
            return self

        def predict(self, X: Any) -> Any:
            return X.index.day_of_year.to_numpy() * X["elo"].to_numpy()

    X = FRAME[["elo", "week"]].set_axis(pd.date_range("2021-01-01", periods=N), axis=0)
    found = both(ByDate(), X, MARGIN, scoring="neg_mean_absolute_error")
    both(ByDate(), X, MARGIN, scoring=lambda e, X, y: float(np.mean(e.predict(X) * X.index.day)))
    assert (found.importances[1] == 0).all()


def test_nothing_is_written_to_table_target_and_model() -> None:
    X, before = FRAME[["elo", "week"]].astype(float), FRAME[["elo", "week"]].astype(float)
    for table in (X, X.to_numpy(), np.asfortranarray(X)):
        kept = table.copy()
        scaler = StandardScaler(copy=False)
        model = make_pipeline(scaler, DecisionTreeRegressor(random_state=0)).fit(table.copy(), MARGIN)
        state = joblib.hash(model)
        for scoring in (None, lambda e, X, y: e.score(X, y)):
            permutation_importance(model, table, MARGIN, scoring=scoring, random_state=0)
            np.testing.assert_array_equal(table, kept)
        assert joblib.hash(model) == state
    pd.testing.assert_frame_equal(X, before)
