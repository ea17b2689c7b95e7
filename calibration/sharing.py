"""``python -m calibration.sharing``: coverage of shares, through `weighin.shares`, in docs/calibration-shares.md."""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration import networks

PAGE = Path(__file__).parents[1] / "docs" / "calibration-shares.md"
ROWS, REPEATS = (300, 1000), 5
LARGE, TIMES = 50_000, 16  # rows and samples that the truth is the mean of

HEAD = """# The intervals of `shares`

Coverage of nominal 95% intervals of contributions, of their total and of shares in it, through `weighin.shares` from
table to interval, with n_repeats={repeats}, every second repeat with the orders of the one before backwards. Written by

    {command}

with {samples:,} samples a cell; the Monte Carlo error of a coverage near 95% is {error:.2f} points. Each model stays
fixed (the booster and the network were trained once on other rows); the last feature of each is useless. The truth
is the mean over {times} tables of {large:,} rows, by a plain loop over random orders. "least" and "mean" are over the
features that the model uses, "ratio" is the mean estimated variance over the true one, for the least favourable of
them. The bars: 93 to 97. Outside: **bold**. "null" is the largest contribution of a feature that the model does not
read; for the trained models, which may read the useless feature, it is "-".

| case | n | contributions, least | mean | ratio | total | shares, least | mean | null |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""

Rng = np.random.Generator
Table = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A model, how rows and targets are drawn, and the loss."""

    model: Callable[[Table], Table]
    draw: Callable[[Rng, int], tuple[Table, Table]]
    metric: str = "mse"
    outputs: str | None = None
    reads_all: bool = False

    def loss(self, y: Table, pred: Table) -> Table:
        """Of each row."""
        if self.metric == "log_loss":
            return np.asarray(-np.log(np.where(y == 1, pred, 1 - pred)))
        return np.abs(y - pred) if self.metric == "mae" else (y - pred) ** 2


def numbers(model: Callable[[Table], Table], correlation: float = 0.0, **more: Any) -> Case:
    """Four normal features, the first two correlated; the target is the model and noise."""

    def draw(rng: Rng, n: int) -> tuple[Table, Table]:
        x = rng.standard_normal((n, 4))
        x[:, 1] = correlation * x[:, 0] + (1 - correlation**2) ** 0.5 * x[:, 1]
        return x, model(x) + rng.standard_normal(n)

    return Case(model, draw, **more)


def linear(x: Table) -> Table:
    """Without interactions."""
    return x[:, 0] + x[:, 1] + 0.5 * x[:, 2]


def product(x: Table) -> Table:
    """An interaction, and a feature of its own."""
    return 2 * x[:, 0] * x[:, 1] + x[:, 2]


def chance(x: Table) -> Table:
    """Probability of the second class."""
    return np.asarray(1 / (1 + np.exp(-1.5 * x[:, 0] - x[:, 1] - 0.5 * x[:, 0] * x[:, 2])))


def two_classes(rng: Rng, n: int) -> tuple[Table, Table]:
    """Classes drawn by their probability."""
    x = rng.standard_normal((n, 4))
    x[:, 1] = 0.6 * x[:, 0] + 0.8 * x[:, 1]
    return x, (rng.random(n) < chance(x)).astype(float)


def skewed(rng: Rng, n: int) -> tuple[Table, Table]:
    """Lognormal features."""
    x = np.exp(0.7 * rng.standard_normal((n, 4)))
    return x, linear(x) + rng.standard_normal(n)


@cache
def _booster() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    x, y = networks.sample(np.random.default_rng(2), 2000)
    return HistGradientBoostingRegressor(max_iter=40, max_leaf_nodes=12, random_state=0).fit(x, y)


def boosted(x: Table) -> Table:
    """Trained once."""
    return np.asarray(_booster().predict(x))


CASES = {
    "linear, correlation 0.8": numbers(linear, 0.8),
    "interaction": numbers(product),
    "MAE, lognormal": Case(linear, skewed, metric="mae"),
    "log loss, correlation 0.6": Case(chance, two_classes, metric="log_loss", outputs="probability"),
    "ReLU network, trained": Case(networks.predict, networks.sample, reads_all=True),
    "booster, trained": Case(boosted, networks.sample, reads_all=True),
}


