"""What outputs mean by the word of the user and of the model: right numbers against a loop, or an error."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from outputs_by_hand import (
    LINE,
    RNG,
    SLOPE,
    TEXT,
    TEXT_OF,
    THREE,
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
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, IsolationForest
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    TweedieRegressor,
)
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import nn

import weighin
from weighin import InputError, MetricError, ModelError


class TestTheUsersWord:
    def test_logits_of_one_and_of_several_outputs(self) -> None:
        same(weighed(logit, WON, outputs="logit"), probability, log_loss(WON))

        def several(x: Any) -> Any:
            return np.stack([0 * logit(x), logit(x)], 1)

        same(weighed(several, WON, outputs="logit"), probability, log_loss(WON))
        same(
            weighed(logit, WON * 1.0, outputs="logit", metric="accuracy"),
            logit,
            lambda z: np.mean((z > 0) == WON),
        )

    def test_numbers_beside_classes(self) -> None:
        found = weighed(logit, WON, outputs="number")
        assert found.metric == "mae"
        same(found, logit, lambda z: float(abs(z - WON).mean()))

    def test_text_targets_of_a_function_and_of_a_module(self) -> None:
        classes = ["no", "yes"]
        for y in (TEXT, pd.Series(TEXT).astype("category"), TEXT.tolist()):
            same(weighed(both, y, classes=classes), both, log_loss(WON))
        same(weighed(probability, TEXT, classes=classes), both, log_loss(WON))
        network, text = module(), np.array(["a", "b", "c"])[THREE]

        def shares(x: Any) -> Any:
            return torch.softmax(torch.from_numpy(outputs_of(network, x)), 1).numpy()

        same(weighed(network, text, classes=["a", "b", "c"]), shares, log_loss(THREE))
        backwards = weighed(network, text[::-1], classes=["c", "b", "a"])
        same(backwards, shares, log_loss(np.array([2, 1, 0])[THREE[::-1]]))

    def test_labels_are_mapped_and_never_compared_with_other_numbers(self) -> None:
        def labels(x: Any) -> Any:
            return (logit(x) > 0) * 1

        with pytest.raises(MetricError, match=r"from 0 to 1 as y, got 2.* classes=\[\.\.\.\]"):
            weighed(labels, WON + 1, metric="accuracy")
        with pytest.raises(
            MetricError, match="predicts '0', '1' and y holds '3', '4': no label occurs in both"
        ):
            weighed(labels, WON + 3, outputs="label")

        def named(x: Any) -> Any:
            return TEXT_OF[labels(x)]

        for model in (named, labels):
            found = weighed(model, TEXT, outputs="label", classes=["no", "yes"])
            assert found.metric == "accuracy"
            same(found, labels, lambda p: float((p == WON).mean()))
        with pytest.raises(ModelError, match="predicts '0', which is none of the classes: '1', '2'"):
            weighed(labels, WON + 1, outputs="label", classes=[1, 2])

    def test_a_changed_label_is_a_change_not_an_amount(self) -> None:
        def labels(x: Any) -> Any:
            return np.digitize(logit(x), [-1, 1]) * 10

        found = weighed(labels, metric="prediction_change", outputs="label")
        same(found, labels, lambda p: float((p != labels(X)).mean()))

    @pytest.mark.parametrize("levels", [[0.9], [0.1, 0.5, 0.9]])
    def test_quantiles(self, levels: list[float]) -> None:
        def quantiles(x: Any) -> Any:
            return np.stack([logit(x) + level for level in levels], 1)

        def pinball(p: Any) -> float:
            return float(
                np.mean([reference.mean_pinball_loss(SLOPE, p[:, j], alpha=a) for j, a in enumerate(levels)])
            )

        found = weighed(quantiles, SLOPE, outputs="quantile:" + ",".join(map(str, levels)))
        assert found.metric == "pinball_loss"
        same(found, quantiles, pinball)
        with pytest.raises(MetricError, match=rf"2 quantile level\(s\).* the model has {len(levels)} output"):
            weighed(quantiles, SLOPE, outputs="quantile:0.2,0.3")

    def test_counts(self) -> None:
        counts = RNG.poisson(np.exp(0.3 * SLOPE))

        def rate(x: Any) -> Any:
            return np.exp(0.3 * logit(x))

        same(
            weighed(rate, counts, outputs="count"), rate, lambda p: reference.mean_poisson_deviance(counts, p)
        )
        with pytest.raises(MetricError, match="predictions above 0; the smallest are 0 and -"):
            weighed(logit, counts, outputs="count")

    def test_effects_name_what_is_predicted(self) -> None:
        found = weighin.effects(both, X, classes=["no", "yes"], random_state=0)
        assert found.output == "yes"
        assert found.what == "the probability of yes"
        assert weighin.effects(probability, X, outputs="probability", classes=["no", "yes"]).output == "yes"
        assert weighin.effects(logit, X, outputs="quantile:0.9").output == "the 0.9 quantile"

    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ({"outputs": "probabilty"}, r"Did you mean 'probability'\?"),
            ({"outputs": 3}, "outputs must be one of 'number', 'count', 'quantile'"),
            ({"outputs": "quantile"}, "needs its level, between 0 and 1"),
            ({"outputs": "quantile:90"}, "needs its level, between 0 and 1"),
            ({"outputs": "number", "classes": ["a", "b"]}, "classes= goes with outputs="),
            ({"classes": "ab"}, "classes must list a label"),
            ({"classes": ["a", "a"]}, "two or more different labels"),
            ({"classes": ["a"]}, "two or more different labels"),
        ],
    )
    def test_what_cannot_be_said(self, said: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError, match=message):
            weighed(both, WON, **said)
        with pytest.raises(InputError, match=message):
            weighin.effects(both, X, **said)

    def test_what_an_estimator_knows_better(self) -> None:
        model = LogisticRegression().fit(X, TEXT)
        same(weighed(model, TEXT, outputs="label"), model.predict, lambda p: float((p == TEXT).mean()))
        with pytest.raises(
            InputError, match="outputs='number' is not what the sklearn LogisticRegression gives"
        ):
            weighed(model, TEXT, outputs="number")
        with pytest.raises(InputError, match="classes= are not those of the sklearn LogisticRegression"):
            weighed(model, TEXT, classes=["maybe", "yes"])
        with pytest.raises(
            InputError, match=r"classes= is for outputs of classes, and those of .* are counts"
        ):
            weighed(PoissonRegressor().fit(X, WON), TEXT, classes=["no", "yes"])


class TestTheModelsWord:
    @pytest.mark.parametrize(
        ("model", "metric", "score"),
        [
            (PoissonRegressor(), "mean_poisson_deviance", reference.mean_poisson_deviance),
            (GammaRegressor(), "mean_gamma_deviance", reference.mean_gamma_deviance),
            (TweedieRegressor(power=1.5, link="log"), "mean_tweedie_deviance", None),
            (TweedieRegressor(), "mae", reference.mean_absolute_error),
            (QuantileRegressor(quantile=0.8, solver="highs"), "pinball_loss", None),
            (GradientBoostingRegressor(loss="quantile", alpha=0.8), "pinball_loss", None),
            (HistGradientBoostingRegressor(loss="quantile", quantile=0.8), "pinball_loss", None),
            (
                HistGradientBoostingRegressor(loss="poisson"),
                "mean_poisson_deviance",
                reference.mean_poisson_deviance,
            ),
            (
                make_pipeline(StandardScaler(), GammaRegressor()),
                "mean_gamma_deviance",
                reference.mean_gamma_deviance,
            ),
        ],
        ids=called,
    )
    def test_objectives_of_scikit_learn(self, model: Any, metric: str, score: Any) -> None:
        y = np.exp(0.3 * SLOPE + 0.2 * RNG.normal(size=N))
        score = (
            score
            or {
                "mean_tweedie_deviance": lambda t, p: reference.mean_tweedie_deviance(t, p, power=1.5),
                "pinball_loss": lambda t, p: reference.mean_pinball_loss(t, p, alpha=0.8),
            }[metric]
        )
        model.fit(X, y)
        found = weighed(model, y)
        assert found.metric == metric
        same(found, model.predict, lambda p: float(score(y, p)))

    @pytest.mark.parametrize(
        ("package", "name", "options", "metric"),
        [
            ("xgboost", "XGBRegressor", {"objective": "count:poisson"}, "mean_poisson_deviance"),
            ("xgboost", "XGBRegressor", {"objective": "reg:gamma"}, "mean_gamma_deviance"),
            (
                "xgboost",
                "XGBRegressor",
                {"objective": "reg:quantileerror", "quantile_alpha": 0.8},
                "pinball_loss",
            ),
            ("xgboost", "XGBRegressor", {}, "mae"),
            ("lightgbm", "LGBMRegressor", {"objective": "poisson"}, "mean_poisson_deviance"),
            ("lightgbm", "LGBMRegressor", {"objective": "quantile", "alpha": 0.8}, "pinball_loss"),
            ("lightgbm", "LGBMRegressor", {"objective": "tweedie"}, "mean_tweedie_deviance"),
            ("catboost", "CatBoostRegressor", {"loss_function": "Quantile:alpha=0.8"}, "pinball_loss"),
            (
                "catboost",
                "CatBoostRegressor",
                {"loss_function": "Tweedie:variance_power=1.5"},
                "mean_tweedie_deviance",
            ),
        ],
    )
    def test_objectives_of_boosters(
        self, package: str, name: str, options: dict[str, Any], metric: str
    ) -> None:
        quiet = {
            "xgboost": {"n_jobs": 1, "n_estimators": 10},
            "lightgbm": {"n_jobs": 1, "n_estimators": 10, "verbose": -1},
            "catboost": {"iterations": 10, "verbose": 0, "allow_writing_files": False, "thread_count": 1},
        }[package]
        y = np.exp(0.3 * SLOPE)
        model = getattr(pytest.importorskip(package), name)(**options, **quiet).fit(X, y)
        score = {
            "mean_poisson_deviance": reference.mean_poisson_deviance,
            "mean_gamma_deviance": reference.mean_gamma_deviance,
            "mean_tweedie_deviance": lambda t, p: reference.mean_tweedie_deviance(t, p, power=1.5),
            "pinball_loss": lambda t, p: reference.mean_pinball_loss(t, p, alpha=0.8),
            "mae": reference.mean_absolute_error,
        }[metric]
        found = weighed(model, y)
        assert found.metric == metric
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            same(found, lambda x: model.predict(x).astype(float), lambda p: float(score(y, p)))

    def test_a_method_of_an_estimator_knows_its_classes(self) -> None:
        model = LogisticRegression().fit(X, TEXT)
        same(weighed(model.predict_proba, TEXT), model.predict_proba, log_loss(TEXT))
        same(weighed(model.predict, TEXT), model.predict, lambda p: float((p == TEXT).mean()))

    def test_clusters_change_or_do_not(self) -> None:
        for model in (KMeans(3, n_init=1, random_state=0), GaussianMixture(3, random_state=0)):
            model.fit(X)
            own = model.predict(X)
            for found in (weighed(model), weighed(model, TEXT), weighed(model, metric="prediction_change")):
                assert found.metric == "prediction_change"
                same(found, model.predict, lambda p, own=own: float((p != own).mean()))
            rand = weighed(model, TEXT, metric="adjusted_rand_score")
            assert rand.baseline == pytest.approx(reference.adjusted_rand_score(TEXT, own))
            with pytest.raises(MetricError, match="cluster numbers are not one"):
                weighed(model, WON, metric="accuracy")
            effect = weighin.effects(model, X, outputs="label", random_state=0)
            assert effect.what.startswith("how often ")

    def test_outliers_are_labels(self) -> None:
        model = IsolationForest(n_estimators=10, random_state=0).fit(X)
        found = weighed(model, metric="prediction_change")
        same(found, model.predict, lambda p: float((p != model.predict(X)).mean()))

    def test_predicted_labels_without_probabilities_change_or_do_not(self) -> None:
        model = LinearSVC().fit(X, THREE)
        found = weighed(model, metric="prediction_change")
        same(found, model.predict, lambda p: float((p != model.predict(X)).mean()))

    def test_a_mixin_behind_its_base(self) -> None:
        class Odd(BaseEstimator, ClassifierMixin):  # type: ignore[misc]  # scikit-learn has no types
            def fit(self, x: Any, y: Any) -> Odd:
                self.inner_ = LogisticRegression().fit(x, y)
                self.classes_ = self.inner_.classes_
                return self

            def predict(self, x: Any) -> Any:
                return self.inner_.predict(x)

        model = Odd().fit(X, TEXT)
        for own in (model, make_pipeline(StandardScaler(), Odd()).fit(X, TEXT)):
            found = weighed(own, TEXT)
            assert found.metric == "accuracy"
            same(found, own.predict, lambda p: float((p == TEXT).mean()))

    def test_an_unfitted_classifier_is_not_told_of_its_target(self) -> None:
        for model in (LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())):
            with pytest.raises(ModelError, match="is not fitted"):
                weighed(model, TEXT)
        with pytest.raises(ModelError, match="is not fitted"):
            weighed(KMeans(3))

    def test_a_loss_that_a_module_holds(self) -> None:
        class Net(nn.Module):
            def __init__(self, loss: nn.Module) -> None:
                super().__init__()
                self.inner, self.loss_fn = LINE, loss
                self.double()

            def forward(self, x: Any) -> Any:
                return self.inner(x)

        network = Net(nn.BCEWithLogitsLoss())

        def shares(x: Any) -> Any:
            return 1 / (1 + np.exp(-outputs_of(network, x)))

        found = weighed(network, WON)
        same(found, shares, log_loss(WON))
        assert any("as its loss BCEWithLogitsLoss says" in note for note in found.notes)
        assert weighed(Net(nn.MSELoss()), WON).metric == "mae"
