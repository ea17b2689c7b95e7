"""Models of every kind for the rules of the `Model` protocol, each with a table and its target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from toy_models import Stumps

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, 0] - X[:, 1]
FRAME = pd.DataFrame(X, columns=["elo", "rest", "spread"])
TEXTS = np.where(Y > 0, "home", "away")
CLASS_NUMBERS = np.digitize(Y, [-0.5, 0.5])
CLASSES = np.where(Y > 0.3, "home", np.where(Y < -0.3, "away", "even"))


class ByParts(torch.nn.Module):
    """Levels and numbers, by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.levels, self.head = torch.nn.Embedding(4, 2), torch.nn.Linear(5, 3)
        self.drop = torch.nn.Dropout(0.5)

    def forward(self, cat: torch.Tensor, cont: torch.Tensor) -> torch.Tensor:
        return self.head(self.drop(torch.cat([self.levels(cat[:, 0]), cont], 1)))


def learner(name: str) -> Callable[[Any], tuple[Any, Any, Any]]:
    return lambda request: (
        request.getfixturevalue(name),
        request.getfixturevalue("fresh_games").drop(columns=["margin", "total", "grade", "won"]),
        request.getfixturevalue("fresh_games")["grade" if name == "classifier" else "margin"].to_numpy(),
    )


def linear_function(table: Any) -> Any:
    table = np.asarray(table)
    return table[:, 0] - table[:, 1]


def of_tensors() -> Any:
    return torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 1)
    )


WON = (Y > 0).astype(int)


def xgboost_booster(request: Any) -> tuple[Any, Any, Any]:
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(FRAME, CLASS_NUMBERS)
    options = {"objective": "multi:softprob", "num_class": 3, "nthread": 1}
    return xgboost.train(options, data, 5), FRAME, CLASS_NUMBERS


def lightgbm_booster(request: Any) -> tuple[Any, Any, Any]:
    lightgbm = pytest.importorskip("lightgbm")
    options = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    return lightgbm.train(options, lightgbm.Dataset(FRAME, WON), 5), FRAME, WON


def catboost_model(request: Any) -> tuple[Any, Any, Any]:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoost(
        {"iterations": 5, "verbose": 0, "thread_count": 1, "allow_writing_files": False}
    )
    return model.fit(FRAME, Y), FRAME, Y


def onnx_session(request: Any) -> tuple[Any, Any, Any]:
    skl2onnx, onnxruntime = pytest.importorskip("skl2onnx"), pytest.importorskip("onnxruntime")
    model = skl2onnx.to_onnx(
        LogisticRegression().fit(X, WON), X[:1].astype(np.float32), options={"zipmap": False}
    )
    return onnxruntime.InferenceSession(model.SerializeToString()), X.astype(np.float32), WON


def keras_model(request: Any) -> tuple[Any, Any, Any]:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile(loss="mse")
    return model, X.astype(np.float32), Y


def torch_frame_module(request: Any) -> tuple[Any, Any, Any]:
    torch_frame = pytest.importorskip("torch_frame")
    data = torch_frame.data.Dataset(
        FRAME.assign(y=Y), dict.fromkeys([*FRAME, "y"], torch_frame.numerical), target_col="y"
    )
    data.materialize()
    model = torch_frame.nn.ResNet(
        8, 1, 1, col_stats=data.col_stats, col_names_dict=data.tensor_frame.col_names_dict
    )
    return model, data.tensor_frame, Y


def skorch_net(request: Any) -> tuple[Any, Any, Any]:
    skorch = pytest.importorskip("skorch")
    net = skorch.NeuralNetRegressor(of_tensors(), max_epochs=1, verbose=0, train_split=None)
    return net.fit(X.astype(np.float32), Y.astype(np.float32)[:, None]), X.astype(np.float32), Y


def statsmodels_results(request: Any) -> tuple[Any, Any, Any]:
    formulas = pytest.importorskip("statsmodels.formula.api")
    return formulas.ols("y ~ elo + rest", FRAME.assign(y=Y)).fit(), FRAME[["elo", "rest"]], Y


def prepared(request: Any) -> tuple[Any, Any, Any]:
    frame = FRAME.assign(venue=np.where(X[:, 2] > 0, "home", "away"))
    encoder = make_column_transformer((OneHotEncoder(), ["venue"]), (StandardScaler(), ["elo", "rest"]))
    encoder.fit(frame[["venue", "elo", "rest"]])
    return (encoder, torch.nn.Linear(4, 1).double()), frame[["venue", "elo", "rest"]], Y


def pipeline_to_a_net(request: Any) -> tuple[Any, Any, Any]:
    net, _, _ = skorch_net(request)
    scale = FunctionTransformer(lambda rows: np.asarray(rows, dtype=np.float32)).fit(X)
    return Pipeline([("scale", scale), ("net", net)]), FRAME, Y


CASES: dict[str, Callable[[Any], tuple[Any, Any, Any]]] = {
    "toy": lambda request: (Stumps([1.0, 0.5, 0.0]), FRAME, Y),
    "function of a frame": lambda request: (linear_function, FRAME, Y),
    "function of polars": lambda request: (linear_function, pl.DataFrame(FRAME.to_dict("list")), Y),
    "function of a matrix": lambda request: (linear_function, X, Y),
    "regressor": lambda request: (LinearRegression().fit(FRAME, Y), FRAME, Y),
    "pipeline": lambda request: (
        make_pipeline(StandardScaler(), LogisticRegression()).fit(X, CLASSES),
        X,
        CLASSES,
    ),
    "classifier without probabilities": lambda request: (LinearSVC().fit(FRAME, CLASSES), FRAME, CLASSES),
    "module": lambda request: (of_tensors(), X.astype(np.float32), Y),
    "module by parts": lambda request: (
        ByParts(),
        {"cat": RNG.integers(0, 4, (40, 1)), "cont": X.astype(np.float32)},
        RNG.integers(0, 3, 40),
    ),
    "learner": learner("regression"),
    "learner of classes": learner("classifier"),
    "booster of XGBoost": xgboost_booster,
    "booster of LightGBM": lightgbm_booster,
    "CatBoost": catboost_model,
    "ONNX session": onnx_session,
    "Keras": keras_model,
    "pytorch-frame": torch_frame_module,
    "skorch net": skorch_net,
    "statsmodels": statsmodels_results,
    "encoder and module": prepared,
    "pipeline that ends in a net": pipeline_to_a_net,
    "labels in text": lambda request: (
        lambda table: np.where(np.asarray(table)[:, 0] > 0, "home", "away"),
        FRAME,
        TEXTS,
    ),
}


# what imports a framework for one case, or trains
HEAVY = {
    "booster of XGBoost",
    "booster of LightGBM",
    "CatBoost",
    "ONNX session",
    "Keras",
    "pytorch-frame",
    "skorch net",
}
HEAVY |= {"statsmodels", "pipeline that ends in a net"}
