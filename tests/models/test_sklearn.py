"""scikit-learn's estimators, and skorch nets, which have their methods."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sklearn
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.ensemble import (
    BaggingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    fbeta_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
    mean_pinball_loss,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from swaps import donor_rows, engine
from weighin import InputError, MetricError, ModelError, weigh
from weighin._samplers import MarginalSampler

RNG = np.random.default_rng(0)
N = 150


def table(seed: int = 0, n: int = N) -> pd.DataFrame:
    """Every kind of column; `unused` plays no part in the target."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "team": rng.choice(["Army", "Navy", "Rice"], n),
            "kind": pd.Categorical(rng.choice(["home", "away"], n), categories=["home", "away", "none"]),
            "elo": rng.normal(1500, 100, n),
            "week": rng.integers(1, 5, n),
            "neutral": rng.random(n) < 0.3,
            "unused": 1.0,
        }
    )
    frame["margin"] = (
        0.05 * (frame["elo"] - 1500)
        + 5 * (frame["team"] == "Rice")
        + frame["week"]
        + 3 * (frame["kind"] == "away")
    )
    frame["won"] = np.where(frame["margin"] > 4, "yes", "no")
    frame["grade"] = pd.cut(frame["margin"], [-1e9, 0, 5, 1e9], labels=["bad", "fair", "good"]).astype(str)
    return frame


FRAME = table()
FEATURES = ["team", "kind", "elo", "week", "neutral", "unused"]
NUMBERS = ["elo", "week", "unused"]
X = FRAME[FEATURES]


def encoder() -> Any:
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["team"]),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["kind"]),
        ("passthrough", ["elo", "week", "neutral"]),
    )


def by_hand(
    predict: Callable[[pd.DataFrame], Any],
    frame: pd.DataFrame,
    score: Callable[[Any], float],
    *,
    n_repeats: int = 3,
    seed: int = 0,
    block_rows: int = 4096,
) -> np.ndarray:
    """What a score changes by, swap by swap, on pandas frames."""
    base, change = score(predict(frame)), []
    for name in frame.columns:
        given_by = donor_rows(MarginalSampler(len(frame), n_repeats, seed, block_rows))
        moved = [frame.assign(**{name: frame[name].iloc[given].set_axis(frame.index)}) for given in given_by]
        change.append([score(predict(rows)) - base for rows in moved])
    return np.array(change)


def importances(model: Any, rows: Any, y: Any, metric: Any = None, **options: Any) -> np.ndarray:
    return weigh(model, rows, y, metric=metric, n_repeats=3, random_state=0, **options).importances


def close(found: Any, expected: Any) -> None:
    # double precision; what is added up in another order differs by some roundings of numbers up to a thousand
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


# pipelines on frames


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


@pytest.mark.parametrize("target", ["won", "grade"])
def test_boosting_on_categories_of_the_frame(target: str) -> None:
    rows = X.assign(team=X["team"].astype("category"))
    model = HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype").fit(
        rows, FRAME[target]
    )
    imp = weigh(model, rows, FRAME[target], n_repeats=3, random_state=0)
    expected = by_hand(
        model.predict_proba, rows, lambda p: log_loss(FRAME[target], p, labels=model.classes_.tolist())
    )
    assert imp.metric == "log_loss"
    close(imp.importances, expected)
    np.testing.assert_array_equal(imp.importances[5], 0.0)


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
    for column, given in [(c, g) for c in range(2) for g in enumerate(donor_rows(MarginalSampler(40, 3, 0)))]:
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


def test_a_target_with_an_index_of_its_own_counts_by_position() -> None:
    model = make_pipeline(encoder(), Ridge()).fit(X, FRAME["margin"])
    y = FRAME["margin"].set_axis(range(N, 0, -1))
    np.testing.assert_array_equal(importances(model, X, y), importances(model, X, FRAME["margin"]))


def test_missing_columns_are_named_with_the_nearest() -> None:
    model = make_pipeline(encoder(), Ridge()).fit(X, FRAME["margin"])
    with pytest.raises(InputError, match=r"'elo' is missing\. Did you mean 'eloo'\?"):
        weigh(model, X.rename(columns={"elo": "eloo"}), FRAME["margin"])


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


