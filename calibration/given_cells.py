"""What importance given the other columns is calibrated on: tables whose truth is known in closed form.

The first column, x0, is weighed given the others. Every cell has what an ideal sampler would know: the mean of x0 given
the others and its spread, where that says all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

Rng = np.random.Generator
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """A sample: the table, its target, and of each row the mean and spread of x0 given the others, if that is all."""

    table: Any
    y: Floats
    mean: Floats | None = None
    sd: Floats | None = None


@dataclass(frozen=True)
class Cell:
    """How rows are drawn, the model that is weighed, and the truth.

    `model`: A function of the table, or of the number of the sample: a trained model.
    `kind`: Decides the bars: numeric, uneven (spread depends on the others), steps, classes, trained.
    """

    draw: Callable[[Rng, int], Rows]
    model: Callable[[Any], Floats] | None
    truth: float
    kind: str = "numeric"
    metric: str = "mse"
    trained: Callable[[int], Any] | None = None
    rows: tuple[int, ...] = (300, 1000)

    @property
    def null(self) -> bool:
        """Whether x0 says nothing beyond the others."""
        return self.truth == 0


def normal(rng: Rng, n: int, count: int = 4) -> Floats:
    """Independent columns."""
    return rng.normal(size=(n, count))


def moved(
    mean: Callable[[Floats], Floats],
    sd: Callable[[Floats], Any],
    target: Callable[[Floats, Floats], Floats],
    noise: float = 1.0,
    columns: int = 4,
) -> Callable[[Rng, int], Rows]:
    """x0 = mean + sd times noise; y of it and the others."""

    def draw(rng: Rng, n: int) -> Rows:
        w = normal(rng, n, columns)
        centre, spread = mean(w), np.broadcast_to(sd(w), n)
        x = centre + spread * rng.normal(size=n)
        return Rows(np.column_stack([x, w]), target(x, w) + noise * rng.normal(size=n), centre, spread)

    return draw


def of_columns(f: Callable[[Floats, Floats], Floats]) -> Callable[[Any], Floats]:
    """A model of a matrix: x0, and the others."""
    return lambda table: np.asarray(f(table[:, 0], table[:, 1:]))


def ninety(w: Floats) -> Floats:
    """Correlation .9 with the first of the others."""
    return 0.9 * w[:, 0]


REST = 0.19**0.5
STEPS = lambda w: 2.0 * ((w[:, 0] > 0) & (w[:, 1] > 0)) - (w[:, 2] > 0.5)  # noqa: E731  a formula
CATEGORY_MEAN, CATEGORY_SD = np.array([-2.0, -1, 0, 1, 2, 4]), np.array([0.3, 0.6, 1, 0.3, 0.6, 1])
DIRECTIONS = np.array([[1.5, 0], [-1.5, 0], [0, 1.5], [0, -1.5]])
WORTH = np.array([0.0, 1, 2, 4])


def _ewald(rng: Rng, n: int) -> Rows:
    a = normal(rng, n, 5)
    a[:, 1] = a[:, 0] + 0.001**0.5 * a[:, 1]
    x = a[:, 2] + 0.1**0.5 * a[:, 3]
    w = a[:, [0, 1, 2, 4]]
    y = x + w[:, 3] + x * w[:, 3] + 0.1**0.5 * rng.normal(size=n)
    return Rows(np.column_stack([x, w]), y, a[:, 2], np.full(n, 0.1**0.5))


def _category(rng: Rng, n: int) -> Rows:
    import pandas as pd

    code, w = rng.integers(0, 6, n), normal(rng, n, 3)
    mean, sd = CATEGORY_MEAN[code] + 0.5 * w[:, 0], CATEGORY_SD[code]
    x = mean + sd * rng.normal(size=n)
    table = pd.DataFrame(np.column_stack([x, w]), columns=["x0", "w1", "w2", "w3"])
    table["level"] = pd.Categorical.from_codes(code, list("abcdef"))
    return Rows(table, x * (1 + (code >= 3)) + rng.normal(size=n), mean, sd)


def _two(rng: Rng, n: int) -> Rows:
    w = normal(rng, n)
    x = (rng.random(n) < expit(2 * w[:, 0] + w[:, 1])).astype(float)
    return Rows(np.column_stack([x, w]), 2 * x + w[:, 0] + rng.normal(size=n))


def _two_useless(rng: Rng, n: int) -> Rows:
    w = normal(rng, n)
    chance = expit(2 * w[:, 0] + w[:, 1])
    x = (rng.random(n) < chance).astype(float)
    return Rows(np.column_stack([x, w]), 3 * chance + rng.normal(size=n))


def _four(rng: Rng, n: int) -> Rows:
    w = normal(rng, n)
    chances = np.exp(w[:, :2] @ DIRECTIONS.T)
    chances /= chances.sum(1, keepdims=True)
    x = (rng.random(n)[:, None] > chances.cumsum(1)[:, :-1]).sum(1)
    return Rows(np.column_stack([x, w]), WORTH[x] + w[:, 0] + rng.normal(size=n))


def _missing(rng: Rng, n: int) -> Rows:
    w = normal(rng, n)
    x = w[:, 0] + 0.5 * rng.normal(size=n)
    x = np.where(rng.random(n) < 0.6 * ndtr(2 * w[:, 1]), np.nan, x)
    table = np.column_stack([x, w])
    return Rows(table, _fills(table) + rng.normal(size=n))


def _fills(table: Floats) -> Floats:
    x = table[:, 0]
    return np.asarray(2 * np.nan_to_num(x) + 1.5 * np.isnan(x) + table[:, 2])


def _few_values(rng: Rng, n: int) -> Floats:
    """Others of two, two and three values."""
    return np.column_stack([rng.integers(0, top, n).astype(float) for top in (2, 2, 3)])


def _beside_few(rng: Rng, n: int) -> Rows:
    w = _few_values(rng, n)
    x = 0.5 * w[:, 0] + rng.normal(size=n)
    return Rows(np.column_stack([x, w]), x + w[:, 1] + rng.normal(size=n), 0.5 * w[:, 0], np.ones(n))


def _three_beside_few(rng: Rng, n: int) -> Rows:
    w = _few_values(rng, n)
    chances = np.where(w[:, :1] > 0, [0.3, 0.3, 0.4], [0.5, 0.3, 0.2])
    x = (rng.random(n)[:, None] > chances.cumsum(1)[:, :-1]).sum(1)
    return Rows(np.column_stack([x, w]), x + w[:, 1] + rng.normal(size=n))


def _count(useless: bool) -> Callable[[Rng, int], Rows]:
    def draw(rng: Rng, n: int) -> Rows:
        w = normal(rng, n)
        mean = np.exp(1 + 0.5 * w[:, 0])
        x = rng.poisson(mean).astype(float)
        y = 2 * mean if useless else x + w[:, 0]
        return Rows(np.column_stack([x, w]), y + rng.normal(size=n))

    return draw


def _weak(b: float) -> Cell:
    draw = moved(ninety, lambda w: REST, lambda x, w: b * x + w[:, 0])
    return Cell(draw, of_columns(lambda x, w: b * x + w[:, 0]), 2 * b * b * 0.19)


def _copy(kept: float) -> Cell:
    """The model gives x0 half of what is another's, and of the whole effect only a part."""
    draw = moved(ninety, lambda w: REST, lambda x, w: 3 * w[:, 0])
    return Cell(draw, of_columns(lambda x, w: 1.5 * x + (3 * kept - 1.35) * w[:, 0]), 0.0)


