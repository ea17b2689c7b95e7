"""Other kinds of estimator, searches, skorch, and how the engine calls them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    BaggingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import (
    get_scorer,
    log_loss,
    mean_absolute_error,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn_rows import FRAME, NUMBERS, N, X, by_hand, close, encoder, importances, scored_by_hand

from swaps import engine
from weighin import MetricError, ModelError, weigh


def test_several_outputs() -> None:
    rows, y = FRAME[NUMBERS], FRAME[["margin", "week"]]
    for model in (Ridge().fit(rows, y), RandomForestRegressor(5, random_state=0).fit(rows, y)):
        close(importances(model, rows, y), by_hand(model.predict, rows, lambda p: mean_absolute_error(y, p)))
        close(importances(model, rows, y, "r2"), scored_by_hand(get_scorer("r2"), model, rows, y))


def test_classes_of_several_targets_need_a_metric() -> None:
    rows, y = FRAME[["elo", "week"]], FRAME[["neutral", "week"]].astype(int)
    model = MultiOutputClassifier(GaussianNB()).fit(rows, y)
    with pytest.raises(MetricError, match="predicts classes of several targets: pass a function"):
        weigh(model, rows, y)

    def both(truth: Any, pred: Any) -> float:
        return float((truth == pred).all(1).mean())

    found = weigh(model, rows, y, metric=both, greater_is_better=True, n_repeats=3, random_state=0)
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
        (lambda x: np.full(len(x), np.nan), "150 of 150 predictions are not finite on the rows as they are"),
        (lambda x: np.zeros(len(x) + 1), "gave 151 predictions for 150 rows"),
        (lambda x: ["a"] * len(x), "must give numbers"),
        (lambda x: None, "must give numbers"),
    ],
)
def test_predictions_that_cannot_be_used_are_said(out: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        weigh(Bad(out), FRAME[NUMBERS], FRAME["margin"])


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
    looked_at = 4 * N
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
    monkeypatch.setattr(_plan, "effective_n_jobs", lambda n_jobs: 2 if n_jobs == -1 else n_jobs)
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


def test_the_numbers_of_scikit_learns_own_function_on_the_same_shuffles() -> None:
    """Its shuffles are other ones: only what does not depend on them can be the same."""
    rows, y = FRAME[["elo", "week"]], FRAME["margin"]
    model = Ridge().fit(rows, y)
    theirs = permutation_importance(
        model, rows, y, n_repeats=200, random_state=0, scoring="neg_mean_squared_error"
    )
    ours = weigh(model, rows, y, metric="mse", n_repeats=74, random_state=0)
    # every shift but the ones left out: the mean over pairs; theirs has fixed points, (n - 1) / n of it
    for a, b, spread in zip(
        ours.importances.mean(1), theirs.importances_mean, theirs.importances_std, strict=True
    ):
        assert abs(a * (N - 1) / N - b) < 4 * spread / np.sqrt(200) + 4 * ours.importances.std() / np.sqrt(74)


def skorch_net(kind: str) -> Any:
    skorch = pytest.importorskip("skorch")
    torch.manual_seed(0)
    n_outputs = 3 if kind == "NeuralNetClassifier" else 1
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(8, n_outputs),
    )
    options: dict[str, Any] = {"max_epochs": 2, "verbose": 0, "train_split": None, "lr": 0.01}
    if kind == "NeuralNetClassifier":
        options["criterion"] = torch.nn.CrossEntropyLoss
    return getattr(skorch, kind)(module, **options)


SKORCH_ROWS = (FRAME[["elo", "week"]] / [1500.0, 4.0]).to_numpy(np.float32)


@pytest.mark.parametrize(
    ("kind", "y", "metric"),
    [
        ("NeuralNetRegressor", FRAME[["margin"]].to_numpy(np.float32), "mae"),
        ("NeuralNetClassifier", FRAME["week"].to_numpy(np.int64) % 3, "log_loss"),
        ("NeuralNetBinaryClassifier", FRAME["neutral"].to_numpy(np.float32), "log_loss"),
    ],
)
def test_skorch_nets_are_estimators(kind: str, y: Any, metric: str) -> None:
    net = skorch_net(kind).fit(SKORCH_ROWS, y)
    imp = weigh(net, SKORCH_ROWS, y, n_repeats=3, random_state=0)
    assert imp.metric == metric
    assert imp.model == f"skorch {kind}"
    frame = pd.DataFrame(SKORCH_ROWS, columns=["elo", "week"])

    def predict(rows: pd.DataFrame) -> Any:
        rows = rows.to_numpy(np.float32)
        return net.predict(rows) if kind == "NeuralNetRegressor" else net.predict_proba(rows).astype(float)

    labels = sorted(set(y.ravel().tolist()))
    score = (
        mean_absolute_error
        if metric == "mae"
        else lambda t, p: log_loss(t, p / p.sum(1, keepdims=True), labels=labels)
    )
    # a net predicts in single precision: numbers near 1 are off by up to 6e-8, and their logarithms by more
    np.testing.assert_allclose(
        imp.importances, by_hand(predict, frame, lambda p: score(y, p)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("wrap", [lambda net: net, lambda net: make_pipeline(StandardScaler(), net)])
@pytest.mark.parametrize("training", [True, False])
def test_a_skorch_net_keeps_the_modes_of_its_modules(wrap: Callable[[Any], Any], training: bool) -> None:
    y = FRAME[["margin"]].to_numpy(np.float32)
    net = skorch_net("NeuralNetRegressor")
    model = wrap(net).fit(SKORCH_ROWS, y)
    net = model if model is net else model.steps[-1][1]
    net.module_.train(training)
    net.module_[1].train(not training)
    before = [part.training for part in net.module_.modules()]
    imp = weigh(model, SKORCH_ROWS, y, random_state=0)
    assert imp.notes == ()
    assert [part.training for part in net.module_.modules()] == before
    with pytest.raises(KeyboardInterrupt):
        weigh(model, SKORCH_ROWS, y, metric=_interrupt, greater_is_better=True)
    assert [part.training for part in net.module_.modules()] == before


def _interrupt(y: Any, pred: Any) -> float:
    raise KeyboardInterrupt
