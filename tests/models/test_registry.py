"""Which adapter a model gets, what is refused, and what is imported for it."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weighin import InputError, ModelError, weigh
from weighin._models import as_model

X = np.arange(12.0).reshape(6, 2)
Y = np.arange(6.0)


class Predicts:
    """Has scikit-learn's method and nothing else of it."""

    def predict(self, X: Any) -> Any:
        return np.asarray(X)[:, 0]

    def __call__(self, X: Any) -> Any:
        raise AssertionError("predict is what counts")


class Calls:
    def __call__(self, X: Any) -> Any:
        return X[:, 0]

    def method(self, X: Any) -> Any:
        return X[:, 0]


def add(X: Any, by: float) -> Any:
    return X[:, 0] + by


@pytest.mark.parametrize(
    ("model", "kind", "name"),
    [
        (torch.nn.Linear(2, 1), "TorchModel", "torch Linear"),
        (type("Mine", (torch.nn.Sequential,), {})(torch.nn.Linear(2, 1)), "TorchModel", "torch Mine"),
        (Ridge(), "SklearnModel", "sklearn Ridge"),
        (make_pipeline(StandardScaler(), Ridge()), "SklearnModel", "sklearn Pipeline"),
        (GridSearchCV(Ridge(), {"alpha": [1]}), "SklearnModel", "sklearn GridSearchCV"),
        (Predicts(), "SklearnModel", "test_registry Predicts"),
        (add, "FunctionModel", "function add"),
        (lambda X: X, "FunctionModel", "function <lambda>"),
        (functools.partial(add, by=1), "FunctionModel", "function partial"),
        (Calls(), "FunctionModel", "function Calls"),
        (Calls().method, "FunctionModel", "function Calls.method"),
        (np.sum, "FunctionModel", "function sum"),
    ],
)
def test_models_are_known_by_their_type(model: Any, kind: str, name: str) -> None:
    adapted = as_model(model)
    assert type(adapted).__name__ == kind
    assert adapted.name == name


def test_a_learner_of_fastai_is_one_also_when_subclassed(regression: Any) -> None:
    assert type(as_model(regression)).__name__ == "FastaiModel"


@pytest.mark.parametrize("model", [None, "model.pkl", 3, {"a": 1}, {Ridge()}, np.zeros(3), object()])
def test_what_is_no_model_is_told_what_was_tried(model: Any) -> None:
    with pytest.raises(ModelError) as caught:
        weigh(model, X, Y)
    told = str(caught.value)
    assert told.startswith(
        f"weighin cannot read a model of type {type(model).__module__}.{type(model).__name__}."
    )
    for tried in ("fastai TabularLearner", "torch.nn.Module", "predict as in scikit-learn", "function"):
        assert tried in told


@pytest.mark.parametrize("cls", [Ridge, torch.nn.Linear, Predicts])
def test_a_class_is_no_trained_model(cls: type) -> None:
    with pytest.raises(ModelError, match=rf"model is the class {cls.__name__}; pass a trained instance"):
        weigh(cls, X, Y)


@pytest.mark.parametrize(
    "estimator",
    [
        Ridge(),
        LogisticRegression(),
        make_pipeline(StandardScaler(), Ridge()),
        GridSearchCV(Ridge(), {"alpha": [1]}),
    ],
)
@pytest.mark.parametrize("frame", [False, True])
def test_an_estimator_that_is_not_fitted_is_named(estimator: Any, frame: bool) -> None:
    import polars as pl

    rows = pl.DataFrame({"a": X[:, 0], "b": X[:, 1]}) if frame else X
    with pytest.raises(ModelError, match=rf"The sklearn {type(estimator).__name__} is not fitted: "):
        weigh(estimator, rows, Y)


@pytest.mark.parametrize("model", [Ridge().fit(X, Y), add])
def test_a_device_is_for_models_of_torch(model: Any) -> None:
    with pytest.raises(ModelError, match=r"device='cpu' is for torch models, got "):
        weigh(model, X, Y, device="cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "xpu"])
def test_a_device_that_is_not_there_is_said(device: str) -> None:
    with pytest.raises(InputError, match=f"device='{device}' cannot be used: "):
        weigh(torch.nn.Linear(2, 1), X, Y, device=device)


@pytest.mark.parametrize("model", [torch.nn.Linear(2, 1), Ridge().fit(X, Y), add])
def test_only_a_learner_brings_rows_along(model: Any) -> None:
    with pytest.raises(InputError, match=r"X is needed: .* carries no rows of its own"):
        weigh(model)


WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {refused!r}:
            raise ImportError(name + ' is not installed here')
sys.meta_path.insert(0, Refuse())
import numpy as np, weighin
X = np.random.default_rng(0).normal(size=(50, 3)); y = X[:, 0]
imp = weighin.weigh(lambda X: X[:, 0] * 2, X, y, random_state=0)
assert imp.importances[0].mean() > 0 and not imp.importances[1:].any()
from sklearn.tree import DecisionTreeRegressor
imp = weighin.weigh(DecisionTreeRegressor().fit(X, y), X, y, random_state=0)
assert imp.importances[0].mean() > 0
imp.to_dict() if hasattr(imp, 'to_dict') else str(imp)
sys.stderr.write(' '.join(sorted(m for m in sys.modules if '.' not in m)))
"""


@pytest.mark.slow
def test_no_framework_is_needed_that_the_model_does_not_need() -> None:
    refused = {"torch", "fastai", "fastcore", "polars", "pyarrow", "matplotlib", "pandas", "skorch"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT.format(refused=refused)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.split()) & refused == set()


class Streaming:
    """As river's: rows one by one."""

    steps: ClassVar = {"scale": None}

    def predict_one(self, row: dict[str, float]) -> float:
        return 2 * row["elo"]


def test_a_model_that_takes_rows_one_by_one_is_weighed_through_a_function() -> None:
    model, frame = Streaming(), pd.DataFrame({"elo": np.arange(30.0), "rest": np.arange(30.0) % 7})
    with pytest.raises(
        ModelError, match="a function from a table to predictions, such as one that calls its 'predict_one'"
    ):
        as_model(model)
    imp = weigh(
        lambda table: [model.predict_one(row) for row in table.to_dict("records")],
        frame, 2 * frame["elo"], random_state=0,
    )  # fmt: skip
    assert imp.baseline == 0
    assert imp.importances_mean[0] > 10
    assert imp.importances_mean[1] == 0
