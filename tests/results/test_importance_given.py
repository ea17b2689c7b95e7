"""Importance given other columns: how a result holds it, keeps it and gives it back."""

from __future__ import annotations

import numpy as np
import pytest

from importances import result
from weighin import GivenFeature, Importance, InputError

REPORTS = {
    "spread": GivenFeature(
        0.15, 0.02, 0.01, 730, 0.99, 2.33, ("week", "elo"), (("elo", 0.84), ("week", 0.01))
    ),
    "week": GivenFeature(0.97, 0.01, 0.01, 730, 1.0, 1.0, ("spread", "elo")),
    "elo": GivenFeature(0.0, inseparable_from=("spread",), notes=("elo is 2 spread",)),
}
GIVEN = {
    "importances": np.array([[0.0, 0.1], [1.0, 2.0], [np.nan, np.nan]]),
    "given": "rest",
    "given_reports": REPORTS,
}


def both(**changes) -> Importance:
    """Shuffled freely, with a part of the same given the rest."""
    return result(parts=(result(**GIVEN, **changes),), **changes)


def test_a_part_is_found_by_what_it_is_given():
    imp = both()
    assert imp.givens == ("", "rest")
    given = imp.of(given="rest")
    assert given.importances_mean[1] == 1.5
    assert given.given_reports["spread"].explained == pytest.approx(0.85)
    assert imp.of() is imp
    assert imp.of(given="").importances_mean[1] == 7.5
    listed = result(parts=(result(given="spread, week"),))
    assert listed.of(given=["spread", "week"]).given == "spread, week"


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(InputError, match=r"No importance given 'rset'\. Did you mean 'rest'"):
        both().of(given="rset")


def test_the_file_keeps_it(tmp_path):
    both().save(tmp_path / "imp.json")
    part = Importance.load(tmp_path / "imp.json").of(given="rest")
    assert part.given_reports["spread"] == REPORTS["spread"]
    assert part.given_reports["elo"].inseparable_from == ("spread",)
    assert np.isnan(part.given_reports["elo"].off_data)
    np.testing.assert_array_equal(part.importances, GIVEN["importances"])


def test_the_frame_has_a_row_for_each_way_to_shuffle():
    frame = both().to_frame(backend="pandas").set_index(["given", "feature"])
    assert frame.loc[("", "spread"), "importance"] == 7.5
    assert frame.loc[("rest", "spread"), "importance"] == 1.5
    assert frame.loc[("rest", "spread"), "own_share"] == 0.15
    assert frame.loc[("rest", "spread"), "correlated"] == "elo, week"
    assert np.isnan(frame.loc[("", "spread"), "own_share"])
    assert "own_share" not in result().to_frame(backend="pandas")


def test_what_has_no_number_comes_last():
    part = both().of(given="rest")
    assert [part.features[i] for i in part.order] == ["spread", "week", "elo"]


def test_two_halves_merge_with_what_they_are_given():
    def half(place: int) -> Importance:
        name = ("week", "spread", "elo")[place]
        only = {"features": (name,), "groups": {}}
        part = result(
            importances=GIVEN["importances"][[place]],
            given="rest",
            given_reports={name: REPORTS[name]},
            **only,
        )
        return result(importances=np.array([[float(place)]] * 1).repeat(2, 1), parts=(part,), **only)

    merged = half(0).merge(half(1))
    assert merged.of(given="rest").features == ("week", "spread")
    assert set(merged.of(given="rest").given_reports) == {"week", "spread"}
    with pytest.raises(InputError, match="givens is"):
        half(0).merge(result(features=("spread",), importances=np.zeros((1, 2)), groups={}))
