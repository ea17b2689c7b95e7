"""``python -m benchmarks.scorers``: `weigh` with intervals beside scikit-learn's `permutation_importance`, by scorer.

20,000 rows, 10 features, 5 shuffles, logistic or linear regression, one thread of the matrix products each, runs in
turns, medians. With ``--quick`` on 2,000 rows, once: only to see that it runs.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from threadpoolctl import threadpool_limits

import weighin

ROWS, QUICK_ROWS, ROUNDS, FEATURES = 20_000, 2_000, 5, 10
OF_TWO = (
    *(
        "roc_auc",
        "average_precision",
        "d2_log_loss_score",
        "d2_brier_score",
        "neg_log_loss",
        "neg_brier_score",
    ),
    *("f1", "balanced_accuracy", "matthews_corrcoef"),
)
OF_THREE = (
    *("roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "average_precision", "d2_log_loss_score"),
    *("neg_log_loss", "f1_macro", "balanced_accuracy", "top_k_accuracy"),
)
OF_NUMBERS = ("r2", "explained_variance", "d2_absolute_error_score", "neg_median_absolute_error")


def main() -> None:
    """Measure in turns, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scorers", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", help="scorers whose name starts so")
    options = parser.parse_args()
    n_rows, rounds = (QUICK_ROWS, 1) if options.quick else (ROWS, ROUNDS)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(n_rows, FEATURES)), columns=[f"x{j}" for j in range(FEATURES)])
    amount = frame.to_numpy() @ np.linspace(1, 0.1, FEATURES) + rng.logistic(size=n_rows)
    kinds: list[tuple[str, tuple[str, ...], Any, Any]] = [
        ("2 classes", OF_TWO, LogisticRegression(), (amount > 0).astype(int)),
        ("3 classes", OF_THREE, LogisticRegression(), np.digitize(amount, [-1, 1])),
        ("numbers", OF_NUMBERS, LinearRegression(), amount),
    ]
    print("| scorer | of | scikit-learn, s | weigh with intervals, s | ratio |\n|---|---|--:|--:|--:|")
    with threadpool_limits(1):
        for kind, scorers, model, y in kinds:
            model.fit(frame, y)
            for name in scorers:
                if name.startswith(tuple(options.only or [""])):
                    theirs, ours = _seconds(model, frame, y, name, rounds)
                    print(
                        f"| {name} | {kind} | {theirs:.2f} | {ours:.2f} | {ours / theirs:.2f} |", flush=True
                    )


def _seconds(model: Any, frame: pd.DataFrame, y: Any, scorer: str, rounds: int) -> tuple[float, float]:
    """Median time of either."""
    theirs, ours = [], []
    for seed in range(rounds):
        for seconds, measure in ((theirs, _theirs), (ours, _ours)):
            start = time.perf_counter()
            measure(model, frame, y, scorer, seed)
            seconds.append(time.perf_counter() - start)
    return median(theirs), median(ours)


def _theirs(model: Any, frame: pd.DataFrame, y: Any, scorer: str, seed: int) -> None:
    permutation_importance(model, frame, y, scoring=scorer, n_repeats=5, random_state=seed)


def _ours(model: Any, frame: pd.DataFrame, y: Any, scorer: str, seed: int) -> None:
    weighin.weigh(model, frame, y, metric=scorer, n_repeats=5, random_state=seed, progress=False)


if __name__ == "__main__":
    main()
