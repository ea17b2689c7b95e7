"""A result: what it says, and that it comes back from its file as it was."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.console import Console

from weighin import Importance, InputError, OutputExistsError

HOSTILE = [
    "[bold]spread[/bold]",
    "[/]",
    "[link=file:///x]y[/link]",
    ":smiley: and 🏈",
    "two\nlines\tand a tab",
    "x" * 200,
    "\\",
    "a\\[b]",
    "esc\x1b[31mred",
    "",
    " ",
    "$x^2$ and $",
    "été ünïcode Ω",
]


def result(**changes) -> Importance:
    fields = {
        "features": ("week", "spread", "elo"),
        "importances": np.array([[0.0, 0.1], [7.0, 8.0], [-0.5, -0.25]]),
        "baseline": 12.5,
        "metric": "mae",
        "greater_is_better": False,
        "n_rows": 730,
        "rows": "730 held-out rows",
        "on_training_rows": False,
        "model": "fastai TabularLearner",
        "random_state": 3,
        "groups": {"elo": ("home_elo", "away_elo")},
        "notes": ("2 rows left out.",),
        "versions": {"weighin": "0.1.0"},
        "date": "2025-11-22T18:00:00+00:00",
    }
    return Importance(**{**fields, **changes})


def same(one: Importance, other: Importance) -> bool:
    for field in dataclasses.fields(Importance):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "importances":
            if a.dtype != b.dtype or a.shape != b.shape or not np.array_equal(a, b, equal_nan=True):
                return False
        elif isinstance(a, float) and math.isnan(a):
            if not math.isnan(b):
                return False
        elif a != b or type(a) is not type(b):
            return False
    return True


def table(imp: Importance, width: int = 100) -> str:
    """What a terminal of that width shows."""
    console = Console(width=width, color_system=None, force_terminal=True, legacy_windows=False)
    with console.capture() as captured:
        console.print(imp)
    return captured.get()


# numbers


def test_means_deviations_and_relative_importances():
    imp = result()
    np.testing.assert_allclose(imp.importances_mean, [0.05, 7.5, -0.375], rtol=1e-12)
    np.testing.assert_allclose(imp.importances_std, [0.05, 0.5, 0.125], rtol=1e-12)
    np.testing.assert_allclose(imp.relative, [0.004, 0.6, -0.03], rtol=1e-12)
    assert imp.n_repeats == 2


def test_relative_to_a_negative_baseline_keeps_the_sign_of_the_importance():
    np.testing.assert_allclose(result(baseline=-2.0).relative, [0.025, 3.75, -0.1875], rtol=1e-12)


def test_relative_to_a_baseline_of_zero_is_not_defined():
    imp = result(baseline=0.0)
    assert np.isnan(imp.relative).all()
    assert imp.to_frame()["relative"].isna().all()
    assert "%" not in table(imp)
    with pytest.raises(
        InputError, match=r"relative=True is not defined: the baseline is 0\. Use relative=False"
    ):
        imp.plot(relative=True)


def test_the_frame_is_tidy_the_heaviest_first():
    frame = result().to_frame()
    assert " ".join(frame.columns) == (
        "feature metric importance se se_data se_shuffle ci_lower ci_upper relative pvalue pvalue_holm few_rows rank"
    )
    assert frame["feature"].tolist() == ["spread", "week", "elo"]
    assert frame["rank"].tolist() == [1, 2, 3]
    assert frame["metric"].unique().tolist() == ["mae"]
    np.testing.assert_allclose(frame["importance"], [7.5, 0.05, -0.375], rtol=1e-12)
    assert frame[["se", "ci_lower", "pvalue"]].isna().all(axis=None)  # without moments nobody knows
    assert frame.index.tolist() == [0, 1, 2]


def test_equal_importances_keep_the_models_order_and_unknown_ones_go_last():
    imp = result(features=("a", "b", "c", "d"), importances=np.array([[math.nan], [1.0], [1.0], [2.0]]))
    assert imp.to_frame()["feature"].tolist() == ["d", "b", "c", "a"]


def test_a_result_cannot_be_changed():
    imp = result()
    with pytest.raises(dataclasses.FrozenInstanceError):
        imp.baseline = 1.0
    with pytest.raises(ValueError, match="read-only"):
        imp.importances[0, 0] = 1.0


def test_the_array_given_stays_the_callers_own():
    given_array = np.ones((3, 2))
    imp = result(importances=given_array)
    given_array[0, 0] = 5.0
    assert imp.importances[0, 0] == 1.0


@pytest.mark.parametrize("importances", [np.ones(3), np.ones((2, 2)), np.ones((3, 0))])
def test_a_result_whose_parts_do_not_fit_is_refused(importances):
    with pytest.raises(
        InputError, match=r"importances must have one row per feature and at least one column"
    ):
        result(importances=importances)


# the file


def test_everything_comes_back_from_the_file(tmp_path):
    imp = result(simulated=True, complete=False, on_training_rows=None)
    imp.save(tmp_path / "imp.json")
    assert same(Importance.load(tmp_path / "imp.json"), imp)
    assert [path.name for path in tmp_path.iterdir()] == ["imp.json"]


finite_or_not = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(
    data=st.data(),
    names=st.lists(st.text(max_size=30), min_size=1, max_size=4, unique=True),
    repeats=st.integers(1, 3),
    baseline=finite_or_not,
    notes=st.lists(st.text()),
    rows=st.text(),
)
def test_any_result_comes_back_bit_for_bit(tmp_path_factory, data, names, repeats, baseline, notes, rows):
    path = tmp_path_factory.mktemp("results") / "imp.json"
    importances = data.draw(arrays(np.float64, (len(names), repeats), elements=finite_or_not))
    imp = result(
        features=tuple(names),
        importances=importances,
        baseline=baseline,
        notes=tuple(notes),
        rows=rows,
        groups={name: tuple(names) for name in names},
    )
    imp.save(path)
    assert same(Importance.load(path), imp)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_back_from_the_file(tmp_path, name):
    imp = result(features=(name, "b", "c"), groups={name: ("b", "c")})
    imp.save(tmp_path / "imp.json")
    assert same(Importance.load(tmp_path / "imp.json"), imp)


def test_the_file_is_plain_versioned_json_without_special_numbers(tmp_path):
    result(importances=np.array([[math.nan], [math.inf], [1.0]]), baseline=0.0).save(tmp_path / "imp.json")

    def refuse(constant):
        raise AssertionError(constant)

    content = json.loads((tmp_path / "imp.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert (content["format"], content["version"]) == ("weighin.importance", 1)
    assert content["importances"][0] == [None]
    assert content["relative"] == [None, None, None]


def test_numpy_numbers_can_be_saved(tmp_path):
    imp = result(baseline=np.float32(0.5), n_rows=np.int64(7), random_state=np.int64(5))
    imp.save(tmp_path / "imp.json")
    assert Importance.load(tmp_path / "imp.json").baseline == 0.5


def test_an_existing_file_is_left_unless_forced(tmp_path):
    path = tmp_path / "imp.json"
    path.write_text("precious")
    with pytest.raises(OutputExistsError):
        result().save(path)
    assert path.read_text() == "precious"
    result().save(str(path), force=True)
    assert same(Importance.load(str(path)), result())


def saved(tmp_path, **changes):
    path = tmp_path / "imp.json"
    result().save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    for name, value in changes.items():
        if value is ...:
            del content[name]
        else:
            content[name] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("version", [2, 99, "1", None, 0, True])
def test_another_version_of_the_format_is_refused(tmp_path, version):
    with pytest.raises(
        InputError, match=rf"has version {version!r} of the format; this weighin reads version 1"
    ):
        Importance.load(saved(tmp_path, version=version))


def test_fields_a_later_weighin_adds_are_passed_over(tmp_path):
    assert same(Importance.load(saved(tmp_path, something_new=[1, 2])), result())


@pytest.mark.parametrize(
    "changes",
    [
        {"importances": ...},
        {"features": ...},
        {"baseline": ...},
        {"importances": [[1.0, 2.0]]},
        {"importances": [[1.0, 2.0], [1.0], [1.0]]},
        {"importances": [1.0, 2.0, 3.0]},
        {"importances": "text"},
        {"importances": [["a", "b"]] * 3},
        {"importances": [[], [], []]},
        {"features": 5},
        {"features": "abc"},
        {"features": [1, 2, 3]},
        {"baseline": "high"},
        {"metric": 5},
        {"greater_is_better": "yes"},
        {"n_rows": "many"},
        {"groups": [1]},
        {"groups": {"a": 5}},
        {"notes": "text"},
        {"notes": [5]},
        {"on_training_rows": "maybe"},
        {"simulated": "no"},
        {"complete": None},
        {"rows": 7},
        {"random_state": "x"},
        {"versions": []},
    ],
    ids=str,
)
def test_a_damaged_file_is_named(tmp_path, changes):
    with pytest.raises(InputError, match=r"imp\.json' is damaged: "):
        Importance.load(saved(tmp_path, **changes))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a result of weighin"),
        (b"null", "is not a result of weighin"),
        (b'{"format": "other"}', "is not a result of weighin"),
    ],
)
def test_what_is_no_result_is_said(tmp_path, content, message):
    path = tmp_path / "imp.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"imp\.json' {message}"):
        Importance.load(path)


def test_a_cut_file_is_never_read_as_a_shorter_result(tmp_path):
    path = tmp_path / "imp.json"
    result().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 37):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            Importance.load(path)


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read: "):
            Importance.load(path)


# the table


def test_the_table_holds_every_number_in_order():
    lines = [line.split() for line in table(result()).splitlines()]
    rows = [line for line in lines if line and line[0] in ("spread", "week", "elo")]
    assert [row[:4] for row in rows] == [
        ["spread", "+7.5000", "0.5000", "+60.0%"],
        ["week", "+0.0500", "0.0500", "+0.4%"],
        ["elo", "-0.3750", "0.1250", "-3.0%"],
    ]
    heads = next(line for line in table(result()).splitlines() if "feature" in line)
    assert re.split(r"\s{2,}", heads.strip()) == ["feature", "mae worse by", "± shuffling", "of baseline"]


def test_bars_are_as_long_as_the_numbers():
    lines = {line.split()[0]: line for line in table(result()).splitlines() if line.split()}
    assert lines["spread"].count("█") == 20
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
    lines = [line.split() for line in table(result(importances=np.ones((3, 1)))).splitlines()]
    assert ["week", "+1.0000", "-", "+8.0%"] in [line[:4] for line in lines]


@pytest.mark.parametrize(("value", "told"), [(math.nan, "-"), (math.inf, "∞"), (-math.inf, "-∞")])
def test_numbers_that_are_none_are_dashes_and_others_without_limit(value, told):
    imp = result(importances=np.array([[value, value], [1.0, 2.0], [value, 1.0]]))
    lines = {line.split()[0]: line.split() for line in table(imp).splitlines() if line.split()}
    assert lines["week"][1:4] == [told, "-", told]
    assert lines["spread"][1] == "+1.5000"
    assert table(result(importances=np.full((3, 2), value))).count(told) >= 6


@pytest.mark.parametrize("value", [-0.0039, 0.0039, 0.0, -0.0])
def test_a_part_of_the_baseline_that_rounds_to_zero_has_no_sign(value):
    imp = result(importances=np.array([[value], [1.0], [2.0]]), baseline=12.3)
    (line,) = [line.split() for line in table(imp).splitlines() if line.split()[:1] == [imp.features[0]]]
    assert line[3] == "0.0%"


def test_all_zero_is_shown_without_a_sign_of_minus():
    text = table(result(importances=np.array([[-0.0], [0.0], [-0.0]])))
    assert text.count("+0.0 ") == 3
    text = table(result(importances=np.array([[-1e-12], [100.0], [-1e-9]])))
    assert text.count("+0.00 ") == 2


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([12345.678, 1.0], ["+12,346", "+1"]),
        ([1.23456, 0.001], ["+1.2346", "+0.0010"]),
        ([0.00123456, 0.0000004], ["+0.001235", "+0.000000"]),
        ([1.5e-30, 0.0], ["+1.500e-30", "+0.000e+00"]),
        ([1e300, 12.0], ["+1.000e+300", "+1.200e+01"]),
        ([0.0, 0.0], ["+0.0", "+0.0"]),
    ],
)
def test_numbers_of_one_column_have_the_same_decimals(values, shown):
    imp = result(features=("a", "b"), importances=np.array(values)[:, None], groups={})
    lines = {line.split()[0]: line.split() for line in table(imp).splitlines() if line.split()}
    assert [lines["a"][1], lines["b"][1]] == shown


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_names_are_shown_letter_for_letter(name):
    text = table(result(features=("b", name, "c"), groups={}), width=300)
    (row,) = [line for line in text.splitlines() if "+7.5000" in line]
    shown = name.replace("\n", "\\n").replace("\t", "\\t").replace("\x1b", "\\x1b")
    assert row[: row.index("+7.5000")].strip() == shown


@pytest.mark.parametrize("name", HOSTILE)
def test_a_narrow_table_of_hostile_names_keeps_its_numbers(name):
    text = table(result(features=("b", name, "c"), groups={}), width=70)
    assert "+7.5000" in text
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
    for piece in ("+7.5000", "0.5000", "+60.0%", f"{metric} worse by", "± shuffling", "of baseline"):
        assert piece in text
    assert "…" not in text
    assert "2 shuffles per feature, seed 3." in " ".join(text.split())


def test_printing_gives_the_same_table():
    imp = result()
    assert str(imp) == repr(imp)
    assert "+7.5000" in str(imp)
    assert "\x1b" not in str(imp)


def test_many_features():
    names = tuple(f"feature_{i}" for i in range(60))
    imp = result(features=names, importances=np.arange(60.0)[:, None], groups={})
    assert [w for w in table(imp).split() if w.startswith("feature_")] == list(reversed(names))


def test_the_frame_survives_hostile_names():
    imp = result(
        features=tuple(HOSTILE), importances=np.arange(len(HOSTILE), dtype=float)[:, None], groups={}
    )
    assert sorted(imp.to_frame()["feature"]) == sorted(HOSTILE)
    assert isinstance(imp.to_frame(), pd.DataFrame)
