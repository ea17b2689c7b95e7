"""What is measured beside the contenders: matrix products, memory, import time, the machine."""

from __future__ import annotations

import ctypes
import gc
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks import ours
from benchmarks.opponents import CONTENDERS, CORES, each
from benchmarks.workloads import WORKLOADS

ROWS = (512, 1024, 2048, 4096)
LIBRARIES = ("weighin", "torch", "fastai", "numpy", "scikit-learn", "captum", "tabm")


# -- the rate of matrix products --------------------------------------------------------------------


def matrix_rate(shapes: Sequence[tuple[int, int]], seconds: float = 0.3) -> float:
    """GFLOP/s of float32 products at given layer shapes: torch's threads or one per core, the better."""
    weights = [torch.randn(n_in, n_out) for n_in, n_out in shapes]
    flops = sum(2 * n_in * n_out for n_in, n_out in shapes)
    best = 0.0
    for rows in ROWS:
        for threads in ("torch", "python"):
            workers = CORES if threads == "python" else 1
            work = [
                [(torch.randn(rows, w.shape[0]), w, torch.empty(rows, w.shape[1])) for w in weights]
                for _ in range(workers)
            ]
            loops = max(1, int(seconds / len(ROWS) / 2 * 100e9 / (flops * rows * workers)))
            each(lambda products: _multiply(products, 2), work, threads)
            start = time.perf_counter()
            each(lambda products, loops=loops: _multiply(products, loops), work, threads)
            best = max(best, flops * rows * workers * loops / (time.perf_counter() - start) / 1e9)
    return best


def square_rate(size: int = 2048) -> float:
    """GFLOP/s of one large float32 product with all of torch's threads."""
    a, b, out = (torch.randn(size, size) for _ in range(3))
    torch.mm(a, b, out=out)
    start = time.perf_counter()
    torch.mm(a, b, out=out)
    return 2 * size**3 / (time.perf_counter() - start) / 1e9


def _multiply(products: list, loops: int) -> None:
    for _ in range(loops):
        for a, w, out in products:
            torch.mm(a, w, out=out)


# -- memory -----------------------------------------------------------------------------------------


def extra_memory(workload: str, contender: str, setting: dict, quick: bool) -> float | None:
    """MiB a contender needs at its worst beyond model and encoded rows, seen in a process of its own."""
    task = json.dumps([workload, contender, setting, quick])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--memory-of", task], capture_output=True, text=True, check=False
    )
    return float(done.stdout.split()[-1]) if done.returncode == 0 and done.stdout.strip() else None


def print_extra_memory(task: str) -> None:
    """The child of `extra_memory`: warm up on few rows, forget the peak so far, run, print the new peak."""
    workload, contender, setting, quick = json.loads(task)
    job = WORKLOADS[workload](quick)
    run = CONTENDERS[contender].run
    columns = job.some_columns(job.columns_timed or job.n_columns)
    small = job.head(256)
    run(small, small.some_columns(4), 1, setting)
    del small
    ours.ready(job)  # its encoded rows; the others' are part of the job
    gc.collect()
    _return_freed_memory()
    before = _reset_peak()
    run(job, columns, job.n_repeats, setting)
    print((_status("VmHWM") - before) / 1024)


def _return_freed_memory() -> None:
    """Let the allocator give back what it holds, else a run could use it unseen (glibc only)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _reset_peak() -> float:
    """Set the kernel's peak of resident memory to the present value (Linux), and return that in KiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return float(line.split()[1])
    raise KeyError(key)


# -- import time and the machine --------------------------------------------------------------------


def import_seconds(statement: str = "import weighin", runs: int = 10) -> float:
    """Median seconds of an import over a bare interpreter, in new processes taken in turns."""

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    seconds(statement)
    return statistics.median(seconds(statement) - seconds("pass") for _ in range(runs))


def machine() -> dict[str, str]:
    """Processor, cores, load and versions; nothing that names the machine."""
    versions = {name: _version(name) for name in LIBRARIES}
    return {
        "processor": _first(_processor, platform.machine()),
        "cores": str(os.cpu_count()),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


def _first(function: Callable[[], str], otherwise: str) -> str:
    try:
        return function()
    except (OSError, StopIteration):
        return otherwise


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "-"
