"""Small modules, and permutation importances by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from swaps import reference, singles
from weighin import weigh
from weighin._samplers import MarginalSampler

RNG = np.random.default_rng(0)


N = 90


X = RNG.normal(size=(N, 4))


Y = X[:, 0] - 2 * X[:, 1] + RNG.normal(size=N)


def perceptron(n_outputs: int = 1, seed: int = 0, n_inputs: int = 4) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(n_inputs, 8), nn.ReLU(), nn.Linear(8, n_outputs)).double()


def forward(module: nn.Module) -> Callable[..., np.ndarray]:
    def predict(*parts: np.ndarray) -> np.ndarray:
        was, training = module.training, [part.training for part in module.modules()]
        with torch.no_grad():
            out = module.eval()(*(torch.from_numpy(part) for part in parts)).numpy()
        for part, mode in zip(module.modules(), training, strict=True):
            part.training = mode
        assert module.training is was
        return out.reshape(len(out), -1)

    return predict


def by_hand(module: nn.Module, parts: list[np.ndarray], score: Callable[[np.ndarray], float]) -> np.ndarray:
    n_columns = sum(part.shape[1] for part in parts)
    donors = MarginalSampler(len(parts[0]), 2, 0)
    return reference(forward(module), parts, singles(n_columns), donors, score)[1]


def importances(module: Any, X: Any, y: Any = Y, metric: Any = None, **options: Any) -> np.ndarray:
    return weigh(module, X, y, metric=metric, n_repeats=2, random_state=0, **options).importances


def close(found: Any, expected: Any) -> None:
    # double precision; sums in another order
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


def mae(pred: np.ndarray) -> float:
    return float(abs(pred[:, 0] - Y).mean())
