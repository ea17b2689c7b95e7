"""On every row: predictions in the engine's pieces are those of the whole table, called as scikit-learn calls it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import joined, out_of_memory
from weighin._engine.kernels import View
from weighin._engine.probe import difference, predicted, rounding_of
from weighin._models import Rows
from weighin._samplers import Orders, Sampler, SpreadSampler
from weighin._tables.features import Feature

Donors = NDArray[np.int64]


class RowsDepend(Exception):
    """A row is predicted otherwise in a piece of the table, or a piece cannot be predicted at all.

    `difference`: largest one.
    `error`: what the model said of a piece.
    """

    def __init__(self, difference: float, error: Exception | None = None) -> None:
        super().__init__(difference, error)
        self.difference, self.error = difference, error


@dataclass(frozen=True, eq=False)
class Proof:
    """Predictions of all rows in one call, which those in the engine's pieces have to equal.

    Two calls say what scikit-learn would get: of the rows as they are, and of the rows after a swap, of another
    feature in each row, by the donors of the first shuffle. So every feature is swapped in some rows, and every row,
    as it is and swapped, is compared.

    `baseline`, shape (n_rows, n_outputs): of the rows as they are.
    `swapped`, shape (n_rows, n_outputs): of the swapped ones; None where only some rows are swapped, so that there is
        no table to call the model on.
    `features`: the feature swapped in row `i` is number `i` modulo their number.
    `allowed`, shape (n_outputs,): what is rounding.
    """

    baseline: Any
    swapped: Any
    features: tuple[Feature, ...]
    allowed: Any

    @classmethod
    def of(
        cls, view: View, features: Sequence[Feature], donors: Donors | None, most: int, baseline: Any
    ) -> Proof:
        """Call the model on swapped rows, all of them, or as many as `most` where so many take too much memory.

        `features`: what will be swapped. `donors`, shape (n_receivers,): row that gives its values to each of the first
        rows, or that of each feature; None where it is only some rows that receive any. `most`: rows of one call.
        `baseline`, shape (n_receivers, n_outputs): predictions of the rows as they are; see `predict_together`.
        """
        swapped = None
        if donors is not None and features:
            swapped = predict_together(view, _swapped(view.rows, features, donors), most)
        return cls(baseline, swapped, tuple(features), rounding_of(baseline))

    def check(self, numbers: Any, features: Sequence[Feature], baseline: Any, out: Any) -> None:
        """Compare what a kernel predicted.

        `numbers`: rows of the table that were predicted. `features`: what was swapped. `baseline`, `out`: as kernels
        fill them in. Raises RowsDepend if a row was predicted otherwise.
        """
        self.compare(baseline, self.baseline[numbers])
        if self.swapped is None:
            return
        numbers = np.arange(len(self.baseline))[numbers]
        for feature, after in zip(features, out, strict=True):
            here = np.flatnonzero(numbers % len(self.features) == self.features.index(feature))
            if len(here):
                self.compare(after[0][here], self.swapped[numbers[here]])

    def check_steps(self, numbers: Any, baseline: Any, out: Any) -> None:
        """Compare what a kernel predicted step by step; see `first_steps`."""
        self.compare(baseline, self.baseline[numbers])
        if self.swapped is not None:
            self.compare(out[numbers % len(out), 0, np.arange(len(numbers))], self.swapped[numbers])

    def check_points(self, start: int, feature: Feature, givers: Donors, baseline: Any, after: Any) -> None:
        """Compare predictions of some rows that were given the values of one giver after the other; see `donors_of`."""
        stop = start + len(baseline)
        self.compare(baseline, self.baseline[start:stop])
        number, n_features = self.features.index(feature), len(self.features)
        here = np.arange(start + (number - start) % n_features, stop, n_features)
        if len(here):
            self.compare(after[here // n_features % len(givers), here - start], self.swapped[here])

    def compare(self, pred: Any, together: Any) -> None:
        """Raise where predictions differ from those of all rows together."""
        beyond = difference(pred, together, self.allowed)
        if beyond:
            raise RowsDepend(beyond)


def predict_together(view: View, rows: Rows, most: int) -> Any:
    """Predict rows in one call, or `most` at once; fewer where memory runs out."""
    while True:
        try:
            starts = range(0, rows.n_rows, most)
            return joined([_predicted(view, rows, start, most) for start in starts], 0)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error) or most == 1:
                raise
        most = -(-min(most, rows.n_rows) // 2)


def _predicted(view: View, rows: Rows, start: int, most: int) -> Any:
    return predicted(view.predict, rows.take(slice(start, start + most)))


def first_donors(sampler: Sampler, features: Sequence[Feature]) -> Donors | None:
    """Row that gives its values to each row in the first shuffle, of the feature that is swapped in this row.

    None where some receive none, or values are made.
    """
    if sampler.n_receivers < sampler.n_rows or sampler.copies > 1:
        return None
    donors = np.empty(sampler.n_rows, dtype=np.int64)
    for block in sampler.blocks():
        if block.rows is None:
            return np.asarray(block.donors[0], dtype=np.int64)
        donors[block.rows] = block.rows[block.donors[0]]
        if isinstance(sampler, SpreadSampler):
            for number, feature in enumerate(features):
                if feature.name in sampler.values:
                    here = np.flatnonzero(block.rows % len(features) == number)
                    tables = sampler.tables(feature.name, block.rows)
                    donors[block.rows[here]] = block.rows[tables.givers[tables.places[here]]]
    return donors


def first_steps(sampler: Sampler, orders: Orders) -> Donors | None:
    """Row that gives each feature's values to each row in the first repeat, some rows after more steps than others."""
    if sampler.n_receivers < sampler.n_rows:
        return None
    givers = np.empty((orders.n_units, sampler.n_rows), dtype=np.int64)
    for block in sampler.blocks():
        assert block.rows is not None
        swapped = orders.places(block.rows, 1)[:, 0] <= block.rows % orders.n_units
        givers[:, block.rows] = np.where(swapped, block.rows[block.donors[0]], block.rows)
    return givers


def donors_of(givers: Sequence[Donors], n_rows: int) -> Donors:
    """Row that gives its values to each: the feature swapped in a row has givers, which take turns."""
    places, n_features = np.arange(n_rows), len(givers)
    donors = np.empty(n_rows, dtype=np.int64)
    for number, positions in enumerate(givers):
        here = places[number::n_features]
        donors[here] = positions[here // n_features % len(positions)]
    return donors


def _swapped(rows: Rows, features: Sequence[Feature], donors: Donors) -> Rows:
    """Rows with one feature swapped in each, or each feature given by its own row."""
    n_rows = donors.shape[-1]
    swapped, places = rows.take(slice(0, n_rows)), np.arange(n_rows)
    if donors.ndim == 2:
        for feature, givers in zip(features, donors, strict=True):
            swapped.replace(feature.columns, rows, rows.index(givers))
        return swapped
    of_row = places % len(features)
    owners: dict[int, list[int]] = {}
    for number, feature in enumerate(features):
        for column in feature.columns:
            owners.setdefault(column, []).append(number)
    for column, numbers in owners.items():
        givers = np.where(np.isin(of_row, numbers), donors, places)
        swapped.replace((column,), rows, rows.index(givers))
    return swapped
