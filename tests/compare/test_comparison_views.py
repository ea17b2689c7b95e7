"""`weighin.compare`: what it says, refuses, draws and keeps."""

from __future__ import annotations

import dataclasses
import html
import io
import json
import math
import re
import sys

import numpy as np
import pytest
from compared import NAMES, by_hand, difference, new, old, rows, weigh

import weighin
from pages import asks_nobody
from weighin import Comparison, InputError, OutputExistsError, compare

pytestmark = pytest.mark.slow


def test_sentences_say_what_differs_and_what_cannot_be_told(paired):
    said = paired.summary().splitlines()
    assert said[0].startswith("mae before any shuffle: ")
    assert said[0].endswith("(lower is better).")
    assert said[1].startswith("spread weighs 0.")
    assert " less in new than in old (95% interval 0." in said[1]
    assert " more in new than in old (95% interval 0." in said[2]
    assert "Cannot be told apart: week." in said
    assert "No shuffle of site changed mae at all." in said
    assert said[-1] == "Paired: the same rows with the same shuffles."
    assert "(90% interval " in paired.summary(confidence_level=0.9)


def test_what_chance_may_bring_among_many_is_not_claimed():
    base = compare(
        by_hand(np.zeros(20), [f"f{i}" for i in range(20)]),
        by_hand(np.ones(20), [f"f{i}" for i in range(20)]),
    )
    se = np.full(20, 10.0)
    se[0] = 0.4  # p = 0.012, and 0.25 among twenty
    lucky = dataclasses.replace(base, se=se, skewness=np.zeros(20), df=np.full(20, 1e6))
    assert "among 20 features, one may do so by chance (Holm): f0." in lucky.summary()
    assert "f0 weighs" not in lucky.summary()


def told_apart(n: int, se: float = 0.1, **changes) -> Comparison:
    """Differences of 1, 2, ... that are known to `se`."""
    names = [f"f{i}" for i in range(n)]
    base = compare(by_hand(np.zeros(n), names), by_hand(np.arange(1.0, n + 1), names))
    known = {"se": np.full(n, se), "skewness": np.zeros(n), "df": np.full(n, 1e6)}
    return dataclasses.replace(base, **{**known, **changes})


def test_what_is_claimed_follows_the_confidence_level_in_every_view():
    """A p-value of 0.012 is claimed at 95%, not at 99%."""
    comparison = told_apart(1, 0.4)
    assert all(comparison.claims(0.95).values())
    assert not any(comparison.claims(0.99).values())
    assert comparison.tell(0.95).tables[0].rows[0].claimed
    assert not comparison.tell(0.99).tables[0].rows[0].claimed
    assert "f0 weighs 1.0 more in b than in a (95% interval" in comparison.summary()
    assert "Cannot be told apart: f0." in comparison.summary(0.99)


def test_differences_beyond_the_limit_are_named():
    said = told_apart(8).summary(limit=2)
    assert len(re.findall(r"f\d weighs", said)) == 2
    assert "f5, f4, f3, f2 and 2 more weigh more in b, too." in said
    assert len(re.findall(r"f\d weighs", told_apart(8).summary(limit=8))) == 8


def test_one_feature_prints_itself(paired, apart):
    row = paired.to_frame().set_index("feature").loc["spread"]
    spread = paired["spread"]
    assert (spread.difference, spread.ci_lower, spread.pvalue_holm) == (
        row["difference"],
        row["ci_lower"],
        row["pvalue_holm"],
    )
    assert spread.claim == paired.claims()["spread"] == "less"
    assert repr(spread) in paired.summary().splitlines()
    assert "the two cannot be told apart" in repr(paired["week"])
    assert "(no shuffle changed it)" in repr(paired["site"])
    assert repr(apart["talent"]) == "talent is only in 2021."
    assert "no interval for mae" in repr(compare(by_hand([3.0, 1.0]), by_hand([2.0, 1.0]))["a"])
    assert "among 20 features one may do so by chance" in repr(
        told_apart(20, se=np.array([0.4, *[100.0] * 19]))["f0"]
    )
    with pytest.raises(InputError, match=r"Unknown feature 'spraed'\. Did you mean 'spread'"):
        paired["spraed"]


def test_importances_are_rounded_to_what_is_known_of_their_difference():
    comparison = dataclasses.replace(told_apart(1, se=0.1), first=np.array([0.123456]))
    comparison = dataclasses.replace(comparison, second=np.array([1.123456]))
    assert comparison.tell().tables[0].rows[0].cells[:3] == ["0.1", "1.1", "+1.0"]
    assert repr(comparison["f0"]).endswith(": 0.1 in a, 1.1 in b.")


def test_features_of_one_alone_do_not_count_in_the_adjustment(apart):
    frame = apart.to_frame().set_index("feature")
    known = frame["pvalue"].dropna()
    assert frame["pvalue_holm"].min() == pytest.approx(len(known) * known.min())
    assert apart["spread"].among == len(known) < len(frame)


