"""What a swap would change on average were the weighed model right: the measure of what a p-value allows for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._metrics.base import Metric, as_numpy
from weighin._metrics.kinds import canonical

# of numbers, whose errors another row's residual stands for
OF_RESIDUALS = ("mae", "mse", "rmse", "r2")


def allowance(metric: Metric, target: Any, unmoved: Any, after: Any) -> NDArray[np.floating] | None:
    """Change of the loss after swaps of a target that the model itself would draw.

    That target is the prediction plus or minus the error of another row: for squared errors their mean is the square of
    what the prediction moves by.

    `metric`: with a value per row. `target`, `unmoved`, shape (n_rows, n_targets): the target, and predictions before
    any swap. `after`, shape (n_features, n_repeats, n_rows, n_targets): predictions after swaps. Returns shape
    (n_features, n_repeats, n_rows).
    """
    if metric.per_row is None or metric.against != "target" or canonical(metric.name) not in OF_RESIDUALS:
        return None
    error = target - unmoved
    # rows come in random order
    error = error[np.roll(np.arange(len(error)), 1)]
    total = sum(
        as_numpy(metric.per_row(drawn, after) - metric.per_row(drawn, unmoved))
        for drawn in (unmoved + error, unmoved - error)
    )
    return np.asarray(total / 2)
