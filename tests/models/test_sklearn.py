"""scikit-learn's estimators: pipelines on frames, matrices, estimators of every kind."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from estimators import FEATURES, FRAME, NUMBERS, N, X, by_hand, close, encoder, importances, scored_by_hand
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import (
    get_scorer,
    log_loss,
    mean_absolute_error,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from swaps import donor_rows
from weighin import InputError, ModelError, weigh
from weighin._samplers import MarginalSampler


@pytest.mark.slow
@pytest.mark.parametrize(
    "regressor", [Ridge(), HistGradientBoostingRegressor(max_iter=10), DecisionTreeRegressor()]
)
def test_a_pipeline_on_every_kind_of_column(regressor: Any) -> None:
    model = make_pipeline(encoder(), regressor).fit(X, FRAME["margin"])
    kept = X.copy(deep=True)
    change = by_hand(model.predict, X, lambda p: mean_absolute_error(FRAME["margin"], p))
    found = importances(model, X, FRAME["margin"])
    close(found, change)
    np.testing.assert_array_equal(found[5], 0.0)
    assert (found[:4].mean(1) > 0).all()
    pd.testing.assert_frame_equal(X, kept)


def test_columns_picked_by_their_dtype_are_picked_after_every_swap() -> None:
    pick = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_exclude=["number", "bool"])),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    model = make_pipeline(pick, Ridge()).fit(X, FRAME["margin"])
    close(
        importances(model, X, FRAME["margin"]),
        by_hand(model.predict, X, lambda p: abs(FRAME["margin"] - p).mean()),
    )


@pytest.mark.slow
@pytest.mark.parametrize("target", ["won", "grade"])
def test_boosting_on_categories_of_the_frame(target: str) -> None:
    rows = X.assign(team=X["team"].astype("category"))
    model = HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype").fit(
        rows, FRAME[target]
    )
    imp = weigh(model, rows, FRAME[target], n_repeats=2, random_state=0)
    expected = by_hand(
        model.predict_proba, rows, lambda p: log_loss(FRAME[target], p, labels=model.classes_.tolist())
    )
    assert imp.metric == "log_loss"
    close(imp.importances, expected)
    np.testing.assert_array_equal(imp.importances[5], 0.0)


@pytest.mark.slow
def test_missing_values_and_mixed_objects_reach_the_estimator() -> None:
    rows = X.assign(
        elo=X["elo"].where(X.index % 5 > 0),
        week=pd.array(np.where(X.index % 7 > 0, X["week"], None), dtype="Int64"),
        team=np.where(X.index % 3 > 0, X["team"], None),
        mixed=np.array([1, "one", None, 2.5, True] * (N // 5), dtype=object),
    )

    def lengths(frame: pd.DataFrame) -> Any:
        return frame.assign(
            team=frame["team"].isna().astype(float),
            kind=frame["kind"].cat.codes,
            mixed=[len(str(v)) for v in frame["mixed"]],
            week=frame["week"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
        ).astype(float)

    model = make_pipeline(
        FunctionTransformer(lengths), HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=3)
    )
    y = FRAME["margin"] + 4 * (rows["team"].isna()) + rows["mixed"].map(lambda v: len(str(v)))
    model.fit(rows, y)
    kept = rows.copy(deep=True)
    found = importances(model, rows, y)
    close(found, by_hand(model.predict, rows, lambda p: abs(y - p).mean()))
    assert (found[[0, 6]].mean(1) > 0).all()
    pd.testing.assert_frame_equal(rows, kept)


def test_an_array_of_objects_of_all_kinds() -> None:
    rows = np.array([["a", 1], [None, "x"], [np.nan, 2.5], ["b", True]] * 10, dtype=object)

    def lengths(x: Any) -> Any:
        return np.array([[len(str(value)) for value in row] for row in x], dtype=float)

    y = lengths(rows).sum(1)
    model = make_pipeline(FunctionTransformer(lengths), DecisionTreeRegressor()).fit(rows, y)
    found = importances(model, rows, y, "mse")
    for column, given in [(c, g) for c in range(2) for g in enumerate(donor_rows(MarginalSampler(40, 2, 0)))]:
        moved = rows.copy()
        moved[:, column] = rows[given[1], column]
        close(found[column, given[0]], np.mean((model.predict(moved) - y) ** 2))


@pytest.mark.parametrize(
    "change",
    {
        "extra columns": lambda f: f.assign(junk=[object()] * N, more=1),
        "other column order": lambda f: f[f.columns[::-1]],
        "duplicate index": lambda f: f.set_axis([3] * N),
        "text index": lambda f: f.set_axis([f"g{i % 7}" for i in range(N)]),
        "multi index": lambda f: f.set_axis(pd.MultiIndex.from_product([range(15), range(10)])),
        "descending index": lambda f: f.set_axis(range(N, 0, -1)),
        "rows picked": lambda f: pd.concat([f, f]).iloc[:N],
    }.items(),
    ids=lambda pair: pair[0],
)
def test_index_order_and_further_columns_play_no_part(change: tuple[str, Callable[[Any], Any]]) -> None:
    model = make_pipeline(encoder(), Ridge()).fit(X, FRAME["margin"])
    imp = weigh(model, change[1](X), FRAME["margin"].to_numpy(), random_state=0)
    expected = weigh(model, X, FRAME["margin"], random_state=0)
    assert imp.features == expected.features == tuple(FEATURES)
    np.testing.assert_array_equal(imp.importances, expected.importances)


def test_a_target_with_an_index_of_its_own_is_refused_and_counts_by_position_as_an_array() -> None:
    model = make_pipeline(encoder(), Ridge()).fit(X, FRAME["margin"])
    y = FRAME["margin"].set_axis(range(N, 0, -1))
    with pytest.raises(InputError, match=r"y and X name their rows differently.* give y\.to_numpy\(\)"):
        importances(model, X, y)
    np.testing.assert_array_equal(importances(model, X, y.to_numpy()), importances(model, X, FRAME["margin"]))


def test_missing_columns_are_named_with_the_nearest() -> None:
    model = make_pipeline(encoder(), Ridge()).fit(X, FRAME["margin"])
    with pytest.raises(InputError, match=r"'elo' is missing\. Did you mean 'eloo'\?"):
        weigh(model, X.rename(columns={"elo": "eloo"}), FRAME["margin"])


@pytest.mark.slow
@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas])
@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(encoder(), Ridge()),
        make_pipeline(encoder(), HistGradientBoostingRegressor(max_iter=5)),
        make_pipeline(make_column_transformer((FunctionTransformer(), NUMBERS)), Ridge()),
    ],
)
def test_polars_and_arrow_tables_give_identical_numbers(model: Any, convert: Any) -> None:
    model.fit(X, FRAME["margin"])
    found = importances(model, convert(X), convert(FRAME[["margin"]]))
    # a column or a row after the other in memory: linear models add up in another order
    close(found, importances(model, X, FRAME["margin"]))


@pytest.mark.slow
def test_polars_categories_are_values_to_a_booster() -> None:
    rows = X.assign(team=X["team"].astype("category"))
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features="from_dtype").fit(
        rows, FRAME["margin"]
    )
    np.testing.assert_array_equal(
        importances(model, pl.from_pandas(rows), FRAME["margin"]), importances(model, rows, FRAME["margin"])
    )


@pytest.mark.slow
def test_a_matrix_gives_the_numbers_of_a_frame() -> None:
    rows = FRAME[NUMBERS].astype(float)
    model = HistGradientBoostingRegressor(max_iter=10).fit(rows.to_numpy(), FRAME["margin"])
    plain = weigh(model, rows.to_numpy(), FRAME["margin"], random_state=0)
    assert plain.features == ("x0", "x1", "x2")
    named = HistGradientBoostingRegressor(max_iter=10).fit(rows, FRAME["margin"])
    np.testing.assert_array_equal(
        plain.importances, weigh(named, rows, FRAME["margin"], random_state=0).importances
    )


def test_columns_of_a_matrix_have_the_names_the_estimator_knows() -> None:
    rows = FRAME[NUMBERS].astype(float)
    model = Ridge().fit(rows, FRAME["margin"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        imp = weigh(model, rows.to_numpy(), FRAME["margin"], features=["elo"], random_state=0)
    assert imp.features == ("elo",)
    close(imp.importances, weigh(model, rows, FRAME["margin"], features=["elo"], random_state=0).importances)


@pytest.mark.parametrize(
    "change",
    [
        np.asfortranarray,
        lambda x: np.repeat(x, 2, 1)[:, ::2],
        lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
        lambda x: np.frombuffer(x.tobytes()).reshape(x.shape),
        lambda x: x.tolist(),
        lambda x: x.astype(">f8"),
    ],
    ids=["Fortran", "strided", "backwards", "read-only", "list", "other order of bytes"],
)
@pytest.mark.parametrize("estimator", [LinearRegression(), DecisionTreeRegressor(random_state=0)])
def test_the_memory_of_an_array_plays_no_part(change: Callable[[Any], Any], estimator: Any) -> None:
    rows = FRAME[NUMBERS].to_numpy(float)
    model = estimator.fit(rows, FRAME["margin"])
    np.testing.assert_allclose(
        importances(model, change(rows), FRAME["margin"]),
        importances(model, rows, FRAME["margin"]),
        rtol=1e-12,
    )


def test_a_pipeline_that_scales_in_place_leaves_the_table_alone() -> None:
    rows = FRAME[["elo", "week"]].to_numpy(float)
    y = FRAME["margin"].to_numpy()
    model = make_pipeline(StandardScaler(copy=False), Ridge()).fit(rows.copy(), y)
    kept = rows.copy()
    twin = make_pipeline(StandardScaler(), Ridge()).fit(rows, y)
    close(importances(model, rows, y), importances(twin, rows, y))
    np.testing.assert_array_equal(rows, kept)


def test_a_target_that_is_text_needs_a_classifier() -> None:
    model = Ridge().fit(FRAME[NUMBERS], FRAME["margin"])
    with pytest.raises(InputError, match="y must hold numbers"):
        weigh(model, FRAME[NUMBERS], FRAME["won"])


def test_several_outputs() -> None:
    rows, y = FRAME[NUMBERS], FRAME[["margin", "week"]]
    for model in (Ridge().fit(rows, y), RandomForestRegressor(5, random_state=0).fit(rows, y)):
        close(importances(model, rows, y), by_hand(model.predict, rows, lambda p: mean_absolute_error(y, p)))
        close(importances(model, rows, y, "r2"), scored_by_hand(get_scorer("r2"), model, rows, y))


def test_classes_of_several_targets_have_the_mean_of_their_losses() -> None:
    rows, y = FRAME[["elo", "week"]], FRAME[["neutral", "week"]].astype(int)
    model = MultiOutputClassifier(GaussianNB()).fit(rows, y)

    def loss(probabilities: Any, target: int) -> float:
        return log_loss(y.iloc[:, target], probabilities[target], labels=model.classes_[target])

    imp = weigh(model, rows, y, n_repeats=2, random_state=0)
    assert imp.metric == "log_loss"
    close(imp.importances, by_hand(model.predict_proba, rows, lambda p: (loss(p, 0) + loss(p, 1)) / 2))
    close(
        importances(model, rows, y, "log_loss[week]"),
        by_hand(model.predict_proba, rows, lambda p: loss(p, 1)),
    )
    assert any("'log_loss[neutral]' is that of one" in note for note in imp.notes)

    def both(truth: Any, pred: Any) -> float:
        return float((truth == pred).all(1).mean())

    found = weigh(model, rows, y, metric=both, greater_is_better=True, n_repeats=2, random_state=0)
    by_both = by_hand(model.predict, rows, lambda p: both(y.to_numpy(), p), block_rows=found.block_rows)
    close(found.importances, -by_both)


def test_a_search_is_what_it_found() -> None:
    rows = FRAME[["elo", "week"]]
    model = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2, 3]}).fit(
        rows, FRAME["won"]
    )
    np.testing.assert_array_equal(
        importances(model, rows, FRAME["won"]), importances(model.best_estimator_, rows, FRAME["won"])
    )


class Threshold(ClassifierMixin, BaseEstimator):
    """Has what a classifier must have, and no probabilities."""

    def fit(self, X: Any, y: Any) -> Threshold:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[(np.asarray(X)[:, 0] > 1500).astype(int)][:, None]


def test_labels_may_come_as_a_column() -> None:
    rows = FRAME[["elo", "week"]]
    imp = weigh(Threshold().fit(rows, FRAME["won"]), rows, FRAME["won"], random_state=0)
    assert imp.metric == "accuracy"
    assert imp.baseline == np.mean((rows["elo"] > 1500) == (FRAME["won"] == "yes"))
    np.testing.assert_array_equal(imp.importances[1], 0.0)


class Bad:
    def __init__(self, out: Callable[[Any], Any]) -> None:
        self.out = out

    def predict(self, X: Any) -> Any:
        return self.out(X)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (
            lambda x: np.full(len(x), np.nan),
            ("150 of 150 predictions are not finite on the rows before any swap"),
        ),
        (lambda x: np.zeros(len(x) + 1), "gave 151 predictions for 150 rows"),
        (lambda x: ["a"] * len(x), "must give numbers"),
        (lambda x: None, "must give numbers"),
        (
            lambda x: (np.zeros(len(x)), np.ones((len(x), 2))),
            "gave a tuple of 2 for 150 rows; .* function that picks it",
        ),
        (lambda x: [[0.0]] + [[0.0, 1.0]] * (len(x) - 1), "the same number of outputs for every row"),
    ],
)
def test_predictions_that_cannot_be_used_are_said(out: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        weigh(Bad(out), FRAME[NUMBERS], FRAME["margin"])
