"""What is left of a part of the rows: sums that add up, and what parts have to agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.files import as_path, check_free, replacing
from weighin._display.codec import Codec
from weighin._engine import PlaceSums
from weighin._inference import Evidence, Link
from weighin._results.given_feature import GivenFeature
from weighin._results.importance import Importance
from weighin._weigh.parts.adding import evidence_of_both

VERSION = 1


@dataclass(frozen=True)
class PartTerms:
    """What parts have to agree on to be joined: plain values, without the model.

    `plan`: sum of all of it, of the sample, and of what the model predicts there.
    `model`: which one, in words.
    `metrics`, `greater_is_better`, `links`: of each metric its name, its direction and what it is of a mean.
    `features`, `groups`: names of what is weighed, members of those that are groups.
    `n_repeats`, `block_rows`, `part_rows`, `random_state`, `sampler`: who gives to whom.
    `strata`: value of each stratum; empty for none.
    `by`: what segments are told apart by.
    `weighted`: whether rows have sample weights.
    `given`, `given_reports`: what features are shuffled given.
    `centre`: mean of the target in the sample, for metrics that need it.
    """

    plan: str
    model: str
    metrics: tuple[str, ...]
    greater_is_better: tuple[bool, ...]
    links: tuple[Link, ...]
    features: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    n_repeats: int
    block_rows: int
    part_rows: int
    random_state: int
    sampler: str
    strata: tuple[Any, ...] = ()
    by: str = ""
    weighted: bool = False
    given: str = ""
    given_reports: Mapping[str, GivenFeature] = field(default_factory=dict)
    centre: float | None = None

    def check_same(self, other: PartTerms) -> None:
        """Refuse parts of another plan.

        Raises InputError naming what differs.
        """
        if self is other:
            return
        for entry in fields(self):
            mine, theirs = getattr(self, entry.name), getattr(other, entry.name)
            if entry.name not in ("plan", "given_reports") and mine != theirs:
                raise InputError(
                    f"These parts are of different plans: {entry.name} is {_short(mine)} in one and {_short(theirs)} "
                    "in another. Make the plan once, and give it to all workers."
                )
        if self.plan != other.plan:
            raise InputError(
                "These parts are of different plans: the samples or the models they were made with differ "
                f"({self.plan} and {other.plan}). Make the plan once, and give it to all workers."
            )


@dataclass(frozen=True, eq=False)
class PartSums:
    """PartSums of a part for one metric, over all rows or a segment; see `PlaceSums`.

    `metric`, `segment`: which; None for all rows.
    `target`: weighted sum of the target's distance from the centre.
    `strata`: value of each stratum in the evidence, in its order.
    """

    metric: str
    segment: Any
    n_rows: int
    weight: float
    before: float
    spread: float
    target: float
    pair_weight: NDArray[np.float64]
    change: NDArray[np.float64]
    evidence: tuple[Evidence, ...]
    strata: tuple[Any, ...]

    @classmethod
    def of(
        cls, metric: str, segment: Any, place: PlaceSums, target: float, strata: tuple[Any, ...]
    ) -> PartSums:
        """Those of the engine, with names."""
        own = {entry.name: getattr(place, entry.name) for entry in fields(place)}
        return cls(metric, segment, target=target, strata=strata if place.evidence else (), **own)

    def __add__(self, other: PartSums) -> PartSums:
        evidence, strata = evidence_of_both(self.evidence, self.strata, other.evidence, other.strata)
        added = ("n_rows", "weight", "before", "spread", "target", "pair_weight", "change")
        sums: dict[str, Any] = {name: getattr(self, name) + getattr(other, name) for name in added}
        return replace(self, evidence=evidence, strata=strata, **sums)


@dataclass(frozen=True, eq=False)
class Part:
    """What weighing a part of the rows gave: sums that those of other parts add to, and no row.

    Attributes
    ----------
    terms : PartTerms
        What parts have to agree on to be joined.
    numbers : tuple of int
        Which parts of the rows it is made of, in order.
    stratum_rows : tuple of int
        Rows it is made of: of each stratum, in the order of the plan's; of one where there are none.
    sums : tuple of PartSums
        Metric by metric: over all rows, then over each segment that is there.
    kernels : dict of str to str
        How each feature was predicted; see `Importance`.
    notes : tuple of str
        What a reader must know of these rows.

    Notes
    -----
    A part can be pickled, and written as JSON. ``part + part`` adds up two of the same plan that share no number: a
    worker may add up its own before it sends them. Adding up in another order changes the last digits of sums;
    `join_parts` adds up single parts in the order of their numbers, whatever order they come in.

    Examples
    --------
    >>> import numpy as np
    >>> import weighin
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> model, y = (lambda rows: 3 * rows[:, 0]), 3 * X[:, 0]
    >>> plan = weighin.plan_parts(model, X[:100], y[:100], metric="mse", n_repeats=5, random_state=0)
    >>> cuts = [slice(0, 100), slice(100, 200), slice(200, 300)]
    >>> parts = [weighin.weigh_part(model, X[cut], plan, k, y=y[cut]) for k, cut in enumerate(cuts)]
    >>> (parts[0] + parts[2]).numbers
    (0, 2)
    """

    terms: PartTerms
    numbers: tuple[int, ...]
    stratum_rows: tuple[int, ...]
    sums: tuple[PartSums, ...]
    kernels: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    _codec: ClassVar[Codec]

    @property
    def n_rows(self) -> int:
        """Rows it is made of."""
        return sum(self.stratum_rows)

    def __add__(self, other: Part) -> Part:
        if not isinstance(other, Part):
            return NotImplemented
        self.terms.check_same(other.terms)
        twice = set(self.numbers) & set(other.numbers)
        if twice:
            raise InputError(f"Both parts hold number {min(twice)}: its rows would count twice.")
        mine, theirs = ({(sums.metric, sums.segment): sums for sums in part.sums} for part in (self, other))
        there = [*mine, *(place for place in theirs if place not in mine)]
        sums = [
            mine[place] + theirs[place]
            if place in mine and place in theirs
            else (mine if place in mine else theirs)[place]
            for place in there
        ]
        return Part(
            self.terms,
            tuple(sorted((*self.numbers, *other.numbers))),
            tuple(map(sum, zip(self.stratum_rows, other.stratum_rows, strict=True))),
            tuple(sums),
            {name: _kernel(self.kernels[name], other.kernels[name]) for name in self.kernels},
            tuple(dict.fromkeys((*self.notes, *other.notes))),
        )

    def to_json(self) -> str:
        """Give it as JSON, exact and unrounded: what `save` writes.

        Returns
        -------
        str
            An object with "format" and "version".
        """
        return self._codec.text(self)

    @classmethod
    def from_json(cls, text: str) -> Part:
        """Read what `to_json` gave.

        Parameters
        ----------
        text : str
            An object of JSON.

        Returns
        -------
        Part

        Raises
        ------
        InputError
            If it is no part, is damaged, or was written by another version.
        """
        part: Part = cls._codec.of_text(text)
        return part

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write it as JSON, whole or not at all.

        Parameters
        ----------
        path : path or str
            Where to.
        force : bool
            Replace what is there.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        InputError
            If `path` cannot be written.
        """
        check_free(as_path(path), force=force)
        text = self.to_json()
        with replacing(as_path(path)) as draft:
            draft.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> Part:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path or str
            Where from.

        Returns
        -------
        Part

        Raises
        ------
        InputError
            If the file is not there, is no part, is damaged, or was written by another version.
        """
        part: Part = cls._codec.read(as_path(path))[0]
        return part


Part._codec = Codec(Part, "weighin.part", VERSION, Importance._kinds)


def _kernel(mine: str, theirs: str) -> str:
    """A feature is ignored where it is in every part."""
    return theirs if mine == "ignored" else mine


def _short(value: Any) -> str:
    text = repr(list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."
