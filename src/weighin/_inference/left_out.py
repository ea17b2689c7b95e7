"""Estimates with parts of the rows left out: what intervals of any other metric are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._inference.influence import delete_one_block
from weighin._inference.intervals import Inference
from weighin._inference.links import IDENTITY, Function
from weighin._inference.moments import Floats, Moments


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What swaps change, once from all rows and once without each share of the donor-closed blocks.

    `estimate`, ndarray of shape (n_units,): From all rows.
    `without`, ndarray of shape (n_units, n_shares): From all rows but those of one share.
    `sizes`, ndarray of shape (n_shares,): Rows of each share.
    `changed`, ndarray of shape (n_units,): Rows whose prediction a swap changes, on average.
    """

    estimate: Floats
    without: Floats
    sizes: Floats
    changed: Floats

    @property
    def n_units(self) -> int:
        """Features and groups."""
        return len(self.estimate)

    @property
    def moments(self) -> tuple[Moments, ...]:
        """None."""
        return ()

    @property
    def of_means(self) -> bool:
        """Whether `infer` follows any function of means: estimates are the metric's already."""
        return False

    def infer(self, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
        """Estimate the importance of each unit; they are the metric's already, whatever `function`."""
        return delete_one_block(sign * self.estimate, sign * self.without, self.sizes, self.changed)

    def contrast(
        self, weights: Mapping[int, float], function: Function = IDENTITY.change, *, sign: float = 1.0
    ) -> Inference:
        """Estimate a linear contrast of units."""
        estimate = sign * np.asarray(sum(w * self.estimate[[unit]] for unit, w in weights.items()))
        without = sign * np.asarray(sum(w * self.without[[unit]] for unit, w in weights.items()))
        changed = self.changed[list(weights)].min(keepdims=True)
        return delete_one_block(estimate, without, self.sizes, changed)

    def units(self, units: Sequence[int]) -> LeftOut:
        """The same for some of the units, in the order given."""
        index: NDArray[np.int64] = np.asarray(units, dtype=np.int64)
        return LeftOut(self.estimate[index], self.without[index], self.sizes, self.changed[index])

    def joined(self, others: Sequence[Any]) -> LeftOut | None:
        """All units as one; None where other shares of the rows were left out."""
        parts = [self, *others]
        if not all(self._same_shares(part) for part in others):
            return None
        estimate, without, changed = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("estimate", "without", "changed")
        )
        return LeftOut(estimate, without, self.sizes, changed)

    def change_to(self, other: Any, *, sign: float = 1.0) -> Inference | None:
        """Estimate other minus this, unit by unit; None where other shares of the rows were left out."""
        if not self._same_shares(other):
            return None
        return delete_one_block(
            sign * (other.estimate - self.estimate),
            sign * (other.without - self.without),
            self.sizes,
            np.minimum(self.changed, other.changed),
        )

    def _same_shares(self, other: Any) -> bool:
        return isinstance(other, LeftOut) and np.array_equal(self.sizes, other.sizes)

    def to_dict(self, number: Callable[[float], Any]) -> dict[str, Any]:
        """Plain values; `number` makes one of a float, for those JSON has not."""
        return {
            "estimate": [number(value) for value in self.estimate.tolist()],
            "without": [[number(value) for value in row] for row in self.without.tolist()],
            "sizes": self.sizes.tolist(),
            "changed": self.changed.tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], number: Callable[[Any], float]) -> LeftOut:
        """Read what `to_dict` gave.

        Raises InputError: if lengths differ.
        """
        without = np.array([[number(value) for value in row] for row in values["without"]], dtype=float)
        estimate = np.array([number(value) for value in values["estimate"]], dtype=float)
        sizes, changed = (np.array(values[name], dtype=float) for name in ("sizes", "changed"))
        if without.shape != (len(estimate), len(sizes)) or len(changed) != len(estimate):
            raise InputError("evidence of other lengths")
        return cls(estimate, without, sizes, changed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeftOut) and all(
            np.array_equal(getattr(self, entry.name), getattr(other, entry.name), equal_nan=True)
            for entry in fields(self)
        )
