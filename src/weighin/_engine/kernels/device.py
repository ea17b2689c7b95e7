"""Networks that are a sum of parts under a head, on a device: few large calls, and little that is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weighin._engine.arrays import out_of_memory
from weighin._engine.kernels.kernel import Swaps, View
from weighin._engine.kernels.split import LEAST_CHUNK, SplitKernel

# of one call, at least
CALL_ROWS = 131_072


def go_on(
    n_rows: int,
    rows_at_once: Callable[[], int],
    work: Callable[[slice], None],
    shrink: Callable[[], bool],
    device: Any,
) -> None:
    """Work off some rows, chunk by chunk; where memory runs out, go on with chunks of half the size.

    `rows_at_once`: of a chunk, as long as `shrink` does not change it; `shrink` gives False when there is nothing left
    to halve.
    """
    start = 0
    while start < n_rows:
        here = slice(start, min(start + max(1, rows_at_once()), n_rows))
        try:
            work(here)
        except Exception as error:
            if not out_of_memory(error) or not shrink():
                raise
        else:
            start = here.stop
            continue
        # only now is free what the error held
        _free_memory(device)


def _free_memory(device: Any) -> None:
    """Give back what torch keeps of a device for later."""
    import torch

    empty = getattr(getattr(torch, device.type, None), "empty_cache", None)
    if empty is not None:
        empty()


class DeviceKernel(SplitKernel):
    """Swap parts of a cached sum, many features and repeats in one call; arguments as for every kernel."""

    @classmethod
    def applies(cls, view: View) -> bool:
        """Where the network was proven to be such a sum, and does not lie on the CPU."""
        return view.split is not None and view.on_device

    def _plan(self, *args: Any) -> Any:
        from weighin._engine.kernels.device_sums import plan_on_device

        return plan_on_device(*args)

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap; where memory runs out, go on with fewer rows."""
        from weighin._engine.kernels.device_sums import Stacks

        source, device = self._source_of(swaps.rows), baseline.device
        stacks = Stacks(source, [self.planned[feature] for feature in swaps.features])
        donors = swaps.each_on(device)

        def rows_at_once() -> int:
            return self._room(source.view) // max(1, donors.shape[-2])

        def work(here: slice) -> None:
            rows = slice(swaps.start + here.start, swaps.start + here.stop)
            stacks.predict(rows, donors[..., here], baseline[here], out[:, :, here], self._room(source.view))

        go_on(len(baseline), rows_at_once, work, self.shrink, device)

    def _room(self, view: Any) -> int:
        """Sums in one call of the head."""
        from weighin._engine.kernels.split_sums import DEVICE_CHUNK_BYTES

        self.chunk_rows = self.chunk_rows or max(CALL_ROWS, DEVICE_CHUNK_BYTES // view.bias.nbytes)
        return self.chunk_rows

    def shrink(self) -> bool:
        """Halve the sums of one call; False below what any device holds."""
        self.chunk_rows = (self.chunk_rows or 2 * LEAST_CHUNK) // 2
        return self.chunk_rows >= LEAST_CHUNK
