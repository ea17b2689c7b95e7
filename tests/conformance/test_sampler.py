"""What every sampler owes the engine: the rules of the `Sampler` protocol."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from weighin._engine import Measurement, Session
from weighin._metrics import MSE
from weighin._models import as_model
from weighin._samplers import (
    Block,
    Donors,
    ExplicitSampler,
    MarginalSampler,
    Positions,
    Sampler,
    SpreadSampler,
)

N_ROWS = 53


@dataclass(frozen=True)
class Neighbours:
    """A toy: pairs of rows that lie beside each other, the last three in a circle."""

    n_rows: int
    n_repeats: ClassVar[int] = 1
    name: ClassVar[str] = "neighbours"
    closed: ClassVar[bool] = True
    strata: ClassVar[None] = None
    largest_block: ClassVar[int] = 3
    copies: ClassVar[int] = 1
    moved: ClassVar[frozenset[str]] = frozenset()

    @property
    def n_receivers(self) -> int:
        return self.n_rows

    def blocks(self) -> Iterator[Block]:
        starts = [*range(0, self.n_rows - 2, 2), self.n_rows]
        for first, last in itertools.pairwise(starts):
            rows: Positions = np.arange(first, last)
            yield Block(rows, Donors(np.roll(np.arange(len(rows)), 1)[None]))


HALVES = (np.arange(20), np.arange(20, N_ROWS))
SAMPLERS: dict[str, Sampler] = {
    "marginal": MarginalSampler(N_ROWS, 4, 0),
    "blocks": MarginalSampler(N_ROWS, 3, 0, block_rows=10),
    "strata": MarginalSampler(N_ROWS, 3, 0, block_rows=10, strata=HALVES),
    "begin": MarginalSampler(N_ROWS, 3, 0, block_rows=10, begin=4),
    "first": MarginalSampler(N_ROWS, 3, 0, block_rows=10, first=2),
    "explicit": ExplicitSampler(
        np.random.default_rng(0).permuted(np.tile(np.arange(N_ROWS), (3, 1)), axis=1)
    ),
    "toy": Neighbours(N_ROWS),
    "spread": SpreadSampler(MarginalSampler(N_ROWS, 5, 0), {"x0": lambda rows: rows % 7}, {"x0": 0}),
}


@pytest.fixture(params=SAMPLERS)
def sampler(request: pytest.FixtureRequest) -> Sampler:
    return SAMPLERS[request.param]


def rows_of(block: Block) -> Positions:
    return np.arange(N_ROWS) if block.rows is None else block.rows


def test_blocks_are_the_same_whenever_called(sampler: Sampler) -> None:
    for one, other in zip(sampler.blocks(), sampler.blocks(), strict=True):
        np.testing.assert_array_equal(rows_of(one), rows_of(other))
        np.testing.assert_array_equal(one.donors, other.donors)


def test_every_receiver_is_in_one_block_and_gives_once_in_each_repeat(sampler: Sampler) -> None:
    blocks = list(sampler.blocks())
    receivers = np.concatenate([rows_of(block) for block in blocks])
    assert len(np.unique(receivers)) == len(receivers) == sampler.n_receivers <= sampler.n_rows
    for block in blocks:
        assert block.donors.shape == (sampler.n_repeats, len(rows_of(block)))
        assert block.n_receivers == len(rows_of(block))
        for donors in block.donors:
            np.testing.assert_array_equal(np.sort(donors), np.arange(len(donors)))


def test_nobody_receives_their_own_values_in_closed_blocks_which_are_as_large_as_said(
    sampler: Sampler,
) -> None:
    assert sampler.name
    if sampler.closed:
        blocks = list(sampler.blocks())
        assert not any((block.donors == np.arange(block.n_receivers)).any() for block in blocks)
        assert max(block.n_receivers for block in blocks) <= sampler.largest_block


def test_nobody_gives_to_another_stratum(sampler: Sampler) -> None:
    for block in sampler.blocks():
        if sampler.strata is not None:
            assert set(rows_of(block)) <= set(sampler.strata[block.stratum])
        else:
            assert block.stratum == 0


def test_the_engine_measures_with_it(sampler: Sampler) -> None:
    x = np.random.default_rng(0).normal(size=(N_ROWS, 2))
    model = as_model(lambda rows: rows[:, 0])
    data = model.encode(x, x[:, 0], "raise", True)
    with Session(model) as session:
        scores = session.measure(data, data.features, sampler, Measurement((MSE,)))
    assert scores.n_rows == sampler.n_receivers
    expected = np.zeros(sampler.n_repeats)
    for block in sampler.blocks():
        rows, donors, of_others = rows_of(block), block.donors, 1.0
        if isinstance(sampler, SpreadSampler):
            donors, of_others = sampler.donors(["x0"], block)[0], len(rows) / (len(rows) - 1)
        expected += ((x[rows[donors], 0] - x[rows, 0]) ** 2).sum(1) * of_others
    np.testing.assert_allclose(scores.change[0], expected / sampler.n_receivers)
    np.testing.assert_array_equal(scores.change[1], 0.0)
    assert bool(scores.evidence) == sampler.closed
