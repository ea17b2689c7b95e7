"""The result: frame, sentences, chart, table, file."""

from __future__ import annotations

import dataclasses
import html
import json
import math

import numpy as np
import pytest

import weighin
from pages import asks_nobody
from tables import games, linear, noisy
from weighin._inference.refits import Spread
from weighin._results.change import Change

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found():
    return weighin.ablate(
        noisy(),
        games(300),
        drop=["spread", "week"],
        add={"sum": "spread + elo"},
        fits=6,
        random_state=0,
        unit="points",
        split="time:season",
        progress=False,
    )


def made(
    estimate, half, kind="drop", *, better=False, metric="mae", unit="points", tolerance=0.1, label="week"
):
    """A result of one variant, with an interval of a known width."""
    spread = Spread("rows x fits", (half / 1.96) ** 2, 0.0, 0.0, 10, 1000, 1e9)
    dropped, added = ((label,), ()) if kind == "drop" else ((), (label,))
    if kind == "replace":
        dropped = ("elo",)
    scores = (12.0 + estimate,) * 10, (12.0,) * 10
    change = Change(label, kind, ("spread",), dropped, added, *scores, estimate, spread, 700)
    return weighin.Ablation((change,), metric, better, tolerance, scores=(12.0,) * 10, fits=10, unit=unit)


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (
            made(0.01, 0.06),
            "Without week the average miss changes by +0.01 points (95% interval −0.05 to +0.07): safe to drop.",
        ),
        (
            made(-0.21, 0.12, "add", label="talent_gap"),
            "With talent_gap the average miss improves by 0.21 points (0.09 to 0.33): worth keeping.",
        ),
        (
            made(3.41, 0.38, label="spread"),
            "Without spread the average miss gets worse by 3.4 points (3.0 to 3.8): dropping it hurts.",
        ),
        (
            made(-0.021, 0.012, better=True, metric="accuracy", unit="", tolerance=0.002),
            "Without week the accuracy gets worse by 0.021 (0.009 to 0.033): dropping it hurts.",
        ),
        (
            made(0.21, 0.12, better=True, metric="roc_auc", unit=""),
            "Without week the area under the ROC curve improves by 0.21 (0.09 to 0.33): better without.",
        ),
        (
            made(0.0, 0.06, "add"),
            "With week the average miss changes by 0.00 points (95% interval −0.06 to +0.06): not worth adding.",
        ),
        (
            made(0.5, 0.06, "add"),
            "With week the average miss gets worse by 0.50 points (0.44 to 0.56): it hurts.",
        ),
        (
            made(0.0, 0.06, "replace"),
            "With week in place of elo the average miss changes by 0.00 points (95% interval −0.06 to +0.06): "
            "safe to replace.",
        ),
        (
            made(-0.5, 0.06, "replace"),
            "With week in place of elo the average miss improves by 0.50 points (0.44 to 0.56): better so.",
        ),
    ],
)
def test_sentences(result, sentence):
    assert result.summary() == sentence


def test_a_sentence_says_what_would_be_needed():
    text = made(0.02, 0.2).summary()
    assert text.startswith(
        "Without week the average miss changes by 0.0 points (95% interval −0.2 to +0.2): cannot tell with "
        "10 fits; more fits alone are not enough: about "
    )
    assert text.endswith(" test rows (700 now) would be needed.")
    spread = Spread("rows x fits", 0.0, 0.1**2, 0.0, 10, 1000, 9.0)
    by_fits = dataclasses.replace(made(0.02, 0.2).changes[0], spread=spread)
    text = dataclasses.replace(made(0.02, 0.2), changes=(by_fits,)).summary()
    assert text.endswith(": cannot tell with 10 fits; about 130 fits would be needed.")


def test_interval_and_verdict_follow_the_confidence_level():
    result = made(0.01, 0.06)
    assert "(90% interval −0.04 to +0.06): safe to drop" in result.summary(0.9)
    wide, narrow = result.to_frame(0.99), result.to_frame(0.5)
    assert wide["ci_upper"][0] > narrow["ci_upper"][0]
    barely = made(0.21, 0.18)
    assert ": dropping it hurts." in barely.summary()
    assert "(99% interval 0.0 to +0.4): cannot tell" in barely.summary(0.99)
    assert barely.to_frame(0.99)["verdict"].tolist() == ["cannot tell"]
    assert [barely.tell(level).tables[0].rows[0].claimed for level in (0.95, 0.99)] == [True, False]
    for level in (0, 1, 95):
        with pytest.raises(weighin.InputError, match="confidence_level must be between 0 and 1"):
            result.to_frame(level)
        with pytest.raises(weighin.InputError, match="confidence_level"):
            result.summary(level)


def several(n, estimate=0.083, half=0.038, **options):
    """As many variants alike, each with its label."""
    lone = made(estimate, half, **options)
    changes = [dataclasses.replace(lone.changes[0], label=f"f{i}", dropped=(f"f{i}",)) for i in range(n)]
    return dataclasses.replace(lone, changes=tuple(changes))