LINEAR_WORLD = moved(ninety, lambda w: REST, lambda x, w: 2 * w[:, 0] + w[:, 1], columns=5)
CURVED_WORLD = moved(
    lambda w: np.sin(2 * w[:, 0]) + 0.5 * w[:, 1] * w[:, 2],
    lambda w: 0.3,
    lambda x, w: 2 * (np.sin(2 * w[:, 0]) + 0.5 * w[:, 1] * w[:, 2]) + w[:, 3],
    columns=5,
)
# trained models of a cell, each on a training table of its own
MODELS, TRAINING_ROWS = 10, 1000


def _booster(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        max_iter=100, max_leaf_nodes=15, early_stopping=False, random_state=seed
    )


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(40, min_samples_leaf=3, max_features=0.4, random_state=seed)


class _Network:
    """A small torch network, fitted as scikit-learn's models are."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, x: Floats, y: Floats) -> Any:
        import torch

        torch.manual_seed(self.seed)
        layers = [torch.nn.Linear(x.shape[1], 32), torch.nn.ReLU(), torch.nn.Linear(32, 32), torch.nn.ReLU()]
        network = torch.nn.Sequential(*layers, torch.nn.Linear(32, 1))
        rows, target = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None]
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=1e-4)
        for _ in range(300):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(network(rows), target).backward()
            optimizer.step()
        return network.eval()


def _trained(world: Callable[[Rng, int], Rows], make: Callable[[int], Any]) -> Cell:
    @cache
    def model(number: int) -> Any:
        rows = world(np.random.default_rng([7, number]), TRAINING_ROWS)
        return make(number).fit(rows.table, rows.y)

    return Cell(world, None, 0.0, "trained", trained=lambda sample: model(sample % MODELS))


def _cells() -> dict[str, Cell]:
    product = lambda w: w[:, 0] * w[:, 1]  # noqa: E731  a formula
    square = lambda w: w[:, 0] ** 2  # noqa: E731  a formula
    sine = lambda w: np.sin(2 * w[:, 0])  # noqa: E731  a formula
    nineteen = moved(ninety, lambda w: REST, lambda x, w: 3 * x + w[:, 0])
    line = of_columns(lambda x, w: 3 * x + w[:, 0])
    large = (300, 1000, 5000)
    truth = {
        "linear, correlation .9": Cell(nineteen, line, 3.42, rows=large),
        "the same, MAE": Cell(nineteen, line, (2 / np.pi) ** 0.5 * ((1 + 18 * 0.19) ** 0.5 - 1), metric="mae"),
        "Ewald et al., x4": Cell(_ewald, of_columns(lambda x, w: x + w[:, 3] + x * w[:, 3]), 0.4),
        "x0 = w**2 + e": Cell(
            moved(square, lambda w: 0.5, lambda x, w: 2 * x + w[:, 0]),
            of_columns(lambda x, w: 2 * x + w[:, 0]), 2.0, rows=large,
        ),
        "x0 = w1 w2 + e": Cell(moved(product, lambda w: 0.5, lambda x, w: 2 * x), of_columns(lambda x, w: 2 * x), 2.0),
        "spread depends on the others": Cell(
            moved(lambda w: w[:, 0], lambda w: 0.5 * np.exp(0.5 * w[:, 0]), lambda x, w: x * w[:, 0]),
            of_columns(lambda x, w: x * w[:, 0]), float(np.exp(0.5)), "uneven",
        ),
        "a category sets mean and spread": Cell(
            _category,
            lambda t: np.asarray(t["x0"] * (1 + (t["level"].cat.codes.to_numpy() >= 3))),
            2 * float(np.mean(CATEGORY_SD**2 * [1, 1, 1, 4, 4, 4])),
        ),
        "f = x0**2": Cell(
            moved(ninety, lambda w: REST, lambda x, w: x**2), of_columns(lambda x, w: x**2),
            8 * 0.81 * 0.19 + 4 * 0.19**2,
        ),
        "x0 = steps + e": Cell(
            moved(STEPS, lambda w: 0.5, lambda x, w: 2 * x), of_columns(lambda x, w: 2 * x), 2.0, "steps"
        ),
        "counts": Cell(_count(False), of_columns(lambda x, w: x + w[:, 0]), 2 * float(np.exp(1.125))),
        "two levels": Cell(_two, of_columns(lambda x, w: 2 * x + w[:, 0]), 1.1302, "classes"),
        "four levels": Cell(_four, of_columns(lambda x, w: WORTH[x.astype(int)] + w[:, 0]), 3.3154, "classes"),
        "others of two and three values": Cell(_beside_few, of_columns(lambda x, w: x + w[:, 1]), 2.0),
        "three levels beside these": Cell(
            _three_beside_few, of_columns(lambda x, w: x + w[:, 1]), 0.69 + 0.61, "classes"
        ),
        "missing where another is large": Cell(_missing, _fills, 3.3608, "classes"),
        "weak, b = .3": _weak(0.3),
        "weak, b = .15": _weak(0.15),
        "weak, b = .3, model shrunken by half": Cell(
            moved(ninety, lambda w: REST, lambda x, w: 0.3 * x + w[:, 0]),
            of_columns(lambda x, w: 0.15 * x + w[:, 0]), 2 * 0.3 * 0.15 * 0.19,
        ),
    }  # fmt: skip
    useless = {
        "useless: a copy the model uses": _copy(1.0),
        "useless: the same, model shrunken": _copy(0.9),
        "useless: model shrunken by more": _copy(0.6),
        "useless: stands in for a sine": Cell(
            moved(sine, lambda w: 0.3, lambda x, w: 2 * sine(w)),
            of_columns(lambda x, w: 1.8 * x),
            0.0,
            rows=large,
        ),
        "useless: a sine, model shrunken by more than half": Cell(
            moved(sine, lambda w: 0.3, lambda x, w: 2 * sine(w)), of_columns(lambda x, w: 0.8 * x), 0.0
        ),
        "useless: stands in for a product": Cell(
            moved(product, lambda w: 0.5, lambda x, w: 2 * product(w)), of_columns(lambda x, w: 1.6 * x), 0.0
        ),
        "useless: stands in for steps": Cell(
            moved(STEPS, lambda w: 0.5, lambda x, w: 2 * STEPS(w)),
            of_columns(lambda x, w: 1.6 * x),
            0.0,
            "steps",
        ),
        "useless: counts": Cell(_count(True), of_columns(lambda x, w: 1.6 * x), 0.0),
        "useless: two levels": Cell(
            _two_useless, of_columns(lambda x, w: 2 * x + 0.5 * ndtr(w[:, 0])), 0.0, "classes"
        ),
    }
    makers = {"boosted trees": _booster, "a forest": _forest, "a torch network": _Network}
    trained = {
        f"useless: {name} trained, {world}": _trained(draw, make)
        for world, draw in (("linear", LINEAR_WORLD), ("curved", CURVED_WORLD))
        for name, make in makers.items()
    }
    return {**truth, **useless, **trained}


CELLS: dict[str, Cell] = _cells()
