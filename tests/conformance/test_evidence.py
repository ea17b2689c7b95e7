"""What every kind of evidence owes: the rules of the `Evidence` protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest

from weighin._base.errors import InputError
from weighin._inference import (
    IDENTITY,
    ROOT,
    Evidence,
    GivenEvidence,
    GivenMoments,
    Inference,
    LeftOut,
    Moments,
    Stages,
    Strata,
    evidence_from_json,
    evidence_to_json,
)
from weighin._samplers import MarginalSampler


def moments(n: int, seed: int) -> Moments:
    rng = np.random.default_rng(seed)
    (block,) = MarginalSampler(n, 3, seed).blocks()
    values = rng.normal(size=(3, n))
    changes = np.stack([(column[block.donors] - column) ** 2 for column in values])
    return Moments.of(changes, block.donors, rng.random(n) + 1)


def left_out() -> LeftOut:
    rng = np.random.default_rng(2)
    estimate = rng.random(3)
    return LeftOut(
        estimate, estimate[:, None] + rng.normal(size=(3, 25)) / 100, np.full(25, 40.0), np.full(3, 99.0)
    )


def given(n: int, seed: int) -> GivenMoments:
    """Each unit with bins and donors of its own, the first two with an allowance."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3, n))
    bins = np.stack([np.argsort(np.argsort(column)) // (n // 2) for column in values])
    donors = np.empty((3, 3, n), dtype=np.int64)
    for unit, label in enumerate(bins):
        for half in (0, 1):
            rows = np.flatnonzero(label == half)
            (block,) = MarginalSampler(len(rows), 3, seed + unit).blocks()
            donors[unit][:, rows[block.rows]] = rows[block.rows][block.donors]
    moves = np.stack([column[give] - column for column, give in zip(values, donors, strict=True)])
    changes = (moves + rng.normal(size=n)) ** 2
    return GivenMoments.of(
        changes, donors, bins, rng.random(n) + 1, allowance=moves[:2] ** 2, allowing=[0, 1]
    )


@dataclass(frozen=True)
class Certain:
    """A toy: importances that somebody knows."""

    known: tuple[float, ...]

    @property
    def n_units(self) -> int:
        return len(self.known)

    @property
    def moments(self) -> tuple[Moments, ...]:
        return ()

    @property
    def of_means(self) -> bool:
        return False

    def infer(self, function: Any = None, *, sign: float = 1.0) -> Inference:
        zero, n = np.zeros(self.n_units), self.n_units
        return Inference(sign * np.array(self.known), zero, zero, zero, zero, np.full(n, 9.0), zero == 1)

    def contrast(self, weights: Mapping[int, float], function: Any = None, *, sign: float = 1.0) -> Inference:
        total = sum(weight * self.known[unit] for unit, weight in weights.items())
        return Certain((total,)).infer(function, sign=sign)

    def units(self, units: Sequence[int]) -> Certain:
        return Certain(tuple(self.known[unit] for unit in units))

    def joined(self, others: Sequence[Any]) -> Certain:
        return Certain(sum((part.known for part in others), self.known))

    def change_to(self, other: Any, *, sign: float = 1.0) -> Inference:
        return Certain(tuple(np.subtract(other.known, self.known))).infer(sign=sign)

    def to_dict(self, number: Any) -> dict[str, Any]:
        return {"known": [number(value) for value in self.known]}


KINDS: dict[str, Evidence] = {
    "one stratum": Strata((moments(60, 0),)),
    "two strata": Strata((moments(60, 0), moments(80, 1))),
    "stages": Stages(3, (((0, 1, 2), moments(60, 0)), ((0, 1), moments(200, 3).of_units([0, 1])))),
    "given": GivenEvidence.of([given(60, 0)], [0.2, 0.1, 0.0]),
    "given, two strata": GivenEvidence.of([given(60, 0), given(80, 1)], [0.2, 0.1, 0.3]),
    "left out": left_out(),
    "toy": Certain((1.0, 2.0, 3.0)),
}


@pytest.fixture(params=KINDS)
def evidence(request: pytest.FixtureRequest) -> Evidence:
    return KINDS[request.param]


def assert_same(one: Inference, other: Inference) -> None:
    for entry in fields(Inference):
        np.testing.assert_array_equal(getattr(one, entry.name), getattr(other, entry.name))
    np.testing.assert_array_equal(one.interval(), other.interval())
    np.testing.assert_array_equal(one.pvalue, other.pvalue)


@pytest.mark.parametrize("link", [IDENTITY, ROOT], ids=str)
def test_there_is_an_estimate_for_each_unit(evidence: Evidence, link: Any) -> None:
    judged = evidence.infer(link.change)
    assert evidence.n_units == 3
    assert all(getattr(judged, entry.name).shape == (3,) for entry in fields(Inference))
    turned = evidence.infer(link.change, sign=-1.0)
    np.testing.assert_allclose(turned.estimate, -judged.estimate)
    np.testing.assert_allclose(turned.se, judged.se)


def test_a_contrast_is_one_estimate_of_what_it_says(evidence: Evidence) -> None:
    first, second = {0: 1.0, 1: -1.0}, {0: -1.0, 1: 1.0}
    one, other = evidence.contrast(first), evidence.contrast(second)
    assert one.estimate.shape == (1,)
    np.testing.assert_allclose(other.estimate, -one.estimate)
    np.testing.assert_allclose(other.se, one.se)
    alone = evidence.contrast({1: 1.0})
    np.testing.assert_allclose(alone.estimate, evidence.infer().estimate[[1]])
    np.testing.assert_allclose(evidence.contrast({1: 2.0}).se, 2 * alone.se)
    np.testing.assert_allclose(evidence.contrast({0: 0.0}).interval(), 0.0)


def test_a_mean_of_three_is_a_contrast_too(evidence: Evidence) -> None:
    mean = evidence.contrast(dict.fromkeys(range(3), 1 / 3))
    # where all were measured on the same rows
    if not isinstance(evidence, Stages):
        np.testing.assert_allclose(mean.estimate, evidence.infer().estimate.mean())
    assert np.isfinite(mean.se).all()


def test_some_units_are_as_they_were_in_the_order_given(evidence: Evidence) -> None:
    some = evidence.units([2, 0])
    assert some.n_units == 2
    whole = evidence.infer()
    for entry in fields(Inference):
        of_some, of_all = getattr(some.infer(), entry.name), getattr(whole, entry.name)[[2, 0]]
        np.testing.assert_allclose(of_some, of_all, rtol=1e-9)


def test_what_joins_puts_units_behind_each_other(evidence: Evidence) -> None:
    both = evidence.joined([evidence.units([1])])
    if both is not None:
        np.testing.assert_array_equal(both.infer().estimate, evidence.infer().estimate[[0, 1, 2, 1]])


def test_a_change_is_that_of_the_estimates_and_none_from_itself(evidence: Evidence) -> None:
    changes = evidence.change_to(evidence.units([1, 2, 0]))
    if changes is not None:
        estimate = evidence.infer().estimate
        np.testing.assert_allclose(changes.estimate, estimate[[1, 2, 0]] - estimate)
        same = evidence.change_to(evidence)
        assert same is not None
        np.testing.assert_array_equal(same.interval(), np.zeros((2, 3)))


def test_a_function_of_means_is_followed_where_evidence_says_so(evidence: Evidence) -> None:
    plain, root = evidence.infer(IDENTITY.change), evidence.infer(ROOT.change)
    assert evidence.of_means == bool((plain.estimate != root.estimate).all())


@pytest.mark.parametrize("name", [name for name in KINDS if name != "toy"])
def test_a_file_gives_back_the_same_to_the_bit(name: str) -> None:
    text = json.dumps(evidence_to_json(KINDS[name], float))
    again = evidence_from_json(json.loads(text), float)
    assert again == KINDS[name]
    assert_same(again.infer(), KINDS[name].infer())


def test_units_that_were_never_measured_together_have_no_contrast() -> None:
    apart = Stages(2, (((0,), moments(60, 0).of_units([0])), ((1,), moments(80, 1).of_units([1]))))
    with pytest.raises(InputError, match="not measured together"):
        apart.contrast({0: 1.0, 1: -1.0})
