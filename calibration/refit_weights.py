"""How often the intervals of `weighin.weigh_refits` hold: the second table of ``python -m calibration.refits``.

The truth is known. Features are independent with variance 1 and y is linear in them, so that in mean squared error the
importance of feature j for a linear model with coefficient c_j is 2 b_j c_j. Random splits speak of training sets of
one size: the truth is the mean over fresh ones. A fixed split speaks of seeds, given its training rows: the truth is
the mean over seeds, on rows without end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

NAMES = ("x1", "x2", "x3", "noise")
WEIGHTS = np.array([1.0, 0.5, 0.25, 0.0])
SEED = 20_261
NOISE = 0.1  # of the coefficients of a ridge that draws some, from seed to seed
FRESH_SETS, FRESH_SEEDS, FRESH_ROWS = 1000, 100, 4000


@dataclass(frozen=True)
class Case:
    """What is trained on what, how often.

    Attributes
    ----------
    name : str
        For the table.
    model : str
        "ridge", "noisy ridge" or "network".
    split : str
        "random" or "fixed".
    n_rows, fits, samples : int
        Rows and fits of each sample, and samples.
    """

    name: str
    model: str
    split: str
    n_rows: int
    fits: int
    samples: int

    @property
    def n_train(self) -> int:
        """Rows a model is trained on."""
        return self.n_rows * 4 // 5 if self.split == "random" else self.n_rows * 2 // 3


CASES = (
    Case("weights: ridge, random splits", "ridge", "random", 200, 10, 500),
    Case("weights: ridge with noise, fixed split", "noisy ridge", "fixed", 300, 10, 480),
    Case("weights: small torch network, random splits", "network", "random", 240, 10, 500),
)


def table(rng: np.random.Generator, n_rows: int) -> Any:
    """Rows of three useful features and one that is noise."""
    import pandas as pd

    X = rng.normal(size=(n_rows, len(NAMES)))
    return pd.DataFrame(X, columns=list(NAMES)).assign(y=X @ WEIGHTS + rng.normal(size=n_rows))


def train_ridge(frame: Any, features: Sequence[str], seed: int | None) -> Any:
    """Fit scikit-learn's ridge; with a seed, draw noise on its coefficients."""
    from sklearn.linear_model import Ridge

    model = Ridge().fit(frame[list(features)], frame["y"])
    if seed is not None:
        model.coef_ = model.coef_ + np.random.default_rng(seed).normal(scale=NOISE, size=len(model.coef_))
    return model


def recipe(model: str) -> Any:
    """How the model of a case is trained."""
    import weighin
    from calibration.networks import train_network

    if model == "ridge":
        from sklearn.linear_model import Ridge

        return weighin.Recipe.from_estimator(Ridge(), features=NAMES, target="y")
    train = train_ridge if model == "noisy ridge" else train_network
    return weighin.Recipe.from_function(train, features=NAMES, target="y")


def truth(case: Case, training: Any) -> np.ndarray:
    """Importances in mean squared error that the intervals of a case should hold."""
    if case.split == "random":
        return _over_training_sets(case.model, case.n_train)
    if case.model == "noisy ridge":
        return 2 * WEIGHTS * train_ridge(training, NAMES, None).coef_
    return _mean_importance(lambda number: training, FRESH_SEEDS)


@cache
def _over_training_sets(model: str, n_train: int) -> np.ndarray:
    def fresh(number: int) -> Any:
        return table(np.random.default_rng([SEED, 10**7 + number]), n_train)

    if model == "network":
        return _mean_importance(fresh, FRESH_SETS)
    fitted = [train_ridge(fresh(number), NAMES, None).coef_ for number in range(FRESH_SETS)]
    return 2 * WEIGHTS * np.mean(fitted, axis=0)


def _mean_importance(training: Callable[[int], Any], count: int) -> np.ndarray:
    """Mean over networks, on many rows that swap values with as many others."""
    import torch

    from calibration.networks import train_network

    rng = np.random.default_rng([SEED, 10**8])
    X, donors = rng.normal(size=(2, FRESH_ROWS, len(NAMES)))
    mean = X @ WEIGHTS  # the noise of y adds the same to every loss
    tables = np.repeat(X[None], len(NAMES) + 1, axis=0)
    for feature in range(len(NAMES)):
        tables[feature + 1, :, feature] = donors[:, feature]
    tensors = torch.tensor(tables, dtype=torch.float32)
    found = []
    for number in range(count):
        net = train_network(training(number), NAMES, 10**6 + number)
        with torch.no_grad():
            loss = ((net(tensors)[..., 0].numpy() - mean) ** 2).mean(1)
        found.append(loss[1:] - loss[0])
    return np.mean(found, axis=0)


def held(case: Case, number: int) -> np.ndarray:
    """Whether the interval of each feature holds the truth, on one fresh table."""
    import weighin

    frame = table(np.random.default_rng([SEED, number]), case.n_rows)
    split: Any = "random"
    if case.split == "fixed":
        split = np.arange(case.n_rows) >= case.n_train
    found = weighin.weigh_refits(
        recipe(case.model),
        frame,
        fits=case.fits,
        metric="mse",
        split=split,
        random_state=number,
        progress=False,
    )
    lower, upper = found.interval()
    true = truth(case, frame.head(case.n_train))
    return (lower <= true) & (true <= upper)


HEAD = (
    "| case | rows | fits | samples | x1, weight 1 | x2, 0.5 | x3, 0.25 | noise, 0 |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)


def line(case: Case, quick: bool) -> str:
    """Count one case: a line of the table."""
    samples = 40 if quick else case.samples
    shares = 100 * np.mean([held(case, number) for number in range(samples)], axis=0)
    name = case.name.removeprefix("weights: ")
    return (
        f"| {name} | {case.n_rows:,} | {case.fits} | {samples} | "
        + " | ".join(f"{s:.1f}" for s in shares)
        + " |"
    )
