"""``python -m ecosystem``: weigh every framework in its own environment; writes docs/works-with.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ecosystem.environments import ENVIRONMENTS, build, interpreter
from ecosystem.one import MARK, load_cases
from ecosystem.page import markdown
from ecosystem.trial import Case

HERE = Path(__file__).resolve().parent
SECONDS = 300


def run(case: Case, python: Path, failures: dict[str, str]) -> dict[str, Any]:
    """Weigh one case in a process of its own."""
    for package in case.packages:
        for name, why in failures.items():
            if name.partition("[")[0] == package:
                return {
                    "versions": {},
                    "stage": "install",
                    "error": f"cannot be installed here: {why}",
                    "where": "",
                }
    environment = os.environ | {
        "PYTHONPATH": f"{HERE.parent / 'src'}{os.pathsep}{HERE.parent}", "MPLBACKEND": "Agg",
        "PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    call = [python, "-m", "ecosystem.one", case.name]
    try:
        ran = subprocess.run(
            call, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return {"versions": {}, "stage": "run", "error": f"not finished after {SECONDS} s", "where": ""}
    found = [line for line in ran.stdout.splitlines() if line.startswith(MARK)]
    if not found:
        last = (ran.stderr.strip().splitlines() or ["no output"])[-1]
        return {"versions": {}, "stage": "run", "error": f"ended with {ran.returncode}: {last}", "where": ""}
    return dict(json.loads(found[-1].removeprefix(MARK)))


def main() -> None:
    """Read the options, run, write."""
    parser = argparse.ArgumentParser(prog="python -m ecosystem", description=__doc__)
    parser.add_argument("names", nargs="*", help="cases; all by default, and then the page is written")
    parser.add_argument(
        "--folder",
        type=lambda text: Path(text).resolve(),
        default=HERE.parent / ".ecosystem",
        help="of the environments",
    )
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs" / "works-with.md")
    options = parser.parse_args()
    cases = [case for case in load_cases() if not options.names or case.name in options.names]
    results: dict[str, dict[str, Any]] = {}
    for name in ENVIRONMENTS:
        those = [case for case in cases if case.environment == name]
        failures = build(options.folder, name) if those else {}
        for case in those:
            found = results[case.name] = run(case, interpreter(options.folder, name), failures)
            told = (
                found.get("error")
                or f"{found['right']} ({found['off']:.1e}), {found['metric']}, {found['way']}"
            )
            print(f"{case.name:28} {told[:300]}", file=sys.stderr, flush=True)
            if options.names:
                print(json.dumps(found, indent=1)[:3000])
    if not options.names:
        options.output.write_text(markdown(cases, results), encoding="utf-8")


if __name__ == "__main__":
    main()
