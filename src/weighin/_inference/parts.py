"""Moments of parts that add up, and of their total: what shares and their intervals are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin._inference.estimates import infer, share
from weighin._inference.intervals import Inference, chosen
from weighin._inference.links import IDENTITY, Function
from weighin._inference.strata import Strata


@dataclass(frozen=True)
class Parts(Strata):
    """Joint moments of parts and, as the last unit, of the total of these and others.

    `moments`: tuple of Moments, one for each stratum.
    """

    @property
    def n_units(self) -> int:
        """Features and groups, without the total."""
        return self.moments[0].n_units - 1

    def infer(self, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
        """Estimate each part."""
        return chosen(infer(self.moments, function, sign=sign), range(self.n_units))

    def total(self, *, sign: float = 1.0) -> Inference:
        """Estimate the total: arrays of shape (1,)."""
        return chosen(infer(self.moments, sign=sign), [self.n_units])

    def shares(self) -> Inference:
        """Estimate each part over the total, which errs as well; NaN where the total is 0."""
        return chosen(share(self.moments, self.n_units), range(self.n_units))

    def units(self, units: Sequence[int]) -> Parts:
        """The same for some of the parts, in the order given."""
        return Parts(tuple(part.of_units([*units, self.n_units]) for part in self.moments))

    def to_dict(self, number: Callable[[float], Any]) -> dict[str, Any]:
        """Plain values."""
        return {"parts": super().to_dict(number)["strata"]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], number: Callable[[Any], float]) -> Parts:
        """Read what `to_dict` gave.

        Raises InputError: if there are none.
        """
        return cls(Strata.from_dict({"strata": values["parts"]}, number).moments)
