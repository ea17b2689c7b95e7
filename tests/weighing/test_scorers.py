"""Metrics of every kind on every kind of model, against scikit-learn's own numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lines import line, score_changes, table, weigh
from sklearn import metrics as reference
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import brier_score_loss, get_scorer, make_scorer

import weighin
from weighin import InputError, MetricError

pytestmark = pytest.mark.slow

FRAME, Y = table(300, seed=1)
TWO = (Y > 0).astype(int)
THREE = np.digitize(Y, [-1.5, 1.5])
REGRESSION = LinearRegression().fit(FRAME, Y)
PLAIN = {"n_repeats": 2}


def same_as(metric, score, model, y, **options):
    """Baseline and every shuffle are what ``score(model, frame)`` says."""
    imp = weigh(FRAME, y, model, metric=metric, **PLAIN, **options)
    before, changes = score_changes(score, FRAME, n_repeats=2, block_rows=imp.block_rows)
    sign = -1 if imp.greater_is_better else 1
    assert imp.baseline == pytest.approx(abs(before) if imp.baseline > 0 else before, rel=1e-6)
    np.testing.assert_allclose(imp.importances, sign * changes, rtol=1e-5, atol=1e-6)
    return imp


@pytest.mark.parametrize(
    "name",
    [
        *("neg_mean_absolute_error", "neg_mean_squared_error", "neg_root_mean_squared_error", "r2"),
        *("neg_median_absolute_error", "neg_max_error", "explained_variance", "d2_absolute_error_score"),
        "neg_mean_absolute_percentage_error",
    ],
)
def test_scorers_of_numbers(name):
    scorer = get_scorer(name)
    sign = -1 if name.startswith("neg_") else 1
    imp = same_as(name, lambda frame: sign * scorer(REGRESSION, frame, Y), REGRESSION, Y)
    ours = {"neg_mean_absolute_error": "mae", "neg_root_mean_squared_error": "rmse"}.get(name, "mse")
    assert imp.metric in (name.removeprefix("neg_"), ours)
    assert imp.greater_is_better == (sign > 0)
    np.testing.assert_array_equal(
        weigh(FRAME, Y, REGRESSION, metric=scorer, **PLAIN).importances, imp.importances
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "labels"),
    [
        *((name, "two") for name in ("accuracy", "f1", "balanced_accuracy", "matthews_corrcoef", "jaccard")),
        *((name, "two") for name in ("roc_auc", "average_precision", "neg_brier_score", "neg_log_loss")),
        *(
            (name, "three")
            for name in ("accuracy", "f1_macro", "recall_weighted", "roc_auc_ovr", "neg_log_loss")
        ),
    ],
)
def test_scorers_of_classes(name, labels):
    y = {"two": TWO, "three": THREE}[labels]
    model, scorer = LogisticRegression().fit(FRAME, y), get_scorer(name)
    sign = -1 if name.startswith("neg_") else 1
    same_as(name, lambda frame: sign * scorer(model, frame, y), model, y)


class Logit(torch.nn.Module):
    """One output, the larger the more of class 1."""

    def forward(self, x):
        return torch.sigmoid(3 * x[:, :1] + x[:, 1:2])


class Logits(torch.nn.Module):
    """One output for each of two classes."""

    def forward(self, x):
        up = 3 * x[:, :1] + x[:, 1:2]
        return torch.cat([-up, up], 1)


def probability(frame):
    return 1 / (1 + np.exp(-line(frame)))


def test_networks_and_functions_are_read_as_scikit_learn_reads_estimators():
    def area(frame):
        return reference.roc_auc_score(TWO, line(frame))

    for model in (Logit(), Logits(), line, lambda rows: -np.stack([line(rows), -line(rows)], 1)):
        same_as("roc_auc", area, model, TWO)
    same_as("f1", lambda frame: reference.f1_score(TWO, line(frame) > 0), Logits(), TWO)
    same_as("neg_log_loss", lambda frame: reference.log_loss(TWO, probability(frame)), Logit(), TWO)
    same_as("r2", lambda frame: reference.r2_score(Y, line(frame)), line, Y)


def test_a_scorer_of_the_users_own_is_taken_apart():
    quantile = make_scorer(
        lambda y, pred, q: float(np.quantile(abs(y - pred), q)), greater_is_better=False, q=0.8
    )
    same_as(quantile, lambda frame: float(np.quantile(abs(Y - line(frame)), 0.8)), line, Y)
    of_no = make_scorer(reference.f1_score, pos_label="no")
    words = np.where(TWO, "yes", "no")
    model = LogisticRegression().fit(FRAME, words)
    same_as(
        of_no, lambda frame: reference.f1_score(words, model.predict(frame), pos_label="no"), model, words
    )


def test_a_function_gets_what_its_user_sees():
    words = np.where(TWO, "yes", "no")
    model, seen = LogisticRegression().fit(FRAME, words), []

    def agreement(y, pred):
        seen.append((set(y), set(pred)))
        return float((y == pred).mean())

    same_as(
        agreement, lambda frame: (model.predict(frame) == words).mean(), model, words, greater_is_better=True
    )
    assert all(one | two <= {"yes", "no"} for one, two in seen)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "f1", "r2", "neg_median_absolute_error"])
def test_every_form_has_an_interval_that_holds_the_estimate(metric):
    y, model = (Y, line) if metric in ("r2", "neg_median_absolute_error") else (TWO, Logits())
    imp = weigh(FRAME, y, model, metric=metric)
    assert (imp.ci_lower[:2] > 0).all()
    assert (imp.ci_lower <= imp.importances_mean).all()
    assert (imp.importances_mean <= imp.ci_upper).all()
    apart = imp.difference("a", "b")
    assert 0 < apart.ci_lower < apart.difference < apart.ci_upper


@pytest.mark.parametrize(
    "metric", ["roc_auc", "average_precision", "f1", "r2", "neg_median_absolute_error", "mae"]
)
def test_what_the_model_does_not_use_weighs_exactly_nothing(metric):
    y, model = (Y, line) if metric in ("r2", "neg_median_absolute_error", "mae") else (TWO, Logits())
    imp = weigh(FRAME, y, model, metric=metric)
    assert (imp.importances[2] == 0).all()
    assert (imp.importances_mean[2], imp.se[2], imp.pvalue[2]) == (0.0, 0.0, 1.0)
    assert str(imp.importances_mean[2]) == "0.0"


def test_a_maximum_has_no_interval_since_one_row_makes_it():
    imp = weigh(FRAME, Y, metric="neg_max_error")
    assert np.isnan(imp.se).all()
    assert (imp.importances_mean[:2] > 0).all()


def test_rows_that_a_swap_moved_are_counted_whatever_else_moves_with_them():
    """One in forty rows differs: each of their swaps shifts the ranks of all others."""
    frame, _ = table(300, seed=5)
    frame["b"] = np.r_[np.ones(4), np.zeros(296)]
    y = (line(frame) + np.random.default_rng(0).normal(size=300) > 0).astype(int)
    for metric in ("roc_auc", "average_precision"):
        flagged = weigh(frame, y, metric=metric, n_repeats=5).to_frame().set_index("feature")["few_rows"]
        assert flagged.to_dict() == {"a": False, "b": True, "c": True}


@pytest.mark.parametrize(
    ("metric", "model", "y", "told"),
    [
        ("rmsee", line, Y, r"Unknown metric 'rmsee'. Did you mean 'rmse'\?"),
        ("roc_auc", line, Y, "y must hold class numbers"),
        (
            "roc_auc",
            REGRESSION,
            Y,
            "needs decision_function or predict_proba, which LinearRegression does not have",
        ),
        ("f1", line, TWO, "needs predict, .* its one output is read as a score"),
        ("neg_log_loss", line, TWO, "go beyond 0 and 1"),
        ("f1", LogisticRegression().fit(FRAME, THREE), THREE, "f1_macro"),
        (
            "f1",
            LogisticRegression().fit(FRAME, np.where(TWO, "y", "n")),
            np.where(TWO, "y", "n"),
            "pos_label",
        ),
        (3, line, Y, "metric must be a name, a scorer or a function"),
        (lambda y, pred: None, line, Y, "greater_is_better"),
    ],
)
def test_what_cannot_be_measured_is_said(metric, model, y, told):
    with pytest.raises(MetricError, match=f"(?i){told}"):
        weigh(FRAME, y, model, metric=metric)


def test_a_metric_must_give_numbers():
    for bad, told in ((lambda y, pred: None, "must return a number"), (lambda y, pred: np.nan, "is nan")):
        with pytest.raises(MetricError, match=told):
            weigh(FRAME, Y, metric=bad, greater_is_better=True)


def test_a_list_of_metrics_is_checked():
    with pytest.raises(InputError, match="empty list"):
        weigh(FRAME, Y, metric=[])
    with pytest.raises(InputError, match="'mae' is given more than once"):
        weigh(FRAME, Y, metric=["mae", "mae"])
    with pytest.raises(InputError, match="make_scorer"):
        weigh(FRAME, Y, metric=["mae", "rmse"], greater_is_better=False)


def test_accuracy_takes_one_column_of_classes(two_targets, fresh_games):
    with pytest.raises(MetricError, match="one column of class numbers, and y has 2"):
        weighin.weigh(two_targets, fresh_games, metric="accuracy")


@pytest.mark.parametrize("labels", [TWO, THREE])
@pytest.mark.parametrize(
    "options", [{}, {"sample_weight": np.linspace(0.5, 2, len(FRAME))}, {"by": FRAME["a"] > 0}]
)
def test_the_log_loss_of_scikit_learn_is_ours_intervals_and_all(labels, options):
    model = LogisticRegression().fit(FRAME, labels)
    ours, theirs = (
        # of an estimator it is another name for ours, of a function it is not
        weigh(FRAME, labels, asked, metric=metric, **PLAIN, **options)
        for asked, metric in ((model, "log_loss"), (model.predict_proba, "neg_log_loss"))
    )
    np.testing.assert_allclose(theirs.importances, ours.importances, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(theirs.interval(), ours.interval(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("labels", "scorer"),
    [
        # of labels, not of probabilities
        (np.where(TWO, "y", "n"), make_scorer(brier_score_loss)),
        (TWO, make_scorer(brier_score_loss, response_method="predict_proba", pos_label=7)),
    ],
)
def test_what_scikit_learn_refuses_of_probabilities_is_refused(labels, scorer):
    model = LogisticRegression().fit(FRAME, labels)
    with pytest.raises(ValueError, match=r"pos_label|convert"):
        scorer(model, FRAME, labels)
    with pytest.raises(MetricError, match=r"pos_label|convert"):
        weigh(FRAME, labels, model, metric=scorer, **PLAIN)


def test_the_brier_score_of_either_class_is_that_of_scikit_learn():
    model = LogisticRegression().fit(FRAME, np.where(TWO, "y", "n"))
    for label in ("y", "n"):
        scorer = make_scorer(brier_score_loss, response_method="predict_proba", pos_label=label)
        imp = weigh(FRAME, np.where(TWO, "y", "n"), model, metric=scorer, **PLAIN)
        assert imp.baseline == pytest.approx(scorer(model, FRAME, np.where(TWO, "y", "n")))
        assert np.isfinite(imp.interval()).all()
