"""``python -m ecosystem.one NAME``: weigh one case, and beside it by ten lines; prints one line of JSON."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
import traceback
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ecosystem.trial import CASES, Case, Trial, moved

MARK = "ecosystem-result: "
REPEATS, SEED = 3, 0
# of the largest importance: single precision adds up in another order
ROUNDING, SINGLE = 1e-9, 2e-4


def load_cases() -> list[Case]:
    """Import what of the cases can be imported."""
    import ecosystem.cases as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return CASES


def loop(trial: Trial, imp: Any) -> tuple[float, np.ndarray]:
    """Baseline and importances as ten lines give them, on the same permutations."""
    from weighin._samplers import MarginalSampler

    rows = trial.X if trial.rows is None else trial.rows
    target = trial.y if trial.target is None else trial.target
    donors = np.empty((REPEATS, imp.n_rows), dtype=int)
    for block in MarginalSampler(imp.n_rows, REPEATS, SEED, imp.block_rows).blocks():
        order = np.arange(imp.n_rows) if block.rows is None else block.rows
        donors[:, order] = order[block.donors]
    baseline, changes = trial.loss(target, trial.predict(rows)), []
    for feature in imp.features:
        for given in donors:
            swapped = (trial.move or moved)(rows, feature, given)
            changes.append(trial.loss(target, trial.predict(swapped)) - baseline)
    means = np.reshape(changes, (len(imp.features), REPEATS)).mean(1)
    return baseline, -means if imp.greater_is_better else means


def judge(trial: Trial) -> dict[str, Any]:
    """Weigh, and compare with the loop."""
    import weighin

    start = time.perf_counter()
    imp = weighin.weigh(
        trial.model, trial.X, trial.y, n_repeats=REPEATS, random_state=SEED, progress=False, **trial.options
    )
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    baseline, expected = loop(trial, imp)
    by_loop = time.perf_counter() - start
    scale = max(float(abs(expected).max()), abs(baseline), 1e-12)
    off = max(float(abs(imp.importances_mean - expected).max()), abs(imp.baseline - baseline)) / scale
    ways = sorted(set(imp.kernels.values()))
    return {
        "metric": imp.metric,
        "way": ", ".join(ways),
        "off": off,
        "right": "exact" if off <= ROUNDING else "single precision" if off <= SINGLE else "WRONG",
        "seconds": seconds,
        "loop_seconds": by_loop,
        "features": list(imp.features),
        "importances": imp.importances_mean.tolist(),
        "expected": expected.tolist(),
        "baseline": [imp.baseline, baseline],
        "notes": list(imp.notes),
    }


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Installed versions; "" for what is not there."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = ""
    return found


def main(name: str) -> None:
    """Run one case."""
    case = next(case for case in load_cases() if case.name == name)
    result: dict[str, Any] = {"versions": versions(case.packages)}
    stage = "train"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = case.make()
            stage = "weigh"
            result |= judge(trial)
    except Exception as error:
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if "ecosystem" not in frame.filename
        ]
        last = frames[-1] if frames else None
        result |= {
            "stage": stage,
            "error": f"{type(error).__name__}: {error}",
            "where": f"{last.filename.rpartition('/')[2]}:{last.lineno}" if last else "",
        }
    print(MARK + json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
