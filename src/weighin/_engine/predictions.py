"""Predictions of rows that all get one value after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._engine.arrays import empty, joined, on_host, out_of_memory
from weighin._engine.kernels import Kernel, Swaps, View
from weighin._engine.run import Advance
from weighin._samplers import Positions
from weighin._tables.features import Feature

T = TypeVar("T")
# what is swapped, and the positions of the rows that give their values to all others
Given = tuple[Feature, Positions]
Use = Callable[[NDArray[Any], NDArray[Any]], T]


def predict_given(
    view: View,
    kernel: Kernel,
    given: Sequence[Given],
    use: Use[T],
    n_receivers: int,
    memory: int,
    advance: Advance,
) -> list[T]:
    """Predict all receivers with the values of one giver after the other; arguments as for `Session.predict_given`."""
    like, to_user_scale, results = view.probe.pred, view.model.to_user_scale, []
    cache: dict[tuple[int, int], dict[Any, Any]] = {}
    for feature, givers in given:
        step = max(1, memory // 4 // (len(givers) * (like[:1].nbytes + 16)))
        parts = []
        for start in range(0, n_receivers, step):
            n = min(step, n_receivers - start)
            donors = np.repeat(givers[:, None], n, axis=1)
            swaps = Swaps(view.rows, start, [feature], donors, cache.setdefault((start, n), {}))
            parts.append(_predict(kernel, swaps, like))
            advance(n * len(givers))
        before = on_host(to_user_scale(joined([part[0] for part in parts], 0)))
        after = on_host(to_user_scale(joined([part[1] for part in parts], 1)))
        for pred, when in (
            (before, "on the rows as they are"),
            (after, f"after swapping {feature.name!r}"),
        ):
            if not np.isfinite(pred).all():
                raise ModelError(f"Predictions are not finite {when}.")
        results.append(use(before, after))
    return results


def _predict(kernel: Kernel, swaps: Swaps, like: Any) -> tuple[Any, Any]:
    width = like.shape[-1]
    before = empty(like, swaps.n_receivers, width)
    after = empty(like, 1, *swaps.donors.shape, width)
    while True:
        try:
            kernel.predict(swaps, before, after)
            return before, after[0]
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or not kernel.shrink():
                raise
