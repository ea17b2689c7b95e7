"""weighin's `permutation_importance` gives the numbers of scikit-learn's, of the same shuffles."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import beside_sklearn
import numpy as np
import pandas as pd
import polars as pl
import pytest
from beside_sklearn import (
    FRAME,
    MARGIN,
    MATRIX,
    RESULT,
    WEIGHTS,
    WON,
    N,
    assert_same,
    both,
    encoded,
    seeing_the_table,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, log_loss, make_scorer
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from weighin import permutation_importance
from weighin._base.errors import WeighinWarning


def test_it_is_called_as_scikit_learns_is() -> None:
    own, other = inspect.signature(permutation_importance), inspect.signature(theirs)
    assert [(p.name, p.kind, p.default) for p in own.parameters.values()] == [
        (p.name, p.kind, p.default) for p in other.parameters.values()
    ]


REGRESSORS = {
    "linear": Ridge(),
    "trees": RandomForestRegressor(5, random_state=0),
    "neighbours": KNeighborsRegressor(3),
    "on another scale": TransformedTargetRegressor(Ridge(), func=np.arcsinh, inverse_func=np.sinh),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REGRESSORS)
@pytest.mark.parametrize(
    ("scoring", "weights"),
    [
        (None, None),
        (None, WEIGHTS),
        ("r2", WEIGHTS.tolist()),
        ("neg_mean_absolute_error", None),
        (["r2", "neg_median_absolute_error"], pd.Series(WEIGHTS)),
    ],
)
def test_regressors_in_pipelines_on_raw_columns(name: str, scoring: Any, weights: Any) -> None:
    found = both(encoded(REGRESSORS[name]), FRAME, MARGIN, scoring=scoring, sample_weight=weights)
    first = found if scoring is None or isinstance(scoring, str) else found["r2"]
    assert first.importances.shape == (5, 3)
    assert first.importances_mean[0] > 0.1


CLASSIFIERS = {
    "linear": LogisticRegression(),
    "trees": RandomForestClassifier(5, random_state=0),
    "neighbours": KNeighborsClassifier(7, weights="distance"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scoring", "weights"),
    [
        ("linear", None, None),
        ("trees", None, WEIGHTS),
        ("neighbours", None, None),
        ("neighbours", None, WEIGHTS),
        ("linear", "accuracy", WEIGHTS),
        ("trees", "f1_macro", None),
        ("linear", "neg_log_loss", None),
        ("trees", "neg_log_loss", WEIGHTS),
        ("neighbours", "roc_auc_ovr", None),
        ("linear", "roc_auc_ovo", None),
        ("linear", make_scorer(log_loss, response_method="predict_proba", greater_is_better=False), WEIGHTS),
        ("trees", make_scorer(f1_score, average="weighted"), None),
        ("linear", ("balanced_accuracy", "roc_auc_ovr_weighted", "neg_log_loss"), WEIGHTS),
        ("trees", {"a": "accuracy", "loss": "neg_log_loss", "own": None}, None),
        ("neighbours", {"a": "accuracy", "loss": "neg_log_loss", "own": None}, None),
    ],
)
def test_classifiers_of_text_labels(name: str, scoring: Any, weights: Any) -> None:
    both(encoded(CLASSIFIERS[name], RESULT), FRAME, RESULT, scoring=scoring, sample_weight=weights)


@pytest.mark.parametrize("y", [WON, WON == "yes", (WON == "yes") * 1, pd.Series(WON, dtype="category")])
@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", ["roc_auc", "accuracy"]])
@pytest.mark.parametrize(
    "model", [LogisticRegression(), DecisionTreeClassifier(max_depth=3), LinearSVC(random_state=0)]
)
def test_classifiers_of_two_classes(model: Any, scoring: Any, y: Any) -> None:
    y_fit = np.asarray(y)
    if scoring == "average_precision" and y_fit.dtype.kind not in "ib":
        scoring = make_scorer(f1_score, pos_label="no")
    both(model.fit(MATRIX, y_fit), MATRIX, y, scoring=scoring)


@pytest.mark.parametrize("scoring", [None, "accuracy", "f1_macro", "roc_auc"])
@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0),
        KNeighborsClassifier(3),
        MultiOutputClassifier(LogisticRegression()),
    ],
)
def test_classes_of_several_targets(model: Any, scoring: Any) -> None:
    y = np.column_stack([WON == "yes", FRAME["elo"] > 0]).astype(int)
    both(model.fit(MATRIX, y), MATRIX, y, scoring=scoring)


def test_several_numbers() -> None:
    y = np.column_stack([MARGIN, -2 * MARGIN + FRAME["week"]])
    both(
        RandomForestRegressor(5, random_state=0).fit(MATRIX, y),
        MATRIX,
        y,
        scoring=["r2", "neg_mean_squared_error"],
    )


def test_models_without_a_target_of_their_own() -> None:
    clusters = KMeans(3, n_init=1, random_state=0).fit(MATRIX)
    both(clusters, MATRIX, None)
    both(clusters, MATRIX, RESULT, scoring="adjusted_rand_score")
    outliers = IsolationForest(n_estimators=10, random_state=0).fit(MATRIX)
    both(outliers, MATRIX, np.where(FRAME["neutral"], -1, 1), scoring="accuracy")


@given(
    n=st.integers(1, 40),
    n_repeats=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0.1, 1.0),
    levels=st.integers(1, 5),
)
@settings(max_examples=30)
def test_any_table_any_seed(n: int, n_repeats: int, seed: int, share: float, levels: int) -> None:
    table = np.random.default_rng(seed)
    X = np.column_stack([table.integers(0, levels, n), table.normal(size=n)])
    y = X.sum(1) + table.normal(size=n)
    model = DecisionTreeRegressor(random_state=0).fit(X, y)
    options = {"n_repeats": n_repeats, "random_state": seed, "max_samples": max(share, 1 / n)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # R2 of one row; rows left out
        both(model, X, y, scoring="neg_mean_squared_error", **options)


@pytest.mark.parametrize("model", [Ridge(), DecisionTreeRegressor(max_depth=3, random_state=0)])
def test_tables_that_are_weighed_in_parts(model: Any) -> None:
    table = np.random.default_rng(3)
    X = table.normal(size=(26_000, 8))
    X[:, 3:] = X[:, 3:].round()
    y = X[:, 0] + X[:, 3] * X[:, 4] + table.normal(size=len(X))
    scoring = ["r2", "neg_mean_absolute_error"]
    both(model.fit(X, y), X, y, scoring=scoring, n_repeats=5, sample_weight=table.random(len(X)))


@pytest.mark.parametrize("n_repeats", [1, np.int64(2), 7])
def test_numbers_of_repeats(n_repeats: int) -> None:
    assert both(Ridge().fit(MATRIX, MARGIN), MATRIX, MARGIN, n_repeats=n_repeats).importances.shape == (
        3,
        n_repeats,
    )


@pytest.mark.parametrize("random_state", [0, np.int32(5), 2**32 - 1])
def test_seeds(random_state: Any) -> None:
    both(Ridge().fit(MATRIX, MARGIN), MATRIX, MARGIN, random_state=random_state)


def test_a_generator_goes_on_as_after_scikit_learns() -> None:
    model, generators = Ridge().fit(MATRIX, MARGIN), [np.random.RandomState(3) for _ in range(2)]
    for _ in range(2):
        found, expected = (
            call(model, MATRIX, MARGIN, random_state=generator)
            for call, generator in zip((permutation_importance, theirs), generators, strict=True)
        )
        assert_same(found, expected)
    assert generators[0].randint(10**9) == generators[1].randint(10**9)


def test_without_a_seed_the_global_generator_counts() -> None:
    model, found, after = Ridge().fit(MATRIX, MARGIN), [], []
    for call in (permutation_importance, theirs):
        np.random.seed(11)
        found.append(call(model, MATRIX, MARGIN))
        after.append(np.random.randint(10**9))
    assert_same(*found)
    assert after[0] == after[1]


@pytest.mark.parametrize("max_samples", [1.0, N])
def test_all_rows_are_no_sample(max_samples: Any) -> None:
    both(Ridge().fit(MATRIX, MARGIN), MATRIX, MARGIN, max_samples=max_samples)


@pytest.mark.parametrize("max_samples", [0.4, 31])
@pytest.mark.parametrize(
    ("y", "weights"),
    [
        (MARGIN.set_axis(range(N, 0, -1)), WEIGHTS),
        (MARGIN.tolist(), WEIGHTS.tolist()),
        (MARGIN.to_numpy()[:, None], None),
        (pl.Series(MARGIN.to_numpy()), pl.Series(WEIGHTS)),
    ],
)
@pytest.mark.parametrize("scoring", [None, seeing_the_table])
def test_samples_of_rows(max_samples: Any, y: Any, weights: Any, scoring: Any) -> None:
    X = FRAME[["elo", "week", "neutral"]]
    model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, MARGIN)
    with pytest.warns(
        WeighinWarning, match=f"scores of .* rows after each shuffle .* all {N} rows"
    ) as warned:
        both(model, X, y, scoring=scoring, max_samples=max_samples, sample_weight=weights)
    assert len(warned) == 1
    assert warned[0].filename == beside_sklearn.__file__
