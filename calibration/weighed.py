"""``python -m calibration.weighed``: coverage through `weigh` itself, written to docs/calibration-weigh.md.

What the cases of `calibration.cases` build from arrays is asked of the public function here, for what only the whole of
it does: blocks left out for metrics of unknown form, weighted areas, areas by segment and stratum, `n_repeats="auto"`
with its first look, several blocks, rows drawn until they are precise enough.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.page import BARS

PAGE = Path(__file__).parents[1] / "docs" / "calibration-weigh.md"
ROWS = (300, 1000, 5000)
LARGE, TIMES = 50_000, 40  # rows and samples that the truth is the mean of
BOTH = ["x0", "x1"]

HEAD = """# The intervals of `weigh`, end to end

As [calibration.md](calibration.md), but through `weighin.weigh` from table to interval, `n_repeats="auto"`, for what
only the whole call does: metrics of unknown form (a function `(y, pred)`, judged by leaving out blocks of rows), areas
under the ROC curve with sample weights, by segment and within strata, and of several classes, average precision and
shares explained (each judged by what a row adds to it, its influence), rows in several blocks, and `precision`, which
stops by looking at its own standard errors. Written by

    {command}

with {samples:,} samples a cell; the Monte Carlo error of a coverage near 95% is {error:.2f} points. The truth is the
mean over {times} tables of {large:,} rows, and 0 of what is useless. "rows" and "shuffles" are those it used on
average, "ratio" is the mean estimated variance over the true one, "claims" the share of samples in which a one-sided
test at 5% claims importance. The bars: 93.5 to 96.5 from 1,000 rows on, 92.5 to 97 at 300. Outside a bar: **bold**.

| case | n | rows | shuffles | covered | below | above | ratio | claims |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""

Rng = np.random.Generator
Rows = tuple[NDArray[Any], NDArray[Any], dict[str, Any]]
Draw = Callable[[Rng, int], Rows]
Model = Callable[[NDArray[Any]], NDArray[Any]]


def model(rows: NDArray[Any]) -> NDArray[Any]:
    """Stays fixed; the first of its columns is weighed."""
    return np.asarray(1.5 * rows[:, 0] + rows[:, 1])


def correlation(y: NDArray[Any], pred: NDArray[Any]) -> float:
    """Of target and prediction."""
    return float(np.corrcoef(y, pred)[0, 1])


def median_miss(y: NDArray[Any], pred: NDArray[Any]) -> float:
    """Without a mean to be a function of."""
    return float(np.median(np.abs(y - pred)))


def shares(rows: NDArray[Any]) -> NDArray[Any]:
    """Probability of the second of two classes."""
    return np.asarray(1 / (1 + np.exp(-model(rows))))


def three(rows: NDArray[Any]) -> NDArray[Any]:
    """Probabilities of three classes; the last is rare."""
    scores = np.stack([0 * rows[:, 0], model(rows), 1.5 * rows[:, 0] - rows[:, 1] - 1.5], 1)
    scores = np.exp(scores)
    return np.asarray(scores / scores.sum(1, keepdims=True))


def drawn_from(probabilities: Model, metric: str, odds: float = 0.0) -> Draw:
    """Rows of the classes that a model gives, as often as it says; `odds` makes the second of two rarer."""

    def draw(rng: Rng, n: int) -> Rows:
        rows = rng.normal(size=(n, 2))
        share = probabilities(rows)
        if share.ndim == 1:
            share = share * np.exp(odds) / (1 - share + share * np.exp(odds))
            return rows, (rng.random(n) < share).astype(int), {"metric": metric}
        return rows, (rng.random((n, 1)) > share.cumsum(1)[:, :-1]).sum(1), {"metric": metric}

    return draw