def test_an_open_verdict_beside_an_interval_that_leaves_out_0_says_why():
    """One variant alone would count: p = .01, and .1 among ten."""
    half = 0.083 * 1.96 / 2.58
    assert ": dropping it hurts." in several(1, half=half, tolerance=0.01).summary()
    among = several(10, half=half, tolerance=0.01)
    assert among["f0"].verdict.word == "cannot tell"
    said = among.summary(limit=10).splitlines()[0]
    assert (
        "(95% interval +0.02 to +0.15): cannot tell with 10 fits, although the interval leaves out 0" in said
    )
    assert "leaves out 0: among 10 variants one may do so by chance (Holm);" in said
    assert not among.tell().tables[0].rows[0].claimed
    small = several(10, estimate=0.0, half=0.1 * 1.96 / 2.2, tolerance=0.1)
    assert "although alone it would count as 'safe to drop': among 10 variants" in small.summary(limit=10)


def test_of_many_variants_the_largest_changes_are_told_one_by_one_and_the_others_by_verdict():
    mixed = several(4, estimate=0.5), several(8, estimate=0.001)
    changes = [
        dataclasses.replace(change, label=f"g{place}", dropped=(f"g{place}",))
        for place, change in enumerate(change for result in mixed for change in result.changes)
    ]
    said = dataclasses.replace(mixed[0], changes=tuple(changes)).summary(limit=2).splitlines()
    assert [line.partition(" the average")[0] for line in said[:2]] == ["Without g0", "Without g1"]
    assert said[2:] == [
        "Hurts: without g2 and without g3.",
        "Safe to drop: without g4, without g5, without g6, without g7 and 4 more.",
    ]


def test_one_variant_prints_itself(found):
    week = found["week"]
    frame = found.to_frame().set_index("variant")
    assert (week.change, week.ci_lower) == tuple(frame.loc["week", ["change", "ci_lower"]])
    assert week.verdict.word == frame.loc["week", "verdict"]
    assert repr(week) in found.summary().splitlines()
    with pytest.raises(
        weighin.InputError, match=r"Unknown variant 'nobody'. Variants: 'spread', 'week', 'sum'"
    ):
        found["nobody"]


def test_the_frame_has_a_row_per_variant(found):
    frame = found.to_frame()
    assert frame["variant"].tolist() == ["spread", "week", "sum"]
    assert frame["kind"].tolist() == ["drop", "drop", "add"]
    assert frame["dropped"].tolist() == ["spread", "week", ""]
    assert frame["added"].tolist() == ["", "", "sum"]
    assert np.allclose(frame["score"] - frame["full"], frame["change"])
    assert (frame["ci_lower"] < frame["change"]).all()
    assert (frame["change"] < frame["ci_upper"]).all()
    assert frame["full"][0] == pytest.approx(found.baseline)
    assert frame["pvalue_holm"].ge(frame["pvalue"]).all()


def test_verdicts_by_label(found):
    assert found["spread"].verdict.word == "hurts"
    with pytest.raises(weighin.InputError, match=r"Unknown variant 'spraed'. Did you mean 'spread'"):
        _ = found["spraed"]


def test_the_table_holds_the_numbers_the_sentences_and_how_they_came_about(found):
    text = str(found)
    for part in (
        "Trained again",
        "without spread",
        "with sum",
        "95% interval",
        "hurts",
        "points",
        "6 fits each",
    ):
        assert part in text
    assert "(1%) do not matter" in text.replace("\n", " ")
    assert "seed 0" in text
    assert "Holm" in text
    assert repr(found) == text


def test_failures_and_simulated_data_are_shown(found):
    failed = dataclasses.replace(found.changes[0], errors=("fit 2 failed (NaN).",))
    text = str(dataclasses.replace(found, changes=(failed,), simulated=True))
    assert "SIMULATED DATA" in text
    assert "spread: fit 2 failed (NaN)." in text
    assert "Holm" not in text


def test_the_chart_points_right_where_it_gets_worse(found, axes):
    ax = dataclasses.replace(found, simulated=True).plot(ax=axes)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "without spread",
        "without week",
        "with sum",
    ]
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx(found.to_frame()["worse_by"].tolist())
    texts = [text.get_text() for text in ax.texts]
    assert any("hurts" in text for text in texts)
    assert "SIMULATED DATA" in ax.get_title(loc="left")
    (limit,) = [line for line in ax.lines if line.get_gid() == "tolerance"]
    assert limit.get_xdata()[0] == pytest.approx(found.tolerance)


def test_the_chart_of_a_score_points_right_too(axes):
    result = made(-0.21, 0.12, better=True, metric="accuracy")
    ax = result.plot(ax=axes)
    assert ax.patches[0].get_width() == pytest.approx(0.21)
    (whisker,) = ax.collections
    (segment,) = whisker.get_segments()
    assert sorted(segment[:, 0]) == pytest.approx([0.09, 0.33], rel=1e-3)


def test_a_chart_without_intervals(axes):
    one = weighin.ablate(linear(), games(80), drop="week", fits=1, progress=False)
    assert one.plot(ax=axes).patches[0].get_width() == pytest.approx(one.changes[0].estimate)


