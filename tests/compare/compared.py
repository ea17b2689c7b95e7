"""Two models, their rows and their importances, for the tests of comparisons."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

import weighin
from weighin import Comparison, Importance


def old(x) -> np.ndarray:
    return np.asarray(x) @ [3.0, 1.0, 0.2, 0.0]


def new(x) -> np.ndarray:
    return np.asarray(x) @ [2.5, 1.5, 0.2, 0.0]


NAMES = ["spread", "elo", "week", "site"]


def rows(seed: int, n: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, 4)), columns=NAMES)
    return x, old(x) + rng.normal(size=n)


def weigh(model, seed: int = 0, **options) -> Importance:
    return weighin.weigh(
        model, *rows(seed), **{"metric": "mae", "n_repeats": 5, "random_state": 0, **options}
    )


def by_hand(values, names=("a", "b"), **changes) -> Importance:
    values = np.atleast_2d(np.asarray(values, dtype=float).T).T
    return Importance(
        tuple(names),
        values,
        **{"baseline": 10.0, "metric": "mae", "greater_is_better": False, "n_rows": 100, **changes},
    )


def difference(comparison: Comparison, name: str) -> str:
    """As it is written: to the decimals of its interval, with a real minus."""
    row = comparison.to_frame().set_index("feature").loc[name]
    width = row["ci_upper"] - row["ci_lower"]
    decimals = 0 if not width > 0 or row["few_rows"] else max(0, -math.floor(math.log10(0.3 * width)))
    return f"{row['difference']:+z.{decimals}f}".replace("-", "−").replace("+0.000", "0.000")
