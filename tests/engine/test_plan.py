"""How a run is cut: what is held at once, what belongs together, where it can be stopped."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swaps import singles
from weighin._engine import plan as _plan
from weighin._engine.plan import MEMORY, Plan, batches, make_plan
from weighin._samplers import BLOCK_ROWS, ExplicitSampler, MarginalSampler

sizes = st.fixed_dictionaries(
    {
        "n_features": st.integers(0, 600),
        "n_rows": st.integers(2, 3_000_000),
        "n_repeats": st.integers(1, 60),
        "row_bytes": st.integers(1, 5_000),
        "out_bytes": st.sampled_from([4, 8, 24, 80]),
        "whole": st.booleans(),
        "memory": st.sampled_from([1, 2**20, MEMORY, 2**34]),
    }
)


def plan_for(*, explicit: bool = False, n_features: int = 6, **asked: float | bool) -> Plan:
    given_by = {"n_rows": 1000, "n_repeats": 10, "row_bytes": 40, "out_bytes": 4, "whole": False, **asked}
    n_rows = int(given_by["n_rows"])
    block_rows = 1 if explicit else MarginalSampler(n_rows, 1, 0).largest_block
    return make_plan(singles(n_features), block_rows=block_rows, **given_by)  # type: ignore[arg-type]


@given(sizes, st.booleans())
def test_every_feature_is_weighed_once_in_order(asked: dict[str, int], explicit: bool) -> None:
    plan = plan_for(explicit=explicit, **asked)
    assert tuple(itertools.chain(*plan.sections)) == singles(asked["n_features"])
    assert all(plan.sections)
    assert 1 <= plan.step <= max(1, *(len(section) for section in plan.sections or ((),)))
    assert 1 <= plan.batch_rows <= asked["n_rows"]


@given(sizes, st.booleans())
def test_what_is_held_at_once_stays_within_the_memory(asked: dict[str, int], explicit: bool) -> None:
    """Whatever rows, features and repeats: as far as one feature on one block allows."""
    plan = plan_for(explicit=explicit, **asked)
    memory, n_repeats, out_bytes = asked["memory"], asked["n_repeats"], asked["out_bytes"]
    section = max((len(section) for section in plan.sections), default=1)
    least_rows = 1 if explicit else MarginalSampler(asked["n_rows"], 1, 0).largest_block

    predictions = plan.step * n_repeats * plan.batch_rows * out_bytes
    assert predictions <= memory or (plan.step == 1 and plan.batch_rows <= least_rows)
    assert plan.batch_rows * asked["row_bytes"] <= memory or plan.batch_rows <= least_rows
    if asked["whole"]:  # every prediction is needed to score one feature; more than one only where they fit
        assert plan.step * n_repeats * asked["n_rows"] * out_bytes <= memory or plan.step == 1
        assert section * n_repeats * asked["n_rows"] * 8 <= memory or section == 1
    else:
        changes = section * n_repeats * plan.batch_rows * 8
        assert changes <= memory or (section == 1 and plan.batch_rows <= least_rows)


@pytest.mark.parametrize("n_features", [1, 30, 500])
@pytest.mark.parametrize("n_repeats", [1, 10, 50])
def test_memory_does_not_grow_with_rows(n_features: int, n_repeats: int) -> None:
    def held(n_rows: int) -> int:
        plan = plan_for(n_rows=n_rows, n_features=n_features, n_repeats=n_repeats)
        return plan.step * n_repeats * plan.batch_rows * (4 + 16) + plan.batch_rows * 40

    for n_rows in (10_000, 100_000, 1_000_000, 100_000_000):
        assert held(n_rows) <= MEMORY


def test_a_short_run_is_not_cut_and_a_long_one_can_be_stopped() -> None:
    short = plan_for(n_rows=1000, n_features=6, n_repeats=10)
    assert short.sections == (singles(6),)
    assert (short.step, short.batch_rows) == (6, 1000)
    for n_rows, n_features in ((5_000, 40), (100_000, 30), (1_000_000, 20), (20_000, 500)):
        long = plan_for(n_rows=n_rows, n_features=n_features, n_repeats=10)
        steps = sum(-(-len(section) // long.step) for section in long.sections) * -(
            -n_rows // long.batch_rows
        )
        assert steps >= _plan.STEPS


def test_threads_are_for_work_that_is_worth_them() -> None:
    few, many = {"n_rows": 100, "n_features": 3, "n_repeats": 2}, {"n_rows": 100_000, "n_features": 30}
    assert plan_for(**few, n_jobs=4).n_threads == 1
    assert plan_for(**many, n_jobs=4).n_threads == 4
    assert plan_for(**many, n_jobs=1).n_threads == 1
    assert plan_for(**many).n_threads == plan_for(**many, n_jobs=-1).n_threads >= 1


@given(st.integers(2, 300), st.integers(1, 3), st.integers(2, 30), st.integers(1, 200))
def test_batches_are_whole_blocks_put_together(
    n_rows: int, n_repeats: int, block: int, batch_rows: int
) -> None:
    donors = MarginalSampler(n_rows, 1, 0, block)
    donors = MarginalSampler(n_rows, min(n_repeats, donors.n_repeats_possible), 0, block)
    found = list(batches(donors.blocks(), batch_rows))
    blocks = list(donors.blocks())
    np.testing.assert_array_equal(
        np.concatenate([b.rows for b in found]), np.concatenate([b.rows for b in blocks])
    )
    assert all(batch.receivers == slice(0, batch.n_receivers) for batch in found)
    assert all(b.n_receivers <= max(batch_rows, donors.largest_block) for b in found)
    # who gives to whom is what the blocks say
    of_batches = np.concatenate([b.rows[b.donors] for b in found], 1)
    of_blocks = np.concatenate([b.rows[b.donors] for b in blocks], 1)
    np.testing.assert_array_equal(of_batches, of_blocks)
    # a batch takes as many blocks as it has room for
    for one, following in itertools.pairwise(found):
        first = next(len(b.rows) for b in blocks if b.rows[0] == following.rows[0])
        assert one.n_receivers + first > batch_rows


@given(st.integers(1, 100), st.integers(1, 3), st.integers(1, 150))
def test_receivers_of_donors_written_out_are_cut_anywhere(
    n_rows: int, n_repeats: int, batch_rows: int
) -> None:
    donors = np.random.default_rng(0).permuted(np.tile(np.arange(n_rows), (n_repeats, 1)), axis=1)
    found = list(batches(ExplicitSampler(donors).blocks(), batch_rows))
    assert all(batch.rows is None and batch.n_receivers <= batch_rows for batch in found)
    np.testing.assert_array_equal(
        np.concatenate([np.arange(n_rows)[b.numbers] for b in found]), np.arange(n_rows)
    )
    np.testing.assert_array_equal(np.concatenate([b.donors for b in found], 1), donors)


def test_blocks_are_those_of_the_donors() -> None:
    """The bound above is about blocks of this size: one that does not grow with the rows."""
    assert max(MarginalSampler(n, 1, 0).largest_block for n in range(2, 60_000, 997)) < 2 * BLOCK_ROWS


def test_a_slow_model_can_be_stopped_however_few_its_rows() -> None:
    """A run of a minute is no short one."""
    slow = plan_for(n_rows=1000, n_features=30, n_repeats=10, row_seconds=2e-4)
    assert slow.step == 3
    slower = plan_for(n_rows=1000, n_features=30, n_repeats=10, row_seconds=2e-2)
    assert slower.step == 1
    fast = plan_for(n_rows=1000, n_features=30, n_repeats=10, row_seconds=1e-7)
    assert fast.step == 30