def test_no_interval_is_printed_where_few_rows_count():
    comparison = told_apart(3, few_rows=np.array([True, False, False]))
    row = comparison.tell().tables[0].rows[-1]
    assert (row.name, row.cells[3], row.claimed) == ("f0", "too few rows", False)
    assert math.isnan(row.bar.low)
    assert np.isfinite(comparison.ci_lower).all()
    assert "f0 weighs" not in comparison.summary()
    assert "Fewer than 20 rows count for f0: no interval is valid there." in comparison.summary()


def test_rows_in_common_are_told_of():
    """Nobody knows of tables with different targets; of one table it is known."""
    x, y = rows(0)
    options = {"metric": "mae", "n_repeats": 4, "random_state": 0}
    table = x.assign(season=np.repeat([2020, 2021, 2022], 100))
    whole = weighin.weigh(old, table[NAMES], y, by=table["season"], **options)
    part = weighin.weigh(new, table[NAMES][:200], y[:200], **options)
    overlapping = compare(whole, part)
    assert overlapping.rows_in_common == "unknown"
    assert "If they share rows, as overlapping tables do, they are not independent" in overlapping.summary()
    inside = compare(whole, whole.of(segment=2020))
    assert inside.rows_in_common == "some"
    assert "The rows of one result are among those of the other, so the intervals are usually too wide." in (
        inside.summary()
    )
    other_seed = weighin.weigh(new, table[NAMES], y, **{**options, "random_state": 1})
    same = compare(whole, other_seed)
    assert same.rows_in_common == "all"
    assert "Both were measured on the same rows, which move them alike" in same.summary()
    assert compare(*weigh([old, new])).rows_in_common == "all"
    named = [
        weighin.weigh(lambda t: old(t[NAMES]), table, y, features=NAMES, by="season", **options).of(
            segment=season
        )
        for season in (2020, 2021)
    ]
    assert compare(*named).rows_in_common == "none"
    assert "They share no row but come from the same table" in compare(*named).summary()


def test_a_metric_without_intervals_has_differences_all_the_same():
    comparison = compare(by_hand([3.0, 1.0]), by_hand([2.0, 1.5]))
    assert comparison.difference.tolist() == [-1.0, 0.5]
    assert np.isnan(comparison.ci_lower).all()
    assert np.isnan(comparison.pvalue).all()
    assert "There are no intervals for mae" in comparison.summary()
    assert "−1 " in str(comparison)


def test_what_a_reader_must_know_is_said():
    first = by_hand([3.0, 1.0], on_training_rows=True, simulated=True)
    second = by_hand([3.0, 1.0], complete=False, unfinished=("c",), rows="other rows")
    text = compare(first, second, labels=("A", "B")).summary()
    assert "The model of A was trained on some of its rows" in text
    assert "B is partial: 'c' not finished." in text
    assert "The data of A are SIMULATED" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"metric": "rmse"},
            r"Importances in mae cannot be compared with importances in 'rmse': their units differ",
        ),
        ({"greater_is_better": True}, "is better when it is less in one result and more in the other"),
        ({"features": ("c", "d")}, "No feature is in both results. In a: 'a', 'b'; in b: 'c', 'd'"),
        (
            {"groups": {"a": ("x", "y")}},
            "'a' is not the same feature or group in both results: a single feature and the group of 'x', "
            "'y'",
        ),
    ],
)
def test_what_does_not_speak_of_the_same_thing_is_refused(change, message):
    first = by_hand([3.0, 1.0])
    with pytest.raises(InputError, match=message):
        compare(first, dataclasses.replace(first, **change))


def test_a_metric_of_both_is_offered():
    x, y = rows(0)
    options = {"n_repeats": 3, "random_state": 0}
    first = weighin.weigh(old, x, y, metric=["mae", "rmse"], **options)
    second = weighin.weigh(new, x, y, metric=["rmse", "mse"], **options)
    with pytest.raises(InputError, match=r"Both have 'rmse': compare\(..., metric='rmse'\)"):
        compare(first, second)
    assert compare(first, second, metric="rmse").metric == "rmse"
    with pytest.raises(InputError, match="Importances in rsme cannot be compared"):
        compare(first, second, metric="rsme")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("ab", "labels must be two names"),
        (("a",), "two names"),
        (("a", 1), "two names"),
        ((" ", "b"), "two names"),
        (("a", "a"), "labels must differ, got 'a' twice"),
    ],
)
def test_labels_are_two_names(labels, message):
    first = by_hand([3.0, 1.0])
    with pytest.raises(InputError, match=message):
        compare(first, first, labels=labels)


def test_files_are_not_results():
    with pytest.raises(InputError, match=r"got str. Read a file with weighin.Importance.load\(path\)"):
        compare("a.json", by_hand([3.0, 1.0]))


def test_the_dumbbell_shows_what_was_found(paired, axes):
    ax = paired.plot(ax=axes)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["spread", "elo"]
    assert ax.get_title(loc="left") == "What weighs more or less in new than in old"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["old", "new"]
    shown = [text.get_text() for text in ax.texts if not text.get_gid()]
    assert shown[0].startswith("−0.")
    assert " to " in shown[0]
    (ways,) = [lines for lines in ax.collections if lines.get_gid() == "ways"]
    assert ways.get_alpha().tolist() == [1.0, 1.0, 0.4, 0.4]


