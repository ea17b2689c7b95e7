"""What intervals of importances given other columns are made of.

What the model of the other columns errs is no sampling noise: under the hypothesis that a feature says nothing beyond
them, the change is about lam times what it would be were the weighed model right, the allowance. So the p-value and the
lower end come from the change less lam times the allowance; the estimate and the upper end from the change alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._inference.estimates import few_rows, linearise, repeats_for
from weighin._inference.given import GivenMoments
from weighin._inference.given_variance import given_parts, given_spread
from weighin._inference.intervals import Allowing, Inference
from weighin._inference.links import IDENTITY, Function
from weighin._inference.moments import Floats, Moments

Offer = Literal["all", "interval", "estimate", "nothing"]
OFFERS: tuple[Offer, ...] = ("all", "interval", "estimate", "nothing")


@dataclass(frozen=True, eq=False)
class GivenEvidence:
    """Joint moments of units, each swapped among look-alike rows, one for each stratum; usually of one.

    `strata`: tuple of GivenMoments
    `lam`, ndarray of shape (n_units,): How much worse the model of the other columns is than it could be.
    `offers`, tuple of str: What is said of each unit: "all"; "interval" without a p-value, where lam is above 0 and the
        metric has no allowance; "estimate" without an interval; "nothing", where it cannot be told from other columns.
    """

    strata: tuple[GivenMoments, ...]
    lam: Floats
    offers: tuple[Offer, ...]

    @classmethod
    def of(
        cls,
        strata: Sequence[GivenMoments],
        lam: Sequence[float],
        offers: Sequence[Offer] | None = None,
    ) -> GivenEvidence:
        """Put it together; without `offers` all is offered, but no p-value where an allowance is missing."""
        amounts = np.array(lam, dtype=float)
        best: Sequence[Offer] = ["all"] * len(amounts) if offers is None else offers
        allowing = strata[0].allowing
        untested: list[Offer] = [
            "interval" if offer == "all" and amount > 0 and unit not in allowing else offer
            for unit, (offer, amount) in enumerate(zip(best, amounts, strict=True))
        ]
        return cls(tuple(strata), amounts, tuple(untested))

    @property
    def n_units(self) -> int:
        """Features and groups."""
        return len(self.lam)

    @property
    def moments(self) -> tuple[Moments, ...]:
        """None: units have donors of their own."""
        return ()

    @property
    def of_means(self) -> bool:
        """Whether `infer` follows any function of means."""
        return True

    def infer(self, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
        """Estimate the importance of each unit."""
        return self._of(np.eye(self.n_units), function, sign)

    def leave_one_out(self, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
        """Estimate how much a function of mean squared errors grows once predictions know nothing of a unit.

        What is left is their mean over swaps, E(f | the other columns). Around it the swapped ones scatter by half of
        what they move by on average, squared: the total index (Jansen 1999). Without that the change of the loss is
        that of the mean. Of units given all other columns, with allowances.
        """
        return self._of(np.eye(self.n_units), function, sign, scatter=0.5)

    def contrast(
        self, weights: Mapping[int, float], function: Function = IDENTITY.change, *, sign: float = 1.0
    ) -> Inference:
        """Estimate a linear contrast of units; of two the ends allow for one of them each, never for both."""
        combination = np.zeros((1, self.n_units))
        combination[0, list(weights)] = list(weights.values())
        return self._of(combination, function, sign)

    def _of(
        self, combinations: Floats, function: Function, sign: float, *, scatter: float = 0.0
    ) -> Inference:
        """Linear combinations of units, (n, n_units), with what is allowed for in either end.

        `scatter`: how much of the allowance is first taken off the change of its unit.
        """
        strata, first = self.strata, self.strata[0]
        value, slopes = self._linearised(function, scatter)
        few = combinations.astype(bool) @ few_rows(strata)
        plain = self._inference(combinations @ value, combinations @ slopes, few, sign)
        offers = [{self.offers[unit] for unit in np.flatnonzero(row)} for row in combinations]
        known = np.array([offer <= {"all", "interval"} for offer in offers], dtype=bool)
        there = np.array(["nothing" not in offer for offer in offers], dtype=bool)
        plain = _without(plain, ~known, ~there)
        tested = np.array([offer <= {"all"} for offer in offers], dtype=bool)
        allowing = [unit for unit in first.allowing if self.lam[unit] > 0]
        if not allowing and tested.all():
            return plain
        amount, slope = self._allowance(allowing, slopes)
        below, above = (
            self._inference(
                combinations @ value - allowed @ amount, combinations @ slopes - allowed @ slope, few, sign
            )
            for allowed in (side * np.maximum(side * combinations[:, allowing], 0.0) for side in (1.0, -1.0))
        )
        ends = allowed_for(plain, below, above, tested)
        return replace(
            ends, below=_without(ends.below, ~known, ~there), above=_without(ends.above, ~known, ~there)
        )

    def _linearised(self, function: Function, scatter: float) -> tuple[Floats, Floats]:
        """Value of each unit and its derivative in all means, as `linearise`, with its scatter taken off."""
        if not scatter:
            return linearise(self.strata, function)
        first, lowered = self.strata[0], []
        units = list(first.allowing)
        places = [first.allowance(unit) for unit in units]
        for moments in self.strata:
            mean = moments.mean.copy()
            mean[units] -= scatter * mean[places]
            lowered.append(replace(moments, mean=mean))
        value, slopes = linearise(lowered, function)
        slopes[:, places] = -scatter * slopes[:, units]
        return value, slopes

    def _inference(self, value: Floats, slopes: Floats, few: NDArray[np.bool_], sign: float) -> Inference:
        return Inference.of(sign * value, given_spread(self.strata, sign * slopes), few)

    def _allowance(self, units: Sequence[int], slopes: Floats) -> tuple[Floats, Floats]:
        """What is allowed for of each unit: its amount and how that depends on the means, (n, K)."""
        first, n = self.strata[0], sum(moments.n_rows for moments in self.strata)
        plain = np.sum([moments.n_rows / n * moments.mean for moments in self.strata], axis=0)
        amounts, slope = np.zeros(len(units)), np.zeros((len(units), len(plain)))
        for row, unit in enumerate(units):
            place = first.allowance(unit)
            slope[row, place] = self.lam[unit] * slopes[unit, unit]
            amounts[row] = slope[row, place] * plain[place]
            if first.row_weight:
                slope[row, -1] = -amounts[row] / plain[-1]
        return amounts, slope

    def repeats_needed(
        self, function: Function = IDENTITY.change, *, share: float = 0.1, least: int = 5, most: int = 50
    ) -> int:
        """Tell how many repeats make the noise of shuffling at most `share` of the variance, as for `Moments`."""
        _, slopes = linearise(self.strata, function)
        n = sum(moments.n_rows for moments in self.strata)
        data, pairs = np.zeros((2, len(slopes)))
        for moments in self.strata:
            of_data, shuffle, _ = given_parts(moments, slopes)
            data += moments.n_rows / n * np.maximum(0.0, of_data)
            pairs += moments.n_rows / n * shuffle * moments.n_repeats
        return repeats_for(data, pairs, share, least, most)

    def units(self, units: Sequence[int]) -> GivenEvidence:
        """The same for some of the units, in the order given."""
        return GivenEvidence(
            tuple(part.of_units(units) for part in self.strata),
            self.lam[np.asarray(units, dtype=np.int64)],
            tuple(self.offers[unit] for unit in units),
        )

    def joined(self, others: Sequence[Any]) -> None:
        """None: units of other moments have no joint ones."""
        return

    def change_to(self, other: Any, *, sign: float = 1.0) -> None:
        """None: it takes what each swap changed of both, row by row."""
        return

    def to_dict(self, number: Callable[[float], Any]) -> dict[str, Any]:
        """Plain values; `number` makes one of a float, for those JSON has not."""
        return {
            "bins": [part.to_dict() for part in self.strata],
            "lam": [number(value) for value in self.lam.tolist()],
            "offers": list(self.offers),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], number: Callable[[Any], float]) -> GivenEvidence:
        """Read what `to_dict` gave.

        Raises InputError: if there are none, or numbers of units differ.
        """
        strata = tuple(GivenMoments.from_dict(part) for part in values["bins"])
        lam = np.array([number(value) for value in values["lam"]], dtype=float)
        offers = tuple(OFFERS[OFFERS.index(offer)] for offer in values["offers"])
        n_units = {part.n_units for part in strata}
        if n_units != {len(lam)} or len(offers) != len(lam):
            raise InputError("evidence of other units")
        return cls(strata, lam, offers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GivenEvidence) and all(
            np.array_equal(getattr(self, entry.name), getattr(other, entry.name))
            if isinstance(getattr(self, entry.name), np.ndarray)
            else getattr(self, entry.name) == getattr(other, entry.name)
            for entry in fields(self)
        )


def allowed_for(plain: Inference, below: Inference, above: Inference, tested: NDArray[np.bool_]) -> Allowing:
    """Take either end from its own numbers where that makes the interval wider: an allowance below 0 is noise."""
    ends = []
    for side, end in ((1.0, below), (-1.0, above)):
        wider = side * (end.estimate - plain.estimate) <= 0
        names = [entry.name for entry in fields(Inference)]
        values = (np.where(wider, getattr(end, name), getattr(plain, name)) for name in names)
        ends.append(Inference(*values))
    return Allowing(**vars(plain), below=ends[0], above=ends[1], tested=tested)


def _without(inference: Inference, unsure: NDArray[np.bool_], missing: NDArray[np.bool_]) -> Inference:
    """The same with nothing known of the errors of some estimates, and nothing at all of those missing."""
    errors = {name: np.where(unsure, np.nan, getattr(inference, name)) for name in _ERRORS}
    estimate = np.where(missing, np.nan, inference.estimate)
    return Inference(estimate, **errors, few_rows=inference.few_rows & ~unsure)


_ERRORS = ("se", "se_data", "se_shuffle", "skewness", "df")
