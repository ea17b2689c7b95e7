"""What a model's outputs mean: right numbers against a loop, or an error with the calls to choose from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
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
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import nn

import weighin
from swaps import donor_rows
from weighin import InputError, MetricError, ModelError, weigh
from weighin._samplers import MarginalSampler

RNG = np.random.default_rng(0)
N = 120
X = RNG.normal(size=(N, 3))
SLOPE = 2 * X[:, 0] - X[:, 1]
WON = (SLOPE + RNG.logistic(size=N) > 0).astype(int)
THREE = np.digitize(SLOPE + RNG.normal(size=N), [-1.5, 1.5])
TEXT = np.array(["no", "yes"])[WON]


def logit(x: Any) -> Any:
    return 2 * x[:, 0] - x[:, 1]


def probability(x: Any) -> Any:
    return 1 / (1 + np.exp(-logit(x)))


def both(x: Any) -> Any:
    return np.stack([1 - probability(x), probability(x)], 1)


def loop(predict: Callable[[Any], Any], score: Callable[[Any], float], x: Any = X) -> np.ndarray:
    """Permutation importances as anybody would write them, on weighin's shuffles."""
    before, changes = score(predict(x)), np.zeros((x.shape[1], 2))
    donors = donor_rows(MarginalSampler(len(x), 2, 0))
    for column in range(x.shape[1]):
        for repeat in range(2):
            swapped = x.copy()
            swapped[:, column] = x[donors[repeat], column]
            changes[column, repeat] = score(predict(swapped)) - before
    return changes


def same(found: Any, predict: Callable[[Any], Any], score: Callable[[Any], float], x: Any = X) -> None:
    sign = -1 if found.greater_is_better else 1
    assert found.baseline == pytest.approx(score(predict(x)), rel=1e-5, abs=1e-9)
    np.testing.assert_allclose(found.importances, sign * loop(predict, score, x), rtol=1e-5, atol=1e-6)


def weighed(model: Any, y: Any = None, x: Any = X, **options: Any) -> Any:
    return weigh(model, x, y, n_repeats=2, random_state=0, **options)


def called(value: Any) -> str:
    return str(getattr(value, "__name__", type(value).__name__))


def log_loss(y: Any) -> Callable[[Any], float]:
    return lambda p: float(reference.log_loss(y, p))


def module(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3), *layers).double()


def outputs_of(network: nn.Module, x: Any) -> Any:
    with torch.no_grad():
        return network(torch.from_numpy(x)).numpy()


LINE = nn.Linear(3, 1).double()
with torch.no_grad():
    LINE.weight.copy_(torch.tensor([[2.0, -1.0, 0.0]]))


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


TEXT_OF = np.array(["no", "yes"])


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


class TestTheLastLayer:
    @pytest.mark.parametrize("y", [THREE, THREE * 1.0, torch.tensor(THREE)], ids=["int", "float", "tensor"])
    def test_probabilities_are_not_taken_for_logits(self, y: Any) -> None:
        network = module(nn.Softmax(1))
        found = weighed(network, y)
        assert found.metric == "log_loss"
        same(found, lambda x: outputs_of(network, x), log_loss(THREE))
        assert any("as its last layer is a Softmax" in note for note in found.notes)

    def test_logarithms_of_probabilities(self) -> None:
        network = module(nn.LogSoftmax(1))
        same(weighed(network, THREE), lambda x: np.exp(outputs_of(network, x)), log_loss(THREE))

    @pytest.mark.parametrize("y", [WON, WON * 1.0, WON > 0], ids=["int", "float", "bool"])
    def test_one_sigmoid(self, y: Any) -> None:
        network = module(nn.Linear(3, 1), nn.Sigmoid())
        found = weighed(network, y)
        same(found, lambda x: outputs_of(network, x), log_loss(WON))
        assert any("Sigmoid" in note for note in found.notes)

    def test_inside_a_module_that_calls_it_last(self) -> None:
        class Wrapped(nn.Module):
            def __init__(self, scale: float) -> None:
                super().__init__()
                self.inner, self.last, self.scale = module(nn.Linear(3, 1)), nn.Sigmoid(), scale
                self.double()

            def forward(self, x: Any) -> Any:
                return self.last(self.inner(x)) * self.scale

        network = Wrapped(1.0)
        same(weighed(network, WON), lambda x: outputs_of(network, x), log_loss(WON))
        # what comes after the sigmoid is no probability
        with pytest.raises(MetricError, match="outputs go beyond 0 and 1"):
            weighed(Wrapped(2.0), WON)

    def test_a_share_is_a_number(self) -> None:
        share = probability(X)
        assert weighed(module(nn.Linear(3, 1), nn.Sigmoid()), share).metric == "mae"

    def test_several_sigmoids_of_one_target_do_not_sum_to_one(self) -> None:
        with pytest.raises(MetricError, match=r"must sum to 1; in .* one sum is .*outputs='logit'"):
            weighed(module(nn.Sigmoid()), THREE)

    def test_half_precision(self) -> None:
        network = module(nn.Softmax(1)).to(torch.bfloat16)

        def own(x: Any) -> Any:
            return network(torch.from_numpy(x).bfloat16()).detach().float().numpy().astype(float)

        def scaled(x: Any) -> Any:
            return own(x) / own(x).sum(1, keepdims=True)

        found = weighed(network, THREE)
        assert found.baseline == pytest.approx(reference.log_loss(THREE, scaled(X)), rel=1e-5)

        def function(x: Any) -> Any:
            return torch.sigmoid(torch.from_numpy(logit(x))).bfloat16()

        assert weighed(function, WON).baseline == pytest.approx(
            reference.log_loss(WON, probability(X)), rel=1e-2
        )


