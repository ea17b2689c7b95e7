"""Predictions of rows that all get one value after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._engine.arrays import joined, on_host
from weighin._engine.kernels import Kernel, Swaps, View
from weighin._engine.proof import Proof
from weighin._engine.run import Advance, predict_swaps
from weighin._samplers import Donors, Positions
from weighin._tables.features import Feature

T = TypeVar("T")
# what is swapped, and the positions of the rows that give their values to all others
Given = tuple[Feature, Positions]
Use = Callable[[NDArray[Any], NDArray[Any]], T]


@dataclass(frozen=True, eq=False)
class GivenRun:
    """What is shared by all that is predicted; as for `Run`."""

    view: View
    kernel: Kernel
    n_receivers: int
    memory: int
    proof: Proof | None
    scale: Callable[[Any], Any] | None = None

    def predict(self, given: Sequence[Given], use: Use[T], advance: Advance) -> list[T]:
        """Predict all receivers with the values of one giver after the other; see `Session.predict_given`."""
        like, results = self.view.probe.pred, []
        scale = self.scale or self.view.model.to_user_scale
        cache: dict[tuple[int, int], dict[Any, Any]] = {}
        for feature, givers in given:
            step = max(1, self.memory // 4 // (len(givers) * (like[:1].nbytes + 16)))
            parts = []
            for start in range(0, self.n_receivers, step):
                n = min(step, self.n_receivers - start)
                donors = Donors(np.repeat(givers[:, None], n, axis=1))
                swaps = Swaps(self.view.rows, start, [feature], donors, cache.setdefault((start, n), {}))
                before, (after,) = predict_swaps(self.kernel, swaps, like, self.proof)
                if self.proof is not None:
                    self.proof.check_points(start, feature, givers, before, after)
                parts.append((before, after))
                advance(n * len(givers))
            before = on_host(scale(joined([part[0] for part in parts], 0)))
            after = on_host(scale(joined([part[1] for part in parts], 1)))
            for pred, when in (
                (before, "on the rows before any swap"),
                (after, f"after swapping {feature.name!r}"),
            ):
                if not np.isfinite(pred).all():
                    raise ModelError(f"Predictions are not finite {when}.")
            results.append(use(before, after))
        return results
