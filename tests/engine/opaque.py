"""A network the engine cannot see into, tables for it, and what both ways give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from weighin._samplers import Block

# In double precision two ways to add up a prediction differ by some tens of roundings of numbers up to about 100.
CLOSE = {"rtol": 1e-9, "atol": 1e-10}


class Opaque(nn.Module):
    """A module the engine cannot read: it goes the generic way."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.inner(*inputs)

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("one of its kind: it cannot be cut open")


def randomised(module: nn.Module, seed: int) -> nn.Module:
    """Weights and statistics as if trained, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)
            if name.endswith("running_var"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
    return module.double()


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "mse": lambda y, pred: float(((y - pred) ** 2).mean()),
    "mae": lambda y, pred: float(abs(y - pred).mean()),
    "rmse": lambda y, pred: float((((y - pred) ** 2).mean(0) ** 0.5).mean()),
}


class Tokens(nn.Module):
    """Like FT-Transformer: each column becomes a token, tokens attend to each other."""

    def __init__(self, n_columns: int, width: int = 8) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_columns, width))
        self.bias = nn.Parameter(torch.randn(n_columns + 1, width))
        self.block = nn.TransformerEncoderLayer(width, 2, 16, batch_first=True)
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        tokens = torch.cat(
            [torch.zeros(len(x), 1, self.weight.shape[1]).to(x), x[:, :, None] * self.weight], 1
        )
        return self.out(self.block(tokens + self.bias)[:, 0])


class One:
    """One block of other donors, as if it were all."""

    name, closed, strata, copies, moved = "one", False, None, 1, frozenset()

    def __init__(self, block: Block) -> None:
        self.block, self.n_repeats = block, len(block.donors)
        self.largest_block = self.n_receivers = len(block.rows)

    def blocks(self) -> Iterator[Block]:
        yield self.block


def small() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 3)), rng.normal(size=60)


def product(x: np.ndarray) -> np.ndarray:
    return x[:, 0] * x[:, 1] + x[:, 2]


MODELS: dict[str, Callable[[], Any]] = {
    "function": lambda: product,
    "fast": lambda: randomised(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)), 0),
    "generic": lambda: Opaque(randomised(nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1)), 0)),
}
