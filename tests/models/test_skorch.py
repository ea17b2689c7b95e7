"""skorch nets, which have an estimator's methods, and scikit-learn's own function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from estimators import FRAME, N, by_hand
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weighin import weigh


def test_the_numbers_of_scikit_learns_own_function_on_the_same_shuffles() -> None:
    """Its shuffles are other ones: only what does not depend on them can be the same."""
    rows, y = FRAME[["elo", "week"]], FRAME["margin"]
    model = Ridge().fit(rows, y)
    theirs = permutation_importance(
        model, rows, y, n_repeats=200, random_state=0, scoring="neg_mean_squared_error"
    )
    ours = weigh(model, rows, y, metric="mse", n_repeats=74, random_state=0)
    # every shift but the ones left out: the mean over pairs; theirs has fixed points, (n - 1) / n of it
    for a, b, spread in zip(
        ours.importances.mean(1), theirs.importances_mean, theirs.importances_std, strict=True
    ):
        assert abs(a * (N - 1) / N - b) < 4 * spread / np.sqrt(200) + 4 * ours.importances.std() / np.sqrt(74)


def skorch_net(kind: str) -> Any:
    skorch = pytest.importorskip("skorch")
    torch.manual_seed(0)
    n_outputs = 3 if kind == "NeuralNetClassifier" else 1
    module = torch.nn.Sequential(
        torch.nn.Linear(2, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(8, n_outputs),
    )
    options: dict[str, Any] = {"max_epochs": 2, "verbose": 0, "train_split": None, "lr": 0.01}
    if kind == "NeuralNetClassifier":
        options["criterion"] = torch.nn.CrossEntropyLoss
    return getattr(skorch, kind)(module, **options)


SKORCH_ROWS = (FRAME[["elo", "week"]] / [1500.0, 4.0]).to_numpy(np.float32)


@pytest.mark.parametrize(
    ("kind", "y", "metric"),
    [
        ("NeuralNetRegressor", FRAME[["margin"]].to_numpy(np.float32), "mae"),
        ("NeuralNetClassifier", FRAME["week"].to_numpy(np.int64) % 3, "log_loss"),
        ("NeuralNetBinaryClassifier", FRAME["neutral"].to_numpy(np.float32), "log_loss"),
    ],
)
@pytest.mark.slow
def test_skorch_nets_are_estimators(kind: str, y: Any, metric: str) -> None:
    net = skorch_net(kind).fit(SKORCH_ROWS, y)
    imp = weigh(net, SKORCH_ROWS, y, n_repeats=2, random_state=0)
    assert imp.metric == metric
    assert imp.model == f"skorch {kind}"
    frame = pd.DataFrame(SKORCH_ROWS, columns=["elo", "week"])

    def predict(rows: pd.DataFrame) -> Any:
        rows = rows.to_numpy(np.float32)
        return net.predict(rows) if kind == "NeuralNetRegressor" else net.predict_proba(rows).astype(float)

    labels = sorted(set(y.ravel().tolist()))
    score = (
        mean_absolute_error
        if metric == "mae"
        else lambda t, p: log_loss(t, p / p.sum(1, keepdims=True), labels=labels)
    )
    # a net predicts in single precision: numbers near 1 are off by up to 6e-8, and their logarithms by more
    np.testing.assert_allclose(
        imp.importances, by_hand(predict, frame, lambda p: score(y, p)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("wrap", [lambda net: net, lambda net: make_pipeline(StandardScaler(), net)])
@pytest.mark.parametrize("training", [True, False])
def test_a_skorch_net_keeps_the_modes_of_its_modules(wrap: Callable[[Any], Any], training: bool) -> None:
    y = FRAME[["margin"]].to_numpy(np.float32)
    net = skorch_net("NeuralNetRegressor")
    model = wrap(net).fit(SKORCH_ROWS, y)
    net = model if model is net else model.steps[-1][1]
    net.module_.train(training)
    net.module_[1].train(not training)
    before = [part.training for part in net.module_.modules()]
    imp = weigh(model, SKORCH_ROWS, y, random_state=0)
    assert imp.notes == ()
    assert [part.training for part in net.module_.modules()] == before
    with pytest.raises(KeyboardInterrupt):
        weigh(model, SKORCH_ROWS, y, metric=_interrupt, greater_is_better=True)
    assert [part.training for part in net.module_.modules()] == before


def _interrupt(y: Any, pred: Any) -> float:
    raise KeyboardInterrupt
