"""Time and peak memory of weighing big files: a sample, all rows piece by piece, and all rows in memory.

Each case runs in a process of its own; the memory is that of the process and all it starts, sampled every 20
milliseconds. The table is simulated once and kept:

    python -m benchmarks.files --folder big --rows 5000000 [--update]

With ``--update`` the table goes into docs/big-files.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

DOCS = Path(__file__).parents[1] / "docs" / "big-files.md"
BEGIN, END = "<!-- measured by benchmarks/files.py -->\n", "<!-- end of what was measured -->"
CHUNK = 500_000
CASES = {
    "precision": "`precision=0.02`, from the file",
    "sample": "200,000 rows, from the file (the default)",
    "stream": 'all rows, piece by piece (`rows="all"`)',
    "memory": "all rows, in memory (`pandas.read_parquet` first)",
}


def simulate(path: Path, n_rows: int) -> None:
    """Write a table of nine numbers and a target, nearly all values distinct."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = [*(f"x{j}" for j in range(9)), "y"]
    draft = path.with_suffix(".draft")
    with pq.ParquetWriter(draft, pa.schema([(name, pa.float64()) for name in names])) as writer:
        for start in range(0, n_rows, CHUNK):
            X = rng.normal(size=(min(CHUNK, n_rows - start), 9))
            y = 2 * X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * X[:, 3] + rng.normal(size=len(X))
            writer.write_table(pa.table([*X.T, y], schema=writer.schema))
    draft.rename(path)


def weigh(case: str, path: str) -> None:
    """Weigh a torch network on the table in one way, and print what came of it as JSON."""
    begin = time.perf_counter()
    import pandas as pd
    import torch

    import weighin
    from weighin._weigh.weigh import weigh as _loaded  # noqa: F401

    imported = time.perf_counter()
    torch.manual_seed(0)
    layers = [torch.nn.Linear(9, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(32, 1))
    X = pd.read_parquet(path) if case == "memory" else path
    asked = {
        "precision": {"precision": 0.02},
        "sample": {"n_repeats": 1},
        "stream": {"n_repeats": 1, "rows": weighin.AllRows()},
        "memory": {"n_repeats": 1},
    }[case]
    imp = weighin.weigh(net, X, "y", random_state=0, progress=False, **asked)
    print(
        json.dumps(
            {
                "import": imported - begin,
                "seconds": time.perf_counter() - imported,
                "processor": time.process_time(),
                "rows": imp.n_rows,
                "importances": imp.importances_mean.tolist(),
            }
        )
    )


def measured(case: str, path: Path) -> dict[str, object]:
    """Run a case in a process of its own, and add the largest memory of the process and all it starts."""
    command = [sys.executable, "-m", "benchmarks.files", "--case", case, "--table", str(path)]
    process = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        total = 0
        for one in [process, *_children(process)]:
            try:
                total += one.memory_info().rss
            except psutil.Error:
                continue
        peak = max(peak, total)
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{case} failed")
    return {**json.loads(process.stdout.read()), "megabytes": peak / 1e6}


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        children: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return children


def main() -> None:
    """Measure the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("big"))
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--case")
    parser.add_argument("--table")
    options = parser.parse_args()
    if options.case:
        weigh(options.case, options.table)
        return
    options.folder.mkdir(exist_ok=True)
    path = options.folder / f"table{options.rows}.parquet"
    if not path.exists():
        simulate(path, options.rows)
    size = path.stat().st_size / 1e6
    lines = [
        f"{options.rows:,} rows x 10 in Parquet, {size:,.0f} MB; a torch network, one shuffle:",
        "",
        "| | rows | seconds after import | processor seconds | peak memory, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    importances = {}
    for case in options.cases.split(","):
        runs = [measured(case, path) for _ in range(options.repeat)]
        best = {key: min(run[key] for run in runs) for key in ("seconds", "processor", "rows")}
        megabytes = max(run["megabytes"] for run in runs)
        importances[case] = np.array(runs[0]["importances"])
        lines.append(
            f"| {CASES[case]} | {best['rows']:,} | {best['seconds']:.1f} | {best['processor']:.1f} | {megabytes:,.0f} |"
        )
        print(lines[-1], flush=True)
    if {"stream", "memory"} <= importances.keys():
        away = np.abs(importances["stream"] / importances["memory"] - 1).max()
        lines += ["", f"All rows, piece by piece and in memory: the same importances, to {away:.0e} of each."]
    print("\n".join(lines))
    if options.update:
        text = DOCS.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        block = "\n".join(lines)
        DOCS.write_text(f"{before}{BEGIN}\n{block}\n\n{END}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
