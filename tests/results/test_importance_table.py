"""The table of an importance in a terminal."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from importances import HOSTILE, lines_of, result, table


def test_the_table_holds_every_number_in_order():
    rows = {
        name: cells[:3] for name, cells in lines_of(result()).items() if name in ("spread", "week", "elo")
    }
    assert rows == {
        "spread": ["7.5", "0.5", "60.0%"],
        "week": ["0.05", "0.05", "0.4%"],
        "elo": ["−0.375", "0.125", "−3.0%"],
    }
    assert list(rows) == ["spread", "week", "elo"]
    heads = next(line for line in table(result()).splitlines() if "feature" in line)
    assert re.split(r"\s{2,}", heads.strip()) == ["feature", "mae worse by", "± shuffling", "of baseline"]


def test_bars_are_as_long_as_the_numbers():
    lines = {line.split()[0]: line for line in table(result()).splitlines() if line.split()}
    assert lines["spread"].count("█") == 19
    assert lines["elo"].count("█") == 1  # 0.375 of 7.5
    assert "█" not in lines["week"]


def test_the_caption_says_what_was_measured_on_what():
    text = " ".join(table(result(), width=200).split())
    assert "Baseline mae 12.5 (lower is better) on 730 held-out rows; 2 shuffles per feature, seed 3." in text
    assert "2 rows left out." in text
    assert "(higher is better)" in table(result(greater_is_better=True), width=200)


def test_training_rows_are_named_as_such():
    assert "THE MODEL WAS TRAINED ON SOME OF THESE ROWS." in " ".join(
        table(result(on_training_rows=True)).split()
    )
    assert "TRAINED" not in table(result(on_training_rows=False)) + table(result(on_training_rows=None))


def test_simulated_and_partial_results_say_so():
    heading = table(result(simulated=True, complete=False)).splitlines()[0]
    assert "SIMULATED DATA" in heading
    assert "PARTIAL, 3 features finished" in heading
    assert "SIMULATED" not in table(result())
    assert "PARTIAL" not in table(result())


def test_prediction_change_is_worded_as_a_movement():
    text = " ".join(table(result(metric="prediction_change", baseline=0.0), width=200).split())
    assert "prediction moves by" in text
    assert "How far predictions move, on 730 held-out rows" in text
    assert "Baseline" not in text


def test_one_shuffle_has_no_deviation():
    assert lines_of(result(importances=np.ones((3, 1))))["week"][:3] == ["1", "-", "8.0%"]


@pytest.mark.parametrize(("value", "told"), [(math.nan, "-"), (math.inf, "∞"), (-math.inf, "−∞")])
def test_numbers_that_are_none_are_dashes_and_others_without_limit(value, told):
    imp = result(importances=np.array([[value, value], [1.0, 2.0], [value, 1.0]]))
    assert lines_of(imp)["week"][:3] == [told, "-", told]
    assert lines_of(imp)["spread"][0] == "1.5"
    assert table(result(importances=np.full((3, 2), value))).count(told) >= 6


@pytest.mark.parametrize("value", [-0.0039, 0.0039, -1e-300])
def test_a_part_of_the_baseline_that_rounds_to_zero_has_no_sign(value):
    imp = result(importances=np.array([[value], [1.0], [2.0]]), baseline=12.3)
    assert lines_of(imp)["week"][2] == "0.0%"


def test_all_zero_is_shown_without_a_sign_of_minus():
    for zero in (0.0, -0.0):
        cells = lines_of(result(importances=np.array([[zero], [1.0], [zero]]), baseline=12.3))
        assert cells["week"] == cells["elo"] == ["0", "-", "0%"]
    assert "−" not in table(result(importances=np.array([[-0.0], [0.0], [-0.0]])))


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([12345.678, 1.0], ["12,346", "1"]),
        ([1.23456, 0.001], ["1.23", "0.001"]),
        ([-1.23456, -0.001], ["−1.23", "−0.001"]),
        ([0.00123456, 0.0000004], ["0.00123", "4e-07"]),
        ([1.5e-30, 0.0], ["1.5e-30", "0"]),
        ([1e300, 12.0], ["1e+300", "12"]),
        ([0.0, 0.0], ["0", "0"]),
    ],
)
def test_numbers_without_an_interval_have_three_digits_and_their_points_under_each_other(values, shown):
    imp = result(features=("a", "b"), importances=np.array(values)[:, None], groups={})
    cells = lines_of(imp)
    assert [cells["a"][0], cells["b"][0]] == shown
    lines = {line.split()[0]: line for line in table(imp).splitlines() if line.split()[:1] in (["a"], ["b"])}
    points = [
        lines[name].index(text) + len(text.split(".")[0]) for name, text in zip("ab", shown, strict=True)
    ]
    if "e" not in "".join(shown):
        assert points[0] == points[1]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_names_are_shown_letter_for_letter(name):
    text = table(result(features=("b", name, "c"), groups={}), width=300)
    (row,) = [line for line in text.splitlines() if " 60.0%" in line]
    shown = name.replace("\n", "\\n").replace("\t", "\\t").replace("\x1b", "\\x1b")
    assert re.split(r"\s+7\.5\s", row)[0].strip() == shown


@pytest.mark.parametrize("name", HOSTILE)
def test_a_narrow_table_of_hostile_names_keeps_its_numbers(name):
    text = table(result(features=("b", name, "c"), groups={}), width=70)
    assert re.search(r" 7\.5 +0\.5 +60\.0%", text)
    assert re.search(r" −0\.375 +0\.125 +−3\.0%", text)
    assert "\x1b" not in text
    assert text.count("x") >= name.count("x")


def test_hostile_texts_elsewhere_are_shown_letter_for_letter():
    imp = result(rows="rows where team==[bold]", notes=("note [/] :smiley:",), metric="[red]m[/red]")
    text = table(imp, width=200)
    assert "rows where team==[bold]" in text
    assert "note [/] :smiley:" in text
    assert "[red]m[/red] worse by" in text


@pytest.mark.parametrize("metric", ["mae", "root_mean_squared_error"])
@pytest.mark.parametrize("width", [80, 90, 120])
@pytest.mark.parametrize("length", [5, 30, 200])
def test_nothing_is_cut_in_a_narrow_terminal(metric, width, length):
    text = table(result(features=("week", "n" * length, "elo"), metric=metric, groups={}), width=width)
    assert all(len(line) <= width for line in text.splitlines())
    assert text.count("n" * 8) >= length // 32
    for piece in (
        " 7.5 ",
        " 0.5 ",
        " 60.0%",
        "−0.375",
        "0.125",
        f"{metric} worse by",
        "± shuffling",
        "of baseline",
    ):
        assert piece in text
    assert "…" not in text
    assert "2 shuffles per feature, seed 3." in " ".join(text.split())


def test_printing_gives_the_same_table():
    imp = result()
    assert str(imp) == repr(imp)
    assert re.search(r"spread +7\.5 +0\.5 +60\.0%", str(imp))
    assert "\x1b" not in str(imp)


def test_many_features():
    names = tuple(f"feature_{i}" for i in range(60))
    imp = result(features=names, importances=np.arange(60.0)[:, None], groups={})
    assert [w for w in table(imp).split() if w.startswith("feature_")] == list(reversed(names))
