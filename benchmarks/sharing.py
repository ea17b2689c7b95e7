"""``python -m benchmarks.sharing``: what shares cost beside importances on W2, side by side in one process."""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import weighin
from benchmarks.workloads import WORKLOADS

ROUNDS = 5


def main() -> None:
    """Read the options, time, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharing", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module=r"fastai|torch")
    job = WORKLOADS["W2"](options.quick)
    seconds: dict[str, list[float]] = {"weigh": [], "shares": []}
    for number in range(options.rounds + 1):
        for name, taken in seconds.items():
            start = time.perf_counter()
            getattr(weighin, name)(
                job.learn, job.frame, metric="mse", n_repeats=5, random_state=number, progress=False
            )
            # the first warms up
            taken += [time.perf_counter() - start] * (number > 0)
    ratios = [mine / plain for mine, plain in zip(seconds["shares"], seconds["weigh"], strict=True)]
    print(
        f"W2, {len(job.X):,} rows, 5 repeats: weigh {median(seconds['weigh']):.2f} s, shares "
        f"{median(seconds['shares']):.2f} s, {median(ratios):.2f} times it ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
