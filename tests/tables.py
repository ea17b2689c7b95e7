"""Small tables and recipes that train in a millisecond, for tests of what is trained again."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression

import weighin

FEATURES = ("spread", "elo", "week", "noise")


def games(n_rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """A margin that follows the spread, a little of the Elo, nothing else; three seasons, thirty teams."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n_rows, 4)), columns=list(FEATURES))
    frame["margin"] = 3 * frame["spread"] + frame["elo"] + rng.normal(size=n_rows)
    frame["won"] = np.where(frame["margin"] > 0, "yes", "no")
    frame["conference"] = rng.choice(["East", "West", "North"], n_rows)
    frame["season"] = np.sort(rng.integers(2019, 2022, n_rows))
    frame["team"] = rng.integers(0, 30, n_rows)
    frame["id"] = np.arange(n_rows) + 1000
    return frame


def linear(features: tuple[str, ...] = FEATURES, **options: Any) -> weighin.Recipe:
    """Ordinary least squares: nothing random in it."""
    return weighin.Recipe.from_estimator(LinearRegression(), target="margin", features=features, **options)


def logistic() -> weighin.Recipe:
    """A classifier of who won."""
    return weighin.Recipe.from_estimator(LogisticRegression(), target="won", features=FEATURES)


class Noisy:
    """Least squares with noise of its own seed on every coefficient: as random as a network, and as quick as none."""

    def __init__(self, noise: float = 0.1) -> None:
        self.noise = noise

    def __call__(self, frame: pd.DataFrame, features: Any, seed: int) -> Any:
        time.sleep(float(os.environ.get("TABLES_PAUSE", "0")))
        X = np.column_stack([np.ones(len(frame)), frame[list(features)].to_numpy(float)])
        weights = np.linalg.lstsq(X, frame["margin"].to_numpy(float), rcond=None)[0]
        weights = weights + np.random.default_rng(seed).normal(scale=self.noise, size=len(weights))
        return lambda table: weights[0] + table[list(features)].to_numpy(float) @ weights[1:]


def noisy(noise: float = 0.1) -> weighin.Recipe:
    """A recipe whose fits differ."""
    return weighin.Recipe.from_function(Noisy(noise), features=FEATURES, target="margin")
