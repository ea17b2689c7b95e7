"""Metrics of outputs that mean something: right numbers against a loop, or an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from outputs_by_hand import (
    LINE,
    SLOPE,
    TEXT,
    THREE,
    TWO_FLAGS,
    WON,
    N,
    X,
    both,
    called,
    log_loss,
    logit,
    module,
    outputs_of,
    probability,
    same,
    weighed,
)
from sklearn import metrics as reference
from sklearn.cluster import KMeans
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.linear_model import (
    LogisticRegression,
    PoissonRegressor,
)
from sklearn.svm import LinearSVC
from torch import nn

import weighin
from weighin import InputError, MetricError, ModelError


class TestTorchLosses:
    @pytest.mark.parametrize(
        ("loss", "score"),
        [
            (nn.MSELoss(), reference.mean_squared_error),
            (nn.L1Loss(), reference.mean_absolute_error),
            (nn.functional.l1_loss, reference.mean_absolute_error),
            (nn.functional.mse_loss, reference.mean_squared_error),
            (
                nn.HuberLoss(reduction="none"),
                lambda y, p: nn.HuberLoss()(*map(torch.as_tensor, (p, y))).item(),
            ),
        ],
        ids=called,
    )
    @pytest.mark.parametrize("model", [logit, module(nn.Linear(3, 1))], ids=["function", "module"])
    def test_of_numbers(self, loss: Any, score: Any, model: Any) -> None:
        found = weighed(model, X[:, 2], metric=loss)
        predict = (lambda x: outputs_of(model, x)[:, 0]) if isinstance(model, nn.Module) else model
        same(found, predict, lambda p: float(score(X[:, 2], p)))
        assert not found.greater_is_better
        assert np.isfinite(found.se).all()

    def test_of_classes_on_the_scale_they_take(self) -> None:
        network = module()

        def soft(x: Any) -> Any:
            return torch.from_numpy(outputs_of(network, x)).softmax(1).numpy()

        for model in (network, module(nn.Softmax(1)), soft):
            same(weighed(model, THREE, metric=nn.CrossEntropyLoss()), soft, log_loss(THREE))
            same(weighed(model, THREE, metric=nn.NLLLoss()), soft, log_loss(THREE))
        for loss in (
            nn.BCELoss(),
            nn.BCEWithLogitsLoss(),
            nn.functional.binary_cross_entropy,
            nn.CrossEntropyLoss(),
        ):
            for model, options in ((probability, {}), (both, {}), (logit, {"outputs": "logit"})):
                same(weighed(model, WON, metric=loss, **options), probability, log_loss(WON))
        model = LogisticRegression().fit(X, TEXT)
        for loss in (nn.CrossEntropyLoss(), nn.BCELoss(), nn.BCEWithLogitsLoss(), nn.NLLLoss()):
            same(weighed(model, TEXT, metric=loss), model.predict_proba, log_loss(TEXT))
        with pytest.raises(
            MetricError, match=r"MSELoss compares .* 2 output\(s\), probabilities of 'no', 'yes'"
        ):
            weighed(model, TEXT, metric=nn.MSELoss())
        # the loss says what outputs are that nobody else speaks of
        same(weighed(logit, WON, metric=nn.BCEWithLogitsLoss()), probability, log_loss(WON))

    def test_several_targets(self) -> None:
        y = TWO_FLAGS
        found = weighed(lambda x: x[:, :2], y, metric=nn.BCEWithLogitsLoss())

        def score(z: Any) -> Any:
            return float(np.mean(np.logaddexp(0, z) - y * z))

        same(found, lambda x: x[:, :2], score)

        def shares(x: Any) -> Any:
            return 1 / (1 + np.exp(-x[:, :2]))

        same(weighed(shares, y, metric=nn.BCELoss()), lambda x: x[:, :2], score)

    def test_of_weighted_classes_as_torch_weighs_them(self) -> None:
        loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 5.0]).double())
        network = module()
        found = weighed(network, THREE, metric=loss)
        blocks = found.block_rows
        assert blocks <= N
        with torch.no_grad():
            own = loss(network(torch.from_numpy(X)), torch.tensor(THREE)).item()
        assert found.baseline == pytest.approx(own, rel=1e-6)

    @pytest.mark.parametrize(
        ("loss", "options", "message"),
        [
            (nn.MSELoss, {}, r"MSELoss is a class; pass an instance: metric=MSELoss\(\)"),
            (nn.MSELoss(reduction="sum"), {}, "grows with the number of rows"),
            (nn.MSELoss(), {"outputs": "logit"}, "MSELoss compares numbers, and the outputs are logits"),
            (nn.CrossEntropyLoss(), {"outputs": "number"}, "takes outputs of classes, and they are numbers"),
            (nn.GaussianNLLLoss(), {}, "GaussianNLLLoss does not take predictions"),
        ],
    )
    def test_that_do_not_fit(self, loss: Any, options: dict[str, Any], message: str) -> None:
        with pytest.raises(MetricError, match=message):
            weighed(logit, WON, metric=loss, **options)


class TestMetrics:
    @pytest.mark.parametrize(
        ("names", "model", "y"),
        [
            (["mae", "mean_absolute_error", "neg_mean_absolute_error"], logit, X[:, 2]),
            (["mse", "mean_squared_error", "neg_mean_squared_error"], logit, X[:, 2]),
            (["r2", "r2_score"], logit, X[:, 2]),
            (["log_loss", "neg_log_loss", "cross_entropy"], both, WON),
            (["accuracy", "accuracy_score"], both, WON),
            (["roc_auc", "roc_auc_score"], both, WON),
            (["brier_score", "neg_brier_score"], both, WON),
            (["mean_absolute_percentage_error", "neg_mean_absolute_percentage_error"], logit, X[:, 2]),
        ],
    )
    def test_names_are_the_same_for_every_model(self, names: list[str], model: Any, y: Any) -> None:
        from sklearn.linear_model import LinearRegression

        of_classes = y is WON
        fitted: Any = (LogisticRegression() if of_classes else LinearRegression()).fit(X, y)
        network = nn.Linear(3, 2 if of_classes else 1).double()
        for own in (model, fitted, network):
            found = [weighed(own, y, metric=name) for name in names]
            assert len({(one.metric, one.greater_is_better) for one in found}) == 1
            for one in found:
                np.testing.assert_allclose(one.importances, found[0].importances, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize(
        "model",
        [logit, nn.Linear(3, 1).double(), GradientBoostingRegressor(n_estimators=5).fit(X, SLOPE)],
        ids=["function", "module", "estimator"],
    )
    def test_a_metric_may_write_into_what_it_gets(self, model: Any) -> None:
        def rude(y: Any, p: Any) -> float:
            y -= p
            p[:] = 0
            return float(abs(y).mean())

        y, x = SLOPE + 1, X.copy()
        found = weighed(model, y, x, metric=rude, greater_is_better=False)
        polite = weighed(
            model, SLOPE + 1, metric=lambda t, p: float(abs(t - p).mean()), greater_is_better=False
        )
        np.testing.assert_array_equal(found.importances, polite.importances)
        assert found.baseline == polite.baseline
        np.testing.assert_array_equal(y, SLOPE + 1)
        scorer = reference.make_scorer(rude, greater_is_better=False)
        np.testing.assert_array_equal(
            weighed(model, SLOPE + 1, metric=scorer).importances, polite.importances
        )

    @pytest.mark.parametrize("value", ["no", 1, 0.0, []])
    def test_a_direction_is_true_or_false(self, value: Any) -> None:
        with pytest.raises(InputError, match="greater_is_better must be True, False or None, got"):
            weighed(logit, SLOPE, metric="mae", greater_is_better=value)

    def test_numbers_are_not_measured_as_classes_nor_classes_as_numbers(self) -> None:
        with pytest.raises(
            MetricError, match="mae compares numbers, and the outputs are logits, as outputs= says"
        ):
            weighed(logit, WON, metric="mae", outputs="logit")
        with pytest.raises(MetricError, match="accuracy takes outputs of classes, and they are counts"):
            weighed(PoissonRegressor().fit(X, WON), WON, metric="accuracy")
        with pytest.raises(MetricError, match=r"log_loss takes probabilities or logits, .*'accuracy'"):
            weighed(lambda x: (logit(x) > 0) * 1, WON, metric="log_loss")

    @pytest.mark.parametrize(
        "metric", ["mae", "rmse", "r2", "max_error", "neg_mean_squared_error", "pinball_loss"]
    )
    def test_a_metric_of_numbers_says_that_a_classifier_predicts_classes(self, metric: str) -> None:
        for y in (WON, TEXT):
            for model in (LogisticRegression().fit(X, y), LinearSVC().fit(X, y)):
                with pytest.raises(
                    MetricError, match=r"compares numbers, .* predicts classes\. .*'accuracy', .*'f1'"
                ):
                    weighed(model, y, metric=metric)
        with pytest.raises(
            MetricError, match=r"compares numbers, .* predicts clusters.*: 'prediction_change'"
        ):
            weighed(KMeans(3, n_init=1, random_state=0).fit(X), WON, metric="mae")
        # whoever means the numbers of ordered classes says so by a function
        model = LogisticRegression().fit(X, THREE)
        own = weighed(
            model, THREE, metric=reference.make_scorer(reference.mean_absolute_error, greater_is_better=False)
        )
        same(own, model.predict, lambda p: float(abs(p - THREE).mean()))

    @pytest.mark.parametrize("metric", ["log_loss", "accuracy", "error_rate", "f1", "neg_log_loss"])
    def test_a_metric_of_classes_says_that_a_regressor_predicts_numbers(self, metric: str) -> None:
        model = HistGradientBoostingRegressor(max_iter=5).fit(X, SLOPE)
        for y in (SLOPE, WON):
            for options in ({"model": model}, {"model": LINE, "outputs": "number"}):
                with pytest.raises(
                    MetricError, match=r"classes, and they are numbers, .*predicts numbers.*: 'mae', .*'r2'"
                ):
                    weighed(y=y, metric=metric, **options)
        with pytest.raises(
            MetricError, match=r"needs decision_function .* It predicts numbers: 'mae', 'rmse' and 'r2'"
        ):
            weighed(model, WON, metric="roc_auc")

    def test_outputs_are_as_many_in_every_call(self) -> None:
        calls = iter(range(10_000))

        def wider(x: Any) -> Any:
            return np.ones((len(x), 1 + next(calls) % 2))

        with pytest.raises(
            ModelError, match=r"The function .*wider gave 1 outputs .* one call and 2 in another"
        ):
            weighed(wider, SLOPE, outputs="number")

    @pytest.mark.parametrize("metric", ["r2", "roc_auc"])
    def test_a_constant_target(self, metric: str) -> None:
        model = logit if metric == "r2" else both
        with pytest.raises(MetricError, match=metric):
            weighed(model, np.ones(N, int), metric=metric)


@pytest.mark.slow
def test_training_again_reads_outputs_as_it_is_told() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(won=WON)

    class Margin:
        def fit(self, x: Any, y: Any) -> Margin:
            self.inner = LogisticRegression().fit(x, y)
            return self

        def predict(self, x: Any) -> Any:
            return self.inner.decision_function(x)

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            return {}

        def set_params(self, **parameters: Any) -> Margin:
            return self

    recipe = weighin.Recipe.from_estimator(Margin(), features=["a", "b", "c"], target="won")
    options: dict[str, Any] = {"fits": 2, "random_state": 0}
    with pytest.raises(MetricError, match="outputs='logit'"):
        weighin.ablate(recipe, frame, drop="c", **options)
    ablation = weighin.ablate(recipe, frame, drop="c", outputs="logit", **options)
    assert ablation.metric == "log_loss"
    assert weighin.weigh_refits(recipe, frame, outputs="logit", **options).metric == "log_loss"
    with pytest.raises(InputError, match="Did you mean 'logit'"):
        weighin.ablate(recipe, frame, drop="c", outputs="logits", **options)
