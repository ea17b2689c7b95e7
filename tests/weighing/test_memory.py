"""What metrics of all rows hold at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from lines import line, table

import weighin

FRAME, Y = table(100_000)
ROWS, LABELS = FRAME.to_numpy(dtype=np.float32), (Y > 0).astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["roc_auc", "neg_median_absolute_error"])
def test_a_million_rows_and_ten_shuffles_fit_into_what_is_promised(metric):
    """Predictions, changes and a flag of every row and shuffle are held, all else for one shuffle at a time."""

    def peak(n_rows):
        tracemalloc.start()
        try:
            y = LABELS if metric == "roc_auc" else Y
            options = {"metric": metric, "n_repeats": 10, "random_state": 0, "progress": False}
            weighin.weigh(
                lambda x: np.clip(line(x) / 20 + 0.5, 0, 1),
                ROWS[:n_rows],
                y[:n_rows],
                features=["x0"],
                **options,
            )
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = 50_000, 100_000
    peak(few)  # libraries are loaded once
    of_a_row = (peak(many) - peak(few)) / (many - few)
    assert of_a_row < 256
