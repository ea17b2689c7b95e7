"""What intervals are made of, whatever it is: a protocol, and its form in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from weighin._inference.given_evidence import GivenEvidence
from weighin._inference.intervals import Inference
from weighin._inference.left_out import LeftOut
from weighin._inference.links import Function
from weighin._inference.moments import Moments
from weighin._inference.parts import Parts
from weighin._inference.stages import Stages
from weighin._inference.strata import Strata


class Evidence(Protocol):
    """What intervals of some units are made of."""

    @property
    def n_units(self) -> int:
        """Features and groups it is about."""
        ...

    @property
    def moments(self) -> tuple[Moments, ...]:
        """Of each stratum, where all units were measured on the same rows; empty for other evidence."""
        ...

    @property
    def of_means(self) -> bool:
        """Whether `infer` follows any function of means, so that a share of the baseline errs as both do."""
        ...

    def infer(self, function: Function = ..., *, sign: float = ...) -> Inference:
        """Estimate the importance of each unit.

        `function`: What is reported: `change` or `relative` of a link.
        `sign`: -1 where losses are scores that grow with quality.
        """
        ...

    def contrast(
        self, weights: Mapping[int, float], function: Function = ..., *, sign: float = ...
    ) -> Inference:
        """Estimate a linear contrast of units, such as a difference: arrays of shape (1,).

        `weights`: Weight of each unit that is in it.
        `function`, `sign`: As for `infer`.

        Raises InputError: if the units were not measured together.
        """
        ...

    def units(self, units: Sequence[int]) -> Evidence:
        """The same for some of the units, in the order given."""
        ...

    def joined(self, others: Sequence[Evidence]) -> Evidence | None:
        """All units as one, its own first; None where that cannot be."""
        ...

    def change_to(self, other: Evidence, *, sign: float = ...) -> Inference | None:
        """Estimate other minus this, unit by unit, from the rows both saw; None where nothing joins the two."""
        ...

    def to_dict(self, number: Callable[[float], Any]) -> dict[str, Any]:
        """Plain values; `number` makes one of a float, for those JSON has not."""
        ...


# by a key that only its own form has in a file
_KINDS: tuple[tuple[str, Any], ...] = (
    ("strata", Strata),
    ("parts", Parts),
    ("measured", Stages),
    ("bins", GivenEvidence),
    ("without", LeftOut),
)
# of its form in files
JSON_SCHEMA: Mapping[str, Any] = {
    "description": "Sums that intervals are computed from, each kind with a key of its own; their form is internal.",
    "type": "object",
    "anyOf": [{"required": [key]} for key, _ in _KINDS],
}


def to_json(evidence: Evidence, number: Callable[[float], Any]) -> dict[str, Any]:
    """Plain values; `number` makes one of a float, for those JSON has not."""
    return evidence.to_dict(number)


def from_json(values: Mapping[str, Any], number: Callable[[Any], float]) -> Evidence:
    """Read what `to_json` gave.

    Raises InputError, LookupError, TypeError, ValueError: if it is damaged.
    """
    for key, kind in _KINDS:
        if key in values:
            evidence: Evidence = kind.from_dict(values, number)
            return evidence
    raise KeyError("without")
