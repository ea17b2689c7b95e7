"""``python -m benchmarks.interacting``: all 435 pairs of W2's 30 features on 20,000 rows, beside its 30 importances.

With ``--quick`` on 2,000 rows: only to see that it runs.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import weighin
from benchmarks.workloads import WORKLOADS

ROUNDS, ROWS, QUICK_ROWS = 3, 20_000, 2_000


def main() -> None:
    """Measure in turns, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interacting", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    warnings.filterwarnings("ignore", module=r"fastai|torch")
    job = WORKLOADS["W2"](quick).head(QUICK_ROWS if quick else ROWS)
    options = {"n_repeats": 5, "random_state": 0, "progress": False}
    pairs, singles, busy = [], [], []
    for _ in range(ROUNDS):
        start, used = time.perf_counter(), time.process_time()
        found = weighin.interactions(job.learn, job.frame, surfaces=0, **options)
        pairs.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
        start = time.perf_counter()
        weighin.weigh(job.learn, job.frame, **options)
        singles.append(time.perf_counter() - start)
    took = f"{len(found.pairs)} pairs in {median(pairs):.1f} s ({median(busy):.1f} s of processor time)"
    print(f"W2, {len(job.frame):,} rows, 5 swaps: {took}, 30 importances in {median(singles):.2f} s.")


if __name__ == "__main__":
    main()
