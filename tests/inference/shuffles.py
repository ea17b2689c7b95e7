"""Small helpers the tests of inference share: donors, losses of a linear model, moments of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._inference import Moments
from weighin._samplers import MarginalSampler


def donors(n_rows: int, n_repeats: int, seed: int = 0) -> Any:
    """Donors of one block of rows that are in random order already: shape (n_repeats, n_rows)."""
    (block,) = MarginalSampler(n_rows, n_repeats, seed, block_rows=n_rows).blocks()
    return block.donors


def linear(n_rows: int, n_repeats: int, b: float = 1.0, seed: int = 0) -> tuple[Any, Any, Any]:
    """Changes (1, n_repeats, n_rows), donors and squared errors of the true linear model with noise 1."""
    rng = np.random.default_rng(seed)
    x, e = rng.normal(size=(2, n_rows))
    give = donors(n_rows, n_repeats, seed)
    return ((e + b * (x - x[give])) ** 2 - e**2)[None], give, e**2


def close(one: Moments, other: Moments, rtol: float = 1e-12) -> None:
    """Assert that two moments agree up to rounding, relative to the size of each sum."""
    scale = np.sqrt(np.diag(one.pairs) + 1e-300)
    for name, power in (("pairs", 2), ("receivers", 2), ("donors", 2), ("roles", 2)):
        size = np.outer(scale, scale)
        difference = abs(getattr(one, name) - getattr(other, name))
        assert (difference <= 10 * rtol * size).all(), (name, (difference / size).max(), power)
    psi = np.sqrt(np.diag(one.psi) + 1e-300)
    assert (abs(one.mean - other.mean) <= rtol * (abs(one.mean) + scale)).all()
    assert (abs(one.third - other.third) <= 100 * rtol * np.outer(psi**2, psi)).all()
    assert (abs(one.fourth - other.fourth) <= 100 * rtol * np.outer(psi**3, psi)).all()
    assert (abs(one.fourth_even - other.fourth_even) <= 100 * rtol * np.outer(psi**2, psi**2)).all()
    assert (one.changed == other.changed).all()
    assert one.n_rows == other.n_rows
