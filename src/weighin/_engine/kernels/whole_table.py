"""Models that have to see the whole table: called as scikit-learn calls them, once for each swap of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from weighin._engine.kernels.kernel import Chain, Swaps, View
from weighin._engine.probe import check_width, predicted
from weighin._engine.workers import Workers
from weighin._samplers import Positions
from weighin._tables.features import Feature


class WholeTableKernel:
    """Predict the whole table, in the order it has, after each swap; arguments as for every kernel.

    Rows that do not receive keep their own values. So all that receive have to come in one batch.
    """

    def __init__(
        self,
        view: View,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None:
        self.predict_rows, self.rows, self.workers = view.predict, view.rows, workers
        self.name, self.like = view.model.name, view.probe.pred

    @classmethod
    def applies(cls, view: View) -> bool:
        """Where rows have a say in each other's predictions."""
        return view.at_once

    def names(self, features: Sequence[Feature]) -> list[str]:
        """Name how each feature is predicted: all of them alike."""
        return ["whole table"] * len(features)

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        if "rows" not in swaps.cache:
            swaps.cache["rows"] = self._predict(swaps, [])
        baseline[...] = swaps.cache["rows"]
        for feature, filled in zip(swaps.features, out, strict=True):
            moves = [[(feature, donors)] for donors in swaps.donors]
            for repeat, pred in enumerate(self.workers.each(partial(self._predict, swaps), moves)):
                filled[repeat] = pred

    def predict_chain(self, chain: Chain, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each step."""
        own = np.arange(chain.start, chain.start + chain.n_receivers)
        baseline[...] = self._predict(chain, [])
        for step, filled in enumerate(out):
            moves = [
                [
                    (feature, np.where(place[repeat] <= step, donors, own))
                    for feature, place in zip(chain.features, chain.places, strict=True)
                ]
                for repeat, donors in enumerate(chain.donors)
            ]
            for repeat, pred in enumerate(self.workers.each(partial(self._predict, chain), moves)):
                filled[repeat] = pred

    def _predict(self, swaps: Swaps, moves: Sequence[tuple[Feature, Positions]]) -> Any:
        """Predict the receivers after features were given the values of rows of the batch."""
        table = self.rows
        numbers = np.arange(table.n_rows) if swaps.numbers is None else swaps.numbers
        receivers = numbers[swaps.start : swaps.start + swaps.n_receivers]
        rows, givers, source = table.take(slice(None)), np.arange(table.n_rows), table
        for feature, donors in moves:
            if len(receivers) == table.n_rows:
                # these may have values that no row of the table has
                givers[receivers], source = donors, swaps.rows
            else:
                givers[receivers] = numbers[donors]
            rows.replace(feature.columns, source, table.index(givers))
        pred = predicted(self.predict_rows, rows)
        check_width(pred, self.like, self.name)
        return pred[receivers]

    def shrink(self) -> bool:
        """Nothing can be made smaller."""
        return False
