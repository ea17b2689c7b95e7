"""What outputs mean by the last layer and by their values, in every form: right numbers against a loop, or an error."""

from __future__ import annotations

from collections.abc import Callable
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
    X,
    both,
    log_loss,
    logit,
    module,
    outputs_of,
    probability,
    same,
    weighed,
)
from sklearn import metrics as reference
from sklearn.linear_model import (
    LogisticRegression,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from torch import nn

import weighin
from weighin import InputError, MetricError, weigh


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
        model.fit(X, TWO_FLAGS)

        def shares(x: Any) -> Any:
            p = model.predict_proba(x)
            return np.stack([part[:, 1] for part in p], 1) if isinstance(p, list) else p

        def loss(p: Any, column: int) -> float:
            return float(reference.log_loss(TWO_FLAGS[:, column], p[:, column]))

        y = pd.DataFrame(TWO_FLAGS, columns=["won", "high"])
        found = weighed(model, y, metric=["log_loss", "log_loss[high]", "accuracy", "accuracy[won]"])
        same(found, shares, lambda p: (loss(p, 0) + loss(p, 1)) / 2)
        same(found.of("log_loss[high]"), shares, lambda p: loss(p, 1))
        same(found.of("accuracy"), model.predict, lambda p: float((p == TWO_FLAGS).mean()))
        same(found.of("accuracy[won]"), model.predict, lambda p: float((p == TWO_FLAGS)[:, 0].mean()))
        assert weighed(model, y).metric == "log_loss"
        macro = weighed(model, y, metric="f1_macro")
        assert macro.baseline == pytest.approx(
            reference.f1_score(TWO_FLAGS, model.predict(X), average="macro")
        )
        area = weighed(model, y, metric="roc_auc")
        assert area.baseline == pytest.approx(reference.roc_auc_score(TWO_FLAGS, shares(X)))

    def test_outputs_of_functions_and_modules(self) -> None:
        def shares(x: Any) -> Any:
            return 1 / (1 + np.exp(-x[:, :2]))

        def loss(p: Any) -> float:
            return float(np.mean([reference.log_loss(TWO_FLAGS[:, j], p[:, j]) for j in (0, 1)]))

        same(weighed(shares, TWO_FLAGS), shares, loss)
        same(weighed(lambda x: x[:, :2], TWO_FLAGS, outputs="logit"), shares, loss)
        network = nn.Sequential(nn.Linear(3, 2), nn.Sigmoid()).double()
        same(weighed(network, TWO_FLAGS), lambda x: outputs_of(network, x), loss)
        with pytest.raises(MetricError, match="outputs='logit'"):
            weighed(lambda x: x[:, :2], TWO_FLAGS)

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
            weigh(
                lambda x, n=n: x[:, [0] * n],
                rows,
                np.stack([y] * n, 1),
                metric="rmse",
                n_repeats=6,
                random_state=0,
            )
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
