"""Metrics of scikit-learn's estimators: defaults, scorers, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from estimators import FRAME, NUMBERS, N, by_hand, close, importances, scored_by_hand
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    fbeta_score,
    get_scorer,
    jaccard_score,
    log_loss,
    make_scorer,
    mean_pinball_loss,
    precision_score,
    recall_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from weighin import InputError, MetricError, weigh

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("target", ["won", "grade", "neutral", "week"])
def test_a_classifier_has_log_loss_of_its_own_labels(target: str) -> None:
    rows, y = FRAME[NUMBERS], FRAME[target]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, y)
    labels = model.classes_.tolist()
    imp = weigh(model, rows, y, n_repeats=2, random_state=0)
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
        imp = weigh(model, rows / [100.0, 1.0], y, n_repeats=2, random_state=0)
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
    found = weigh(model, rows, y, metric=name, n_repeats=2, random_state=0)
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
    imp = weigh(regressor, FRAME[NUMBERS], FRAME["margin"], metric=loss, n_repeats=2, random_state=0)
    assert not imp.greater_is_better
    close(imp.importances, scored_by_hand(loss, regressor, FRAME[NUMBERS], FRAME["margin"]))


def test_a_function_of_labels_gets_labels() -> None:
    rows, y = FRAME[["elo", "week"]], FRAME["grade"]
    model = DecisionTreeClassifier(max_depth=3).fit(rows, y)

    def share_of_good(truth: Any, pred: Any) -> float:
        assert set(truth) <= set(model.classes_)
        return float(np.mean((pred == "good") == (truth == "good")))

    imp = weigh(model, rows, y, metric=share_of_good, greater_is_better=True, n_repeats=2, random_state=0)
    blocks = imp.block_rows
    by_labels = by_hand(model.predict, rows, lambda p: share_of_good(y.to_numpy(), p), block_rows=blocks)
    close(imp.importances, -by_labels)


def test_how_far_probabilities_move_needs_no_target() -> None:
    rows = FRAME[NUMBERS]
    model = GaussianNB().fit(rows.assign(unused=RNG.normal(size=N)), FRAME["grade"])
    found = weigh(model, rows, metric="prediction_change", n_repeats=2, random_state=0)
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


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("target", ["won", "grade"])
def test_a_class_can_be_named_in_metrics_that_are_of_one(target: str, weighted: bool) -> None:
    rows = FRAME[NUMBERS]
    y = FRAME[target].map(lambda label: f"is {label}").to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, y)
    weight = np.arange(N) % 3 + 1.0 if weighted else None
    label = model.classes_[0]
    functions = {
        "f1": f1_score,
        "precision": precision_score,
        "recall": recall_score,
        "jaccard": jaccard_score,
    }
    names = [f"{name}[{label}]" for name in functions]
    for name, function, imp in zip(
        names, functions.values(),
        [weigh(model, rows, y, metric=name, n_repeats=2, sample_weight=weight, random_state=0) for name in names],
        strict=True,
    ):  # fmt: skip
        pred = model.predict(rows) == label
        assert (imp.metric, imp.greater_is_better) == (name, True)
        assert imp.baseline == pytest.approx(function(y == label, pred, sample_weight=weight), rel=1e-12)
        if weight is None:
            close(
                imp.importances,
                -by_hand(
                    model.predict, rows,
                    lambda p, function=function: function(y == label, p == label, zero_division=0),
                ),
            )  # fmt: skip


def test_a_metric_of_one_class_says_which_there_are() -> None:
    rows, y = FRAME[NUMBERS], np.where(FRAME["margin"] > 0, "yes", "no")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, y)
    with pytest.raises(MetricError, match=r"Say which class counts: 'f1\[yes\]'\.$"):
        weigh(model, rows, y, metric="f1")
    with pytest.raises(
        MetricError, match=r"no class 'yess' .* Did you mean 'f1\[yes\]'\? .* 'f1\[no\]', 'f1\[yes\]'"
    ):
        weigh(model, rows, y, metric="f1[yess]")
    with pytest.raises(MetricError, match=r"Unknown metric 'max_error\[yes\]'|compares numbers"):
        weigh(model, rows, y, metric="max_error[yes]")
