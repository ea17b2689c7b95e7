"""``python -m benchmarks.inference``: what intervals cost on W2, and what ``precision=0.01`` saves on W4.

With ``--quick`` on fewer rows: only to see that it runs.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

import weighin
from benchmarks.ours import ready
from benchmarks.workloads import WORKLOADS

ROUNDS = 7
ASKED = 0.01


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    warnings.filterwarnings("ignore", module=r"fastai|torch")
    print(_cost(quick), _precision(quick), sep="\n", flush=True)


def _cost(quick: bool) -> str:
    """Time inside the moments that intervals come from, and of the intervals themselves, over that of the run."""
    from weighin._engine import Measurement, Session
    from weighin._metrics import MSE
    from weighin._samplers import MarginalSampler

    job = WORKLOADS["W2"](quick)
    model, data = ready(job)

    def weigh() -> None:
        with Session(model) as session:
            sampler = MarginalSampler(len(job.X), job.n_repeats, 0)
            session.measure(data, data.features, sampler, Measurement((MSE,)))

    weigh()
    runs, moments = [], []
    for _ in range(ROUNDS):
        with _moments_timed() as inside:
            runs.append(_seconds(weigh)[0])
        moments.append(sum(inside))
    imp = weighin.weigh(job.learn, job.frame, n_repeats=job.n_repeats, random_state=0, progress=False)
    table, _ = _seconds(imp.to_frame)
    share = median((part + table) / whole for part, whole in zip(moments, runs, strict=True))
    return (
        f"W2: {median(runs):.2f} s, of which {median(moments):.3f} s for moments, and {table:.3f} s for the table of "
        f"intervals: inference is {100 * share:.1f} % of the run (median of {ROUNDS}; at most 5)"
    )


@contextmanager
def _moments_timed() -> Iterator[list[float]]:
    """Seconds of each call, which the engine makes one after the other, outside of its threads."""
    from weighin._engine.sums import Sums

    kept, inside = Sums._moments, list[float]()

    def timed(self: Any, *args: Any) -> Any:
        seconds, result = _seconds(lambda: kept(self, *args))
        inside.append(seconds)
        return result

    Sums._moments = timed  # type: ignore[method-assign]
    try:
        yield inside
    finally:
        Sums._moments = kept  # type: ignore[method-assign]


def _precision(quick: bool) -> str:
    """Tables of W4's rows, half of them and ten times as many."""
    job = WORKLOADS["W4"](quick)
    frame, lines, typical = job.frame, [], []
    assert frame is not None
    for times in (0.5, 1, 10):
        some = frame.iloc[: len(frame) // 2] if times < 1 else pd.concat([frame] * int(times))
        some = some.reset_index(drop=True)
        found = [_seconds(lambda s=seed: _precisely(job.learn, some, s)) for seed in range(5)]  # noqa: B023
        typical.append(median(seconds for seconds, _ in found))
        imp = found[-1][1]
        reached = float(np.max(imp.se) / np.abs(imp.importances_mean).max())
        lines.append(
            f"W4, {len(some):,} rows: {typical[-1]:.2f} s; {imp.notes[-1]} Largest se / largest: {reached:.4f}"
        )
    lines.append(f"one full shuffle of W4: {len(frame) * job.n_columns:,} row predictions")
    lines.append(f"{typical[-1] / typical[0]:.2f} times as long for 20 times as many rows (at most 1.5)")
    return "\n".join(lines)


def _precisely(learn: Any, frame: pd.DataFrame, seed: int) -> weighin.Importance:
    imp: weighin.Importance = weighin.weigh(learn, frame, precision=ASKED, random_state=seed, progress=False)
    return imp


def _seconds(function: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
