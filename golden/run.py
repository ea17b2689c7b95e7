"""All runs, one after the other, each from the same state of the random generators."""

from __future__ import annotations

import contextlib
import io
import random
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import torch

from golden.record import Record
from golden.runs import RUNS


def run_all(only: Sequence[str] | None = None) -> dict[str, Any]:
    """Run those whose names hold one of the texts, or all; a run that fails is recorded as that."""
    mpl.use("Agg")
    torch.set_num_threads(1)
    chosen = {name: run for name, run in RUNS.items() if not only or any(text in name for text in only)}
    found: dict[str, Any] = {}
    start = time.monotonic()
    for name, run in chosen.items():
        began, record = time.monotonic(), Record()
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        # texts are as wide as a terminal, where standard output is one
        with warnings.catch_warnings(record=True) as told, contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("always")
            try:
                record.add(run())
            except Exception as error:
                record.numbers["failed"] = {"error": type(error).__name__}
                record.texts["failed"] = f"{type(error).__name__}: {error}"
        said = [
            f"{one.category.__name__}: {one.message}" for one in told if "Weighin" in one.category.__name__
        ]
        record.texts["warnings"] = "\n".join(said)
        found[name] = record.as_dict()
        failed = "  FAILED" if "failed" in record.numbers else ""
        print(f"{time.monotonic() - began:6.2f} s  {name}{failed}", file=sys.stderr)
    print(f"{len(found)} runs in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return found
