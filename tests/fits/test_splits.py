"""Splits: never a row on both sides, leaks refused, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import weighin
from tables import games, linear
from weighin._refit.fits.splits import make_splits

FRAME = games(120)


def both_sides(frame, split, fits=3, seed=0):
    splits = make_splits(frame, split, fits, seed)
    return [splits.sides(fold, fit) for fold in range(len(splits.folds)) for fit in range(fits)], splits


@given(
    split=st.sampled_from(
        ["random", "random:0.4", "group:team", "group:conference:0.5", "time:season", "time:season:2"]
    ),
    n_rows=st.integers(20, 80),
    seed=st.integers(0, 10**6),
)
def test_no_row_is_ever_on_both_sides(split, n_rows, seed):
    frame = games(n_rows, seed % 7)
    for sides in both_sides(frame, split, seed=seed)[0]:
        assert len(sides.train) >= 2
        assert len(sides.test) >= 2
        assert not set(sides.train) & set(sides.test)
        assert max(*sides.train, *sides.test) < n_rows


def test_random_splits_use_every_row_differ_between_fits_and_follow_the_seed():
    drawn, splits = both_sides(FRAME, "random:0.25")
    assert [len(sides.test) for sides in drawn] == [30, 30, 30]
    assert all(len(sides.train) + len(sides.test) == 120 for sides in drawn)
    assert splits.ratio == pytest.approx(1 / 3)
    assert len({tuple(sides.test) for sides in drawn}) == 3
    again = both_sides(FRAME, "random:0.25", fits=5)[0]
    assert all((one.test == other.test).all() for one, other in zip(drawn, again, strict=False))
    other = both_sides(FRAME, "random:0.25", seed=1)[0]
    assert not np.array_equal(drawn[0].test, other[0].test)


def test_groups_stay_together():
    for sides in both_sides(FRAME, "group:team")[0]:
        assert not set(FRAME["team"][sides.train]) & set(FRAME["team"][sides.test])
    assert both_sides(FRAME, "group:team")[1].ratio == pytest.approx(6 / 24)


def test_time_trains_on_what_came_before():
    drawn, _ = both_sides(FRAME, "time:season", fits=1)
    assert set(FRAME["season"][drawn[0].train]) == {2019, 2020}
    assert set(FRAME["season"][drawn[0].test]) == {2021}
    two, _ = both_sides(FRAME, "time:season:2", fits=1)
    assert [set(FRAME["season"][sides.test]) for sides in two] == [{2020}, {2021}]
    assert set(FRAME["season"][two[0].train]) == {2019}


def test_time_takes_dates():
    frame = FRAME.assign(day=pd.to_datetime("2021-01-01") + pd.to_timedelta(FRAME["season"], "D"))
    assert set(frame["season"][both_sides(frame, "time:day", fits=1)[0][0].test]) == {2021}


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ("rondom", "split must be 'random'.*got 'rondom'.*Did you mean 'random'"),
        ("random:1.5", "must be between 0 and 1, got '1.5'"),
        ("random:x", "must be between 0 and 1, got 'x'"),
        ("group:taem", "no column 'taem'.*Did you mean 'team'"),
        ("time:season:0", "must be 1, 2, ..., got '0'"),
        ("time:season:3", "takes at least 4 values of 'season', got 3"),
        ("group:conference:0.01", "leave no rows to train"),
        ("random:0.001", "leaves 0 row"),
        (np.zeros(120, dtype=bool), r"leaves 0 row\(s\) to test on"),
        (np.zeros(5, dtype=bool), r"got ndarray of shape \(5,\)"),
        (np.arange(120), "and int64 for 120 rows"),
        ((np.arange(50), np.arange(49, 100)), r"1 row\(s\) both to train and to test on, such as row 49"),
        ((np.arange(50), np.arange(100, 140)), "row numbers from 0 to 119, got 100 to 139"),
        ((np.array([1, 1, 2]), np.arange(100, 110)), r"1 row number\(s\) more than once"),
        ((np.array([0.5, 1.0]), np.arange(100, 110)), "must hold row numbers, got float64"),
        (7, "split must be"),
    ],
)
def test_what_is_no_split_is_refused(split, told):
    with pytest.raises(weighin.InputError, match=told):
        make_splits(FRAME, split, 3, 0)


def test_a_missing_value_in_the_column_is_refused():
    with pytest.raises(weighin.InputError, match="'season' is missing in 1 of 120 rows"):
        make_splits(FRAME.assign(season=FRAME["season"].where(FRAME.index > 0)), "time:season", 1, 0)


def test_a_column_without_order_is_refused():
    odd = FRAME.assign(mixed=[1 if i % 2 else "a" for i in range(120)])
    with pytest.raises(weighin.InputError, match="'mixed' cannot be put in order"):
        make_splits(odd, "time:mixed", 1, 0)


def ablate(frame, **options):
    return weighin.ablate(linear(), frame, drop="week", fits=2, random_state=0, progress=False, **options)


def test_duplicated_ids_are_refused():
    twice = pd.concat([FRAME, FRAME.head(3)], ignore_index=True)
    with pytest.raises(
        weighin.InputError, match=r"3 value\(s\) of 'id' occur more than once, such as '1000'"
    ):
        ablate(twice)
    assert ablate(twice, id=None).fits == 2


def test_a_group_on_both_sides_is_refused():
    with pytest.raises(weighin.InputError, match=r"both trained and tested on.*split='group:team'"):
        ablate(FRAME, keep_together="team")
    assert ablate(FRAME, keep_together="team", split="group:team").fits == 2
    with pytest.raises(weighin.InputError, match="keep_together: there is no column 'taem'"):
        ablate(FRAME, keep_together="taem")


def test_an_id_column_of_another_name_is_checked_and_missing_ids_are_refused():
    with pytest.raises(weighin.InputError, match="'team' occur more than once"):
        ablate(FRAME, id="team")
    with pytest.raises(weighin.InputError, match="'id' is missing in 2 of 120 rows"):
        ablate(FRAME.assign(id=FRAME["id"].where(FRAME.index > 1)))


def test_ids_of_training_rows_among_the_held_out_ones_are_refused():
    recipe = linear(train_X=FRAME.head(80))
    with pytest.raises(weighin.InputError, match=r"5 value\(s\) of 'id' occur more than once"):
        weighin.ablate(recipe, FRAME.tail(45), drop="week", fits=2, progress=False)


def test_copies_of_training_rows_are_told_of():
    copies = pd.concat([FRAME, FRAME.head(40)], ignore_index=True)
    found = ablate(copies, id=None, split=np.arange(160) >= 110)
    assert any("40 of 50 test rows equal a training row" in note for note in found.notes)
    assert not ablate(FRAME).notes
