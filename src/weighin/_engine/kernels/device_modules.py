"""Any torch module on a device: rows stacked with themselves, a swap in each copy, few large calls."""

from __future__ import annotations

from typing import Any

from weighin._engine.arrays import where
from weighin._engine.kernels.device import CALL_ROWS, go_on
from weighin._engine.kernels.generic import GenericKernel
from weighin._engine.kernels.kernel import Swaps, View
from weighin._tables.arrays import ArrayRows

# swaps share the call that predicts rows as they are with so many calls, at least
CALLS = 8


class DeviceModuleKernel(GenericKernel):
    """Predict swaps of several features and repeats in one call; arguments as for every kernel.

    Rows as they are are predicted in a call of the same shape, at the same places: equal inputs, equal bits.
    """

    asked: int | None = None

    @classmethod
    def applies(cls, view: View) -> bool:
        """Where a module of tensors does not lie on the CPU."""
        return view.on_device and isinstance(view.rows, ArrayRows)

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap; where memory runs out, go on with fewer rows."""
        n_pairs = len(swaps.features) * swaps.each.shape[-2] if len(swaps.features) else 0
        donors = swaps.each_on(baseline.device)

        def copies(n_rows: int) -> int:
            return max(1, min(self._room // max(1, n_rows), -(-n_pairs // CALLS)))

        def work(here: slice) -> None:
            n = here.stop - here.start
            self._predict_rows(swaps, donors, here, copies(n), baseline, out)

        go_on(len(baseline), lambda: self._room, work, self.shrink, baseline.device)

    @property
    def _room(self) -> int:
        """Rows of one call."""
        if not self.asked:
            self.asked = max(self.chunk_rows, CALL_ROWS)
        return self.asked

    def _predict_rows(
        self, swaps: Swaps, donors: Any, here: slice, copies: int, baseline: Any, out: Any
    ) -> None:
        """Predict some receivers, so many swaps of them in one call."""
        rows, n = swaps.rows, here.stop - here.start
        own = slice(swaps.start + here.start, swaps.start + here.stop)

        def stacked() -> ArrayRows:
            return ArrayRows(tuple(part[own].repeat(copies, 1) for part in rows.parts), rows.keys)

        before = self._checked(stacked()).view(copies, n, -1)
        baseline[here] = before[0]
        pairs = [(f, r) for f in range(len(swaps.features)) for r in range(donors.shape[-2])]
        for first in range(0, len(pairs), copies):
            # what a module writes into, it is not given again
            stack, some = stacked(), pairs[first : first + copies]
            for copy, (f, r) in enumerate(some):
                given = (donors if donors.ndim == 2 else donors[f])[r, here]
                for column in swaps.features[f].columns:
                    part, position = rows.locate(column)
                    stack.parts[part][copy * n : (copy + 1) * n, position] = rows.parts[part][given, position]
            after = self._checked(stack).view(copies, n, -1)
            same = (after == before) | (abs(after - before) <= self.found.rounding)
            preds = where(same, before[:1], after)
            for copy, (f, r) in enumerate(some):
                out[f, r, here] = preds[copy]

    def shrink(self) -> bool:
        """Halve the rows of one call; False at one."""
        self.chunk_rows = self.asked = self._room // 2
        return self.chunk_rows > 0