def test_polars_categories_are_values_to_a_booster() -> None:
    rows = X.assign(team=X["team"].astype("category"))
    model = HistGradientBoostingRegressor(max_iter=5, categorical_features="from_dtype").fit(
        rows, FRAME["margin"]
    )
    np.testing.assert_array_equal(
        importances(model, pl.from_pandas(rows), FRAME["margin"]), importances(model, rows, FRAME["margin"])
    )


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


# classifiers and metrics


@pytest.mark.parametrize("target", ["won", "grade", "neutral", "week"])
def test_a_classifier_has_log_loss_of_its_own_labels(target: str) -> None:
    rows, y = FRAME[NUMBERS], FRAME[target]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, y)
    labels = model.classes_.tolist()
    imp = weigh(model, rows, y, n_repeats=3, random_state=0)
    assert imp.metric == "log_loss"
    assert imp.baseline == pytest.approx(log_loss(y, model.predict_proba(rows), labels=labels), rel=1e-12)
    close(imp.importances, by_hand(model.predict_proba, rows, lambda p: log_loss(y, p, labels=labels)))
    for form in (
        y.astype(object),
        y.astype("category"),
        pl.Series(y.tolist()),
        y.tolist(),
        y.to_numpy()[:, None],
    ):
        np.testing.assert_array_equal(importances(model, rows, form), imp.importances)


def test_without_probabilities_accuracy_is_the_default() -> None:
    rows, y = FRAME[["elo", "week"]].to_numpy(float), FRAME["grade"]
    for model in (LinearSVC(), SVC()):
        model.fit(rows / [100.0, 1.0], y)
        imp = weigh(model, rows / [100.0, 1.0], y, n_repeats=3, random_state=0)
        assert imp.metric == "accuracy"
        assert imp.greater_is_better
        assert imp.baseline == accuracy_score(y, model.predict(rows / [100.0, 1.0]))
    with pytest.raises(MetricError, match=r"Unknown metric 'log_loss'|needs predict_proba"):
        weigh(LinearSVC().fit(rows, y), rows, y, metric="log_loss")
    with pytest.raises(MetricError, match="'log_loss' needs predict_proba, which LinearSVC does not have"):
        weigh(LinearSVC().fit(rows, y), rows, y, metric="neg_log_loss")


SCORERS = ["accuracy", "balanced_accuracy", "f1_macro", "neg_log_loss", "matthews_corrcoef"]
BINARY = ["roc_auc", "average_precision", "neg_brier_score"]
SEVERAL = ["top_k_accuracy", "roc_auc_ovr", "roc_auc_ovo_weighted", "f1_weighted"]
ERRORS = ["r2", "neg_mean_absolute_error", "neg_root_mean_squared_error", "max_error", "explained_variance"]


def scored_by_hand(scorer: Any, model: Any, rows: Any, y: Any) -> np.ndarray:
    """What a scorer of scikit-learn loses, estimator and all."""
    # metrics of unknown form exchange values in smaller blocks, which can be left out
    blocks = weigh(model, rows, y, metric=scorer, n_repeats=3, random_state=0).block_rows
    return -by_hand(lambda frame: frame, rows, lambda frame: scorer(model, frame, y), block_rows=blocks)


@pytest.mark.parametrize("classifier", [LogisticRegression(), GaussianNB()])
@pytest.mark.parametrize(
    ("target", "name"),
    [
        *(("neutral", name) for name in SCORERS + BINARY),
        *(("grade", name) for name in SCORERS + SEVERAL),
        ("won", "roc_auc"),
        ("won", "accuracy"),
    ],
)
def test_scorers_of_scikit_learn_give_its_numbers(classifier: Any, target: str, name: str) -> None:
    rows, y = FRAME[["elo", "week"]] / [100.0, 1.0], FRAME[target]
    y = y.astype(int) if target == "neutral" else y
    model = classifier.fit(rows, y)
    scorer = get_scorer(name)
    found = weigh(model, rows, y, metric=name, n_repeats=3, random_state=0)
    close(found.importances, scored_by_hand(scorer, model, rows, y))
    close(found.baseline, scorer._sign * scorer(model, rows, y))
    assert found.greater_is_better is (scorer._sign > 0)
    assert found.metric == name.removeprefix("neg_")
    close(importances(model, rows, y, scorer), found.importances)


@pytest.mark.parametrize("name", ERRORS)
def test_scorers_of_regressions_give_scikit_learns_numbers(name: str) -> None:
    rows, y = FRAME[NUMBERS], FRAME["margin"]
    model = Ridge().fit(rows, y)
    name = f"neg_{name}" if name == "max_error" else name
    close(importances(model, rows, y, name), scored_by_hand(get_scorer(name), model, rows, y))


