"""`weigh` takes the metrics of fastai: the baseline is that of `validate`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fastai.losses import CrossEntropyLossFlat, L1LossFlat, MSELossFlat
from fastai.metrics import (
    F1Score,
    Perplexity,
    R2Score,
    RocAuc,
    RocAucBinary,
    accuracy,
    error_rate,
    mae,
    mse,
    rmse,
)
from sklearn import metrics as reference_metrics

import learners
from weighin import MetricError, weigh


def validated(learn, frame):
    """Loss and metrics by fastai itself."""
    with learn.no_bar(), learn.no_logging():
        return list(learn.validate(dl=learn.dls.test_dl(frame, bs=len(frame))))


@pytest.mark.parametrize("metric", [mae, mse, rmse, R2Score()], ids=["mae", "mse", "rmse", "r2"])
def test_the_baseline_of_a_regression_metric_is_validates(games, fresh_games, metric):
    learn = learners.regression(metrics=[metric])
    imp = weigh(learn, fresh_games, n_repeats=3, random_state=0)
    expected = validated(learn, fresh_games)
    assert imp.baseline == pytest.approx(expected[1], rel=1e-5)
    assert imp.greater_is_better is (imp.metric == "r2_score")
    assert imp.importances_mean[imp.features.index("spread")] > 0
    assert weigh(learn, fresh_games, metric="loss", n_repeats=1).baseline == pytest.approx(
        expected[0], rel=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "metric"),
    [
        ("grade", accuracy),
        ("grade", error_rate),
        ("grade", F1Score(average="macro")),
        ("grade", RocAuc()),
        ("grade", Perplexity()),
        ("won", RocAucBinary()),
        ("won", F1Score()),
        ("won", accuracy),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "__name__", str(value))),
)
def test_the_baseline_of_a_classification_metric_is_validates(games, fresh_games, target, metric):
    learn = learners.train(games, learners.CATS, learners.CONTS, target, metrics=[metric])
    imp = weigh(learn, fresh_games, n_repeats=5, random_state=0)
    expected = validated(learn, fresh_games)
    assert imp.baseline == pytest.approx(expected[1], rel=1e-5)
    assert imp.greater_is_better is (imp.metric not in ("error_rate", "perplexity"))
    # worse without the feature the target is made of, whichever direction is better
    assert imp.importances_mean[imp.features.index("spread")] > 0
    assert weigh(learn, fresh_games, metric="loss", n_repeats=1).baseline == pytest.approx(
        expected[0], rel=1e-5
    )


@pytest.mark.parametrize(
    ("target", "loss"),
    [
        ("margin", L1LossFlat()),
        ("margin", MSELossFlat()),
        ("margin", MSELossFlat(reduction="sum")),
        ("margin", torch.nn.HuberLoss()),
        ("margin", torch.nn.MSELoss(reduction="sum")),
        ("margin", L1LossFlat(reduction="sum")),
        ("grade", CrossEntropyLossFlat()),
        ("grade", CrossEntropyLossFlat(weight=torch.tensor([1.0, 5.0, 0.5]))),
        ("grade", CrossEntropyLossFlat(label_smoothing=0.1)),
        ("grade", CrossEntropyLossFlat(reduction="sum")),
    ],
    ids=repr,
)
def test_without_a_metric_the_loss_is_taken(games, fresh_games, target, loss):
    learn = learners.train(
        games, ["home_name"], ["elo", "spread"], target, loss_func=loss, epochs=0, metrics=[]
    )
    imp = weigh(learn, fresh_games, n_repeats=1, random_state=0)
    assert (imp.metric, imp.greater_is_better) == ("loss", False)
    assert imp.baseline == pytest.approx(validated(learn, fresh_games)[0], rel=1e-5)
    both = weigh(learn, fresh_games, metric=["loss", Loss(loss)], n_repeats=1, random_state=0)
    again = both.of("valid_loss")
    np.testing.assert_allclose(both.importances, again.importances, rtol=1e-4, atol=1e-5 * abs(imp.baseline))


def Loss(loss):
    """The loss as a fastai metric: no path of weighin's own."""
    from fastai.learner import AvgLoss

    class Plain(AvgLoss):
        @property
        def name(self):
            return "valid_loss"

    return Plain()


def test_a_score_gives_positive_importances_where_the_model_gets_worse(regression, fresh_games):
    score = weigh(regression, fresh_games, metric=R2Score(), n_repeats=3, random_state=0)
    error = weigh(regression, fresh_games, metric="mse", n_repeats=3, random_state=0)
    variance = fresh_games["margin"].var(ddof=0)
    np.testing.assert_allclose(score.importances, error.importances / variance, rtol=1e-3, atol=1e-5)
    assert (score.greater_is_better, error.greater_is_better) == (True, False)


def test_a_function_gets_arrays_as_a_user_sees_them(regression, classifier, fresh_games):
    seen = []

    def mean_absolute_error(y, pred):
        seen.append((y, pred))
        return reference_metrics.mean_absolute_error(y, pred)

    imp = weigh(regression, fresh_games, metric=[mean_absolute_error, "mae"], n_repeats=1, random_state=0)
    y, pred = seen[0]
    assert isinstance(y, np.ndarray)
    assert y.shape == pred.shape == (150,)
    assert sorted(y) == pytest.approx(sorted(fresh_games["margin"]), rel=1e-5)
    np.testing.assert_allclose(imp.importances, imp.of("mae").importances, atol=1e-5)

    def log_loss(y, pred):
        np.testing.assert_allclose(pred.sum(1), 1.0, rtol=1e-5)  # probabilities, not logits
        return float(-np.log(pred[np.arange(len(y)), y]).mean())

    imp = weigh(classifier, fresh_games, metric=[log_loss, "loss"], n_repeats=1, random_state=0)
    loss = imp.of("loss")
    assert imp.baseline == pytest.approx(loss.baseline, rel=1e-5)
    np.testing.assert_allclose(imp.importances, loss.importances, atol=1e-5)


def test_the_direction_of_an_unknown_function_must_be_said(regression, fresh_games):
    def oddness(y, pred):
        return float(abs(y - pred).mean())

    with pytest.raises(MetricError, match="does not guess"):
        weigh(regression, fresh_games, metric=oddness)
    low = weigh(regression, fresh_games, metric=oddness, greater_is_better=False, n_repeats=1, random_state=0)
    high = weigh(regression, fresh_games, metric=oddness, greater_is_better=True, n_repeats=1, random_state=0)
    np.testing.assert_array_equal(low.importances, -high.importances)


def test_a_metric_that_is_not_a_number_is_an_error(regression, fresh_games):
    with pytest.raises(MetricError, match="<lambda> is nan on the rows before any swap"):
        weigh(regression, fresh_games, metric=lambda y, pred: np.nan, greater_is_better=False)
