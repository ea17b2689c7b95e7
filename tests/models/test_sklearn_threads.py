"""Which estimators are called in several threads, and that numbers do not depend on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from estimators import FRAME, N, X, close, encoder, importances
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    BaggingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from swaps import engine


def test_trees_predict_a_pair_of_row_and_level_once() -> None:
    """What de-duplication saves, and that it changes nothing."""
    rows = FRAME[["week", "elo"]].assign(flag=FRAME["neutral"].astype(float)).to_numpy(float)
    model = DecisionTreeRegressor(random_state=0).fit(rows, FRAME["margin"])
    predicted = []

    class Counting:
        def predict(self, x: Any) -> Any:
            predicted.append(len(x))
            return model.predict(x)

    n_repeats = 20
    scores = engine(Counting(), rows, FRAME["margin"], n_repeats=n_repeats)
    expected = engine(lambda x: model.predict(x), rows, FRAME["margin"], n_repeats=n_repeats, chunk_rows=10)
    close(scores.change, expected.change)
    # a few rows, and twice all of them at once
    looked_at = 4 * N + 2 * N
    # the baseline, at most 3 other weeks and 1 other flag for each row, and every shuffle of a column of many values
    assert sum(predicted) <= looked_at + N * (1 + 3 + 1 + n_repeats)


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", [1, 2, 3, -1])
@pytest.mark.parametrize("estimator", [DecisionTreeClassifier(random_state=0), LogisticRegression()])
def test_jobs_and_batches_do_not_change_the_numbers(
    estimator: Any, n_jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    rows = (FRAME[["elo", "week"]] / [100.0, 1.0]).round(1)
    model = estimator.fit(rows, FRAME["grade"])
    expected = importances(model, rows, FRAME["grade"])
    for batch_size in (None, 16, 100):
        close(importances(model, rows, FRAME["grade"], n_jobs=n_jobs, batch_size=batch_size), expected)


@pytest.mark.slow
def test_processes_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    model = make_pipeline(encoder(), DecisionTreeRegressor(random_state=0)).fit(X, FRAME["margin"])
    expected = importances(model, X, FRAME["margin"])
    with joblib.parallel_config("loky"):
        np.testing.assert_array_equal(importances(model, X, FRAME["margin"], n_jobs=2), expected)


# scikit-learn's own threads and ours find each other's warning filters, now and then
@pytest.mark.filterwarnings("ignore:.*sklearn.utils.parallel.delayed.*:UserWarning")
def test_output_set_for_transformers_counts_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    rows = FRAME[["elo", "week"]]
    with sklearn.config_context(transform_output="pandas"):
        picks = make_column_transformer((StandardScaler(), ["elo", "week"]))  # by name: needs a frame
        model = make_pipeline(StandardScaler(), picks, Ridge()).fit(rows, FRAME["margin"])
        expected = importances(model, rows, FRAME["margin"], n_jobs=1)
        np.testing.assert_array_equal(importances(model, rows, FRAME["margin"], n_jobs=2), expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "in_threads"),
    [
        (make_pipeline(StandardScaler(), Ridge()), True),
        (LinearRegression(), True),
        (HistGradientBoostingRegressor(max_iter=3), True),
        (RandomForestRegressor(3, random_state=0), False),
        (make_pipeline(make_column_transformer((StandardScaler(), [0, 1])), Ridge()), False),
    ],
)
def test_estimators_that_bring_threads_are_called_in_one(
    estimator: Any, in_threads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    monkeypatch.setattr(_plan, "threads_for", lambda n_jobs: 2 if n_jobs in (None, -1) else n_jobs)
    rows = FRAME[["elo", "week"]].to_numpy(float)
    model = estimator.fit(rows, FRAME["margin"])
    kind, seen = type(model), set()
    predict = kind.predict

    def noted(self: Any, X: Any) -> Any:
        if self is model:
            seen.add(threading.get_ident())
        return predict(self, X)

    monkeypatch.setattr(kind, "predict", noted)
    importances(model, rows, FRAME["margin"], batch_size=8)
    assert bool(seen - {threading.get_ident()}) == in_threads


class OneThread(RegressorMixin, BaseEstimator):
    """Refuses to be called from elsewhere."""

    def fit(self, X: Any, y: Any) -> OneThread:
        self.thread_ = threading.get_ident()
        return self

    def predict(self, X: Any) -> Any:
        assert threading.get_ident() == self.thread_
        return np.asarray(X)[:, 0]


def own_thread(thread: int) -> Callable[[Any], Any]:
    """Like `OneThread`, as a function."""

    def same(X: Any) -> Any:
        assert threading.get_ident() == thread
        return X

    return same


@pytest.mark.parametrize(
    "make",
    [
        lambda: OneThread(),
        lambda: BaggingRegressor(OneThread(), 2),
        lambda: VotingRegressor([("one", OneThread()), ("other", Ridge())]),
        lambda: GridSearchCV(Pipeline([("last", Ridge())]), {"last": [OneThread()]}, cv=2),
        lambda: GridSearchCV(TransformedTargetRegressor(Ridge()), {"regressor": [OneThread()]}, cv=2),
        lambda: make_pipeline(FunctionTransformer(own_thread(threading.get_ident())), Ridge()),
        lambda: make_pipeline(
            FeatureUnion([("f", FunctionTransformer(own_thread(threading.get_ident())))]), Ridge()
        ),
    ],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_code_of_the_users_stays_in_their_thread(
    make: Callable[[], Any], frozen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weighin._engine import plan as _plan

    monkeypatch.setattr(_plan, "THREADS_FROM", 0)
    rows = FRAME[["elo", "week"]]
    model = make().fit(rows, FRAME["margin"])
    assert importances(FrozenEstimator(model) if frozen else model, rows, FRAME["margin"])[0].any()
