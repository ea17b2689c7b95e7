"""What a swap would change on average were the weighed model right: the measure of what a p-value allows for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._metrics.base import Metric, as_numpy
from weighin._metrics.losses import absolute_error, squared_error


def allowance(metric: Metric, target: Any, unmoved: Any, after: Any) -> NDArray[np.floating] | None:
    """Change of the loss after swaps of a target that the model itself would draw.

    A number is the prediction plus or minus the error of another row: for squared errors their mean is the square of
    what the prediction moves by. Of classes, each counts as much as it is probable: for the log loss that is the
    divergence of the probabilities.

    `metric`: with a value per row. `target`, `unmoved`, shape (n_rows, n_targets), (n_rows, n_outputs): the target, and
    predictions before any swap. `after`, shape (n_features, n_repeats, n_rows, n_outputs): predictions after swaps.
    Returns shape (n_features, n_repeats, n_rows), or None for a metric of which nobody knows.
    """
    if metric.per_row is None or metric.against != "target":
        return None
    if metric.soft is not None:
        shares = metric.soft(unmoved)
        if target.shape[-1] != 1:
            return None
        drawn = [(share, 0 * target + label) for label, share in enumerate(shares.T)]
    elif metric.per_row in (absolute_error, squared_error):
        # rows come in random order
        error = (target - unmoved)[np.roll(np.arange(len(target)), 1)]
        drawn = [(0.5, unmoved + error), (0.5, unmoved - error)]
    else:
        return None
    changes = (share * as_numpy(_change(metric.per_row, y, unmoved, after)) for share, y in drawn)
    return np.asarray(sum(changes))


def expected_change(metric: Metric, target: Any, unmoved: Any, after: Any) -> NDArray[np.floating] | None:
    """The same for a metric of all rows, with values per row where classes are drawn as probable as they are.

    `after`, shape (n_repeats, n_rows, n_outputs). Returns shape (n_repeats, n_rows).
    """
    if metric.expected is None or metric.soft is None:
        return None
    shares = metric.soft(unmoved)
    (before,) = metric.expected(shares, unmoved[None])
    return np.stack([values - before for values in metric.expected(shares, after)])


def _change(per_row: Any, target: Any, unmoved: Any, after: Any) -> Any:
    """What swaps change of the loss."""
    return per_row(target, after) - per_row(target, unmoved)
