"""weighin's `permutation_importance` gives the numbers of scikit-learn's, and fails where it fails."""

from __future__ import annotations

import inspect
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import sklearn
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import accuracy_score, f1_score, get_scorer, log_loss, make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

import weighin
from weighin import InputError, permutation_importance
from weighin._base.errors import WeighinWarning

N = 90


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small products on a busy machine wait for each other's threads."""
    with threadpool_limits(1):
        yield


rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "elo": rng.normal(size=N),
        "week": rng.integers(1, 5, N),
        "conference": rng.choice(["ACC", "MAC", "SEC"], N),
        "surface": pd.Categorical(rng.choice(["grass", "turf"], N)),
        "neutral": rng.random(N) < 0.3,
    }
)
MARGIN = FRAME["elo"] + FRAME["week"] * (FRAME["conference"] == "SEC") + 0.3 * rng.normal(size=N)
MATRIX = FRAME[["elo", "week", "neutral"]].to_numpy(float)
RESULT = np.where(MARGIN < 0, "lost", np.where(MARGIN < 1.5, "close", "won"))
WON = np.where(MARGIN > 0.7, "yes", "no")
WEIGHTS = rng.random(N)


def encoded(model: Any, y: Any = MARGIN) -> Any:
    """A pipeline on raw columns, fitted."""
    encoder = make_column_transformer((OneHotEncoder(), ["conference", "surface"]), remainder="passthrough")
    return make_pipeline(encoder, model).fit(FRAME, y)


def assert_same(found: Any, expected: Any) -> None:
    """Bunches, or dicts of them, hold the same numbers up to rounding."""
    assert type(found) is type(expected)
    if "importances" not in expected:
        assert list(found) == list(expected)
        for name in expected:
            assert_same(found[name], expected[name])
        return
    assert set(found) == set(expected)
    for name in expected:
        assert found[name].shape == expected[name].shape
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)


def both(model: Any, X: Any, y: Any, **options: Any) -> Any:
    """What weighin gives, after it was compared with what scikit-learn gives."""
    options = {"n_repeats": 3, "random_state": 7, **options}
    found, expected = (call(model, X, y, **options) for call in (permutation_importance, theirs))
    assert_same(found, expected)
    return found


