"""``python -m calibration``: count, and write docs/calibration.md."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "calibration.md"
ROWS, REPEATS = (100, 300, 1000, 5000), (1, 5, "auto")


def main() -> None:
    """Read the options, count, print or write."""
    parser = argparse.ArgumentParser(prog="python -m calibration", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 samples a cell, 1,000 rows at most; prints")
    parser.add_argument("--only", action="append", metavar="NAME", help="cases that start so; prints")
    parser.add_argument("--samples", type=int, help="samples a cell (2,000; useless features twice as many)")
    parser.add_argument("--rows", type=int, action="append", help="number of rows; prints")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--output", type=Path, help="where to write (docs/calibration.md)")
    options = parser.parse_args()

    from joblib import Parallel, delayed

    from calibration.cases import cases
    from calibration.page import page
    from calibration.study import count

    chosen = [c for c in cases() if not options.only or c.name.startswith(tuple(options.only))]
    if not chosen:
        parser.error(f"no case starts so; there are {', '.join(case.name for case in cases())}")
    rows = options.rows or (ROWS[:3] if options.quick else ROWS)
    samples = options.samples or (200 if options.quick else 2000)
    start = time.monotonic()
    tasks = [
        (case.name, n_rows, n_repeats, samples * (2 if case.null and not options.quick else 1))
        for case in chosen
        for n_rows in rows
        for n_repeats in REPEATS
    ]
    counts = []
    for one in Parallel(options.jobs, return_as="generator")(delayed(count)(*task) for task in tasks):
        counts.append(one)
        spent = time.monotonic() - start
        print(f"\r{len(counts)} of {len(tasks)}, {spent:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    text = page(counts, "python -m calibration")
    if options.output is None and (options.quick or options.only or options.rows or options.samples):
        print(text)
    else:
        (options.output or PAGE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
