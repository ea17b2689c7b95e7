"""What parts cost on one core: rows weighed per second, size of a part, time to add two up.

    python -m benchmarks.parts

Processor time, so that other work on the machine counts little; a network of 200 and 100 units, five shuffles.
"""

from __future__ import annotations

import dataclasses
import pickle
import time

import numpy as np

SIZES = {10: 131_072, 100: 131_072, 1000: 16_384}
REPEATS, SAMPLE = 5, 4096


def main() -> None:
    """Print a line for each number of columns."""
    import torch
    from threadpoolctl import threadpool_limits

    import weighin

    torch.set_num_threads(1)
    for n_columns, n_rows in SIZES.items():
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
        y = 2 * X[:, 0] + rng.normal(size=n_rows).astype(np.float32)
        layers = torch.nn.Linear(n_columns, 200), torch.nn.ReLU(), torch.nn.Linear(200, 100), torch.nn.ReLU()
        net = torch.nn.Sequential(*layers, torch.nn.Linear(100, 1))
        asked = {"metric": "mse", "n_repeats": REPEATS, "random_state": 0}
        plan = weighin.plan_parts(net, X[:SAMPLE], y[:SAMPLE], **asked)
        with threadpool_limits(1):
            start = time.process_time()
            part = weighin.weigh_part(net, X, plan, y=y, n_jobs=1)
            weighing = time.process_time() - start
            start = time.process_time()
            _ = part + dataclasses.replace(part, numbers=(1,))
            adding = time.process_time() - start
        rate = n_rows * n_columns * REPEATS / weighing / 1e6
        sizes = f"{len(pickle.dumps(part)) / 1e3:,.0f} kB, {len(part.to_json()) / 1e3:,.0f} kB as JSON"
        print(
            f"{n_columns:,} columns: {rate:.1f} million row predictions a second, {sizes}, {1e3 * adding:.1f} ms to add"
        )


if __name__ == "__main__":
    main()
