"""Kernels of OpenBLAS, the sums of which differ in their last bits: which ones this processor runs.

Run as a program, it names one that is not in use, for `make test-numerics`; nothing where there is none.
"""

from __future__ import annotations

import platform
from pathlib import Path

NEEDED = {  # the kernel, as OPENBLAS_CORETYPE names it: what a processor must have to run it
    "SkylakeX": {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"},
    "Haswell": {"avx2", "fma"},
    "Nehalem": {"sse4_2"},
    "Prescott": set(),
}


def runnable() -> list[str]:
    """Values of OPENBLAS_CORETYPE this processor can run."""
    machine = platform.machine().lower()
    if machine in ("aarch64", "arm64"):
        return ["ARMV8"]
    if machine not in ("x86_64", "amd64"):
        return []
    told = Path("/proc/cpuinfo")
    flags = set(told.read_text().split()) if told.exists() else set()
    return [kernel for kernel, needed in NEEDED.items() if needed <= flags]


def in_use() -> set[str]:
    """Kernels NumPy and SciPy have chosen here, in small letters; none without OpenBLAS."""
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    return {
        library["architecture"].lower()
        for library in threadpool_info()
        if library["internal_api"] == "openblas"
    }


if __name__ == "__main__":
    used = in_use()
    print(next((kernel for kernel in runnable() if used and kernel.lower() not in used), ""))
