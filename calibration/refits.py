"""``python -m calibration.refits``: how often what follows from many fits is right.

A column of pure noise must not be called helpful by `weighin.ablate` more often than the level says; an effect of 1.45
half-widths of the interval must be found in three of four samples. Then `calibration.refit_weights` counts how often
the intervals of `weighin.weigh_refits` hold. Every sample is a new table and goes through the public function. Writes
its tables into docs/ablation.md.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration.networks import train_network

PAGE = Path(__file__).parents[1] / "docs" / "ablation.md"
FEATURES = ("x1", "x2", "x3")
EFFECT = 1.45  # half-widths of the interval
SEED = 20_260
MARKS = ("<!-- python -m calibration.refits -->", "<!-- python -m calibration.refits: weights -->")


@dataclass(frozen=True)
class Case:
    """What is trained on what, how often.

    Attributes
    ----------
    name : str
        For the table.
    model : str
        "ridge" or "network".
    split : str
        "random" or "fixed".
    n_rows, fits : int
        Of each sample.
    samples, samples_power : int
        Tables with a column of noise, and with one of the effect looked for.
    pilot : int
        Tables of each of the four rounds that find the weight of such an effect.
    first : int
        Number of the first of the pilot's tables; those of the effect come a million later.
    """

    name: str
    model: str
    split: str
    n_rows: int
    fits: int
    samples: int
    samples_power: int
    pilot: int = 75
    first: int = 10**6


CASES = (
    Case("ridge, random splits", "ridge", "random", 200, 10, 2000, 300),
    Case("ridge, fixed split", "ridge", "fixed", 300, 2, 2000, 300),
    Case("small torch network, random splits", "network", "random", 240, 10, 300, 300, 150, 5 * 10**6),
    Case("small torch network, fixed split", "network", "fixed", 360, 10, 300, 300, 150, 5 * 10**6),
)


def table(rng: np.random.Generator, n_rows: int, weight: float) -> Any:
    """Rows of three useful features and a candidate of the weight given: 0 is pure noise."""
    import pandas as pd

    X = rng.normal(size=(n_rows, 4))
    y = X @ np.array([1.0, 0.5, 0.25, weight]) + rng.normal(size=n_rows)
    return pd.DataFrame(X, columns=[*FEATURES, "candidate"]).assign(y=y)


def recipe(model: str) -> Any:
    """How the model of a case is trained."""
    import weighin

    if model == "ridge":
        from sklearn.linear_model import Ridge

        return weighin.Recipe.from_estimator(Ridge(), features=FEATURES, target="y")
    return weighin.Recipe.from_function(train_network, features=FEATURES, target="y")


def sample(case: Case, number: int, weight: float) -> dict[str, float]:
    """Ask of one table whether the candidate is worth adding."""
    import weighin

    rng = np.random.default_rng([SEED, number, round(1e6 * weight)])
    frame = table(rng, case.n_rows, weight)
    split = "random" if case.split == "random" else np.arange(case.n_rows) >= case.n_rows * 2 // 3
    found = weighin.ablate(
        recipe(case.model),
        frame,
        add="candidate",
        fits=case.fits,
        metric="mse",
        split=split,
        tolerance=0.0,
        random_state=number,
        progress=False,
    )
    change, verdict = found.changes[0], found.lines()[0].verdict
    lower, upper = change.spread.interval(change.estimate)
    return {
        "gain": -change.estimate,
        "half": (upper - lower) / 2,
        "found": verdict.word == "worth keeping",
        "helpful": change.estimate < 0 and verdict.pvalue / 2 < 0.05,
    }


def many(case: Case, samples: int, weight: float, start: int = 0) -> dict[str, np.ndarray]:
    """Draw many samples."""
    drawn = [sample(case, start + number, weight) for number in range(samples)]
    return {name: np.array([one[name] for one in drawn], dtype=float) for name in drawn[0]}


def weight_of_effect(case: Case, pilot: int) -> float:
    """Weight at which the mean gain is 1.45 mean half-widths; the gain grows with its square, the width with it."""
    weight = 0.3
    for _ in range(4):
        drawn = many(case, pilot, weight, start=case.first)
        ratio = drawn["gain"].mean() / drawn["half"].mean()
        weight *= float(np.clip(EFFECT / max(ratio, 0.05), 0.2, 5.0)) ** 0.8
    return weight


def line(case: Case, quick: bool) -> str:
    """Count one case: a line of the table."""
    samples, power, pilot = (case.samples, case.samples_power, case.pilot) if not quick else (40, 20, 30)
    null = many(case, samples, 0.0)
    weight = weight_of_effect(case, pilot)
    there = many(case, power, weight, start=case.first + 10**6)
    reached = there["gain"].mean() / there["half"].mean()
    helpful, kept, found = (part.mean() for part in (null["helpful"], null["found"], there["found"]))
    error = 100 * (0.05 * 0.95 / samples) ** 0.5
    error_power = 100 * max(found * (1 - found), 0.01) ** 0.5 / power**0.5
    return (
        f"| {case.name} | {case.n_rows} | {case.fits} | {samples:,} | {100 * helpful:.1f} +- {error:.1f} | "
        f"{100 * kept:.1f} | {reached:.2f} | {power} | {100 * found:.0f} +- {error_power:.0f} |"
    )


HEAD = (
    '| case | rows | fits | samples | noise called helpful, one-sided 5% | verdict "worth keeping" | '
    "effect in half-widths | samples | found |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def main() -> None:
    """Count all cases, print or write."""
    parser = argparse.ArgumentParser(prog="python -m calibration.refits", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="40 and 20 samples a case; prints")
    parser.add_argument("--only", help="cases whose name holds this; prints")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args()

    from joblib import Parallel, delayed

    from calibration import refit_weights

    start = time.monotonic()
    tasks: list[Any] = [(line, case) for case in CASES]
    tasks += [(refit_weights.line, case) for case in refit_weights.CASES]
    tasks = [(count, case) for count, case in tasks if not options.only or options.only in case.name]
    lines: dict[Any, list[str]] = {line: [HEAD], refit_weights.line: [refit_weights.HEAD]}
    found = Parallel(options.jobs, return_as="generator")(
        delayed(f)(case, options.quick) for f, case in tasks
    )
    for (count, _), one in zip(tasks, found, strict=True):
        lines[count].append(one)
        print(f"{one}  ({time.monotonic() - start:.0f} s)", file=sys.stderr, flush=True)
    if options.quick or options.only:
        print("\n\n".join("\n".join(some) for some in lines.values() if len(some) > 1))
        return
    page = PAGE.read_text(encoding="utf-8")
    for mark, some in zip(MARKS, lines.values(), strict=True):
        text = "\n".join([mark, *some, mark])
        page = re.sub(f"{mark}.*{mark}", lambda _, text=text: text, page, flags=re.S)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
