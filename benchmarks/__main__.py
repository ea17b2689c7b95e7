"""``python -m benchmarks``: compare, and write RESULTS.md."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
UNWANTED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def main() -> None:
    """Read the options, run, print or write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows; two minutes; prints the page")
    parser.add_argument("--only", action="append", metavar="NAME", help="workloads that start so: W1, W2...")
    parser.add_argument("--without", action="append", metavar="NAME", help="leave one out; not plain")
    parser.add_argument("--repeat", type=int, help="least number of rounds (5; quick: 1)")
    parser.add_argument("--no-memory", action="store_true", help="skip the measurement of memory")
    parser.add_argument("--output", type=Path, help="where to write (RESULTS.md; quick or only: nowhere)")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    _start_again_without(UNWANTED)
    _compare(options, parser)


def _start_again_without(names: tuple[str, ...]) -> None:
    """Tuning left in the environment for another build of a library would slow some contenders down."""
    if any(name in os.environ for name in names):
        environment = {name: value for name, value in os.environ.items() if name not in names}
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], environment)


def _compare(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    # Only now: numpy reads the environment when it is imported.
    from benchmarks import harness, measures, report
    from benchmarks.workloads import WORKLOADS

    warnings.filterwarnings("ignore", module=r"fastai|torch|captum")
    if options.memory_of:
        measures.print_extra_memory(options.memory_of)
        return
    quick = options.quick
    names = [n for n in WORKLOADS if not options.only or n.startswith(tuple(options.only))]
    if not names:
        parser.error(f"no workload starts with {' or '.join(options.only)}; there are {', '.join(WORKLOADS)}")
    machine = measures.machine()
    import_seconds = measures.import_seconds()
    output = options.output or (None if quick or options.only else RESULTS)
    comparisons: list[harness.Comparison] = []
    page = ""
    for name in names:
        comparisons.append(
            harness.compare(
                name,
                quick=quick,
                repeat=options.repeat or (1 if quick else 5),
                seconds=1.0 if quick else 20.0,
                memory=not options.no_memory and not quick,
                without=options.without or (),
            )
        )
        page = report.markdown(comparisons, machine, import_seconds, quick)
        if output is not None:  # after each: what is cut off leaves the page of those before
            output.write_text(page, encoding="utf-8")
            harness.say(f"{name}: written to {output.name}")
    if output is None:
        print(page)


if __name__ == "__main__":
    main()
