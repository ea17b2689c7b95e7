"""Networks that are a sum of parts under a head, on a device: few large calls, and little that is waited for."""

from __future__ import annotations

from typing import Any

from weighin._engine.arrays import out_of_memory
from weighin._engine.kernels.kernel import Swaps, View
from weighin._engine.kernels.split import LEAST_CHUNK, SplitKernel


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
        from weighin._engine.kernels.device_sums import Stacks, free_memory

        source, device = self._source_of(swaps.rows), baseline.device
        stacks = Stacks(source, [self.planned[feature] for feature in swaps.features])
        donors, start = swaps.each_on(device), 0
        while start < len(baseline):
            room = self._room(source.view)
            here = slice(start, min(start + max(1, room // max(1, donors.shape[-2])), len(baseline)))
            rows = slice(swaps.start + here.start, swaps.start + here.stop)
            try:
                stacks.predict(rows, donors[..., here], baseline[here], out[:, :, here], room)
            except Exception as error:
                if not out_of_memory(error) or not self.shrink():
                    raise
                # what the error holds is free only after this block
            else:
                start = here.stop
                continue
            free_memory(device)

    def _room(self, view: Any) -> int:
        """Sums in one call of the head."""
        from weighin._engine.kernels.device_sums import room_for

        self.chunk_rows = self.chunk_rows or room_for(view)
        return self.chunk_rows

    def shrink(self) -> bool:
        """Halve the sums of one call; False below what any device holds."""
        self.chunk_rows = (self.chunk_rows or 2 * LEAST_CHUNK) // 2
        return self.chunk_rows >= LEAST_CHUNK
