"""Objects of torchmetrics, on every kind of model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lines import line, table, weigh
from sklearn import metrics as reference
from sklearn.linear_model import LinearRegression, LogisticRegression

from torch_metrics import torchmetrics
from weighin import MetricError

FRAME, Y = table(300, seed=1)
TWO, THREE = (Y > 0).astype(int), np.digitize(Y, [-1.5, 1.5])


@pytest.fixture(scope="module")
def tm() -> Any:
    return torchmetrics()


class Network(torch.nn.Module):
    """One output: a number, a logit or a probability; or a logit for each of two or three classes."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        up = 3 * x[:, :1] + x[:, 1:2]
        return {
            "number": lambda: up,
            "probability": lambda: torch.sigmoid(up),
            "two": lambda: torch.cat([-up / 2, up / 2], 1),
            "three": lambda: torch.cat([-2 * up - 2, 0 * up, 2 * up - 2], 1),
        }[self.kind]()


def weighed(metric, model, y, **options):
    return weigh(FRAME, y, model, metric=metric, n_repeats=2, **options)


@pytest.mark.slow
def test_of_numbers(tm):
    expected = {
        tm.MeanAbsoluteError(): reference.mean_absolute_error,
        tm.MeanSquaredError(): reference.mean_squared_error,
        tm.MeanSquaredError(squared=False): reference.root_mean_squared_error,
        tm.R2Score(): reference.r2_score,
        tm.PearsonCorrCoef(): lambda y, pred: np.corrcoef(y, pred)[0, 1],
    }
    for metric, function in expected.items():
        for model in (Network("number"), line, LinearRegression().fit(FRAME, Y)):
            imp = weighed(metric, model, Y)
            pred = model.predict(FRAME) if hasattr(model, "predict") else line(FRAME)
            assert imp.baseline == pytest.approx(float(function(Y, pred)), rel=1e-4)
            assert imp.metric == type(metric).__name__
            assert (imp.importances_mean[:2] > 0).all()


def test_means_over_rows_are_judged_as_such(tm):
    own, theirs = (weighed(metric, line, Y) for metric in ("rmse", tm.MeanSquaredError(squared=False)))
    np.testing.assert_allclose(theirs.importances, own.importances, rtol=1e-12)
    np.testing.assert_allclose(theirs.interval(), own.interval(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["number", "probability", "two"])
def test_of_two_classes_whatever_the_network_gives(tm, kind):
    for metric, expected in (
        (tm.AUROC(task="binary"), reference.roc_auc_score(TWO, line(FRAME))),
        (tm.F1Score(task="binary"), reference.f1_score(TWO, line(FRAME) > 0)),
    ):
        imp = weighed(metric, Network(kind), TWO)
        assert imp.baseline == pytest.approx(expected, rel=1e-5)
        assert imp.greater_is_better
        assert imp.importances_mean[2] == 0


def test_of_more_classes(tm):
    metric = tm.Accuracy(task="multiclass", num_classes=3, average="micro")
    expected = weighed("accuracy", Network("three"), THREE)
    assert weighed(metric, Network("three"), THREE).baseline == pytest.approx(expected.baseline)


def test_of_estimators_the_score_it_predicts(tm):
    model = LogisticRegression().fit(FRAME, np.where(TWO, "yes", "no"))
    imp = weighed(tm.Accuracy(task="binary"), model, np.where(TWO, "yes", "no"))
    assert imp.baseline == pytest.approx((model.predict(FRAME) == np.where(TWO, "yes", "no")).mean())


def test_of_learners(tm, regression, fresh_games):
    import weighin

    own, theirs = (
        weighin.weigh(regression, fresh_games, metric=metric, n_repeats=1, random_state=0)
        for metric in ("mae", tm.MeanAbsoluteError())
    )
    np.testing.assert_allclose(theirs.importances, own.importances, rtol=1e-6)


def test_the_users_object_keeps_its_state(tm):
    metric = tm.R2Score()
    metric.update(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 4.0]))
    before = float(metric.compute())
    weighed(metric, line, Y)
    assert float(metric.compute()) == before


def test_what_it_cannot_take_is_said(tm):
    with pytest.raises(
        MetricError, match="torchmetrics' MulticlassAccuracy does not take predictions of shape"
    ):
        weighed(tm.Accuracy(task="multiclass", num_classes=4), Network("two"), THREE)
    with pytest.raises(MetricError, match="greater_is_better"):
        weighed(tm.ConfusionMatrix(task="binary"), Network("number"), TWO)
    with pytest.raises(MetricError, match="takes no sample weights"):
        weighed(tm.R2Score(), line, Y, sample_weight=np.ones(300))
