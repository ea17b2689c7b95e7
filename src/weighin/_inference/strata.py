"""Moments of each stratum: what intervals of metrics with a value per row are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin._base.errors import InputError
from weighin._inference.estimates import contrast, infer
from weighin._inference.intervals import Inference
from weighin._inference.links import IDENTITY, Function
from weighin._inference.moments import Moments


@dataclass(frozen=True)
class Strata:
    """Joint moments of units, one for each stratum; usually of one.

    `moments`: tuple of Moments
    """

    moments: tuple[Moments, ...]

    @property
    def n_units(self) -> int:
        """Features and groups."""
        return self.moments[0].n_units

    @property
    def of_means(self) -> bool:
        """Whether `infer` follows any function of means."""
        return True

    def infer(self, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
        """Estimate the importance of each unit."""
        return infer(self.moments, function, sign=sign)

    def contrast(
        self, weights: Mapping[int, float], function: Function = IDENTITY.change, *, sign: float = 1.0
    ) -> Inference:
        """Estimate a linear contrast of units."""
        return contrast(self.moments, weights, function, sign=sign)

    def units(self, units: Sequence[int]) -> Strata:
        """The same for some of the units, in the order given."""
        return Strata(tuple(part.of_units(units) for part in self.moments))

    def joined(self, others: Sequence[Any]) -> None:
        """None: units of other moments have no joint ones."""
        return

    def change_to(self, other: Any, *, sign: float = 1.0) -> None:
        """None: it takes what each swap changed of both, row by row."""
        return

    def to_dict(self, number: Callable[[float], Any]) -> dict[str, Any]:
        """Plain values."""
        return {"strata": [part.to_dict() for part in self.moments]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], number: Callable[[Any], float]) -> Strata:
        """Read what `to_dict` gave.

        Raises InputError: if there are none.
        """
        strata = tuple(Moments.from_dict(part) for part in values["strata"])
        if not strata:
            raise InputError("evidence without strata")
        return cls(strata)
