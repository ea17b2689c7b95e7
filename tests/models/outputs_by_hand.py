"""Rows, models, and importances as anybody would write them, for the tests of what outputs mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as reference
from torch import nn

from swaps import donor_rows
from weighin import weigh
from weighin._samplers import MarginalSampler

RNG = np.random.default_rng(0)
N = 120
X = RNG.normal(size=(N, 3))
SLOPE = 2 * X[:, 0] - X[:, 1]
WON = (SLOPE + RNG.logistic(size=N) > 0).astype(int)
THREE = np.digitize(SLOPE + RNG.normal(size=N), [-1.5, 1.5])
TEXT = np.array(["no", "yes"])[WON]
TWO_FLAGS = np.stack([WON, (X[:, 1] > 0) * 1], 1)


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
TEXT_OF = np.array(["no", "yes"])
