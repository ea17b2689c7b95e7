"""Moments of units that were left alone one by one: the longer one was measured, the more rows it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighin._base.errors import InputError
from weighin._inference.estimates import contrast, infer
from weighin._inference.intervals import Inference, joined
from weighin._inference.links import IDENTITY, Function
from weighin._inference.moments import Moments

NOT_TOGETHER = "These two features were not measured together: weigh them alone, with features=[...]."


@dataclass(frozen=True, eq=False)
class Stages:
    """Joint moments of units that were measured together, on more rows the fewer they are.

    `n_units`: Features and groups.
    `measured`: Numbers of units, and their moments in that order. What is known of a unit, or of two, is in the entry
        with most rows that has it, or both.
    """

    n_units: int
    measured: tuple[tuple[tuple[int, ...], Moments], ...]

    @property
    def moments(self) -> tuple[Moments, ...]:
        """None: units were measured on different rows."""
        return ()

    @property
    def of_means(self) -> bool:
        """Whether `infer` follows any function of means."""
        return True

    def of(self, *units: int) -> tuple[Moments, list[int]]:
        """Moments of some units, as many rows as saw them all, and the places of the units therein.

        Raises InputError: if they were never measured together.
        """
        together = [entry for entry in self.measured if set(units) <= set(entry[0])]
        if not together:
            raise InputError(NOT_TOGETHER)
        numbers, moments = max(together, key=lambda entry: entry[1].n_rows)
        return moments, [numbers.index(unit) for unit in units]

    def infer(self, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
        """Estimate the importance of each unit, from all rows it was measured on."""
        parts = []
        for unit in range(self.n_units):
            moments, places = self.of(unit)
            parts.append(infer(moments.of_units(places), function, sign=sign))
        return joined(parts)

    def contrast(
        self, weights: Mapping[int, float], function: Function = IDENTITY.change, *, sign: float = 1.0
    ) -> Inference:
        """Estimate a linear contrast of units, from the rows all of them were measured on."""
        moments, places = self.of(*weights)
        of_places = dict(enumerate(weights.values()))
        return contrast(moments.of_units(places), of_places, function, sign=sign)

    def units(self, units: Sequence[int]) -> Stages:
        """The same for some of the units, in the order given."""
        kept = []
        for numbers, moments in self.measured:
            places = [place for place, number in enumerate(numbers) if number in units]
            if places:
                renumbered = tuple(units.index(numbers[place]) for place in places)
                kept.append((renumbered, moments.of_units(places)))
        return Stages(len(units), tuple(kept))

    def joined(self, others: Sequence[Any]) -> None:
        """None: units of other moments have no joint ones."""
        return

    def change_to(self, other: Any, *, sign: float = 1.0) -> None:
        """None: no rows were kept."""
        return

    def to_dict(self, number: Callable[[float], Any]) -> dict[str, Any]:
        """Plain values."""
        measured = [{"units": list(units), "moments": moments.to_dict()} for units, moments in self.measured]
        return {"n_units": self.n_units, "measured": measured}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], number: Callable[[Any], float]) -> Stages:
        """Read what `to_dict` gave.

        Raises InputError: if units are missing.
        """
        measured = tuple(
            (tuple(int(unit) for unit in part["units"]), Moments.from_dict(part["moments"]))
            for part in values["measured"]
        )
        n_units = int(values["n_units"])
        if {unit for units, _ in measured for unit in units} != set(range(n_units)):
            raise InputError("evidence of other units")
        return cls(n_units, measured)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stages) and self.n_units == other.n_units and self.measured == other.measured


class Staging:
    """Puts `Stages` together, step by step.

    `n_units`: All units; each step measures some of those of the step before.
    """

    def __init__(self, n_units: int) -> None:
        self.n_units = n_units
        self._live: list[tuple[tuple[int, ...], Moments]] = []
        self._left: list[tuple[tuple[int, ...], Moments]] = []

    def add(self, units: Sequence[int], evidence: Sequence[Any]) -> None:
        """Take what more rows say of these units, the ones still measured; evidence of some after the other."""
        parts, start = [], 0
        for part in evidence:
            (moments,) = part.moments
            parts.append((tuple(units[start : start + part.n_units]), moments))
            start += part.n_units
        if not self._live:
            self._live = parts
            return
        measured = {unit for units, _ in parts for unit in units}
        self._left += [entry for entry in self._live if not measured.issuperset(entry[0])]
        together = []
        for units, moments in self._live:
            for more, further in parts:
                both = tuple(unit for unit in units if unit in more)
                if both:
                    old = moments.of_units([units.index(unit) for unit in both])
                    together.append((both, old + further.of_units([more.index(unit) for unit in both])))
        self._live = together

    @property
    def stages(self) -> Stages:
        """All that is known so far."""
        return Stages(self.n_units, (*self._left, *self._live))
