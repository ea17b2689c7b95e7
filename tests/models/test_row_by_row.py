"""Of which models it is known, without looking at all rows, that rows have no say in each other's predictions."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import NMF, PCA
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestRegressor, StackingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, scale
from torch import nn

from weighin._models import as_model

X = np.abs(np.random.default_rng(0).normal(size=(60, 3)))
Y = X[:, 0] + X[:, 1]


def centred(X: Any) -> Any:
    return X - X.mean(0)


class Mine(LinearRegression):
    pass


def without_address(model: Any) -> str:
    """Name a case the same in every process."""
    return re.sub(r"0x[0-9a-f]+", "", str(model))


OWN = [
    LinearRegression(),
    make_pipeline(StandardScaler(), PCA(2), Ridge()),
    make_pipeline(make_column_transformer((OneHotEncoder(handle_unknown="ignore"), [0])), Ridge()),
    make_pipeline(FunctionTransformer(np.log1p), LinearRegression()),
    GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=2),
    StackingRegressor([("a", Ridge()), ("b", RandomForestRegressor(3))], cv=2),
    DummyRegressor(),
]
OTHERS = [
    Mine(),
    make_pipeline(FunctionTransformer(centred), LinearRegression()),
    make_pipeline(FunctionTransformer(scale), LinearRegression()),
    make_pipeline(NMF(2), LinearRegression()),
    GridSearchCV(Mine(), {"positive": [True]}, cv=2),
    StackingRegressor([("a", Ridge()), ("b", Mine())], cv=2),
]


@pytest.mark.parametrize("estimator", OWN, ids=without_address)
def test_estimators_of_scikit_learn_and_what_is_made_of_them(estimator: Any) -> None:
    assert as_model(estimator.fit(X, Y)).row_by_row


@pytest.mark.parametrize("estimator", OTHERS, ids=without_address)
def test_estimators_with_a_part_that_may_do_anything(estimator: Any) -> None:
    assert not as_model(estimator.fit(X, Y)).row_by_row
    assert not as_model(DummyClassifier(strategy="stratified").fit(X, Y > 1)).row_by_row
    assert not as_model(estimator.predict).row_by_row


def layers(*more: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), *more, nn.Linear(4, 1))


class Custom(nn.Sequential):
    pass


def hooked() -> nn.Module:
    module = layers(nn.ReLU())
    module[1].register_forward_hook(lambda *_: None)
    return module


PLAIN = [
    layers(nn.ReLU()),
    layers(nn.BatchNorm1d(4), nn.Dropout()),
    layers(nn.Softmax(1)),
    layers(nn.LayerNorm(4)),
]
NOT_PLAIN = [
    layers(nn.BatchNorm1d(4, track_running_stats=False)),
    layers(nn.Softmax(0)),
    layers(nn.LogSoftmax(-2)),
    layers(nn.InstanceNorm1d(4)),
    layers(nn.TransformerEncoderLayer(4, 1)),
    Custom(nn.Linear(3, 1)),
    hooked(),
]


@pytest.mark.parametrize("module", PLAIN, ids=without_address)
def test_modules_of_layers_that_are_known(module: nn.Module) -> None:
    assert as_model(module).row_by_row


@pytest.mark.parametrize("module", NOT_PLAIN, ids=lambda module: type(module).__name__)
def test_modules_of_layers_that_look_at_the_batch_or_are_not_known(module: nn.Module) -> None:
    assert not as_model(module).row_by_row
