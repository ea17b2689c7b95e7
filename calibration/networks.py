"""Small torch networks: one trained so long on so few rows that it fits their noise, one trained for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

N_TRAIN = 400


def sample(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    """Rows of five features, the last of which has nothing to do with the target."""
    x = rng.normal(size=(n, 5))
    x[:, 1] = 0.9 * x[:, 0] + 0.19**0.5 * x[:, 1]
    y = 2 * np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + rng.normal(size=n)
    return x.astype(np.float32), y


@cache
def _trained() -> Any:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    x, y = (torch.as_tensor(part, dtype=torch.float32) for part in sample(np.random.default_rng(1), N_TRAIN))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        net = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 12), nn.ReLU(), nn.Linear(12, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x)[:, 0], y)
        loss.backward()
        optimizer.step()
    return net.eval()


def predict(x: Any) -> Any:
    """Predictions of shape (...) for rows of shape (..., 5)."""
    import torch

    net = _trained()
    with torch.no_grad():
        return net(torch.as_tensor(np.ascontiguousarray(x)))[..., 0].numpy().astype(np.float64)


def train_network(frame: Any, features: Sequence[str], seed: int) -> Any:
    """Eight hidden units, 25 steps of Adam on all rows."""
    import torch

    torch.manual_seed(seed)
    X = torch.tensor(frame[list(features)].to_numpy(np.float32))
    y = torch.tensor(frame["y"].to_numpy(np.float32))[:, None]
    net = torch.nn.Sequential(torch.nn.Linear(len(features), 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.08)
    for _ in range(25):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(X), y).backward()
        optimizer.step()
    return net
