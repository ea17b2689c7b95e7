"""Importance given other columns: how a result holds it, keeps it and gives it back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import weighin
from importances import REPORTS, result, weighed_both
from weighin import GivenFeature, Importance, InputError
from weighin._display.numbers import rounded
from weighin._display.terminal import as_text

KEPT = {
    "spread": GivenFeature(
        0.15, 0.02, 0.01, 730, 0.99, 2.33, ("week", "elo"), (("elo", 0.84), ("week", 0.01))
    ),
    "week": GivenFeature(0.97, 0.01, 0.01, 730, 1.0, 1.0, ("spread", "elo")),
    "elo": GivenFeature(0.0, inseparable_from=("spread",), notes=("elo is 2 spread",)),
}
GIVEN = {
    "importances": np.array([[0.0, 0.1], [1.0, 2.0], [np.nan, np.nan]]),
    "given": "rest",
    "given_reports": KEPT,
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
    assert part.given_reports["spread"] == KEPT["spread"]
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
            given_reports={name: KEPT[name]},
            **only,
        )
        return result(importances=np.array([[float(place)]] * 1).repeat(2, 1), parts=(part,), **only)

    merged = half(0).merge(half(1))
    assert merged.of(given="rest").features == ("week", "spread")
    assert set(merged.of(given="rest").given_reports) == {"week", "spread"}
    with pytest.raises(InputError, match="givens is"):
        half(0).merge(result(features=("spread",), importances=np.zeros((1, 2)), groups={}))


@pytest.fixture(scope="module")
def weighed() -> Importance:
    return weighed_both()


def test_a_table_shows_both_numbers_and_what_explains_a_feature(weighed):
    (told,) = weighed.tell().tables
    assert [column.label for column in told.columns] == [
        "mse worse by", "given the rest", "p (Holm)", "explained", "mostly by",
    ]  # fmt: skip
    rows = {row.name: row for row in told.rows}
    free, left = weighed["spread"], weighed.of(given="rest")["spread"]
    assert (
        rows["spread"]
        .cells[0]
        .startswith(rounded(free.importance, free.ci_lower, free.ci_upper).value + " (")
    )
    assert (
        rows["spread"]
        .cells[1]
        .startswith(rounded(left.importance, left.ci_lower, left.ci_upper).value + " (")
    )
    assert rows["spread"].cells[2:] == ["<0.001", "85%", "elo"]
    assert (rows["spread"].bar.before, rows["spread"].bar.value) == (free.importance, left.importance)
    assert rows["week"].cells[3] == "1%"
    assert rows["twin"].cells[1:] == ["- (not separable)", "-", "all", "week"]
    assert "cannot be separated from week: weigh them as a group" in rows["twin"].note


def test_one_way_alone_is_called_what_it_is(weighed):
    alone = weighed.of(given="rest")
    telling = alone.tell()
    assert telling.tables[0].heading == "What the model weighs, given the other columns"
    assert [column.label for column in telling.tables[0].columns[-2:]] == ["explained", "mostly by"]
    assert [row.name for row in telling.tables[0].rows][-1] == "twin"
    assert telling.charts[0].xlabel == (
        "how much worse mse gets when the column is shuffled among rows alike in the other columns"
    )
    assert "among rows alike in the other columns, seed 0" in telling.remarks[0]
    assert telling.charts[0].asides == [
        "85% explained by elo", "80% explained by spread", "1% explained", "not separable from week",
    ]  # fmt: skip
    listed = dataclasses.replace(alone, given="elo, week")
    assert listed.tell().tables[0].heading == "What the model weighs, given elo, week"


def test_sentences_say_how_much_others_explain_and_what_is_left(weighed):
    said = weighed.summary()
    assert (
        "The other columns, above all elo, explain 85% of spread; shuffling only the rest makes the mean "
        in said
    )
    assert (
        "Rows shuffled this way lie no farther from real ones than real ones do from each other (0.99; "
        in said
    )
    assert "shuffled freely 2.33)." in said
    headline = said.splitlines()
    assert headline[1].startswith("Shuffling spread makes")
    assert headline[2].startswith("The other columns")
    for view in (said, str(weighed), weighed.to_markdown().replace("\\", "")):
        text = " ".join(view.split())
        assert "groups={'twin and week': ['twin', 'week']}" in text
    # never shares of a total
    assert "responsible" not in said


def test_what_is_doubtful_is_said(weighed):
    def notes(**changes) -> str:
        report = dataclasses.replace(REPORTS["spread"], **changes)
        alone = weighed.of(given="rest")
        reports = {**alone.given_reports, "spread": report}
        return " ".join(dataclasses.replace(alone, given_reports=reports).tell().notes)

    assert "spread" not in notes()
    assert "by this factor: spread (1.5)." in notes(off_data=1.5)
    assert "learned from few rows" in notes(lam=0.6)
    assert "learned from few rows" in notes(leverage=0.4)
    assert "explain more than 98% of spread" in notes(own_share=0.01)
    assert "lie no farther" not in notes(off_data=1.5)
    many = dataclasses.replace(weighed.of(given="rest"), n_rows=30_000)
    assert any(note.startswith("With more than 20,000 rows, p-values") for note in many.tell().notes)
    # free numbers are not doubted
    assert "20,000 rows" not in dataclasses.replace(weighed, n_rows=30_000, parts=()).summary()


def test_what_a_run_had_no_time_for_is_not_lost(weighed, tmp_path):
    """Interrupted given the others: these features have one number only."""
    left = weighed.of(given="rest")
    few = dataclasses.replace(
        left,
        features=left.features[:1],
        importances=left.importances[:1],
        evidence=(left.evidence[0].units([0]),),
    )
    imp = dataclasses.replace(weighed, parts=(few,), complete=False)
    rows = {row.name: row for row in imp.tell().tables[0].rows}
    assert rows["elo"].cells[1] == "- (not finished)"
    assert rows["elo"].cells[0] != "-"
    assert np.isnan(imp.tell().charts[0].second[1:]).all()
    imp.save(tmp_path / "imp.json")
    assert Importance.load(tmp_path / "imp.json").of(given="rest").features == ("spread",)
    assert "elo" in imp.summary()


def test_the_whole_of_it_told_the_other_way_round(weighed):
    """``given=["rest", None]``: the order is that of the first; shuffled freely still stands first."""
    turned = dataclasses.replace(weighed.of(given="rest"), parts=(dataclasses.replace(weighed, parts=()),))
    told = turned.tell()
    assert [column.label for column in told.tables[0].columns[:2]] == ["mse worse by", "given the rest"]
    assert told.charts[0].first[0] == weighed["spread"].importance
    assert told.tables[0].rows[-1].name == "twin"
    assert told.sentences[1].startswith("Shuffling spread")


def test_dots_stand_in_the_terminal_where_there_is_room(weighed):
    lines = {line.split()[0]: line for line in str(weighed).splitlines()[:9] if line.split()}
    assert lines["spread"].rstrip().endswith("○")
    assert "●─" in lines["spread"]
    assert lines["twin"].rstrip().endswith("○")
    assert "●" not in lines["twin"]
    narrow = as_text(weighed.tell(), 70)
    assert max(map(len, narrow.splitlines())) <= 70
    assert "given the rest" in narrow


def test_the_call_that_gives_it_again_names_what_was_given(weighed):
    assert "given=[None, 'rest']" in weighed.tell().command
    alone = weighed.of(given="rest")
    assert "given='rest'" in alone.tell().command
    assert "given=['elo', 'week']" in dataclasses.replace(alone, given="elo, week").tell().command
    assert "given" not in dataclasses.replace(weighed, parts=()).tell().command


def test_a_fragment_for_a_notebook_has_dots_and_a_latex_table_both_numbers(weighed):
    html = weighed._repr_html_()
    assert html.count('class="dot ring"') == 4
    assert html.count('class="dot"') == 3
    assert "given the rest" in weighed.to_latex()


def test_one_feature_says_what_it_was_given(weighed):
    assert repr(weighed["spread"]).startswith("spread: mse worse by ")
    assert repr(weighed.of(given="rest")["spread"]).startswith(
        "spread, given the other columns: mse worse by "
    )


def test_a_comparison_says_what_both_were_given(weighed, tmp_path):
    left = weighed.of(given="rest")
    change = weighin.compare(left, dataclasses.replace(left, random_state=1), labels=("before", "after"))
    told = change.tell()
    assert change.given == "rest"
    assert told.title == "What weighs more or less in after than in before, given the other columns"
    assert told.tables[0].heading == "mse, given the other columns: after minus before"
    assert told.charts[0].xlabel == "importance (mse, given the other columns)"
    change.save(tmp_path / "change.json")
    assert weighin.Comparison.load(tmp_path / "change.json").given == "rest"
    mixed = weighin.compare(weighed, left)
    assert mixed.given == ""
    assert "shuffled freely, those of b shuffled given the other columns" in mixed.summary()