def numbers(metric: Any, better: bool | None = None, weight: float = 1.5, **more: Any) -> Draw:
    """Rows of a regression; with a `weight` of 0 the first column is useless."""

    def draw(rng: Rng, n: int) -> Rows:
        rows = rng.normal(size=(n, 2))
        y = weight * rows[:, 0] + rows[:, 1] + rng.normal(size=n)
        asked = {"metric": metric, **more}
        return rows, y, asked if better is None else {**asked, "greater_is_better": better}

    return draw


def classes(**more: Callable[[Rng, int], NDArray[Any]]) -> Draw:
    """Rows of two classes, measured by the area under the ROC curve."""

    def draw(rng: Rng, n: int) -> Rows:
        rows = rng.normal(size=(n, 2))
        y = (rng.random(n) < 1 / (1 + np.exp(-model(rows)))).astype(int)
        return rows, y, {"metric": "roc_auc", **{name: make(rng, n) for name, make in more.items()}}

    return draw


@dataclass(frozen=True)
class Case:
    """What is drawn and asked, and on how many rows."""

    draw: Draw
    rows: Sequence[int] = ROWS
    model: Model = model


CASES: dict[str, Case] = {
    "correlation, blocks left out": Case(numbers(correlation, better=True)),
    "median miss, blocks left out": Case(numbers(median_miss, better=False)),
    "useless, median miss": Case(numbers(median_miss, better=False, weight=0.0)),
    "AUC, weights gamma(2)": Case(classes(sample_weight=lambda rng, n: rng.gamma(2.0, size=n)), (1000,)),
    "AUC of a segment of 30%": Case(classes(by=lambda rng, n: (rng.random(n) < 0.3).astype(int)), (1000,)),
    "AUC within 4 strata": Case(classes(within=lambda rng, n: rng.permutation(n) % 4), (1000,)),
    "average precision": Case(drawn_from(shares, "average_precision"), (300,), shares),
    "average precision, 10% positive": Case(drawn_from(shares, "average_precision", -3.6), (300,), shares),
    "AUC, one of three against the rest": Case(drawn_from(three, "roc_auc_ovr"), (300,), three),
    "AUC, pairs of three": Case(drawn_from(three, "roc_auc_ovo_weighted"), (300,), three),
    "D2 of the log loss": Case(drawn_from(shares, "d2_log_loss_score"), (300,), shares),
    "explained variance": Case(numbers("explained_variance"), (300,)),
    "MAE, blocks of 4,096": Case(numbers("mae"), (300, 5000, 15_000)),
    "useless, MSE": Case(numbers("mse", weight=0.0)),
    "MAE, precision=0.015": Case(numbers("mae", precision=0.015, features=BOTH), (40_000,)),
    "useless, MSE, precision=0.02": Case(
        numbers("mse", weight=0.0, precision=0.02, features=BOTH), (40_000,)
    ),
}


@dataclass(frozen=True)
class Covered:
    """Shares of samples."""

    name: str
    n_rows: int
    used: float
    n_repeats: float
    covered: float
    below: float
    above: float
    ratio: float
    claims: float

    @property
    def line(self) -> str:
        """Row of the table."""
        least, most = BARS.get(self.n_rows, BARS[5000])
        covered = f"{100 * self.covered:.1f}"
        covered = covered if least <= round(self.covered, 4) <= most else f"**{covered}**"
        shares = " | ".join(f"{100 * share:.1f}" for share in (self.below, self.above))
        return (
            f"| {self.name} | {self.n_rows:,} | {self.used:,.0f} | {self.n_repeats:.0f} | {covered} | {shares} | "
            f"{self.ratio:.2f} | {100 * self.claims:.1f} |"
        )


