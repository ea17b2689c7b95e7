"""A run over all rows that may be killed: `python killed.py TABLE FOLDER OUT`."""

from __future__ import annotations

import sys
import time

import numpy as np

import weighin
from weighin._weigh.stream import run as stream

stream.PART_ROWS = 4096


def model(rows):
    """Slow enough to be killed in the middle."""
    time.sleep(0.002)
    return 2 * rows["a"].to_numpy() + rows["b"].to_numpy() ** 2


if __name__ == "__main__":
    table, folder, out = sys.argv[1:]
    how = weighin.AllRows(folder=folder, memory=1)
    print("begin", flush=True)
    imp = weighin.weigh(
        model,
        table,
        "y",
        rows=how,
        metric="mse",
        n_repeats=2,
        random_state=0,
        features=["a", "b"],
        progress=False,
    )
    np.save(out, [imp.importances, imp.se[:, None].repeat(2, axis=1)])
