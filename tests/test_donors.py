"""Who gives to whom: the properties of the swap, for any size, seed and number of repeats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighin._samplers import ExplicitSampler, MarginalSampler, row_order

sizes = st.integers(2, 300)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def plans(draw: st.DrawFn) -> MarginalSampler:
    """Donors as `weigh` asks for them: never more repeats than the smallest block has shifts."""
    donors = MarginalSampler(draw(sizes), 1, draw(seeds), block_rows=draw(st.integers(2, 90)))
    n_repeats = draw(st.integers(1, donors.n_repeats_possible))
    return MarginalSampler(donors.n_rows, n_repeats, donors.seed, donors.block_rows)


def shifts_of(block) -> list[int]:
    """How far values travel in each repeat."""
    return [int(-block.donors[r, 0] % len(block.rows)) for r in range(len(block.donors))]


@given(plans())
def test_blocks_cover_every_row_exactly_once(donors):
    rows = np.concatenate([block.rows for block in donors.blocks()])
    assert sorted(rows) == list(range(donors.n_rows))


@given(plans())
def test_blocks_are_as_large_as_asked_and_the_last_takes_the_remainder(donors):
    lengths = [len(block.rows) for block in donors.blocks()]
    assert lengths[:-1] == [donors.block_rows] * (len(lengths) - 1)
    if donors.n_rows < 2 * donors.block_rows:
        assert len(lengths) == 1
    else:
        assert donors.block_rows <= lengths[-1] < 2 * donors.block_rows


@given(plans())
def test_every_repeat_asked_for_is_there(donors):
    for block in donors.blocks():
        assert block.donors.shape == (donors.n_repeats, len(block.rows))


@given(plans())
def test_each_row_gives_once_per_repeat_and_donors_stay_inside_their_block(donors):
    for block in donors.blocks():
        m = len(block.rows)
        assert (np.sort(block.donors, axis=1) == np.arange(m)).all()


@given(plans())
def test_no_row_receives_its_own_values(donors):
    for block in donors.blocks():
        assert (block.donors != np.arange(len(block.rows))).all()


@given(plans())
def test_every_repeat_is_a_shift_in_a_circle(donors):
    for block in donors.blocks():
        m = len(block.rows)
        for r, shift in enumerate(shifts_of(block)):
            assert (block.donors[r] == (np.arange(m) - shift) % m).all()


@given(plans())
def test_shifts_are_distinct_and_no_pair_of_rows_is_swapped_back(donors):
    for block in donors.blocks():
        m, shifts = len(block.rows), shifts_of(block)
        assert len(set(shifts)) == len(shifts)
        if m == 2:
            continue  # two rows have one shift, and it is its own reverse
        assert not {m - s for s in shifts} & set(shifts)
        assert all(2 * s != m for s in shifts)


@given(plans(), st.data())
def test_more_repeats_begin_with_the_same_shifts(donors, data):
    fewer = data.draw(st.integers(1, donors.n_repeats))
    short = MarginalSampler(donors.n_rows, fewer, donors.seed, donors.block_rows)
    for long_block, short_block in zip(donors.blocks(), short.blocks(), strict=True):
        assert (long_block.rows == short_block.rows).all()
        assert (long_block.donors[:fewer] == short_block.donors).all()


@given(plans())
def test_the_same_seed_gives_the_same_donors_whenever_asked(donors):
    again = MarginalSampler(donors.n_rows, donors.n_repeats, donors.seed, donors.block_rows)
    for first, second, third in zip(donors.blocks(), donors.blocks(), again.blocks(), strict=True):
        assert (first.rows == second.rows).all()
        assert (first.rows == third.rows).all()
        assert (first.donors == second.donors).all()
        assert (first.donors == third.donors).all()


@pytest.mark.parametrize("n_rows", [50, 5000])
def test_another_seed_gives_another_order_and_other_shifts(n_rows):
    one, other = (next(MarginalSampler(n_rows, 5, seed).blocks()) for seed in (0, 1))
    assert (one.rows != other.rows).any()
    assert shifts_of(one) != shifts_of(other)


def test_blocks_of_one_run_are_shifted_differently():
    shifts = [tuple(shifts_of(block)) for block in MarginalSampler(1000, 4, 0, block_rows=100).blocks()]
    assert len(set(shifts)) == 10


def test_rows_are_in_random_order():
    block = next(MarginalSampler(1000, 1, 0).blocks())
    assert abs(np.corrcoef(block.rows, np.arange(1000))[0, 1]) < 0.1


def test_shifts_go_both_ways_and_reach_every_distance():
    m, seen = 12, set()
    for seed in range(200):
        seen |= set(shifts_of(next(MarginalSampler(m, 5, seed).blocks())))
    assert seen == set(range(1, m)) - {m // 2}


@pytest.mark.parametrize(
    ("n_rows", "block_rows", "possible"),
    [
        (2, 4096, 1),
        (3, 4096, 1),
        (4, 4096, 1),
        (5, 4096, 2),
        (21, 4096, 10),
        (8191, 4096, 4095),
        (8192, 4096, 2047),
    ],
)
def test_the_number_of_distinct_shifts_is_known(n_rows, block_rows, possible):
    assert MarginalSampler(n_rows, 1, 0, block_rows).n_repeats_possible == possible


def test_explicit_donors_are_taken_as_they_are():
    permutations = np.array([[0, 2, 1], [2, 1, 0]])
    donors = ExplicitSampler(permutations)
    (block,) = donors.blocks()
    assert (donors.n_repeats, donors.n_rows) == (2, 3)
    assert block.rows is None  # all of them, in order
    assert (block.donors == permutations).all()


@given(plans(), st.integers(0, 5))
def test_parts_of_a_table_in_its_random_order_have_the_blocks_of_the_whole(donors, first):
    whole = list(donors.blocks())
    order, first = row_order(donors.n_rows, donors.seed), min(first, len(whole) - 1)
    at = first * donors.block_rows
    part = MarginalSampler(donors.n_rows - at, donors.n_repeats, donors.seed, donors.block_rows, begin=first)
    for mine, theirs in zip(part.blocks(), whole[first:], strict=True):
        np.testing.assert_array_equal(order[at + mine.rows], theirs.rows)
        np.testing.assert_array_equal(mine.donors, theirs.donors)
