"""Metrics on arrays, and their directions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from weighin import MetricError
from weighin._metrics import (
    ACCURACY,
    ERROR_RATE,
    HIGHER_IS_BETTER,
    LOWER_IS_BETTER,
    MAE,
    MSE,
    PREDICTION_CHANGE,
    RMSE,
    direction,
    general,
)

RNG = np.random.default_rng(0)
Y, PRED = RNG.normal(size=(50, 1)), RNG.normal(size=(50, 1))
CLASSES, LOGITS = RNG.integers(0, 3, (50, 1)), RNG.normal(size=(50, 3))


@pytest.mark.parametrize(
    ("metric", "function"),
    [
        (MAE, reference.mean_absolute_error),
        (MSE, reference.mean_squared_error),
        (RMSE, reference.root_mean_squared_error),
    ],
)
def test_errors_agree_with_scikit_learn(metric, function):
    assert metric.score(Y, PRED) == pytest.approx(function(Y, PRED), rel=1e-12)
    two = np.hstack([PRED, 2 * PRED]), np.hstack([Y, Y])
    expected = (
        function(two[1], two[0])
        if metric is not RMSE
        else reference.mean_squared_error(two[1], two[0]) ** 0.5
    )
    assert metric.score(two[1], two[0]) == pytest.approx(expected, rel=1e-12)


def test_accuracy_and_error_rate_agree_with_scikit_learn():
    expected = reference.accuracy_score(CLASSES[:, 0], LOGITS.argmax(1))
    assert ACCURACY.score(CLASSES, LOGITS) == pytest.approx(expected, abs=1e-15)
    assert ERROR_RATE.score(CLASSES, LOGITS) == pytest.approx(1 - expected, abs=1e-15)


@pytest.mark.parametrize("metric", [MAE, MSE, ACCURACY, ERROR_RATE, PREDICTION_CHANGE], ids=lambda m: m.name)
def test_the_mean_over_rows_is_the_score_for_any_number_of_shuffles_at_once(metric):
    target, pred = (CLASSES, LOGITS) if metric in (ACCURACY, ERROR_RATE) else (Y, PRED)
    stacked = np.stack([pred, -pred, pred[::-1]])
    rows = metric.per_row(target, stacked)
    assert rows.shape == (3, 50)
    for shuffle, losses in zip(stacked, rows, strict=True):
        assert losses.mean() == pytest.approx(metric.score(target, shuffle), rel=1e-12)


@pytest.mark.parametrize("metric", [MAE, MSE, RMSE, ACCURACY, ERROR_RATE], ids=lambda m: m.name)
def test_torch_tensors_give_the_same_numbers(metric):
    torch = pytest.importorskip("torch")
    target, pred = (CLASSES, LOGITS) if metric in (ACCURACY, ERROR_RATE) else (Y, PRED)
    got = metric.score(torch.from_numpy(target), torch.from_numpy(pred))
    assert isinstance(got, float)
    assert got == pytest.approx(metric.score(target, pred), rel=1e-12)


def test_rmse_is_the_root_of_a_mean_over_rows():
    target, pred = np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [0.0], [1.0]])
    assert RMSE.link.name == "root"
    assert (
        RMSE.score(target, pred) == pytest.approx(RMSE.per_row(target, pred).mean() ** 0.5) == (13 / 3) ** 0.5
    )


def test_prediction_change_needs_no_target():
    assert PREDICTION_CHANGE.against == "baseline"
    assert {m.against for m in general().values() if m is not PREDICTION_CHANGE} == {"target"}


@pytest.mark.parametrize("name", ["mae", "rmse", "_rmse", "MSE", "perplexity", "hamming_loss", "error_rate"])
def test_errors_are_better_when_smaller(name):
    assert direction(name) is False


@pytest.mark.parametrize("name", ["accuracy", "roc_auc_score", "f1_score", "r2_score", "pearsonr"])
def test_scores_are_better_when_greater(name):
    assert direction(name) is True


def test_what_the_user_says_goes_first():
    assert direction("mae", True) is True
    assert direction("never heard of", False) is False


def test_a_direction_is_never_guessed():
    with pytest.raises(
        MetricError, match=r"does not guess.*greater_is_better=True or greater_is_better=False\. Did you"
    ):
        direction("acuracy")


def test_no_metric_has_two_directions():
    assert not LOWER_IS_BETTER & HIGHER_IS_BETTER


def test_the_direction_of_every_known_metric_is_its_own():
    for metric in general().values():
        if metric.name != "prediction_change":
            assert direction(metric.name) is metric.greater_is_better


def test_fastai_metrics_have_known_directions():
    fastai_metrics = pytest.importorskip("fastai.metrics")
    made = [
        "accuracy", "error_rate", "top_k_accuracy", "accuracy_multi", "mse", "mae", "msle", "rmse", "exp_rmspe",
    ]  # fmt: skip
    for name in made:
        entry = fastai_metrics.mk_metric(getattr(fastai_metrics, name))
        assert direction(entry.name) is (name.startswith(("acc", "top"))), name
    higher = [
        "APScoreBinary", "BalancedAccuracy", "CohenKappa", "F1Score", "Jaccard", "MatthewsCorrCoef", "Precision",
        "Recall", "RocAuc", "RocAucBinary", "ExplainedVariance", "PearsonCorrCoef", "SpearmanCorrCoef", "R2Score",
        "Dice", "F1ScoreMulti", "RocAucMulti", "PrecisionMulti", "APScoreMulti",
    ]  # fmt: skip
    for name in higher:
        assert direction(getattr(fastai_metrics, name)().name) is True, name
    for name in ["BrierScore", "HammingLoss", "Perplexity", "HammingLossMulti", "BrierScoreMulti"]:
        assert direction(getattr(fastai_metrics, name)().name) is False, name
    assert direction(fastai_metrics.FBeta(beta=2).name) is True
