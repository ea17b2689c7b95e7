"""``python -m benchmarks.sharing``: what shares cost beside importances on W2, and beside sage on a smaller network.

With ``--sage`` (``pip install sage-importance``) its permutation estimator, with a background of 512 rows as in its own
examples and of 64, and shares with 5 repeats look at the same rows and the same network. Errors are the largest
standard error of a feature over the total. Both fall with the root of the time, so the time for equal errors is the
time taken, times the square of the error.
"""

from __future__ import annotations

import argparse
import time
import warnings
from statistics import median

import weighin
from benchmarks.workloads import WORKLOADS

ROUNDS = 5


def main() -> None:
    """Read the options, time, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sharing", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--sage", action="store_true", help="beside sage, which has to be installed")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module=r"fastai|torch")
    if options.sage:
        _beside_sage()
        return
    job = WORKLOADS["W2"](options.quick)
    seconds: dict[str, list[tuple[float, float]]] = {"weigh": [], "shares": []}
    for number in range(options.rounds + 1):
        for name, taken in seconds.items():
            start, used = time.perf_counter(), time.process_time()
            getattr(weighin, name)(
                job.learn, job.frame, metric="mse", n_repeats=5, random_state=number, progress=False
            )
            # the first warms up
            if number:
                taken.append((time.perf_counter() - start, time.process_time() - used))
    for place, what in enumerate(("s", "s of processors")):
        plain, mine = ([pair[place] for pair in seconds[name]] for name in ("weigh", "shares"))
        ratios = [part / whole for part, whole in zip(mine, plain, strict=True)]
        print(
            f"W2, {len(job.X):,} rows, 5 repeats: weigh {median(plain):.2f} {what}, shares {median(mine):.2f}: "
            f"{median(ratios):.2f} times it ({min(ratios):.2f} to {max(ratios):.2f})"
        )


def _beside_sage() -> None:
    """Equal standard errors, in seconds."""
    import numpy as np
    import sage  # type: ignore[import-not-found]  # not of this project
    import torch
    from scipy.stats import spearmanr
    from torch import nn

    rng, n_features = np.random.default_rng(0), 20
    x = rng.standard_normal((22_000, n_features)).astype(np.float32)
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    y = x @ np.linspace(1.5, 0.0, n_features) + 2 * x[:, 0] * x[:, 2] + rng.standard_normal(len(x))
    y = y.astype(np.float32)
    torch.manual_seed(0)
    layers = (nn.Linear(n_features, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 1))
    net, seen = nn.Sequential(*layers), torch.tensor(x[2000:])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.002)
    for step in range(600):
        batch = slice(step * 500 % 20_000, step * 500 % 20_000 + 500)
        optimizer.zero_grad()
        nn.functional.mse_loss(net(seen[batch])[:, 0], torch.tensor(y[2000:][batch])).backward()
        optimizer.step()
    net.eval()
    x, y = x[:2000], y[:2000]

    def predict(rows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(torch.as_tensor(rows)).numpy()

    weighin.shares(net, x, y, metric="mse", n_repeats=5, random_state=0, progress=False)
    start = time.perf_counter()
    found = weighin.shares(net, x, y, metric="mse", n_repeats=5, random_state=1, progress=False)
    ours, error = time.perf_counter() - start, found.se.max() / found.total
    print(f"shares, 5 repeats of 2,000 rows: {ours:.3f} s, error {100 * error:.2f} %")
    for background in (512, 64):
        estimator = sage.PermutationEstimator(
            sage.MarginalImputer(predict, x[:background]), "mse", random_state=0
        )
        start = time.perf_counter()
        values = estimator(x, y, batch_size=64, n_permutations=256, detect_convergence=False, bar=False)
        taken = time.perf_counter() - start
        theirs = values.std.max() / values.values.sum()
        ratio = taken * theirs**2 / (ours * error**2)
        alike = spearmanr(values.values, found.contributions).statistic
        print(
            f"sage, background {background}, 256 permutations: {taken:.2f} s, error {100 * theirs:.2f} %: {ratio:.0f} "
            f"times as long at equal errors; rank correlation {alike:.3f}, total {values.values.sum():.1f} and ours "
            f"{found.total:.1f}"
        )


if __name__ == "__main__":
    main()
