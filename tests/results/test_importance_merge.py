"""Two results of the same plan become one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import weighin


def part(*features: str, **changes: object) -> weighin.Importance:
    values = {"random_state": 3, "model": "net", "rows": "730 rows", **changes}
    importances = np.arange(2.0 * len(features)).reshape(len(features), 2)
    return weighin.Importance(features, importances, 12.5, "mae", False, 730, **values)


def test_features_of_both_in_order() -> None:
    joined = part("a", "b").merge(part("c", groups={"c": ("a", "b")}, kernels={"c": "sum"}, notes=("n",)))
    assert joined.features == ("a", "b", "c")
    assert joined.importances.tolist() == [[0, 1], [2, 3], [0, 1]]
    assert joined.groups == {"c": ("a", "b")}
    assert joined.kernels == {"c": "sum"}
    assert joined.notes == ("n",)
    assert joined.complete


@pytest.mark.parametrize(
    ("rest", "complete", "unfinished"),
    [
        (part("b", "c"), True, ()),
        (part("b"), False, ("c",)),
        (part("b", complete=False, unfinished=("c",)), False, ("c",)),
    ],
)
def test_a_run_is_complete_once_nothing_is_unfinished(
    rest: weighin.Importance, complete: bool, unfinished: tuple[str, ...]
) -> None:
    joined = part("a", complete=False, unfinished=("b", "c")).merge(rest)
    assert (joined.complete, joined.unfinished) == (complete, unfinished)


def test_rows_cut_short_stay_partial() -> None:
    assert not part("a", complete=False).merge(part("b")).complete


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"random_state": 4}, "random_state"),
        ({"metric": "rmse"}, "metric"),
        ({"n_rows": 729}, "n_rows"),
        ({"rows": "other rows"}, "rows"),
        ({"model": "other"}, "model"),
        ({"baseline": 12.6}, "baseline"),
        ({"importances": np.ones((1, 3))}, "n_repeats"),
    ],
)
def test_another_plan_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(weighin.InputError, match=f"cannot be merged: {named}"):
        part("a").merge(dataclasses.replace(part("b"), **change))


def test_a_feature_in_both_is_refused() -> None:
    with pytest.raises(weighin.InputError, match="In both results: 'a'"):
        part("a").merge(part("b", "a"))


def test_something_else_is_refused() -> None:
    with pytest.raises(weighin.InputError, match=r"merge takes another result of weighin\.weigh, got int"):
        part("a").merge(3)  # type: ignore[arg-type]
