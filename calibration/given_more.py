"""``python -m calibration.given_more``: what `calibration.given` leaves out, written to docs/calibration-given-more.md.

Groups, classes, other metrics, weights, segments and differences, through `weighin.weigh(given="rest")`; the truth from
two million rows in which the unit is drawn anew given the others.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, softmax

PAGE = Path(__file__).parents[1] / "docs" / "calibration-given-more.md"
SAMPLES, TRUTH_ROWS, TRUTH_TIMES = 300, 400_000, 5
# units of a difference, and scores of four levels by two columns
PAIR = ("a", "b")
SCORES, WORTH = np.array([[1.5, 0], [-1.5, 0], [0, 1.5], [0, -1.5]]), np.array([0.0, 1.0, 2.0, 4.0])

Rng = np.random.Generator
Floats = NDArray[np.float64]
Columns = dict[str, Floats]
Redraw = Callable[[Rng, Columns], Columns]


@dataclass(frozen=True)
class World:
    """Four independent columns w0 to w3, units drawn given them, a model of all, and a target.

    `units`: By name, the columns of a unit drawn anew given the rest. `target` takes the model's answer too.
    `null`: The unit that tells nothing beyond the others. `weights`, `segment`: Of the columns.
    """

    units: Mapping[str, Redraw]
    predict: Callable[[Columns], Floats]
    target: Callable[[Rng, Columns, Floats], Floats]
    metrics: tuple[str, ...] = ("mse",)
    levels: tuple[str, ...] = ()
    null: str = ""
    weights: Callable[[Rng, Columns], Floats] | None = None
    segment: Callable[[Columns], NDArray[np.bool_]] | None = None

    def draw(self, rng: Rng, n: int) -> Columns:
        """A table."""
        columns = {f"w{k}": rng.normal(size=n) for k in range(4)}
        for redraw in self.units.values():
            columns |= redraw(rng, columns)
        return columns


def noisy(rng: Rng, _: Columns, prediction: Floats) -> Floats:
    """The model is right."""
    return np.asarray(prediction + rng.normal(size=prediction.shape))


def copy(rho: float, of: str = "w0") -> Callable[[str], Redraw]:
    """Standard normal with this correlation."""

    def named(name: str) -> Redraw:
        return lambda rng, c: {name: rho * c[of] + (1 - rho**2) ** 0.5 * rng.normal(size=c[of].shape)}

    return named


def level_chances(c: Columns) -> Floats:
    """Of four levels, from w0 and w1."""
    return np.asarray(softmax(np.stack([c["w0"], c["w1"]], -1) @ SCORES.T, axis=-1))


def drawn(rng: Rng, chances: Floats) -> Floats:
    """A level for each row."""
    return (rng.random((*chances.shape[:-1], 1)) > chances.cumsum(-1)[..., :-1]).sum(-1).astype(float)


def level_and_number(rng: Rng, c: Columns) -> Columns:
    """A column of four levels, and a number that depends on it."""
    level = drawn(rng, level_chances(c))
    number = 0.8 * c["w0"] + 0.5 * c["w1"] + 0.5 * (level == 1) + 0.6 * rng.normal(size=level.shape)
    return {"a": level, "b": number}


def two_levels(rng: Rng, c: Columns) -> Columns:
    """Columns of four and of two levels."""
    level = drawn(rng, level_chances(c))
    return {
        "a": level,
        "b": (rng.random(level.shape) < expit(c["w0"] + c["w2"] + (level == 1))).astype(float),
    }


def mixed(c: Columns) -> Floats:
    """A model of a level and a number."""
    return np.asarray(WORTH[c["a"].astype(int)] + c["b"] * (1 + 0.5 * (c["a"] == 2)) + c["w0"])


def mixed_mean(rng: Rng, c: Columns, _: Floats) -> Floats:
    """The same without what the group alone tells."""
    p, mean = level_chances(c), 0.8 * c["w0"] + 0.5 * c["w1"]
    told = p @ WORTH + mean + 0.5 * p[..., 1] + 0.5 * p[..., 2] * mean + c["w0"]
    return np.asarray(told + rng.normal(size=mean.shape))


def levels(c: Columns) -> Floats:
    """A model of two columns of levels."""
    return np.asarray(WORTH[c["a"].astype(int)] + c["b"] * (1.5 + (c["a"] == 3)) + c["w0"])


def levels_mean(rng: Rng, c: Columns, _: Floats) -> Floats:
    """The same without what the group alone tells."""
    p, z = level_chances(c), c["w0"] + c["w2"]
    both = 1.5 * ((1 - p[..., 1]) * expit(z) + p[..., 1] * expit(z + 1)) + p[..., 3] * expit(z)
    return np.asarray(p @ WORTH + both + c["w0"] + rng.normal(size=z.shape))


def of_classes(count: int) -> Callable[[Columns], Floats]:
    """Probabilities of two or three classes."""

    def predict(c: Columns) -> Floats:
        zero = 0 * c["a"] * c["b"]
        if count == 2:
            scores = [zero, 1.2 * c["a"] + 0.8 * c["b"] + 0.5 * c["w1"]]
        else:
            scores = [1.2 * c["a"] + zero, c["b"] - 0.5 * c["a"], c["w1"] + zero]
        return np.asarray(softmax(np.stack(scores, -1), axis=-1))

    return predict


def without_a(count: int) -> Callable[[Rng, Columns, Floats], Floats]:
    """Classes of which `a` tells nothing beyond w0: probabilities are means over 60 draws of it."""

    def target(rng: Rng, c: Columns, _: Floats) -> Floats:
        means = [of_classes(count)(c | copy(0.8)("a")(rng, c)) for _ in range(60)]
        return drawn(rng, np.mean(means, axis=0))

    return target


def classes(rng: Rng, _: Columns, prediction: Floats) -> Floats:
    """The model is right."""
    return drawn(rng, prediction)


def one(rho: float = 0.9) -> dict[str, Redraw]:
    return {"a": copy(rho)("a")}


def pair(rho: float = 0.9) -> dict[str, Redraw]:
    return {name: copy(rho)(name) for name in PAIR}


def straight(c: Columns) -> Floats:
    return 3 * c["a"] + c["w0"]


def proxy(c: Columns) -> Floats:
    """Uses `a` where w0 says it all."""
    return 1.5 * c["a"] + 1.65 * c["w0"]


def from_w0(rng: Rng, c: Columns, _: Floats) -> Floats:
    return 3 * c["w0"] + rng.normal(size=c["w0"].shape)


def gamma(rng: Rng, c: Columns) -> Floats:
    return rng.gamma(2, size=c["w0"].shape)


def uneven(_: Rng, c: Columns) -> Floats:
    return np.exp(0.7 * c["w0"])


def square(c: Columns) -> Floats:
    return c["a"] ** 2


def two_of_pair(c: Columns) -> Floats:
    return 2 * c["a"] + 1.5 * c["b"] + c["w1"]


NUMBERS, CLASSES = ("mse", "rmse", "r2", "mae"), ("log_loss", "accuracy")
RANKS = ("log_loss", "roc_auc", "average_precision")
WORLDS: dict[str, World] = {
    "two copies": World(pair(), two_of_pair, noisy, (*NUMBERS, "explained_variance")),
    "two classes": World(pair(0.8), of_classes(2), classes, (*CLASSES, "roc_auc", "average_precision", "f1")),
    "two classes, a useless": World(pair(0.8), of_classes(2), without_a(2), RANKS, null="a"),
    "three classes": World(pair(0.8), of_classes(3), classes, (*CLASSES, "roc_auc_ovr", "f1_macro")),
    "three classes, a useless": World(pair(0.8), of_classes(3), without_a(3), CLASSES, null="a"),
    "a group of a level and a number": World({"group": level_and_number}, mixed, noisy, levels=("a",)),
    "the same, useless": World({"group": level_and_number}, mixed, mixed_mean, levels=("a",), null="group"),
    "a group of two levels": World({"group": two_levels}, levels, noisy, levels=PAIR),
    "the same two, useless": World({"group": two_levels}, levels, levels_mean, levels=PAIR, null="group"),
    "weights gamma(2)": World(one(), straight, noisy, ("mse", "rmse"), weights=gamma),
    "weights exp(0.7 w0)": World(one(), straight, noisy, weights=uneven),
    "weights gamma(2), x^2": World(one(), square, noisy, weights=gamma),
    "weights gamma(2), useless": World(one(), proxy, from_w0, weights=gamma, null="a"),
    "weights exp(0.7 w0), useless": World(one(), proxy, from_w0, weights=uneven, null="a"),
    "segment w0 > 0": World(one(), straight, noisy, ("mse", "rmse"), segment=lambda c: c["w0"] > 0),
    "segment w0 > 0, useless": World(one(), proxy, from_w0, null="a", segment=lambda c: c["w0"] > 0),
}


def loss(metric: str, y: Floats, prediction: Floats) -> Floats:
    """Per row; accuracy as the share of misses."""
    if metric == "mae":
        return np.abs(y - prediction)
    if metric == "accuracy":
        return (prediction.argmax(-1) != y).astype(float)
    if metric == "log_loss":
        return -np.log(np.take_along_axis(prediction, y.astype(int)[:, None], -1)[:, 0])
    return np.asarray((y - prediction) ** 2)


def whole(metric: str, y: Floats, prediction: Floats) -> float:
    """A metric of all rows, as what grows where predictions get worse."""
    from sklearn import metrics

    if metric == "explained_variance":
        return -float(metrics.explained_variance_score(y, prediction))
    if metric in ("f1", "f1_macro"):
        average = "binary" if metric == "f1" else "macro"
        return -float(metrics.f1_score(y, prediction.argmax(-1), average=average))
    if metric == "roc_auc_ovr":
        return -float(metrics.roc_auc_score(y, prediction, multi_class="ovr"))
    function = metrics.roc_auc_score if metric == "roc_auc" else metrics.average_precision_score
    return -float(function(y, prediction[:, 1]))


WHOLE = ("explained_variance", "roc_auc", "average_precision", "f1", "roc_auc_ovr", "f1_macro")


@cache
def truths(name: str) -> dict[tuple[str, str], float]:
    """What each unit weighs, by metric and unit."""
    world, sums = WORLDS[name], {}
    for time in range(TRUTH_TIMES):
        rng = np.random.default_rng([1, time])
        columns = world.draw(rng, TRUTH_ROWS)
        prediction = world.predict(columns)
        y = world.target(rng, columns, prediction)
        weight = np.ones(TRUTH_ROWS) if world.weights is None else world.weights(rng, columns)
        if world.segment is not None:
            weight = weight * world.segment(columns)
        moved = {unit: world.predict(columns | redraw(rng, columns)) for unit, redraw in world.units.items()}
        for metric in world.metrics:
            centre = np.average(y, weights=weight)
            spread = np.average((y - centre) ** 2, weights=weight)
            of_each = {"": prediction} | moved
            means = [
                whole(metric, y, p) if metric in WHOLE else np.average(loss(metric, y, p), weights=weight)
                for p in of_each.values()
            ]
            for unit, mean in zip(of_each, means, strict=True):
                sums.setdefault((metric, unit), []).append([mean, spread])
    values = {}
    for (metric, unit), parts in sums.items():
        mean, spread = np.mean(parts, axis=0)
        before = np.mean(sums[metric, ""], axis=0)[0]
        change = {"rmse": mean**0.5 - before**0.5, "r2": (mean - before) / spread}.get(metric, mean - before)
        if unit:
            values[metric, unit] = float(0.0 if unit == world.null else change)
    for metric in world.metrics:
        if set(PAIR) <= set(world.units):
            values[metric, "a - b"] = values[metric, "a"] - values[metric, "b"]
    return values


def sample(name: str, n_rows: int, number: int) -> dict[tuple[str, str], tuple[float, ...]]:
    """Estimate, standard error, both ends and p-value of each metric and unit in one sample."""
    import weighin

    world = WORLDS[name]
    rng = np.random.default_rng([zlib.crc32(f"{name} {n_rows}".encode()), number])
    columns = world.draw(rng, n_rows)
    y = world.target(rng, columns, world.predict(columns))
    table = pd.DataFrame({k: pd.Categorical(v) if k in world.levels else v for k, v in columns.items()})

    def model(X: pd.DataFrame) -> Floats:
        return world.predict({k: np.asarray(X[k], dtype=float) for k in X.columns})

    more: dict[str, Any] = {"outputs": "probability"} if "log_loss" in world.metrics else {}
    if world.weights is not None:
        more["sample_weight"] = world.weights(rng, columns)
    if world.segment is not None:
        more["by"] = np.where(world.segment(columns), "in", "out")
    grouped = "group" in world.units
    more |= {"groups": {"group": PAIR}, "features": ["w3"]} if grouped else {"features": list(world.units)}
    imp = weighin.weigh(
        model, table, y.astype(int) if more.get("outputs") else y, metric=list(world.metrics), given="rest",
        random_state=int(rng.integers(2**31)), n_repeats=5, progress=False, **more,
    )  # fmt: skip
    values: dict[tuple[str, str], tuple[float, ...]] = {}
    for metric in world.metrics:
        part = imp.of(metric) if world.segment is None else imp.of(metric, "in")
        for unit in world.units:
            line = part[unit]
            values[metric, unit] = (line.importance, line.se, line.ci_lower, line.ci_upper, line.pvalue)
        if set(PAIR) <= set(world.units):
            apart = part.difference(*PAIR)
            values[metric, "a - b"] = (apart.difference, apart.se, apart.ci_lower, apart.ci_upper, np.nan)
    return values


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    name: str
    n_rows: int
    metric: str
    unit: str
    values: Floats = field(repr=False)

    @property
    def text(self) -> str:
        """In markdown."""
        truth = truths(self.name)[self.metric, self.unit]
        estimate, se, lower, upper, pvalue = self.values.T
        bias = f"{100 * (estimate.mean() / truth - 1):+.1f}" if truth else f"{estimate.mean():+.4f}"
        covered = 100 * ((lower <= truth) & (truth <= upper)).mean()
        claimed = "" if np.isnan(pvalue).all() else f"{100 * (pvalue < 0.05).mean():.1f}"
        ratio = (se**2).mean() ** 0.5 / estimate.std(ddof=1)
        return (
            f"| {self.name} | {self.n_rows:,} | {self.metric} | {self.unit} | {truth:.4f} | {bias} | {covered:.1f} "
            f"| {100 * (lower > truth).mean():.1f} | {100 * (upper < truth).mean():.1f} | {ratio:.2f} | {claimed} |"
        )


def page(lines: Sequence[Line], samples: int) -> str:
    """The document."""
    error = 100 * (0.05 * 0.95 / samples) ** 0.5
    head = f"""# Do intervals of importance given other columns hold elsewhere?