class Spy(BaseEstimator):
    """Notes how many rows it predicts, and how often it is asked."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def fit(self, X: Any, y: Any) -> Any:
        self.inner.fit(X, y)
        self.rows_, self.asked_ = 0, 0
        return self

    def _answer(self, method: str, X: Any) -> Any:
        self.rows_ += len(X)
        self.asked_ += 1
        return getattr(self.inner, method)(X)

    def predict(self, X: Any) -> Any:
        return self._answer("predict", X)


class SpyRegressor(RegressorMixin, Spy):
    """Scored by R2."""


class SpyClassifier(ClassifierMixin, Spy):
    """Scored by accuracy."""

    @property
    def classes_(self) -> Any:
        return self.inner.classes_

    def predict_proba(self, X: Any) -> Any:
        return self._answer("predict_proba", X)


def seeing_the_table(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """A scorer that cannot be taken apart."""
    errors = np.abs(estimator.predict(X) - np.ravel(y))
    return (
        -float(errors.mean()) if sample_weight is None else -float(np.average(errors, weights=sample_weight))
    )


def test_it_is_called_as_scikit_learns_is() -> None:
    own, other = inspect.signature(permutation_importance), inspect.signature(theirs)
    assert [(p.name, p.kind, p.default) for p in own.parameters.values()] == [
        (p.name, p.kind, p.default) for p in other.parameters.values()
    ]


# the same numbers


REGRESSORS = {
    "linear": Ridge(),
    "trees": RandomForestRegressor(5, random_state=0),
    "neighbours": KNeighborsRegressor(3),
    "on another scale": TransformedTargetRegressor(Ridge(), func=np.arcsinh, inverse_func=np.sinh),
}


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


# the same shuffles


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
    with pytest.warns(WeighinWarning, match=f"scores of .* rows after each shuffle .* all {N} rows") as told:
        both(model, X, y, scoring=scoring, max_samples=max_samples, sample_weight=weights)
    assert len(told) == 1
    assert told[0].filename == __file__


# tables of all kinds


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


# scorers


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    ("model", "y", "scoring"),
    [
        (SpyRegressor(DecisionTreeRegressor(random_state=0)), MARGIN, None),
        (SpyRegressor(DecisionTreeRegressor(random_state=0)), MARGIN, "neg_mean_absolute_error"),
        (SpyClassifier(DecisionTreeClassifier(random_state=0)), RESULT, ["accuracy", "balanced_accuracy"]),
    ],
)
def test_one_column_of_few_levels_costs_a_prediction_per_row_and_level(
    kind: Any, model: Any, y: Any, scoring: Any
) -> None:
    X = kind(np.column_stack([FRAME["neutral"], FRAME["week"], FRAME["elo"]]).astype(float))
    model.fit(np.asarray(X), y)
    found = both(model, X, y, scoring=scoring, n_repeats=20)
    model.rows_ = 0
    assert_same(permutation_importance(model, X, y, scoring=scoring, n_repeats=20, random_state=7), found)
    flags, weeks, elos = N, 3 * N, 20 * N
    # and the rows as they are, for scikit-learn's baseline, for the engine's, and a few to look at
    assert model.rows_ <= flags + weeks + elos + 2 * N + 4 * N


@pytest.mark.parametrize("wrap", [lambda m: m, make_pipeline, lambda m: GridSearchCV(m, {}, cv=2)])
def test_several_scorers_ask_once(wrap: Callable[[Any], Any]) -> None:
    model = wrap(SpyClassifier(DecisionTreeClassifier(max_depth=3, random_state=0))).fit(MATRIX, RESULT)
    spy = getattr(model, "best_estimator_", model)
    spy = spy[-1] if hasattr(spy, "steps") else spy
    costs = []
    for scoring in ("neg_log_loss", ["neg_log_loss", "roc_auc_ovr", "roc_auc_ovo"]):
        both(model, MATRIX, RESULT, scoring=scoring)
        spy.rows_ = 0
        permutation_importance(model, MATRIX, RESULT, scoring=scoring, random_state=7)
        costs.append(spy.rows_)
    assert costs[0] == costs[1]


def test_a_scorer_that_sees_the_table() -> None:
    def accuracy_where_neutral(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        assert list(X.columns) == list(FRAME.columns)
        here = X["neutral"].to_numpy()
        weights = None if sample_weight is None else sample_weight[here]
        return accuracy_score(y[here], estimator.predict(X)[here], sample_weight=weights)

    model = encoded(LogisticRegression(), RESULT)
    for weights in (None, WEIGHTS):
        both(model, FRAME, RESULT, scoring=accuracy_where_neutral, sample_weight=weights)
    mixed = {"seen": accuracy_where_neutral, "loss": "neg_log_loss", "own": None, "f1": "f1_macro"}
    assert list(both(model, FRAME, RESULT, scoring=mixed)) == ["seen", "loss", "own", "f1"]


@pytest.mark.parametrize(
    "value", [lambda hits: {"share": hits.mean(), "n": int(hits.sum())}, lambda hits: int(hits.sum())]
)
def test_a_scorer_may_give_a_dict_or_whole_numbers(value: Callable[[Any], Any]) -> None:
    found = both(
        encoded(LogisticRegression(), WON), FRAME, WON, scoring=lambda e, X, y: value(e.predict(X) == y)
    )
    counts = found.get("n", found)
    assert counts.importances.dtype.kind == "i"


@pytest.mark.parametrize(
    "search",
    [
        {},
        {"scoring": "neg_mean_absolute_error"},
        {"scoring": ["r2", "neg_max_error"], "refit": "neg_max_error"},
        {"scoring": lambda e, X, y: {"a": e.score(X, y), "b": 0.0}, "refit": "a"},
        {"scoring": lambda e, X, y: e.score(X, y)},
    ],
)
def test_a_search_is_scored_as_it_was_told(search: dict[str, Any]) -> None:
    model = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2, **search).fit(MATRIX, MARGIN)
    both(model, MATRIX, MARGIN)
    both(make_pipeline(StandardScaler(), model).fit(MATRIX, MARGIN), MATRIX, MARGIN)


class ShiftedScore(Ridge):
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        return float(X[:, 0].mean()) + super().score(X, y)


def shifted_by_hand() -> Any:
    model = Ridge().fit(MATRIX, MARGIN)
    model.score = lambda X, y: float(np.abs(X).max(0)[0] * model.predict(X).std())
    return model


@pytest.mark.parametrize(
    "model",
    [
        PoissonRegressor(),
        ShiftedScore(),
        make_pipeline(StandardScaler(), ShiftedScore()),
        DummyClassifier(strategy="stratified", random_state=0),
    ],
)
def test_estimators_with_a_score_of_their_own(model: Any) -> None:
    y = np.exp(MARGIN / 4) if isinstance(model, PoissonRegressor) else MARGIN
    y = WON if isinstance(model, DummyClassifier) else y
    both(model.fit(MATRIX, y), MATRIX, y)
    both(shifted_by_hand(), MATRIX, MARGIN)


def test_scores_that_are_not_numbers_come_through() -> None:
    model = LogisticRegression().fit(MATRIX, WON == "yes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one class only
        found = both(model, MATRIX, np.zeros(N, bool), scoring=["roc_auc", "accuracy"])
    assert np.isnan(found["roc_auc"].importances).all()
    assert np.isfinite(found["accuracy"].importances).all()


def test_a_feature_that_nothing_uses_is_exactly_zero() -> None:
    X = np.column_stack([MATRIX, np.random.default_rng(5).normal(size=N)])
    for model in (Ridge(), DecisionTreeRegressor(max_depth=2), KNeighborsRegressor()):
        model = make_pipeline(make_column_transformer(("passthrough", [0, 1, 2])), model).fit(X, MARGIN)
        for scoring in (None, "neg_root_mean_squared_error"):
            assert (both(model, X, MARGIN, scoring=scoring).importances[3] == 0).all()


@pytest.mark.parametrize("several", [False, True])
def test_weights_are_routed_where_routing_is_enabled(several: bool) -> None:
    model = Ridge().fit(MATRIX, MARGIN)
    with sklearn.config_context(enable_metadata_routing=True):
        weighted = get_scorer("r2").set_score_request(sample_weight=True)
        plain = get_scorer("neg_mean_absolute_error").set_score_request(sample_weight=False)
        scoring = {"weighted": weighted, "plain": plain} if several else weighted
        found = both(model, MATRIX, MARGIN, scoring=scoring, sample_weight=WEIGHTS)
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
            permutation_importance(model, MATRIX, MARGIN, scoring=["r2"], sample_weight=WEIGHTS)
    if several:
        assert_same(found["plain"], both(model, MATRIX, MARGIN, scoring="neg_mean_absolute_error"))


# models of all kinds


class Centred(RegressorMixin, BaseEstimator):
    """Predicts a row otherwise beside other rows."""

    def fit(self, X: Any, y: Any) -> Any:
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        return (X - X.mean(0)).sum(1)


class Noisy(Centred):
    def predict(self, X: Any) -> Any:
        return X.sum(1) + np.random.normal(size=len(X))


class AllOrNothing(Centred):
    def predict(self, X: Any) -> Any:
        if len(X) != N:
            raise ValueError("all rows, please")
        return X.sum(1)


class WithGaps(Centred):
    def predict(self, X: Any) -> Any:
        return np.where(X[:, 0] > 1, np.nan, X.sum(1))


class AsSeries(Centred):
    def predict(self, X: Any) -> Any:
        return pd.Series(X.sum(1))


@pytest.mark.parametrize("kind", [Centred, Noisy, AllOrNothing, WithGaps, AsSeries])
def test_models_that_are_asked_as_scikit_learn_asks(kind: Any) -> None:
    def error(y: Any, pred: Any) -> float:
        assert isinstance(pred, pd.Series if kind is AsSeries else np.ndarray)
        return float(np.nanmean(np.abs(pred - y)))

    found = []
    for call in (permutation_importance, theirs):
        np.random.seed(4)
        found.append(call(kind(), MATRIX, MARGIN, scoring=make_scorer(error, greater_is_better=False)))
    assert_same(*found)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda X: X[:, 0] > 0, "b"),
        (lambda X: (X[:, 1] * 2).astype(np.int64), "i"),
        (lambda X: X[:, 1].astype(np.uint8), "u"),
        (lambda X: X.sum(1).astype(np.float32), "f"),
        (lambda X: X[:, 1].astype(np.int64) + 2**60, "i"),
        (lambda X: np.where(X[:, 0] > 0, "up", "down"), "U"),
    ],
)
def test_metrics_get_answers_as_the_estimator_gives_them(answer: Callable[[Any], Any], kind: str) -> None:
    expected = answer(MATRIX)

    class Answers(ClassifierMixin, BaseEstimator):
        classes_ = np.unique(expected)

        def fit(self, X: Any, y: Any) -> Any:
            return self

        def predict(self, X: Any) -> Any:
            return answer(X)

    def share(y: Any, pred: Any) -> float:
        assert pred.dtype.kind == kind
        assert pred.dtype.itemsize == expected.dtype.itemsize
        return float(np.mean(y == pred))

    both(Answers(), MATRIX, expected, scoring=make_scorer(share))


# many at once


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
@pytest.mark.parametrize("scoring", ["r2", lambda e, X, y: e.score(X, y)])
def test_jobs_do_not_change_the_numbers(n_jobs: int, scoring: Any) -> None:
    X, y = np.tile(MATRIX, (30, 1)), np.tile(MARGIN, 30)
    model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    seen = set()

    def noting(estimator: Any, X: Any, y: Any) -> Any:
        seen.add(threading.get_ident())
        return scoring(estimator, X, y)

    with joblib.parallel_config(backend="threading"):
        both(model, X, y, scoring=noting if callable(scoring) else scoring, n_jobs=n_jobs)


def test_processes() -> None:
    model = encoded(DecisionTreeRegressor(random_state=0))
    both(model, FRAME, MARGIN, scoring=lambda e, X, y: e.score(X, y), n_jobs=2)


def test_threads_know_what_scikit_learn_was_told() -> None:
    class NeedsFrames(Centred):
        def predict(self, X: Any) -> Any:
            assert sklearn.get_config()["transform_output"] == "pandas"
            return X["elo"].to_numpy() * X["week"].to_numpy()

    X = pd.concat([FRAME[["elo", "week"]].astype(float)] * 40, ignore_index=True)
    y = np.tile(MARGIN, 40)
    model = make_pipeline(StandardScaler(), NeedsFrames())
    with sklearn.config_context(transform_output="pandas"), joblib.parallel_config(backend="threading"):
        both(model.fit(X, y), X, y, n_jobs=2)


class Interrupts(Centred):
    def __init__(self, at: int = 0) -> None:
        self.at = at

    def fit(self, X: Any, y: Any) -> Any:
        self.asked_ = 0
        return self

    def predict(self, X: Any) -> Any:
        self.asked_ += 1
        if self.asked_ == self.at:
            raise KeyboardInterrupt
        return X.sum(1)


@pytest.mark.parametrize("at", [1, 3, 8])
def test_ctrl_c_stops(at: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        permutation_importance(Interrupts(at).fit(MATRIX, MARGIN), MATRIX, MARGIN, random_state=0)


# bad input

RIDGE = Ridge().fit(MATRIX, MARGIN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": Ridge}, "The class Ridge was given"),
        ({"estimator": object()}, "must be fitted and have fit and predict"),
        ({"estimator": None}, "must be fitted and have fit and predict"),
        ({"estimator": lambda X: X}, r"got a function\. For a function call weighin\.weigh"),
        (
            {"estimator": torch.nn.Linear(3, 1)},
            r"got a torch module\. For a torch module call weighin\.weigh",
        ),
        ({"estimator": Ridge()}, "not fitted"),
        ({"X": None}, r"X must be a data frame or a matrix .* got None"),
        ({"X": "table"}, "X must be a data frame or a matrix"),
        ({"X": 3}, "X must be a data frame or a matrix"),
        (
            {"X": scipy.sparse.csr_array(MATRIX)},
            r"X must be dense, got a sparse csr_array\. Hint: X\.toarray",
        ),
        ({"X": MATRIX[:, 0]}, "Expected 2D array"),
        ({"X": MATRIX[None]}, "dim 3"),
        ({"X": MATRIX[:0]}, r"0 sample\(s\)"),
        ({"X": MATRIX[:, :2]}, "X has 2 features"),
        ({"X": np.where(MATRIX > 1, np.nan, MATRIX)}, "contains NaN"),
        ({"X": np.where(MATRIX > 1, np.inf, MATRIX)}, "infinity"),
        ({"y": None}, "NaN"),
        ({"y": MARGIN[:5]}, "inconsistent numbers of samples"),
        ({"y": "margin"}, r"y must hold a value for each row, or be None, got 'margin'"),
        ({"y": 3.0}, "y must hold a value for each row"),
        ({"y": np.full(N, np.nan)}, "contains NaN"),
        ({"scoring": "neg_mean_absolut_error"}, "Did you mean 'neg_mean_absolute_error'"),
        ({"scoring": 3}, "scoring must be the name of a scorer"),
        ({"scoring": {"r2"}}, "scoring must be the name of a scorer"),
        ({"scoring": r2_score}, "looks like it is a metric function"),
        ({"scoring": []}, "Empty list"),
        ({"scoring": {}}, "empty dict"),
        ({"scoring": ["r2", "r2"]}, "Duplicate"),
        ({"scoring": ["r2", "r3"]}, "not a valid scoring value"),
        ({"scoring": {1: "r2"}}, "Non-string"),
        ({"scoring": "neg_log_loss"}, "predict_proba"),
        ({"scoring": "neg_mean_squared_log_error"}, "Mean Squared Logarithmic Error"),
        ({"scoring": lambda e, X, y: None}, "unsupported operand"),
        ({"n_repeats": 0}, r"n_repeats must be an integer >= 1, got 0\."),
        ({"n_repeats": 2.0}, "n_repeats must be an integer"),
        ({"n_repeats": "auto"}, "n_repeats must be an integer"),
        ({"n_jobs": 1.5}, "n_jobs must be an integer or None, got 1.5"),
        ({"n_jobs": 0}, "n_jobs == 0"),
        ({"random_state": -1}, "random_state must be an integer from 0"),
        ({"random_state": 1.5}, "random_state must be an integer"),
        ({"random_state": 2**32}, "random_state must be an integer"),
        ({"random_state": np.random.default_rng(0)}, r"Hint: np\.random\.RandomState\(seed\)"),
        ({"sample_weight": "mass"}, "sample_weight must hold a weight for each row"),
        ({"sample_weight": 2.0}, "sample_weight must hold a weight for each row"),
        ({"sample_weight": [1.0, 2.0]}, "inconsistent numbers of samples"),
        ({"sample_weight": np.zeros(N)}, "at least one non-zero number"),
        ({"sample_weight": np.full(N, np.nan)}, "contains NaN"),
        (
            {"sample_weight": WEIGHTS, "scoring": "neg_max_error"},
            "unexpected keyword argument 'sample_weight'",
        ),
        ({"max_samples": 0}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": 0.0}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": 1.5}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": "all"}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": N + 1}, f"max_samples must be <= n_samples, {N}, got {N + 1}"),
        ({"max_samples": 0.001}, "no row at all"),
    ],
    # an address differs from process to process
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value))[:40],
)
def test_bad_input_is_said_by_errors_of_the_same_kind(change: dict[str, Any], message: str) -> None:
    options = {"random_state": 0, **change}
    given = [options.pop(name, value) for name, value in (("estimator", RIDGE), ("X", MATRIX), ("y", MARGIN))]
    with pytest.raises(Exception) as expected:
        theirs(*given, **options)
    with pytest.raises(type(expected.value), match=message) as found:
        permutation_importance(*given, **options)
    assert isinstance(found.value, ValueError | TypeError | AttributeError)


def test_repeated_names_are_said() -> None:
    X = pd.DataFrame(MATRIX, columns=["elo", "week", "elo"])
    with pytest.raises(InputError, match=r"these occur more than once: 'elo'\."):
        permutation_importance(RIDGE, X, MARGIN)


def test_a_learner_is_told_where_to_go(regression: Any, games: Any) -> None:
    with pytest.raises(InputError, match=r"got a fastai learner\. For a fastai learner call weighin\.weigh"):
        permutation_importance(regression, games, games["margin"])


def test_errors_are_weighins_and_scikit_learns() -> None:
    with pytest.raises(weighin.WeighinError) as found:
        permutation_importance(RIDGE, MATRIX, MARGIN, n_repeats=-3)
    assert isinstance(found.value, ValueError)
    assert isinstance(found.value, TypeError)


# scikit-learn's own tests of its function, and the examples of its documentation


@pytest.mark.parametrize(
    "name",
    [
        "mixed_types",
        "mixed_types_pandas",
        "linear_regression",
        "sample_weight",
        "no_weights_scoring_function",
        "max_samples_error",
        "array_function_not_called",
    ],
)
def test_scikit_learns_own_tests(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = pytest.importorskip("sklearn.inspection.tests.test_permutation_importance")
    monkeypatch.setattr(tests, "permutation_importance", permutation_importance)
    getattr(tests, f"test_permutation_importance_{name}")()


def test_the_diabetes_example_of_the_user_guide() -> None:
    diabetes = load_diabetes()
    X_train, X_test, y_train, y_test = train_test_split(diabetes.data, diabetes.target, random_state=0)
    model = Ridge(alpha=1e-2).fit(X_train, y_train)
    found = permutation_importance(model, X_test, y_test, n_repeats=30, random_state=0)
    told = [
        f"{diabetes.feature_names[i]} {found.importances_mean[i]:.3f} +/- {found.importances_std[i]:.3f}"
        for i in found.importances_mean.argsort()[::-1]
        if found.importances_mean[i] - 2 * found.importances_std[i] > 0
    ]
    assert told == ["s5 0.204 +/- 0.050", "bmi 0.176 +/- 0.048", "bp 0.088 +/- 0.033", "sex 0.056 +/- 0.023"]
    scoring = ["r2", "neg_mean_absolute_percentage_error", "neg_mean_squared_error"]
    several = both(model, X_test, y_test, n_repeats=5, scoring=scoring)
    assert {str(diabetes.feature_names[found.importances_mean.argmax()]) for found in several.values()} <= {
        "s5",
        "bmi",
    }


def test_the_story_of_correlated_features() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)
    forest = RandomForestClassifier(25, random_state=42).fit(X_train, y_train)
    assert forest.score(X_test, y_test) > 0.95
    all_features = permutation_importance(forest, X_train, y_train, n_repeats=3, random_state=42)
    assert all_features.importances_mean.max() < 0.03  # no feature seems to matter, since others stand in

    distances = 1 - abs(spearmanr(X).statistic)
    linkage = hierarchy.ward(squareform((distances + distances.T) / 2, checks=False))
    clusters = hierarchy.fcluster(linkage, 1, criterion="distance")
    picked = [int(np.flatnonzero(clusters == cluster)[0]) for cluster in np.unique(clusters)]
    few = RandomForestClassifier(25, random_state=42).fit(X_train[:, picked], y_train)
    assert few.score(X_test[:, picked], y_test) > 0.93
    one_of_each = permutation_importance(few, X_test[:, picked], y_test, n_repeats=3, random_state=42)
    assert one_of_each.importances_mean.max() > 0.1  # now they do


def test_the_story_of_a_random_column_with_many_values() -> None:
    table = np.random.default_rng(42)
    n = 600
    X = pd.DataFrame({"sex": table.choice(["female", "male"], n), "age": table.uniform(0, 80, n)})
    X["random_cat"] = table.choice(["a", "b", "c"], n)
    X["random_num"] = table.normal(size=n)
    odds = 2.5 * (X["sex"] == "female") - 0.02 * X["age"] - 0.5
    y = np.where(table.random(n) < 1 / (1 + np.exp(-odds)), "survived", "died")
    encoder = make_column_transformer((OrdinalEncoder(), ["sex", "random_cat"]), remainder="passthrough")
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)
    forest = make_pipeline(encoder, RandomForestClassifier(20, random_state=42)).fit(X_train, y_train)
    impurity = dict(
        zip(["sex", "random_cat", "age", "random_num"], forest[-1].feature_importances_, strict=True)
    )
    assert impurity["random_num"] > impurity["sex"]  # what trees tell of themselves
    seen = dict(zip(X, both(forest, X_train, y_train).importances_mean, strict=True))
    unseen = dict(zip(X, both(forest, X_test, y_test, n_repeats=10).importances_mean, strict=True))
    assert max(unseen, key=unseen.get) == "sex"
    assert unseen["random_num"] < unseen["sex"] / 3
    assert seen["random_num"] > 0.1  # memorised: it counts on training rows alone
    assert seen["random_num"] > 3 * abs(unseen["random_num"])
