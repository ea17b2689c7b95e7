"""What intervals are made of: moments of each stratum, or estimates with parts of the rows left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._inference.estimates import difference, infer
from weighin._inference.influence import delete_one_block
from weighin._inference.intervals import Inference
from weighin._inference.links import IDENTITY, Function
from weighin._inference.moments import Floats, Moments
from weighin._inference.stages import Stages


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What swaps change, once from all rows and once without each share of the donor-closed blocks.

    Attributes
    ----------
    estimate : ndarray of shape (n_units,)
        From all rows.
    without : ndarray of shape (n_units, n_shares)
        From all rows but those of one share.
    sizes : ndarray of shape (n_shares,)
        Rows of each share.
    changed : ndarray of shape (n_units,)
        Rows whose prediction a swap changes, on average.
    """

    estimate: Floats
    without: Floats
    sizes: Floats
    changed: Floats

    @property
    def n_units(self) -> int:
        """Features and groups."""
        return len(self.estimate)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeftOut) and all(
            np.array_equal(getattr(self, entry.name), getattr(other, entry.name), equal_nan=True)
            for entry in fields(self)
        )


Evidence = tuple[Moments, ...] | LeftOut | Stages


def n_units(evidence: Evidence) -> int:
    """Features and groups it is about."""
    return evidence[0].n_units if isinstance(evidence, tuple) else evidence.n_units


def infer_from(evidence: Evidence, function: Function = IDENTITY.change, *, sign: float = 1.0) -> Inference:
    """Estimate the importance of each unit; `function` as for `infer`, which estimates with shares left out ignore."""
    if isinstance(evidence, LeftOut):
        return delete_one_block(
            sign * evidence.estimate, sign * evidence.without, evidence.sizes, evidence.changed
        )
    if isinstance(evidence, Stages):
        return evidence.infer(function, sign=sign)
    return infer(evidence, function, sign=sign)


def difference_from(
    evidence: Evidence, first: int, second: int, function: Function = IDENTITY.change, *, sign: float = 1.0
) -> Inference:
    """Estimate how much more unit `first` weighs than unit `second`: arrays of shape (1,)."""
    if isinstance(evidence, LeftOut):
        estimate = sign * (evidence.estimate[[first]] - evidence.estimate[[second]])
        without = sign * (evidence.without[[first]] - evidence.without[[second]])
        changed = np.minimum(evidence.changed[[first]], evidence.changed[[second]])
        return delete_one_block(estimate, without, evidence.sizes, changed)
    if isinstance(evidence, Stages):
        return evidence.difference(first, second, function, sign=sign)
    return difference(evidence, first, second, function, sign=sign)


def to_json(evidence: Evidence, number: Callable[[float], Any]) -> dict[str, Any]:
    """Plain values; `number` makes one of a float, for those JSON has not."""
    if isinstance(evidence, LeftOut):
        without = [[number(value) for value in row] for row in evidence.without.tolist()]
        return {
            "estimate": [number(value) for value in evidence.estimate.tolist()],
            "without": without,
            "sizes": evidence.sizes.tolist(),
            "changed": evidence.changed.tolist(),
        }
    if isinstance(evidence, Stages):
        return evidence.to_dict()
    return {"strata": [moments.to_dict() for moments in evidence]}


def from_json(values: dict[str, Any], number: Callable[[Any], float]) -> Evidence:
    """Read what `to_json` gave.

    Raises
    ------
    InputError
        If it is neither kind.
    """
    if "strata" in values:
        strata = tuple(Moments.from_dict(part) for part in values["strata"])
        if not strata:
            raise InputError("evidence without strata")
        return strata
    if "measured" in values:
        return Stages.from_dict(values)
    without = np.array([[number(value) for value in row] for row in values["without"]], dtype=float)
    estimate = np.array([number(value) for value in values["estimate"]], dtype=float)
    sizes, changed = (np.array(values[name], dtype=float) for name in ("sizes", "changed"))
    if without.shape != (len(estimate), len(sizes)) or len(changed) != len(estimate):
        raise InputError("evidence of other lengths")
    return LeftOut(estimate, without, sizes, changed)


def some_units(evidence: Evidence, units: Sequence[int]) -> Evidence:
    """The same for some of the units, in the order given."""
    if isinstance(evidence, LeftOut):
        index: NDArray[np.int64] = np.asarray(units, dtype=np.int64)
        return LeftOut(
            evidence.estimate[index], evidence.without[index], evidence.sizes, evidence.changed[index]
        )
    if isinstance(evidence, Stages):
        return evidence.some_units(units)
    return tuple(moments.of_units(units) for moments in evidence)