[calibration-given.md](calibration-given.md) counts one column, and squared error for the most part. Here are groups,
classes, other metrics, weights, segments and differences, through `weighin.weigh(given="rest")`. Written by

    python -m calibration.given_more

with {samples} samples a line, five shuffles each; the Monte Carlo error of a coverage near 95% is {error:.1f} points.
The truth comes from two million rows. Bias is in per cent of the truth, or as it is where the truth is 0. "ratio" is
the mean standard error over the true one; "claimed" the share of p-values below .05, at most 5% where it is useless.
How ends and p-values come about: [intervals-given.md](intervals-given.md).

Groups with columns of levels come out too large on few rows: levels are given as they are, to rows that are alike, not
equal. The allowance makes up for that, and more: such intervals are wide.

An area of decisions or of several classes, F1 and the explained variance have p-values only where nothing has to be
allowed for (lam = 0): in the other samples they claim nothing.

| case | n | metric | of | truth | bias | covered | truth below | truth above | ratio | claimed |
|---|--:|---|---|--:|--:|--:|--:|--:|--:|--:|
"""
    return head + "\n".join(line.text for line in lines) + "\n"


def main() -> None:
    """Read the options, count, print or write."""
    parser = argparse.ArgumentParser(prog="python -m calibration.given_more", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="cases that start so; prints")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="samples a line")
    parser.add_argument("--rows", type=int, action="append", help="number of rows (300)")
    parser.add_argument("--output", type=Path, default=PAGE, help="where to write")
    options = parser.parse_args()
    lines = []
    for name in [name for name in WORLDS if not options.only or name.startswith(tuple(options.only))]:
        for n_rows in options.rows or (300,):
            samples = [sample(name, n_rows, number) for number in range(options.samples)]
            for metric, unit in samples[0]:
                lines.append(Line(name, n_rows, metric, unit, np.array([s[metric, unit] for s in samples])))
            print(lines[-1].text, file=sys.stderr, flush=True)
    if options.only:
        print(page(lines, options.samples))
    else:
        options.output.write_text(page(lines, options.samples), encoding="utf-8")


if __name__ == "__main__":
    main()