class TestTheValues:
    def test_rows_that_sum_to_one(self) -> None:
        for y in (WON, WON * 1.0, WON > 0):
            found = weighed(both, y)
            same(found, both, log_loss(WON))
            assert any("those of every row are 0 or more and sum to 1" in note for note in found.notes)
        assert weighed(both, WON, metric="neg_log_loss").baseline == found.baseline

    def test_one_output_between_0_and_1(self) -> None:
        same(weighed(probability, WON * 1.0), probability, log_loss(WON))
        same(weighed(probability, WON, metric="f1"), probability, lambda p: reference.f1_score(WON, p > 0.5))
        same(
            weighed(probability, WON, metric="roc_auc"),
            probability,
            lambda p: reference.roc_auc_score(WON, p),
        )

    def test_a_booster_of_two_classes_in_a_function(self) -> None:
        lightgbm = pytest.importorskip("lightgbm")
        data = lightgbm.Dataset(X, WON)
        booster = lightgbm.train(
            {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}, data, 10
        )
        for model in (lambda x: booster.predict(x), booster.predict):
            same(weighed(model, WON), booster.predict, log_loss(WON))

    def test_labels_in_a_function(self) -> None:
        def labels(x: Any) -> Any:
            return (logit(x) > 0) * 1

        found = weighed(labels, WON)
        assert found.metric == "accuracy"
        same(found, labels, lambda p: float((p == WON).mean()))

    @pytest.mark.parametrize("y", [WON, WON * 1.0, WON > 0], ids=["int", "float", "bool"])
    @pytest.mark.parametrize("model", [logit, LINE], ids=["function", "module"])
    @pytest.mark.parametrize("metric", [None, "log_loss", "accuracy"])
    def test_one_output_beyond_0_and_1_beside_0_and_1(self, y: Any, model: Any, metric: Any) -> None:
        with pytest.raises(MetricError, match=r"go beyond 0 and 1.*outputs='logit'.*outputs='number'"):
            weighed(model, y, metric=metric)
        assert weighed(model, y, metric="mae").metric == "mae"

    def test_one_row_decides(self) -> None:
        def odd(x: Any) -> Any:
            return np.where(x[:, 2] == X[-1, 2], 1.5, probability(x))

        with pytest.raises(MetricError, match=r"beyond 0 and 1, to 1\.5"):
            weighed(odd, WON)

    def test_several_outputs_that_are_neither(self) -> None:
        for model, what in (
            (lambda x: both(x) * 1.01, "go beyond 0 and 1|do not sum"),
            (lambda x: x, "go beyond"),
        ):
            with pytest.raises(
                MetricError, match=rf"{what}.*outputs='logit'.*outputs='probability'.*outputs='number'"
            ):
                weighed(model, WON)
        with pytest.raises(MetricError, match=r"must sum to 1; in .*; one sum is 0\.9"):
            weighed(lambda x: both(x) * 0.9, WON, outputs="probability")

    def test_targets_that_are_no_numbers_of_classes(self) -> None:
        with pytest.raises(MetricError, match=r"y holds 2, and .* has 2 outputs.*classes="):
            weighed(lambda x: both(x) * 2, WON + 1)
        same(weighed(both, WON + 1, classes=[1, 2]), both, log_loss(WON))
        with pytest.raises(
            InputError, match=r"y has classes that are not among those given: 'yes'\. Classes: 'no', 'si'"
        ):
            weighed(both, TEXT, classes=["no", "si"])
        with pytest.raises(InputError, match=r"y must hold numbers.*classes=\['no', 'yes'\]"):
            weighed(both, TEXT)

    def test_a_class_without_rows(self) -> None:
        def three(x: Any) -> Any:
            return np.stack([both(x)[:, 0], both(x)[:, 1] / 2, both(x)[:, 1] / 2], 1)

        same(
            weighed(three, 2 * WON), three, lambda p: float(reference.log_loss(2 * WON, p, labels=[0, 1, 2]))
        )
        assert weighed(three, 2 * WON, metric="neg_log_loss").metric == "log_loss"


