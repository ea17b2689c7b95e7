"""What every result can do, whatever its features are called, besides being shown."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from every_kind import shown

import weighin


def test_copies_and_pickles_are_the_same(result):
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert type(again) is type(result)
        assert again.to_json() == result.to_json()


def test_nothing_of_it_can_be_changed(result):
    for field in dataclasses.fields(result):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, field.name, None)


@pytest.mark.parametrize("level", [0, 1, 95, "high", True])
def test_a_level_that_is_none_is_refused(result, level):
    for ask in (result.tell, result.summary, result.to_frame):
        with pytest.raises(weighin.InputError, match="confidence_level must be between 0 and 1"):
            ask(level)


def test_one_feature_is_asked_for_by_name(result, names):
    for name in names:
        one = result[name]
        assert getattr(one, "variant" if isinstance(result, weighin.Ablation) else "feature") == name
        assert shown(name) in repr(one)
        assert "\x1b" not in repr(one)
    with pytest.raises(weighin.InputError, match=r"Unknown (feature|variant) 'nobody'"):
        result["nobody"]


@pytest.mark.slow
def test_a_view_changes_no_random_state_and_no_result(result):
    before, state = result.to_json(), np.random.get_state()[1].copy()
    for view in (str, repr, type(result).summary, type(result).to_markdown, type(result).to_html):
        view(result)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert result.to_json() == before


@pytest.mark.slow
def test_every_view_follows_the_confidence_level(result):
    narrow = result.tell(0.5)
    assert "95%" not in " ".join(
        column.label for column in narrow.tables[0].columns if "first" not in column.label
    )
    for view in (result.to_markdown, result.to_latex, result.to_html):
        assert view() == view(confidence_level=0.95)
    assert ("50% interval" in result.to_html(confidence_level=0.5)) is not isinstance(
        result, weighin.Associations
    )
    with pytest.raises(weighin.InputError, match="confidence_level must be between 0 and 1"):
        result.claims(2)


def test_what_is_claimed_has_a_word_for_each_and_is_what_stands_out(result):
    claims = result.claims()
    assert list(claims) == list(result)
    if not isinstance(result, weighin.Associations):
        bold = {
            shown(row.name.removeprefix("without ")) for row in result.tell().tables[0].rows if row.claimed
        }
        assert {shown(name) for name, word in claims.items() if word} == bold


def test_names_are_gone_through_and_looked_for(result, names):
    assert set(result) == set(names)
    assert names[0] in result
    assert "of another table" not in result
    assert all(repr(result[name]) for name in result)


def test_every_result_says_what_computed_it_and_marks_made_up_data(result):
    assert result.date
    assert result.versions["numpy"] == np.__version__
    assert {"Versions", "Date"} <= {term for term, _ in result.tell().made}
    made_up = dataclasses.replace(result, simulated=True)
    for text in (
        str(made_up),
        made_up.summary(),
        made_up.to_markdown(),
        made_up.to_html(),
        made_up._repr_html_(),
    ):
        assert "SIMULATED DATA" in text
    assert "SIMULATED DATA" not in str(result)


def test_it_has_a_length_and_is_equal_to_the_same(result):
    own = list(result)
    assert len(own) == len(result) > 0
    assert all(name in result for name in own)
    assert "nobody" not in result
    assert result == dataclasses.replace(result, date="2020-01-01T00:00:00+00:00")
    assert result != dataclasses.replace(result, notes=("Another.",))
    assert result != own
    assert len({result, dataclasses.replace(result, date="")}) == 1


def test_equal_results_may_be_of_different_times_in_all_their_parts():
    numbers, times = np.array([[1.0, 2.0]]), ("2026-01-01T00:00:00", "2026-01-01T00:00:01")
    one, other = (
        weighin.Importance(
            ("date",), numbers, 3.0, "mae", False, 9, date=time, kernels={"date": "sum"},
            parts=(weighin.Importance(("date",), numbers, 3.0, "rmse", False, 9, date=time),),
        )
        for time in times
    )  # fmt: skip
    assert one == other
    assert one != dataclasses.replace(other, kernels={"date": "generic"})
