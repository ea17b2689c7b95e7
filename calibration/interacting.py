"""``python -m calibration.interacting``: coverage of `interactions`, written to docs/calibration-interactions.md.

Through the public function, for the first pair of each model: its interaction, its share of the variance, and the total
index of its first feature; and how often a pair that the model only adds up is claimed to act together.
"""

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

from calibration.page import BARS

PAGE = Path(__file__).parents[1] / "docs" / "calibration-interactions.md"
ROWS, REPEATS = (300, 1000), 5
LARGE, TIMES = 200_000, 20  # rows and samples that the truth is the mean of

HEAD = """# The intervals of `interactions`

How often the 95% interval holds the truth, through `weighin.interactions` from table to interval, with five swaps of
each row. Written by

    {command}

with {samples:,} samples a cell; the Monte Carlo error of a coverage near 95% is {error:.2f} points. The truth is the
mean over {times} tables of {large:,} rows. For the first two features of each model: "pair" is their
interaction (superset importance), "share" the same in parts of the variance of the prediction, "total" the total index
of the first, "ratio" the mean estimated variance of "pair" over the true one. "none" is the share of samples in which a
pair that the model only adds up is claimed to act together, or is not exactly 0; "-" where there is no such pair. The
bars: 93.5 to 96.5 at 1,000 rows, 92.5 to 97 at 300. Outside a bar: **bold**.

| model | n | pair | below | above | share | total | ratio | none |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""

Floats = NDArray[np.float64]


def independent(rng: np.random.Generator, n: int) -> Floats:
    """Four columns."""
    return rng.standard_normal((n, 4))


def correlated(rng: np.random.Generator, n: int) -> Floats:
    """The first two by 0.8."""
    rows = independent(rng, n)
    rows[:, 1] = 0.8 * rows[:, 0] + 0.6 * rows[:, 1]
    return rows


def flags(rng: np.random.Generator, n: int) -> Floats:
    """The first two are 1 in 30% of the rows, else 0."""
    rows = independent(rng, n)
    rows[:, :2] = rng.random((n, 2)) < 0.3
    return rows


def product(rows: Floats) -> Floats:
    """The first two together, the others added."""
    return np.asarray(2 * rows[:, 0] * rows[:, 1] + rows[:, 2] + rows[:, 3])


def additive(rows: Floats) -> Floats:
    """No pair acts together; the first two by 2 each."""
    return np.asarray(2 * rows[:, 0] + np.exp(rows[:, 1] / 2) + rows[:, 2] ** 2)


def mild(rows: Floats) -> Floats:
    """Effects of their own, and a little together."""
    return np.asarray(2 * rows[:, 0] + rows[:, 1] + 0.3 * rows[:, 0] * rows[:, 1] + rows[:, 2])


def network(rows: Floats) -> Floats:
    """Twelve ReLU units with random weights: every pair acts together."""
    inner, outer = np.random.default_rng(5).normal(size=(4, 12)), np.random.default_rng(6).normal(size=12)
    return np.asarray(np.maximum(rows @ inner, 0) @ outer / 3)


@cache
def _trained() -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rng = np.random.default_rng(7)
    rows = correlated(rng, 4000)
    target = np.where(rows[:, 1] > 0, 2 * rows[:, 0], -rows[:, 0]) + rows[:, 2] + rng.standard_normal(4000)
    return HistGradientBoostingRegressor(max_iter=60, random_state=0).fit(rows, target)


def booster(rows: Floats) -> Floats:
    """Sixty trees, trained on correlated columns."""
    return np.asarray(_trained().predict(rows))


@dataclass(frozen=True)
class Case:
    """What is drawn, what predicts, and a pair that is only added up, by the names of its features."""

    draw: Callable[[np.random.Generator, int], Floats]
    model: Callable[[Floats], Floats]
    none: tuple[str, str] | None = None


ADDED = ("x0", "x2")
CASES = {
    "2 x1 x2 + x3 + x4": Case(independent, product, ADDED),
    "the same, correlated by .8": Case(correlated, product, ADDED),
    "mild: 2 x1 + x2 + .3 x1 x2 + x3, correlated by .8": Case(correlated, mild, ADDED),
    "two flags of 30%": Case(flags, product, ADDED),
    "adds up, correlated by .8": Case(correlated, additive, ("x0", "x1")),
    "ReLU network, correlated by .8": Case(correlated, network),
    "trained booster, correlated by .8": Case(correlated, booster),
}


@cache
def truth(name: str) -> tuple[float, float, float]:
    """Pair, share and total by plain predictions of large tables whose rows give to each other."""
    case, found = CASES[name], []
    for seed in range(TIMES):
        rows = case.draw(np.random.default_rng(10**6 + seed), LARGE)
        given = np.roll(rows, 17, axis=0)

        def swapped(*columns: int, rows: Floats = rows, given: Floats = given) -> Floats:
            moved = rows.copy()
            moved[:, columns] = given[:, columns]
            return case.model(moved)

        plain, first, second, both = swapped(), swapped(0), swapped(1), swapped(0, 1)
        pair = ((both - first - second + plain) ** 2).mean() / 4
        found.append((pair, plain.var(), ((first - plain) ** 2).mean() / 2))
    pair, variance, total = np.mean(found, axis=0)
    # rounding of what adds up
    pair = pair if pair > 1e-20 * variance else 0.0
    return float(pair), float(pair / variance), float(total)


def count(name: str, n_rows: int, n_samples: int) -> str:
    """Draw samples of a case, and give its row of the table; the seed follows from its name and the number of rows."""
    import weighin

    case, true = CASES[name], truth(name)
    rng = np.random.default_rng(zlib.crc32(f"{name} {n_rows}".encode()))
    drawn, wrong = [], 0
    wanted = [("x0", "x1"), *([case.none] if case.none not in (None, ("x0", "x1")) else [])]
    for _ in range(n_samples):
        found = weighin.interactions(
            case.model,
            case.draw(rng, n_rows),
            pairs=wanted,
            n_repeats=REPEATS,
            random_state=int(rng.integers(2**31)),
            progress=False,
        )
        pair = found["x0", "x1"]
        total = [float(end[0]) for end in found.total_interval()]
        drawn.append(
            (
                *(pair.interaction, pair.se, pair.ci_lower, pair.ci_upper),
                *(pair.share_lower, pair.share_upper, *total),
            )
        )
        added = found[case.none] if case.none else None
        wrong += added is not None and (added.claimed or added.interaction != 0)
    estimate, se, *ends = np.array(drawn).T
    below, above = (float(away.mean()) for away in (ends[1] < true[0], ends[0] > true[0]))
    covered = [
        float(((lower <= value) & (value <= upper)).mean())
        for value, lower, upper in zip(true, ends[::2], ends[1::2], strict=True)
    ]
    ratio = (se**2).mean() / estimate.var() if estimate.var() else np.nan
    least, most = BARS[n_rows]
    written = [
        "exact"
        if share == 1 and not value
        else f"{100 * share:.1f}"
        if least <= round(share, 4) <= most
        else f"**{100 * share:.1f}**"
        for value, share in zip(true, covered, strict=True)
    ]
    none = "-" if case.none is None else f"{100 * wrong / n_samples:.1f}"
    cells = [written[0], f"{100 * below:.1f}", f"{100 * above:.1f}", *written[1:]]
    return f"| {name} | {n_rows:,} | {' | '.join(cells)} | {'-' if np.isnan(ratio) else f'{ratio:.2f}'} | {none} |"


def main() -> None:
    """Count, and write or print."""
    parser = argparse.ArgumentParser(prog="python -m calibration.interacting", description=__doc__)
    parser.add_argument("--samples", type=int, default=2000, help="a cell (2,000); else prints")
    parser.add_argument("--only", help="models that start so; prints")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--output", type=Path, help="where to write (docs/calibration-interactions.md)")
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
    command = "python -m calibration.interacting"
    text = HEAD.format(samples=options.samples, error=error, times=TIMES, large=LARGE, command=command)
    text += "\n".join(lines) + "\n"
    if options.output is None and (options.only or options.samples != 2000):
        print(text)
    else:
        (options.output or PAGE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
