"""`permutation_importance` asks scorers and estimators as scikit-learn's does, but less often."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from beside_sklearn import FRAME, MARGIN, MATRIX, RESULT, WEIGHTS, WON, Centred, N, assert_same, both, encoded
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.metrics import accuracy_score, get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from weighin import permutation_importance

pytestmark = pytest.mark.slow


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


@pytest.mark.slow
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
