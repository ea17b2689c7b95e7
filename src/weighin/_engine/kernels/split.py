"""Networks that are a sum of parts under a head: features mapped to the columns of the view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weighin._engine.kernels.kernel import Chain, Swaps, View
from weighin._engine.workers import Workers
from weighin._tables.features import Feature

if TYPE_CHECKING:
    from weighin._engine.kernels.split_sums import Planned, Source

# numbers
COUNTED = 2**24
# rows of one product after running out of memory once, and at last
FIRST_SHRINK, LEAST_CHUNK = 16_384, 16


class SplitKernel:
    """Swap parts of a cached sum instead of columns of a table; arguments as for every kernel."""

    def __init__(
        self,
        view: View,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None:
        # these need torch, which only models of torch bring
        from weighin._engine.kernels.levels import Unit

        assert view.split is not None
        split, rows = view.split, view.rows
        self.split, self.chunk_rows, self.workers = split, chunk_rows, workers
        units = [Unit(*split.unit(feature.columns)) for feature in features]
        # levels are counted on all rows at once: on none where that would take too much memory
        too_many = split.copies and rows.n_rows * len(split.view.weights) > COUNTED
        counted = rows.take(slice(0, 0)) if too_many else rows
        moved = [feature.name in view.moved for feature in features]
        planned = self._plan(split.view, units, *split.tensors(counted), n_repeats, moved)
        self.planned = dict(zip(features, planned, strict=True))
        self._rows: Any = None
        self._source: Source | None = None

    def _plan(self, *args: Any) -> tuple[Planned, ...]:
        """Choose how each unit is predicted."""
        from weighin._engine.kernels.split_sums import plan_units

        return plan_units(*args)

    @classmethod
    def applies(cls, view: View) -> bool:
        """Whether the network was proven to be such a sum."""
        return view.split is not None

    def names(self, features: Sequence[Feature]) -> list[str]:
        """Name how each feature is predicted: ignored, levels or sum."""
        return [self.planned[feature].kernel for feature in features]

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        from weighin._engine.kernels.split_sums import predict_swapped

        predict_swapped(
            self._source_of(swaps.rows),
            [self.planned[feature] for feature in swaps.features],
            swaps.each_on(baseline.device),
            baseline,
            out,
            start=swaps.start,
            chunk_rows=self.chunk_rows,
            workers=self.workers,
        )

    def predict_chain(self, chain: Chain, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each step."""
        import torch

        from weighin._engine.kernels.split_chain import ChainUnits, predict_chain

        device = baseline.device
        predict_chain(
            self._source_of(chain.rows),
            ChainUnits.of([self.planned[feature] for feature in chain.features]),
            chain.given.on(device),
            torch.from_numpy(chain.places).to(device),
            baseline,
            out,
            start=chain.start,
            chunk_rows=self.chunk_rows,
            workers=self.workers,
        )

    def _source_of(self, rows: Any) -> Source:
        """Columns side by side, once for rows that come again."""
        from weighin._engine.kernels.split_sums import Source

        if self._source is None or rows is not self._rows:
            self._rows, self._source = rows, Source(self.split.view, *self.split.tensors(rows))
        return self._source

    def shrink(self) -> bool:
        """Halve the rows of one matrix product; False below what any machine holds."""
        self.chunk_rows = (self.chunk_rows or 2 * FIRST_SHRINK) // 2
        return self.chunk_rows >= LEAST_CHUNK