class TestSeveralTargets:
    Y = np.stack([WON, (X[:, 1] > 0) * 1], 1)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        "model",
        [
            MultiOutputClassifier(LogisticRegression()),
            OneVsRestClassifier(LogisticRegression()),
            MLPClassifier(4, max_iter=2000, solver="lbfgs", random_state=0),
        ],
        ids=lambda model: type(model).__name__,
    )
    def test_estimators_of_several_labels(self, model: Any) -> None:
        model.fit(X, self.Y)

        def shares(x: Any) -> Any:
            p = model.predict_proba(x)
            return np.stack([part[:, 1] for part in p], 1) if isinstance(p, list) else p

        def loss(p: Any, column: int) -> float:
            return float(reference.log_loss(self.Y[:, column], p[:, column]))

        y = pd.DataFrame(self.Y, columns=["won", "high"])
        found = weighed(model, y, metric=["log_loss", "log_loss[high]", "accuracy", "accuracy[won]"])
        same(found, shares, lambda p: (loss(p, 0) + loss(p, 1)) / 2)
        same(found.of("log_loss[high]"), shares, lambda p: loss(p, 1))
        same(found.of("accuracy"), model.predict, lambda p: float((p == self.Y).mean()))
        same(found.of("accuracy[won]"), model.predict, lambda p: float((p == self.Y)[:, 0].mean()))
        assert weighed(model, y).metric == "log_loss"
        macro = weighed(model, y, metric="f1_macro")
        assert macro.baseline == pytest.approx(reference.f1_score(self.Y, model.predict(X), average="macro"))
        area = weighed(model, y, metric="roc_auc")
        assert area.baseline == pytest.approx(reference.roc_auc_score(self.Y, shares(X)))

    def test_outputs_of_functions_and_modules(self) -> None:
        def shares(x: Any) -> Any:
            return 1 / (1 + np.exp(-x[:, :2]))

        def loss(p: Any) -> float:
            return float(np.mean([reference.log_loss(self.Y[:, j], p[:, j]) for j in (0, 1)]))

        same(weighed(shares, self.Y), shares, loss)
        same(weighed(lambda x: x[:, :2], self.Y, outputs="logit"), shares, loss)
        network = nn.Sequential(nn.Linear(3, 2), nn.Sigmoid()).double()
        same(weighed(network, self.Y), lambda x: outputs_of(network, x), loss)
        with pytest.raises(MetricError, match="outputs='logit'"):
            weighed(lambda x: x[:, :2], self.Y)

    def test_numbers_by_name(self) -> None:
        y = pd.DataFrame({"home": SLOPE, "away": X[:, 2]})

        def model(x: Any) -> Any:
            return np.stack([x[:, 0], x[:, 1]], 1)

        found = weighed(model, y, metric=["mae", "mae[home]", "rmse[away]"])
        same(found, model, lambda p: float(abs(p - y.to_numpy()).mean()))
        same(found.of("mae[home]"), model, lambda p: float(abs(p[:, 0] - SLOPE).mean()))
        same(found.of("rmse[away]"), model, lambda p: float(((p[:, 1] - X[:, 2]) ** 2).mean() ** 0.5))
        assert any("'mae[home]' is that of one" in note for note in found.notes)
        assert not weighed(model, y, metric="mae[home]").notes

    @pytest.mark.parametrize("name", ["rmse", "root_mean_squared_error", "neg_root_mean_squared_error"])
    def test_rmse_of_several_targets_is_the_mean_of_theirs(self, name: str) -> None:
        y = np.stack([SLOPE, 100 * X[:, 2]], 1)

        def model(x: Any) -> Any:
            return np.stack([x[:, 0], x[:, 1]], 1)

        found = weighed(model, y, metric=name)
        assert found.metric == "rmse"
        assert found.baseline == pytest.approx(reference.root_mean_squared_error(y, model(X)))
        same(found, model, lambda p: reference.root_mean_squared_error(y, p))
        scorer = reference.make_scorer(reference.root_mean_squared_error, greater_is_better=False)
        np.testing.assert_array_equal(
            weighed(model, y, metric=scorer).importances_mean, found.importances_mean
        )
        assert any("'rmse[0]' is that of one" in note for note in found.notes)

    def test_rmse_of_twice_the_same_target_is_that_of_one(self) -> None:
        rows = np.random.default_rng(1).normal(size=(600, 2))
        y = rows[:, 0] + rows[:, 1] ** 2
        one, two = (
            weigh(lambda x, n=n: x[:, [0] * n], rows, np.stack([y] * n, 1), metric="rmse", random_state=0)
            for n in (1, 2)
        )
        np.testing.assert_allclose(two.importances_mean, one.importances_mean, rtol=1e-6)
        np.testing.assert_allclose(two.se, one.se, rtol=0.01)


