"""Models and populations whose true importance is known, from a closed form or from millions of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import networks
from calibration.label_counts import confusion, f1, linearised_changes
from weighin._inference import (
    IDENTITY,
    R_SQUARED,
    ROOT,
    Function,
    Inference,
    Means,
    Moments,
    auc_values,
    difference,
    infer,
)
from weighin._samplers import MarginalSampler

Array = NDArray[Any]
Rng = np.random.Generator
TAIL = (
    "the square of a lognormal value has a tail so long that the sample mostly lacks the rows that carry the truth: "
    "neither the mean nor its variance can be seen from n rows. Nor can a sample tell: where it holds such a row the "
    "interval is wide and covers, the others look harmless, so that a mark by the tail would point at the wrong ones"
)
WEIGHTS = (
    "weights exp(x) are lognormal: a handful of rows carries most of the weight (effective rows 37% of n, "
    "2% for the squares, which carry the variance: where these are fewer than 20 it says few_rows)"
)


Model = tuple[Callable[..., Any], Callable[[Any, NDArray[Any]], "Swaps"]]  # sample and measure


@dataclass(frozen=True)
class Swaps:
    """What a run of the engine hands over: changes (n_units, n_repeats, m) of the rows of one stratum."""

    changes: Array
    donors: Array
    rows: Array
    weights: Array | None = None
    segment: Array | None = None

    def moments(self) -> Moments:
        """Sum up."""
        return Moments.of(self.changes, self.donors, self.rows, weights=self.weights, segment=self.segment)


@dataclass(frozen=True)
class Case:
    """One population, one model, one metric, one feature.

    Attributes
    ----------
    name : str
        In the table.
    sample : callable
        ``sample(rng, n)``: rows, any object.
    measure : callable
        ``measure(rows, donors) -> Swaps``.
    truth : float or None
        True importance; None for the mean over millions of rows.
    function : callable
        Of the means of components.
    null : bool
        The model uses the feature and its true importance is 0.
    shares : tuple of float
        Of the strata; `sample` then takes the number of the stratum too.
    of_pair : bool
        The difference of the first two units.
    hard : str
        Why no formula is expected to hold, where that is so.
    """

    name: str
    sample: Callable[..., Any]
    measure: Callable[[Any, Array], Swaps]
    truth: float | None
    function: Function = IDENTITY.change
    null: bool = False
    shares: tuple[float, ...] = field(default=(1.0,))
    of_pair: bool = False
    hard: str = ""

    def infer(self, strata: Sequence[Moments]) -> Inference:
        """Estimate what the case is about."""
        if self.of_pair:
            return difference(strata, 0, 1, self.function)
        return infer(strata, self.function)

    def draw(self, rng: Rng, n: int) -> list[Any]:
        """Sample the rows of each stratum."""
        if len(self.shares) == 1:
            return [self.sample(rng, n)]
        return [self.sample(rng, round(n * share), number) for number, share in enumerate(self.shares)]


def _lost(means: Means) -> tuple[Array, Array, Array]:
    """What R2 loses: positive where the feature matters, as for losses."""
    value, by_change, by_rows = R_SQUARED.change(means)
    return -value, -by_change, -by_rows


@cache
def truth(case: Case) -> float:
    """Closed form, or the mean over five million rows."""
    if case.truth is not None:
        return case.truth
    rng, estimates = np.random.default_rng(987_654_321), []
    for seed in range(25):
        n = 200_000
        donors = MarginalSampler(n, 2, seed, block_rows=n).blocks().__next__().donors
        swaps = case.measure(case.sample(rng, n), donors)
        estimates.append(case.infer([swaps.moments()]).estimate[0])
    return float(np.mean(estimates))


def squared(error: Array, move: Array, donors: Array) -> Swaps:
    """Squared errors when the prediction loses `move` of the row and gains that of its donor; (m,) each."""
    after = (error + move - move[donors]) ** 2
    return Swaps((after - error**2)[None], donors, error**2)


def normal(rng: Rng, n: int, columns: int = 2) -> Array:
    """Independent columns."""
    return rng.normal(size=(columns, n))


def _three(rng: Rng, n: int) -> Array:
    return normal(rng, n, 3)


def linear(b: float, error: Callable[[Rng, int], Array] | None = None) -> Model:
    """The true linear model, squared error."""

    def sample(rng: Rng, n: int) -> Any:
        return rng.normal(size=n), (error or (lambda rng, n: rng.normal(size=n)))(rng, n)

    return sample, lambda rows, give: squared(rows[1], b * rows[0], give)


def noise(c: float) -> Model:
    """A model that adds c times pure noise to its prediction: importance 0, though the model uses it."""
    return normal, lambda rows, give: squared(rows[1] - c * rows[0], c * rows[0], give)


def absolute(sample: Callable[..., Any], c: float = 0.0) -> Model:
    """Absolute errors; with c, of a model that adds c times pure noise."""

    def measure(rows: Any, give: Array) -> Swaps:
        x, e = rows
        error, move = (e - c * x, c * x) if c else (e, x)
        return Swaps((abs(error + move - move[give]) - abs(error))[None], give, abs(error))

    return sample, measure


def _interaction(rows: Any, give: Array) -> Swaps:
    x1, x2, e = rows
    after = (e + 2 * (x1 - x1[give]) * x2) ** 2
    return Swaps((after - e**2)[None], give, e**2)


def _correlated(rng: Rng, n: int) -> Any:
    x, other, e = normal(rng, n, 3)
    return x, 0.9 * x + 0.19**0.5 * other, e


def _misfitted(rows: Any, give: Array) -> Swaps:
    x1, x2, e = rows  # truth 3 x1 + x2, model 3.2 x1 + 0.8 x2
    return squared(e - 0.2 * x1 + 0.2 * x2, 3.2 * x1, give)


def _classes(rng: Rng, n: int) -> Any:
    x1, x2, useless = normal(rng, n, 3)
    return x1, x2, useless, rng.random(n) < 1 / (1 + np.exp(-1.5 * x1 - x2))


def classes(metric: str, c: float = 0.0) -> Model:
    """The true logistic model; with c, one that adds c times pure noise, which is then swapped."""

    def measure(rows: Any, give: Array) -> Swaps:
        x1, x2, useless, y = rows
        own = 1.5 * x1 + x2 + c * useless
        after = own + (c * (useless[give] - useless) if c else 1.5 * (x1[give] - x1))
        if metric == "log loss":
            before, after = (np.logaddexp(0, np.where(y, -s, s)) for s in (own, after))
        elif metric == "accuracy":
            before, after = (((s > 0) != y) * 1.0 for s in (own, after))
        elif metric == "AUC":
            before, after = (-auc_values(y, s) for s in (own, after))
        else:
            parts = confusion(y, own > 0)
            changes = -linearised_changes(f1, confusion(y, after > 0)[:, None], parts)
            return Swaps(changes, give, parts[0])
        return Swaps((after - before)[None], give, before)

    return _classes, measure


def network(feature: int, loss: str = "squared") -> Model:
    """A torch network trained on few rows: it fits noise too."""

    def measure(rows: Any, give: Array) -> Swaps:
        x, y = rows
        swapped = np.repeat(x[None], len(give), axis=0)
        swapped[:, :, feature] = x[give, feature]
        before, after = (y - networks.predict(part) for part in (x, swapped))
        before, after = (part**2 if loss == "squared" else abs(part) for part in (before, after))
        return Swaps((after - before)[None], give, before)

    return networks.sample, measure


def _r2(rows: Any, give: Array) -> Swaps:
    x, other, e = rows
    y = x + other + e
    plain = squared(e, x, give)
    return Swaps(plain.changes, give, np.stack([plain.rows, (y - y.mean()) ** 2]))


def _weighted(rows: Any, give: Array) -> Swaps:
    x, e, weights = rows
    plain = squared(e, x, give)
    return Swaps(plain.changes, give, plain.rows, weights=weights)


def _exposed(rng: Rng, n: int) -> Any:
    return (*normal(rng, n), rng.gamma(2.0, size=n))


def _tilted(rng: Rng, n: int) -> Any:
    x, e = normal(rng, n)
    return x, e, np.exp(x)  # weights that move the mean of x to 1 and keep its variance


def _segmented(rng: Rng, n: int) -> Any:
    inside = (
        rng.permutation(n) < 0.3 * n
    )  # in random order, as the engine puts rows: blocks in file order are strata
    x, e = normal(rng, n)
    return x + inside, e, inside


def _segment(rows: Any, give: Array) -> Swaps:
    plain = squared(rows[1], rows[0], give)
    return Swaps(plain.changes, give, plain.rows, segment=rows[2])


def _stratum(rng: Rng, n: int, number: int) -> Any:
    x, e = normal(rng, n)
    return 3 * number + (1 + number) * x, e


def _two_features(rows: Any, give: Array) -> Swaps:
    x1, x2, e = rows
    one, two = squared(e, x1, give), squared(e, 0.5 * x2, give)
    return Swaps(np.concatenate([one.changes, two.changes]), give, one.rows)


def _lognormal(rng: Rng, n: int) -> Any:
    return rng.lognormal(size=n), rng.normal(size=n)


def _exponential(rng: Rng, n: int) -> Any:
    return rng.exponential(size=n), rng.normal(size=n)


def _rare(rng: Rng, n: int) -> Any:
    return (rng.random(n) < 0.02) * 1.0, rng.normal(size=n)


def _squared_rows(rows: Any, give: Array) -> Swaps:
    return squared(rows[1], rows[0], give)


@cache
def cases() -> tuple[Case, ...]:
    """All of them, in the order of the table."""
    student = linear(1, lambda rng, n: rng.standard_t(3, size=n))
    return (
        *(Case(f"linear, b = {b:g}", *linear(b), truth=2 * b * b) for b in (0.0, 0.5, 1.0, 2.0, 4.0)),
        Case("interaction 2 x1 x2", _three, _interaction, truth=8.0),
        Case("correlated 0.9, misfitted", sample=_correlated, measure=_misfitted, truth=20.352),
        Case("duplicated, both columns", *linear(2.0), truth=8.0),
        Case("errors t(3)", *student, truth=2.0),
        Case("MAE, x lognormal", *absolute(_lognormal), truth=None),
        Case("MSE, x exponential", sample=_exponential, measure=_squared_rows, truth=2.0),
        Case(
            "MSE, x lognormal",
            sample=_lognormal,
            measure=_squared_rows,
            truth=2 * (np.e**2 - np.e),
            hard=TAIL,
        ),
        Case("rare binary x, 2%", sample=_rare, measure=_squared_rows, truth=2 * 0.02 * 0.98),
        Case("torch network, MSE", *network(0), truth=None),
        Case("torch network, MAE", *network(1, "absolute"), truth=None),
        Case("classes, log loss", *classes("log loss"), truth=None),
        Case("classes, accuracy", *classes("accuracy"), truth=None),
        Case("classes, AUC", *classes("AUC"), truth=None),
        Case("classes, F1", *classes("F1"), truth=None),
        Case("RMSE", *linear(1.0), truth=3**0.5 - 1, function=ROOT.change),
        Case("R2", _three, _r2, truth=2 / 3, function=_lost),
        Case("relative", *linear(1.0), truth=2.0, function=IDENTITY.relative),
        Case("weights gamma(2)", sample=_exposed, measure=_weighted, truth=2.0),
        Case("weights exp(x)", sample=_tilted, measure=_weighted, truth=2.0, hard=WEIGHTS),
        Case("segment of 30%", sample=_segmented, measure=_segment, truth=2.7),
        Case(
            "3 strata",
            sample=_stratum,
            measure=_squared_rows,
            truth=2 * (0.5 + 1.2 + 1.8),
            shares=(0.5, 0.3, 0.2),
        ),
        Case("difference of two", _three, _two_features, truth=1.5, of_pair=True),
        *(Case(f"useless, c = {c:g}", *noise(c), truth=0.0, null=True) for c in (0.5, 1.0, 3.0)),
        Case("useless, MAE, c = 1", *absolute(normal, 1.0), truth=0.0, null=True),
        Case("useless, log loss, c = 1", *classes("log loss", 1.0), truth=0.0, null=True),
        Case("useless, torch network", *network(4), truth=0.0, null=True),
    )
