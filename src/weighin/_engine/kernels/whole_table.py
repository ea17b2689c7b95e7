"""Models that have to see the whole table: called as scikit-learn calls them, once for each swap of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._engine.kernels.kernel import WHY_NO_CHAIN, Chain, Swaps, View
from weighin._engine.probe import check_width, predicted
from weighin._engine.workers import Workers
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
        self.name = view.model.name

    @classmethod
    def applies(cls, view: View) -> bool:
        """Where rows have a say in each other's predictions."""
        return view.at_once

    def names(self, features: Sequence[Feature]) -> list[str]:
        """Name how each feature is predicted: all of them alike."""
        return ["whole table"] * len(features)

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions as the rows are, and after each swap."""
        table, cache = self.rows, swaps.cache
        numbers = np.arange(table.n_rows) if swaps.numbers is None else swaps.numbers
        receivers = numbers[swaps.start : swaps.start + swaps.n_receivers]

        def task(place: tuple[Feature, NDArray[np.int64]] | None) -> Any:
            rows = table.take(slice(None))
            if place is not None:
                feature, donors = place
                givers, source = np.arange(table.n_rows), table
                if len(receivers) == table.n_rows:
                    # these may have values that no row of the table has
                    givers[receivers], source = donors, swaps.rows
                else:
                    givers[receivers] = numbers[donors]
                rows.replace(feature.columns, source, table.index(givers))
            pred = predicted(self.predict_rows, rows)
            check_width(pred, baseline, self.name)
            return pred[receivers]

        if "rows" not in cache:
            cache["rows"] = task(None)
        baseline[...] = cache["rows"]
        for number, (feature, filled) in enumerate(zip(swaps.features, out, strict=True)):
            places = [(feature, donors) for donors in swaps.of(number)]
            for repeat, pred in enumerate(self.workers.each(task, places)):
                filled[repeat] = pred

    def predict_chain(self, chain: Chain, baseline: Any, out: Any) -> None:
        """Refuse: at a step other rows have other features swapped, and a row's prediction would change with these."""
        raise ModelError(WHY_NO_CHAIN)

    def shrink(self) -> bool:
        """Nothing can be made smaller."""
        return False