class TestFormsOfOutputs:
    class Gives(nn.Module):
        def __init__(self, form: Callable[[Any], Any]) -> None:
            super().__init__()
            self.inner, self.form = module(), form

        def forward(self, x: Any) -> Any:
            return self.form(self.inner(x))

    @pytest.mark.parametrize(
        ("form", "note"),
        [
            (lambda out: (out, out * 2), "gives a tuple of 2: its first tensor is read"),
            (lambda out: [out], "gives a list of 1"),
            (
                lambda out: {"loss": out.sum(), "logits": out, "hidden": out * 2},
                "dict of 'loss', 'logits', 'hidden': 'logits'",
            ),
            (lambda out: {"loss": out.sum(), "out": out}, "'out' is read"),
        ],
    )
    def test_one_tensor_of_several(self, form: Callable[[Any], Any], note: str) -> None:
        found = weighed(self.Gives(form), THREE)
        np.testing.assert_allclose(found.importances, weighed(module(), THREE).importances, rtol=1e-9)
        assert any(note in text for text in found.notes)

    def test_members_are_averaged_on_the_scale_that_is_right(self) -> None:
        tabm = pytest.importorskip("tabm")
        torch.manual_seed(0)
        network = tabm.TabM.make(n_num_features=3, d_out=3, k=4, n_blocks=1, d_block=8).double()

        def members(x: Any) -> Any:
            with torch.no_grad():
                return network.eval()(torch.from_numpy(x))

        x = X

        def shares(rows: Any) -> Any:
            return members(rows).softmax(-1).mean(1).numpy()

        found = weighed(network, THREE, x)
        same(found, shares, log_loss(THREE), x)
        assert any("4 members predict: the mean of their probabilities" in note for note in found.notes)
        single = tabm.TabM.make(n_num_features=3, d_out=1, k=4, n_blocks=1, d_block=8).double()

        def outputs(rows: Any) -> Any:
            with torch.no_grad():
                return single.eval()(torch.from_numpy(rows))

        same(
            weighed(single, SLOPE),
            lambda r: outputs(r).mean(1).numpy()[:, 0],
            lambda p: float(abs(p - SLOPE).mean()),
        )

        def odds(r: Any) -> Any:
            return outputs(r).sigmoid().mean(1).numpy()[:, 0]

        same(weighed(single, WON, outputs="logit"), odds, log_loss(WON))
        with pytest.raises(InputError, match=r"4 members of 1 output.*outputs='number'.*outputs='logit'"):
            weighed(single, WON)

    def test_outputs_of_another_width_from_call_to_call(self) -> None:
        calls = []

        def wider(x: Any) -> Any:
            calls.append(len(x))
            return np.repeat(logit(x)[:, None], 1 + len(calls) // 3, 1)

        with pytest.raises(weighin.WeighinError):
            weighed(wider, SLOPE)

    def test_what_is_no_probability_after_a_swap(self) -> None:
        rows = {tuple(row) for row in X.tolist()}

        def odd(x: Any) -> Any:
            known = np.array([tuple(row) in rows for row in np.asarray(x).tolist()])
            return np.where(known, probability(x), 7.0)

        with pytest.raises(MetricError, match=r"not probabilities: they range from .* to 7"):
            weighed(odd, WON)

    def test_a_model_that_returns_its_input(self) -> None:
        same(weighed(lambda x: x, X, X.copy()), lambda x: x, lambda p: float(abs(p - X).mean()))
        same(weighed(lambda x: x[:, 0], SLOPE), lambda x: x[:, 0], lambda p: float(abs(p - SLOPE).mean()))


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
        y = TestSeveralTargets.Y
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