def test_the_page_holds_everything_and_asks_nobody(found, tmp_path):
    hostile = dataclasses.replace(
        found.changes[0], label="<script>alert(1)</script>", dropped=("<b>",), errors=("fit 2 failed (NaN).",)
    )
    result = dataclasses.replace(found, changes=(hostile, *found.changes[1:]), simulated=True)
    path = tmp_path / "ablation.html"
    assert result.to_html(path) is None
    text = path.read_text(encoding="utf-8")
    assert text == result.to_html()
    for line in found.summary().splitlines()[1:]:
        assert f"{line[:1].upper()}{line[1:]}" in html.unescape(text).replace("\u00a0", " ")
    assert text.count('<th scope="row">') == 3
    assert "<strong>SIMULATED DATA.</strong>" in text
    assert "fit 2 failed (NaN)." in text
    assert "without &lt;script&gt;alert(1)" in text
    assert "<b>" not in text
    assert asks_nobody(text)
    with pytest.raises(weighin.OutputExistsError):
        result.to_html(path)
    result.to_html(path, title="Mine & yours", force=True)
    assert "<title>SIMULATED DATA - Mine &amp; yours</title>" in path.read_text(encoding="utf-8")


def test_bars_of_the_page_point_right_where_it_gets_worse():
    for better in (False, True):
        worse = made(-0.5 if better else 0.5, 0.1, better=better, metric="accuracy" if better else "mae")
        (chart,) = worse.tell().charts
        assert chart.values[0] > 0
        assert not chart.unsure[0]
    (chart,) = made(-0.09, 0.2).tell().charts
    assert chart.values[0] < 0
    assert chart.unsure[0]


@pytest.mark.slow
def test_the_page_of_a_result_tells_what_training_again_gave(found):
    imp = weighin.Importance(("spread", "week"), np.array([[2.0], [0.1]]), 12.5, "mae", False, 300)
    text = imp.to_html(also=found)
    assert ">ci_lower<" not in text
    assert "Without spread the average miss gets worse" in text
    assert "mae changes by" in text
    assert "6 of 6" in text


def test_it_is_saved_and_read_back_whole(found, tmp_path):
    path = tmp_path / "ablation.json"
    found.save(path)
    again = weighin.Ablation.load(path)
    assert str(again) == str(found)
    assert again.changes == found.changes
    assert again.to_frame().equals(found.to_frame())
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["format"], content["version"]) == ("weighin.ablation", 2)
    assert [one["verdict"] for one in content["verdicts"]] == [
        verdict.word for verdict in (line.verdict for line in found.lines())
    ]
    with pytest.raises(weighin.OutputExistsError):
        found.save(path)
    found.save(path, force=True)


def test_what_is_missing_survives_the_file(tmp_path):
    one = weighin.ablate(linear(), games(80), drop="week", fits=1, progress=False)
    one.save(tmp_path / "one.json")
    again = weighin.Ablation.load(tmp_path / "one.json")
    assert math.isnan(again.to_frame()["se"][0])
    assert str(again) == str(one)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ("[]", "not 'weighin.ablation'"),
        ('{"format": "weighin.importance"}', "not 'weighin.ablation'"),
        ('{"format": "weighin.ablation", "version": 1}', "has version 1"),
        ('{"format": "weighin.ablation", "version": true}', "has version True"),
        ('{"format": "weighin.ablation", "version": 2}', "is damaged: TypeError"),
    ],
)
def test_other_files_are_refused(tmp_path, content, told):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(weighin.InputError, match=told):
        weighin.Ablation.load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("changes", [{}]),
        ("changes", 7),
        ("scores", ["x"]),
        ("tolerance", "much"),
        ("features", 3),
    ],
)
def test_damaged_fields_are_refused(found, tmp_path, name, value):
    path = tmp_path / "x.json"
    found.save(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, name: value}), encoding="utf-8")
    with pytest.raises(weighin.InputError, match="is damaged"):
        weighin.Ablation.load(path)


def test_a_notebook_shows_a_table_with_bars_and_the_sentences(found):
    text = dataclasses.replace(found, simulated=True)._repr_html_()
    assert text.startswith('<div class="weighin"')
    assert text.count('<th scope="row">') == 3
    assert "SIMULATED DATA - Trained again" in text
    for sentence in found.summary().splitlines():
        assert sentence in html.unescape(text)


def test_verdicts_are_adjusted_for_the_variants_that_have_a_p_value():
    """Of a variant that could not be trained nothing is claimed, and it makes no other less sure."""
    two = several(2)
    failed = dataclasses.replace(
        two.changes[0], label="failed", scores=(np.nan,) * 10, spread=Spread("unknown")
    )
    three = dataclasses.replace(two, changes=(*two.changes, failed))
    assert [verdict.among for verdict in (line.verdict for line in three.lines())] == [2, 2, 2]
    np.testing.assert_array_equal(three.to_frame()["pvalue_holm"], [*two.to_frame()["pvalue_holm"], np.nan])
    assert "verdicts are adjusted for 2 variants (Holm)" in str(three).replace("\n", " ")