@cache
def truth(name: str) -> float:
    """Mean over large tables, by plain scores before and after one swap of all rows; 0 of what is useless."""
    if name.startswith("useless"):
        return 0.0
    from sklearn import metrics

    scores = {
        "average_precision": (metrics.average_precision_score, True),
        "roc_auc_ovr": (partial(metrics.roc_auc_score, multi_class="ovr"), True),
        "roc_auc_ovo_weighted": (partial(metrics.roc_auc_score, multi_class="ovo", average="weighted"), True),
        "d2_log_loss_score": (metrics.d2_log_loss_score, True),
        "explained_variance": (metrics.explained_variance_score, True),
        "roc_auc": (metrics.roc_auc_score, True),
        "mae": (lambda y, pred: np.abs(y - pred).mean(), False),
        "mse": (lambda y, pred: ((y - pred) ** 2).mean(), False),
    }
    found, predict = [], CASES[name].model
    for seed in range(TIMES):
        rows, y, asked = CASES[name].draw(np.random.default_rng(10**6 + seed), LARGE)
        swapped = rows.copy()
        swapped[:, 0] = np.roll(rows[:, 0], 17)
        score, better = scores.get(asked["metric"], (asked["metric"], asked.get("greater_is_better")))
        change = score(y, predict(rows)) - score(y, predict(swapped))
        found.append(change if better else -change)
    return float(np.mean(found))


def count(name: str, n_rows: int, n_samples: int) -> Covered:
    """Draw samples of a case; the seed follows from its name and the number of rows."""
    import weighin

    rng, true = np.random.default_rng(zlib.crc32(f"{name} {n_rows}".encode())), truth(name)
    drawn = []
    for _ in range(n_samples):
        rows, y, asked = CASES[name].draw(rng, n_rows)
        seed = int(rng.integers(2**31))
        options = {"features": ["x0"], "random_state": seed, "progress": False, **asked}
        imp = weighin.weigh(CASES[name].model, rows, y, **options)
        imp = imp.of(segment=1) if "by" in asked else imp
        lower, upper = (ends[0] for ends in imp.interval())
        drawn.append(
            (imp.importances_mean[0], imp.se[0], lower, upper, imp.pvalue[0], imp.n_repeats, imp.n_rows)
        )
    estimate, se, lower, upper, pvalue, repeats, used = np.array(drawn).T
    below, above = float((upper < true).mean()), float((lower > true).mean())
    return Covered(
        name,
        n_rows,
        used=float(used.mean()),
        n_repeats=float(repeats.mean()),
        covered=1 - below - above,
        below=below,
        above=above,
        ratio=float((se**2).mean() / estimate.var()),
        claims=float((pvalue < 0.05).mean()),
    )


def main() -> None:
    """Count, and write or print."""
    parser = argparse.ArgumentParser(prog="python -m calibration.weighed", description=__doc__)
    parser.add_argument("--samples", type=int, default=2000, help="a cell (2,000); else prints")
    parser.add_argument("--only", help="cases that start so; prints")
    parser.add_argument("--rows", type=int, action="append", help="number of rows; prints")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--output", type=Path, help="where to write (docs/calibration-weigh.md)")
    options = parser.parse_args()

    from joblib import Parallel, delayed

    tasks = [
        (name, n_rows, options.samples)
        for name, case in CASES.items()
        for n_rows in case.rows
        if name.startswith(options.only or "") and n_rows in (options.rows or case.rows)
    ]
    if not tasks:
        parser.error(f"nothing of that kind; there are {', '.join(CASES)}")
    start, lines = time.monotonic(), []
    for one in Parallel(options.jobs, return_as="generator")(delayed(count)(*task) for task in tasks):
        lines.append(one.line)
        print(
            f"\r{len(lines)} of {len(tasks)}, {time.monotonic() - start:.0f} s",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    error = 100 * (0.95 * 0.05 / options.samples) ** 0.5
    command = "python -m calibration.weighed"
    head = HEAD.format(samples=options.samples, error=error, times=TIMES, large=LARGE, command=command)
    text = head + "\n".join(lines) + "\n"
    if options.output is None and (options.only or options.rows or options.samples != 2000):
        print(text)
    else:
        (options.output or PAGE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