@cache
def truth(name: str) -> Table:
    """Contributions: mean over large tables, each row with a random order and a donor at random."""
    case, found = CASES[name], []
    for seed in range(TIMES):
        rng = np.random.default_rng(10**6 + seed)
        x, y = case.draw(rng, LARGE)
        rows, donors = np.arange(LARGE), np.roll(x, 1 + seed, axis=0)
        orders, moved = rng.permuted(np.tile(np.arange(x.shape[1]), (LARGE, 1)), axis=1), x.copy()
        changes, before = np.zeros(x.shape), case.loss(y, case.model(x))
        for step in orders.T:
            moved[rows, step] = donors[rows, step]
            after = case.loss(y, case.model(moved))
            changes[rows, step], before = after - before, after
        found.append(changes.mean(0))
    return np.asarray(np.mean(found, axis=0))


def count(name: str, n_rows: int, n_samples: int) -> str:
    """Draw samples of a case, and give its row of the table; the seed follows from its name and the number of rows."""
    import weighin

    case, true = CASES[name], truth(name)
    rng = np.random.default_rng(zlib.crc32(f"{name} {n_rows}".encode()))
    estimates, variances, null = [], [], 0.0
    covered: dict[str, list[Any]] = {"contributions": [], "total": [], "shares": []}
    for _ in range(n_samples):
        x, y = case.draw(rng, n_rows)
        found = weighin.shares(
            case.model,
            x,
            y.astype(int) if case.metric == "log_loss" else y,
            metric=case.metric,
            outputs=case.outputs,
            n_repeats=REPEATS,
            random_state=int(rng.integers(2**31)),
            progress=False,
        )
        estimates.append(found.contributions)
        variances.append(found.se**2)
        for what, (lower, upper), target in (
            ("contributions", found.interval(), true),
            ("total", found.total_interval(), true.sum()),
            ("shares", found.relative_interval(), true / true.sum()),
        ):
            covered[what].append((lower <= target) & (target <= upper))
        null = max(null, float(np.abs(found.contributions[-1])))
    used = slice(None) if case.reads_all else slice(0, -1)
    ratio = np.mean(variances, axis=0)[used] / np.var(estimates, axis=0)[used]
    shares = {what: np.mean(hits, axis=0) for what, hits in covered.items()}
    parts, of_total = shares["contributions"][used], shares["shares"][used]
    cells = [*map(_written, (parts.min(), parts.mean())), f"{ratio[np.abs(ratio - 1).argmax()]:.2f}"]
    cells += map(_written, (shares["total"], of_total.min(), of_total.mean()))
    return f"| {name} | {n_rows:,} | {' | '.join(cells)} | {'-' if case.reads_all else f'{null:g}'} |"


def _written(covered: float) -> str:
    text = f"{100 * covered:.1f}"
    return text if 0.93 <= round(float(covered), 4) <= 0.97 else f"**{text}**"


def main() -> None:
    """Count, and write or print."""
    parser = argparse.ArgumentParser(prog="python -m calibration.sharing", description=__doc__)
    parser.add_argument("--samples", type=int, default=2000, help="a cell (2,000); else prints")
    parser.add_argument("--only", help="cases that start so; prints")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--output", type=Path, help="where to write (docs/calibration-shares.md)")
    options = parser.parse_args()

    from joblib import Parallel, delayed

    tasks = [
        (name, n_rows, options.samples)
        for name in CASES
        for n_rows in ROWS
        if name.startswith(options.only or "")
    ]
    if not tasks:
        parser.error(f"nothing of that kind; there are {', '.join(CASES)}")
    start, lines = time.monotonic(), []
    for line in Parallel(options.jobs, return_as="generator")(delayed(count)(*task) for task in tasks):
        lines.append(line)
        print(f"{len(lines)} of {len(tasks)}, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    error = 100 * (0.95 * 0.05 / options.samples) ** 0.5
    about = {"samples": options.samples, "error": error, "times": TIMES, "large": LARGE, "repeats": REPEATS}
    text = HEAD.format(command="python -m calibration.sharing", **about) + "\n".join(lines) + "\n"
    if options.output is None and (options.only or options.samples != 2000):
        print(text)
    else:
        (options.output or PAGE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