def test_the_dumbbell_counts_what_it_leaves_out(apart, axes):
    ax = apart.plot(ax=axes, limit=2, title="Mine")
    assert len(ax.get_yticklabels()) == 2
    (small,) = [text for text in ax.texts if text.get_gid() == "subtitle"]
    assert "3 more features not shown." in " ".join(small.get_text().split())
    assert ax.get_title(loc="left") == "Mine"
    with pytest.raises(InputError, match="limit must be an integer >= 1, got 0"):
        apart.plot(limit=0)


def test_a_comparison_comes_back_from_its_file(tmp_path, paired, apart):
    for number, comparison in enumerate((paired, apart)):
        path = tmp_path / f"{number}.json"
        comparison.save(path)
        loaded = Comparison.load(path)
        for field in dataclasses.fields(Comparison):
            mine, theirs = getattr(comparison, field.name), getattr(loaded, field.name)
            if isinstance(mine, np.ndarray):
                np.testing.assert_array_equal(mine, theirs)
            else:
                assert mine == theirs
        assert loaded.summary() == comparison.summary()
        with pytest.raises(OutputExistsError):
            comparison.save(path)
        comparison.save(path, force=True)


def test_what_is_no_comparison_is_refused(tmp_path, paired):
    path = tmp_path / "c.json"
    with pytest.raises(InputError, match=r"c.json' cannot be read"):
        Comparison.load(path)
    path.write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        Comparison.load(path)
    path.write_text('{"format": "weighin.importance"}')
    with pytest.raises(InputError, match=r"not 'weighin\.comparison'"):
        Comparison.load(path)
    paired.save(path, force=True)
    content = json.loads(path.read_text())
    for change, message in (
        ({"version": 3}, "has version 3 of the format"),
        ({"labels": ["a"]}, "is damaged: labels cannot be"),
        ({"se": ["x"] * 4}, "is damaged: se cannot be"),
        ({"se": [1.0]}, "is damaged: se must have one value per feature"),
    ):
        path.write_text(json.dumps({**content, **change}))
        with pytest.raises(InputError, match=message):
            Comparison.load(path)
    del content["first"]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="is damaged"):
        Comparison.load(path)


def test_nothing_in_a_comparison_can_be_changed(paired):
    with pytest.raises(ValueError, match="read-only"):
        paired.difference[0] = 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        paired.metric = "x"


def test_names_from_data_are_inert():
    name = "<script>alert(1)</script>[bold]\u202e"
    first = by_hand([3.0, 1.0], [name, "b"])
    comparison = compare(first, by_hand([2.0, 1.0], [name, "b"]), labels=("<i>", "[/]"))
    html = comparison._repr_html_()
    assert "<script>" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[bold]\\u202e" in html
    assert "<script>" in str(comparison)
    assert "\u202e" not in str(comparison)


@pytest.mark.parametrize("width", [34, 50, 70, 160])
def test_text_is_as_wide_as_the_terminal(paired, apart, monkeypatch, width):
    monkeypatch.setattr(sys, "stdout", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    monkeypatch.setenv("COLUMNS", str(width))
    for comparison in (paired, apart):
        text = str(comparison)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        for name, by in zip(comparison.features, comparison.difference, strict=True):
            assert name in text
            assert math.isnan(by) or difference(comparison, name) in text


def test_labels_may_be_called_like_columns():
    text = str(compare(by_hand([3.0, 1.0]), by_hand([2.0, 1.0]), labels=("rank", "difference")))
    assert re.search(r"feature +rank +difference +difference +95% interval +rank", text)


def test_zero_and_missing_values_are_written_plainly():
    comparison = compare(by_hand([0.0, math.nan]), by_hand([0.0, 1.0]))
    assert comparison.difference[0] == 0
    assert math.isnan(comparison.difference[1])
    assert "only in" not in comparison.summary()
    assert comparison.plot() is not None


def test_the_page_holds_everything_and_asks_nobody(tmp_path, paired):
    path = tmp_path / "change.html"
    assert paired.to_html(path) is None
    text = path.read_text(encoding="utf-8")
    assert text == paired.to_html()
    for sentence in paired.summary().splitlines():
        assert sentence in html.unescape(text)
    assert "<title>What weighs more or less in new than in old</title>" in text
    assert text.count('<th scope="row">') == 4
    assert asks_nobody(text)
    with pytest.raises(OutputExistsError):
        paired.to_html(path)
    paired.to_html(path, force=True)


def test_the_page_shows_every_feature_and_what_was_made_up():
    names = [f"f{i}<b>" for i in range(80)]
    comparison = compare(
        by_hand(np.zeros(80), names, simulated=True), by_hand(np.ones(80), names, simulated=True)
    )
    text = comparison.to_html(title="Mine & yours")
    assert text.count('<th scope="row">') == 80
    assert "<b>" not in text
    assert "SIMULATED DATA - Mine &amp; yours" in text
    assert "<strong>SIMULATED DATA.</strong>" in text
    assert comparison._repr_html_().count('<th scope="row">') == 30
