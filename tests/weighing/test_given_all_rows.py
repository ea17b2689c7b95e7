"""Importance given other columns for metrics of all rows at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer

import weighin
from weighin import InputError

# each fits what columns tell of each other
pytestmark = pytest.mark.slow


def rows(n: int = 400) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    w = rng.normal(size=n)
    X = pd.DataFrame({"a": 0.8 * w + 0.6 * rng.normal(size=n), "w": w, "z": rng.normal(size=n)})
    return X, (rng.random(n) < 1 / (1 + np.exp(-(1.2 * X["a"] + 0.5 * w + X["z"])))).astype(int)


X, Y = rows()
MODEL = LogisticRegression().fit(X, Y)
ALL_ROWS = ["roc_auc", "average_precision", "f1", "balanced_accuracy"]


def probabilities(frame):
    return MODEL.predict_proba(frame)


def weigh(metric, model=MODEL, **options):
    asked = {"given": "rest", "random_state": 0, "n_repeats": 5, "progress": False}
    return weighin.weigh(model, X, Y, metric=metric, **(asked | options))


def test_the_share_of_hits_counted_as_labels_is_the_mean_of_hits_row_by_row():
    counted, row_by_row = weigh(make_scorer(accuracy_score)), weigh("accuracy")
    np.testing.assert_allclose(counted.importances, row_by_row.importances, atol=1e-7)
    np.testing.assert_allclose(counted.se, row_by_row.se, rtol=1e-5)
    np.testing.assert_allclose(counted.ci_upper, row_by_row.ci_upper, atol=1e-6)


@pytest.mark.parametrize("metric", [*ALL_ROWS, "d2_log_loss_score"])
def test_what_is_given_nothing_is_shuffled_freely(metric):
    some, free = weigh(metric, given={"a": ["w"]}), weigh(metric, given=None)
    np.testing.assert_allclose(some.importances[1:], free.importances[1:], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(some.se[1:], free.se[1:], rtol=1e-3)
    assert 0 < some.importances_mean[0] < free.importances_mean[0]


def test_several_metrics_are_what_each_is_alone():
    together = weigh(["log_loss", *ALL_ROWS], by=X["z"] > 0)
    for name in together.metrics:
        alone = weigh(name, by=X["z"] > 0)
        for segment in (None, True, False):
            one, other = together.of(name, segment=segment), alone.of(segment=segment)
            np.testing.assert_allclose(one.importances, other.importances, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(one.interval(), other.interval(), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_ranks_of_probabilities_allow_for_what_the_given_columns_do_not_tell(metric):
    imp = weigh(metric, probabilities, outputs="probability")
    assert np.isfinite(imp.pvalue).all()
    assert (imp.ci_lower < imp.importances_mean).all()
    # of decisions and labels nobody knows what a right model would change
    plain = weigh("f1")
    assert np.isnan(plain.pvalue).any()
    assert np.isfinite(plain.se).all()
    # the lower end lies farther out by what is allowed for
    same = weigh(metric, lambda frame: probabilities(frame)[:, 1])
    np.testing.assert_allclose(imp.importances, same.importances, rtol=1e-6, atol=1e-9)


def test_the_numbers_do_not_depend_on_how_many_features_fit_the_memory():
    frame, y = rows(3000)
    options = {"metric": "roc_auc", "given": "rest", "random_state": 0, "n_repeats": 5, "progress": False}
    whole, few = (weighin.weigh(MODEL, frame, y, max_memory=most, **options) for most in (256, 1))
    np.testing.assert_allclose(few.importances, whole.importances, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(few.se, whole.se, rtol=1e-6)


def test_two_models_are_compared_on_the_same_swaps():
    other = LogisticRegression(C=0.01).fit(X, Y)
    options = {"given": "rest", "random_state": 0, "n_repeats": 5, "keep_rows": True, "progress": False}
    first, second = (weighin.weigh(model, X, Y, metric="roc_auc", **options) for model in (MODEL, other))
    found = weighin.compare(first, second)
    assert np.isfinite(found["a"].ci_lower)
    assert found["a"].ci_lower <= second["a"].importance - first["a"].importance <= found["a"].ci_upper


def test_what_cannot_be_measured_given_others_is_said():
    with pytest.raises(InputError, match="'median_miss' is of unknown form"):
        weigh(median_miss, greater_is_better=False)
    with pytest.raises(InputError, match="sample_weight with metrics that are means over rows"):
        weigh("roc_auc", sample_weight=np.ones(len(Y)))


def median_miss(y, pred):
    return float(np.median(abs(y - pred)))
