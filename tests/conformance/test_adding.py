"""What CONTRIBUTING says to add, added: each in one or two files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from toy_models import Stumps

from weighin import MetricError, ModelError, effects, weigh
from weighin._metrics import OF_NUMBERS, Metric, MetricContext, row_mean
from weighin._metrics.resolve import SOURCES
from weighin._models import as_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] - X[:, 1]


class TestAModel:
    def test_of_another_package_by_its_entry_point(self, toy_installed: None) -> None:
        y = (X > 0) @ np.array([1.0, 0.5, 0.0])
        imp = weigh(Stumps([1.0, 0.5, 0.0]), X, y, random_state=0)
        assert imp.model == "toy Stumps"
        assert imp.baseline == 0
        assert imp.importances_mean[0] > imp.importances_mean[1] > imp.importances_mean[2] == 0
        assert effects(Stumps([1.0, 0.5, 0.0]), X, random_state=0).what == "the predicted steps"

    def test_without_the_package_what_was_tried_is_listed(self) -> None:
        with pytest.raises(
            ModelError, match=r"cannot read a model of type toy_models\.Stumps\. It reads .*a fastai"
        ):
            weigh(Stumps([1.0]), X[:, :1], Y)

    def test_what_the_package_does_not_read_is_listed_with_what_it_reads(self, toy_installed: None) -> None:
        from toy_models import StumpsAdapter

        with pytest.raises(
            ModelError, match=r"It reads the toy's Stumps, .*a fastai TabularLearner, .*a torch"
        ):
            weigh(StumpsAdapter(), X, Y)

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("toy_models:nothing", r"AttributeError: .* has no attribute 'nothing'"),
            ("no_such_module:adapter", r"ModuleNotFoundError: No module named 'no_such_module'"),
            ("toy_models:StumpsAdapter", r"of weighin_toy 1\.2 is a class; an instance is needed"),
            ("toy_models:np", r"of weighin_toy 1\.2 has no reads"),
        ],
    )
    def test_a_broken_package_is_named(
        self, installed: Callable[[str, str], None], target: str, message: str
    ) -> None:
        installed(f"[weighin.models]\ntoy_models = {target}\n", "weighin_toy")
        with pytest.raises(ModelError, match=message) as caught:
            weigh(Stumps([1.0]), X[:, :1], Y)
        assert f"the entry point toy_models = '{target}' of weighin_toy 1.2" in str(caught.value)

    def test_a_package_that_builds_on_torch_knows_its_modules_better(self, toy_installed: None) -> None:
        kind = type("Stumps", (torch.nn.Module,), {"__module__": "toy_models"})
        assert as_model(kind()).name == "toy Stumps"

    def test_a_package_is_not_loaded_for_models_of_others(
        self, installed: Callable[[str, str], None]
    ) -> None:
        installed("[weighin.models]\nno_such_package = no_such_module:adapter\n", "weighin_toy")
        weigh(LinearRegression().fit(X, Y), X, Y, n_repeats=1)


def pinball(target: Any, pred: Any) -> Any:
    """Loss of the lower quartile, row by row."""
    above = (target - pred)[..., 0]
    return abs(above) * (0.25 + 0.5 * (above < 0))


def rows(table: Any) -> Any:
    return table[:, 0]


class TestAMetric:
    @pytest.mark.parametrize(
        "model",
        [rows, LinearRegression().fit(X, Y), torch.nn.Linear(3, 1), "learner"],
        ids=lambda model: getattr(model, "__name__", str(model)),
    )
    def test_by_a_name_for_every_kind_of_model(
        self, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, model: Any
    ) -> None:
        monkeypatch.setitem(OF_NUMBERS, "pinball", row_mean("pinball", pinball))
        table, y = X, Y
        if model == "learner":
            model, table, y = (
                request.getfixturevalue("regression"),
                request.getfixturevalue("fresh_games"),
                None,
            )
        imp = weigh(model, table, y, metric="pinball", random_state=0)
        assert imp.metric == "pinball"
        with pytest.raises(MetricError, match=r"Unknown metric 'pinbal'\. Did you mean 'pinball'\?"):
            weigh(model, table, y, metric="pinbal")

    def test_of_a_kind_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Quantile:
            """What a user hands over: a level."""

            def __init__(self, level: float) -> None:
                self.level = level

        class Quantiles:
            takes = "a quantile"

            def names(self, context: MetricContext) -> Iterable[str]:
                return ()

            def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Any:
                return row_mean(f"pinball {metric.level}", pinball) if isinstance(metric, Quantile) else None

        monkeypatch.setattr("weighin._metrics.resolve.SOURCES", [*SOURCES, Quantiles()])
        assert weigh(rows, X, Y, metric=Quantile(0.25)).metric == "pinball 0.25"
        with pytest.raises(MetricError, match=r"a name, a scorer, a function .* or a quantile, got int"):
            weigh(rows, X, Y, metric=3)

    def test_ready_made(self) -> None:
        metric = Metric("highest", True, lambda target, pred: float(pred.max()))
        assert weigh(rows, X, Y, metric=metric, n_repeats=2).metric == "highest"
