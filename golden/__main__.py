"""``python -m golden``: save what the runs give, or compare it with what was saved."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    """Read the options, run, save or compare; 1 where numbers differ, 2 where texts alone do."""
    parser = argparse.ArgumentParser(prog="python -m golden", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("save", "compare"):
        command = commands.add_parser(name)
        command.add_argument("path", type=Path, help="a gzipped JSON file")
        command.add_argument(
            "--only", action="append", metavar="TEXT", help="runs whose name has this in it (repeat)"
        )
        if name == "compare":
            command.add_argument(
                "--tolerance",
                type=float,
                default=0.0,
                help="parts of the largest number of the same key, 1e-9 for rounding (0: every bit)",
            )
            command.add_argument("--numbers-only", action="store_true", help="leave out texts")
            command.add_argument("--lines", type=int, default=40, help="of each text's difference (40)")
    options = parser.parse_args()

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # before anything is imported that reads it: sums keep their order
    from golden.differences import report
    from golden.files import read, write
    from golden.run import run_all

    saved = read(options.path) if options.command == "compare" else {}
    found = run_all(options.only)
    if options.command == "save":
        write(options.path, found)
        failed = [name for name, run in found.items() if "failed" in run["numbers"]]
        print(f"{len(found)} runs saved" + (f"; failed: {', '.join(failed)}" if failed else ""))
        return 0
    if options.only:
        saved = {name: run for name, run in saved.items() if any(text in name for text in options.only)}
    return report(saved, found, options.tolerance, texts=not options.numbers_only, lines=options.lines)


if __name__ == "__main__":
    sys.exit(main())