@pytest.mark.parametrize("classifier", [LogisticRegression(), GaussianNB(), LinearSVC()])
@pytest.mark.parametrize("positive", ["yes", "no"])
@pytest.mark.parametrize(
    "response", ["predict_proba", "decision_function", ("decision_function", "predict_proba")]
)
def test_a_scorer_may_name_its_positive_class(classifier: Any, positive: str, response: Any) -> None:
    rows, y = FRAME[["elo", "week"]] / [100.0, 1.0], FRAME["won"]
    model = classifier.fit(rows, y)
    scorer = make_scorer(average_precision_score, response_method=response, pos_label=positive)
    if isinstance(response, str) and not hasattr(model, response):
        with pytest.raises(
            MetricError, match=f"needs {response}, which {type(model).__name__} does not have"
        ):
            importances(model, rows, y, scorer)
        return
    close(importances(model, rows, y, scorer), scored_by_hand(scorer, model, rows, y))


def test_a_scorer_with_options_on_labels() -> None:
    rows, y = FRAME[["elo", "week"]], FRAME["won"]
    model = GaussianNB().fit(rows, y)
    scorer = make_scorer(fbeta_score, beta=2, pos_label="no")
    close(importances(model, rows, y, scorer), scored_by_hand(scorer, model, rows, y))
    loss = make_scorer(mean_pinball_loss, greater_is_better=False, alpha=0.9)
    regressor = Ridge().fit(FRAME[NUMBERS], FRAME["margin"])
    imp = weigh(regressor, FRAME[NUMBERS], FRAME["margin"], metric=loss, n_repeats=3, random_state=0)
    assert not imp.greater_is_better
    close(imp.importances, scored_by_hand(loss, regressor, FRAME[NUMBERS], FRAME["margin"]))


def test_a_function_of_labels_gets_labels() -> None:
    rows, y = FRAME[["elo", "week"]], FRAME["grade"]
    model = DecisionTreeClassifier(max_depth=3).fit(rows, y)

    def share_of_good(truth: Any, pred: Any) -> float:
        assert set(truth) <= set(model.classes_)
        return float(np.mean((pred == "good") == (truth == "good")))

    imp = weigh(model, rows, y, metric=share_of_good, greater_is_better=True, n_repeats=3, random_state=0)
    blocks = imp.block_rows
    by_labels = by_hand(model.predict, rows, lambda p: share_of_good(y.to_numpy(), p), block_rows=blocks)
    close(imp.importances, -by_labels)


def test_how_far_probabilities_move_needs_no_target() -> None:
    rows = FRAME[NUMBERS]
    model = GaussianNB().fit(rows.assign(unused=RNG.normal(size=N)), FRAME["grade"])
    found = weigh(model, rows, metric="prediction_change", n_repeats=3, random_state=0)
    base = model.predict_proba(rows)
    close(found.importances, by_hand(model.predict_proba, rows, lambda p: abs(p - base).mean()))
    with pytest.raises(InputError, match="needs a target"):
        weigh(model, rows)


def test_metrics_that_cannot_be_used_are_said() -> None:
    rows = FRAME[NUMBERS]
    model = Ridge().fit(rows, FRAME["margin"])
    with pytest.raises(MetricError, match=r"Unknown metric 'r22'\. Did you mean 'r2'\?"):
        weigh(model, rows, FRAME["margin"], metric="r22")
    with pytest.raises(MetricError, match="metric must be a name, a scorer or a function"):
        weigh(model, rows, FRAME["margin"], metric=3)


def test_labels_the_classifier_does_not_know_are_named() -> None:
    model = GaussianNB().fit(FRAME[["elo", "week"]], FRAME["won"])
    with pytest.raises(
        InputError, match=r"classes the sklearn GaussianNB was not fitted on: 'maybe'\. Classes: 'no', 'yes'"
    ):
        weigh(model, FRAME[["elo", "week"]], ["maybe", *FRAME["won"][1:]])
    with pytest.raises(InputError, match="y must have one column of classes"):
        weigh(model, FRAME[["elo", "week"]], FRAME[["won", "grade"]])


# other kinds of estimator


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


# the engine on estimators


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


# skorch


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
