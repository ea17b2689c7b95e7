"""What the page of an importance holds, without a browser: every number, and how it was made."""

from __future__ import annotations

import dataclasses
import math
import re
import sys

import numpy as np
import pandas as pd
import pytest
import samples
from reader import Read, read

import weighin
from pages import without_scripts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def six():
    return samples.weighed(6)


def test_a_sentence_at_the_top_has_the_interval(six):
    page = read(six)
    low, high = six.ci_lower[0], six.ci_upper[0]
    told = re.search(r"makes the average miss (\S+) worse \(95% interval (\S+) to (\S+)\)", page.text)
    assert float(told[1]) == pytest.approx(six.importances_mean[0], abs=0.06)
    assert float(told[2]) == pytest.approx(low, abs=0.06)
    assert float(told[3]) == pytest.approx(high, abs=0.06)


def test_no_sentence_speaks_of_shares_or_of_calls(six):
    text = read(samples.weighed(6, metric=["mae", "mse"])).text
    text = text.replace("No feature is “responsible for 60% of the prediction”", "")
    assert "responsible" not in text
    assert "unimportant" not in text
    assert "to_frame" not in text
    assert ".of(" not in text


def test_every_feature_stands_in_chart_and_table_with_its_numbers(six):
    page, frame = read(six), six.to_frame()
    table = six.tell().tables[0]
    assert [row["full"] for row in page.rows] == list(frame["feature"])
    for row, (_, record), told in zip(page.rows, frame.iterrows(), table.rows, strict=True):
        assert row["value"] == pytest.approx(record["importance"], rel=1e-7, abs=1e-12)
        assert row["low"] == pytest.approx(record["ci_lower"], rel=1e-7, abs=1e-12)
        assert row["label"] == told.cells[0]
        assert all(cell in page.text for cell in told.cells)


def test_the_relative_interval_is_that_of_the_importance_over_the_baseline(six):
    chart = next(chart for chart in read(six).charts if chart["choice"]["Show"] == "% of baseline")
    assert chart["percent"]
    assert chart["rows"][0]["value"] == pytest.approx(six.relative[0], rel=1e-7)
    assert chart["rows"][0]["low"] == pytest.approx(six.relative_interval()[0][0], rel=1e-7)


def test_what_a_bar_tells_is_rounded_as_the_table_is(six):
    row, first = read(six).rows[0], six.tell().tables[0].rows[0]
    value, interval, _, part = first.cells
    assert row["tips"][0] == f"mae worse by {value} (95% interval {interval})"
    assert row["tips"][1] == f"{part} of the baseline"
    assert row["tips"][-1].startswith("rank 1 of 6, p (Holm) ")


def test_how_it_was_made_can_be_made_again(six):
    text = read(dataclasses.replace(six, command="weighin run a.pkl b.csv --random-state 0")).text
    for told in (
        six.model,
        six.metric,
        "weighin run a.pkl b.csv --random-state 0",
        six.versions["numpy"],
        six.date,
    ):
        assert told in text
    assert "weighin.weigh(model, rows, metric='mae', n_repeats=5, random_state=0)" in read(six).text


def test_simulated_data_and_training_rows_come_first():
    imp = samples.weighed(3, simulated=True, on_training_rows=True, complete=False, unfinished=("week",))
    page = read(imp)
    for warning in ("SIMULATED DATA.", "TRAINED ON SOME OF THESE ROWS.", "PARTIAL."):
        assert 0 < page.text.index(warning) < page.text.index("Shuffling")
    assert "<title>SIMULATED DATA" in imp.to_html()
    assert page.text.count("simulated data") >= 2  # again at the chart and the table, which travel alone
    assert "SIMULATED DATA" in page.csv.splitlines()[1]


def test_nothing_warns_where_there_is_nothing_to_warn_of(six):
    text = read(six).text
    assert "SIMULATED" not in text
    assert "TRAINED ON" not in text
    assert "it is not known whether the model was trained on these rows" in text


def test_the_title_is_the_headline_and_what_is_predicted_stands_above_it(six):
    effects = dataclasses.replace(samples.effects(six.features), what="the predicted margin")
    html = six.to_html(also=effects, title="Mine & yours")
    assert "<h1>Mine &amp; yours</h1>" in html
    assert html.index("predicts margin") < html.index("<h1>")


def test_no_heading_says_the_title_again(six):
    heads = re.findall(r"<h[12][^>]*>(.*?)<[/s]", without_scripts(six.to_html()))
    assert len(heads) == len(set(heads))
    assert heads[:2] == ["What the model weighs", "Chart"]


def test_long_names_are_cut_in_the_chart_and_whole_in_the_table():
    page = read(samples.bare([2.0, 1.0], ["a" * 100 + "b" * 100, "x"]))
    row = page.rows[0]
    assert len(row["name"]) <= 36
    assert row["name"].startswith("aaa")
    assert row["name"].endswith("bbb")
    assert "a" * 100 + "b" * 100 in page.text


@pytest.mark.parametrize("n", [2, 60, 600])
def test_few_and_many_features(n):
    page = read(samples.bare([math.sin(i) for i in range(n)]))
    assert len(page.rows) == n
    assert page.count("tr") == n + 1  # all of them, also where no script runs
    assert f"The first 20 of {n}" in page.text or n == 2


def test_no_feature_at_all():
    imp = weighin.Importance((), np.empty((0, 1)), 2.0, "mae", False, 10, complete=False)
    assert "There is nothing to draw." in read(imp).text


def test_all_zero():
    page = read(samples.bare([0.0, 0.0, 0.0]))
    assert "barely uses any one of these features" in page.text
    assert {row["label"] for row in page.rows} == {"0"}
    assert "−0" not in page.text


def test_negative_importances_are_not_the_headline():
    page = read(samples.bare([-1.0, -2.0], greater_is_better=False))
    assert "barely uses any one of these features" in page.text
    assert "better without it, on these rows" in page.text


def test_missing_numbers_are_dashes_and_come_last():
    page = read(samples.bare([math.nan, 1.0, math.inf], baseline=0.0))
    assert [row["label"] for row in page.rows] == ["∞", "1", "-"]
    assert [chart["choice"]["Show"] for chart in page.charts] == ["Amount"]
    assert "not defined here" in page.text
    assert not re.search(r"\b(nan|inf)\b", page.text)


def test_nothing_but_missing_numbers():
    assert "No importance could be measured" in read(samples.bare([math.nan, math.nan])).text


def test_few_rows_and_ignored_features_are_said():
    imp = samples.weighed(6)
    ignored = dataclasses.replace(imp, kernels={"feature_005": "ignored"})
    assert "exactly zero: the model does not read it" in read(ignored).text
    assert "cannot be told apart from zero" in read(imp).text


def test_no_sentence_rests_on_a_feature_that_few_rows_tell_of():
    rare = np.zeros(300)
    rare[:3] = 50.0
    X = pd.DataFrame({"rare": rare, "x": np.random.default_rng(0).normal(size=300)})

    def model(rows):
        return np.asarray(rows["rare"] + rows["x"])

    imp = weighin.weigh(model, X, model(X), metric="mae", n_repeats=5, random_state=0)
    assert imp.to_frame().set_index("feature").loc["rare", "few_rows"]
    page = read(imp)
    assert "Shuffling x makes" in page.text
    assert "Shuffling rare" not in page.text
    assert "fewer than 20 rows count here: no interval is valid" in page.text
    assert "Fewer than 20 rows count for rare" in page.text
    assert next(row for row in page.rows if row["full"] == "rare")["low"] is None


def test_every_metric_and_segment_has_its_table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.normal(size=400), "z": rng.normal(size=400), "year": rng.integers(2019, 2021, 400)}
    )
    imp = weighin.weigh(
        lambda rows: np.asarray(rows["x"]), X, X["x"] + rng.normal(size=400),
        metric=["mae", "mse"], by="year", n_repeats=5, random_state=0,
    )  # fmt: skip
    page = read(imp)
    choices = [(chart["choice"]["Metric"], chart["choice"]["Show"]) for chart in page.charts]
    assert choices == [(metric, show) for metric in ("mae", "mse") for show in ("Amount", "% of baseline")]
    assert page.count("table") == 4
    assert "By year" in page.text
    part = imp.of("mse", 2020)
    (row,) = [row for row in part.tell().tables[0].rows if row.name == "x"]
    assert row.cells[0] in page.text
    assert row.cells[1] in page.text
    assert next(attrs for _, attrs in page.elements if attrs.get("data-key") == "Metric")


def test_directions_the_result_knows_are_shown_without_effects(six):
    page = read(six.with_effects({"feature_000": "falls", "feature_001": "none"}))
    rows = {row["full"]: (row["arrow"], row["tips"]) for row in page.rows}
    assert rows["feature_000"][0] == "↘"
    assert "prediction falls ↘" in rows["feature_000"][1]
    assert "prediction hardly moves →" in rows["feature_001"][1]
    assert rows["feature_002"][0] == ""
    assert "falls ↘" in page.text


def test_sections_without_content_are_left_out(six):
    ids = {attrs.get("id") for _, attrs in read(six).elements}
    assert {"chart", "numbers", "reading", "made"} <= ids
    assert not {"which-way", "associations", "segments", "what-next"} & ids


def test_six_hundred_features_stay_below_the_limit():
    imp = samples.bare(np.linspace(1, -0.1, 600), [f"a_name_of_some_length_{i}" for i in range(600)])
    assert len(imp.to_html().encode()) < 1_500_000


def test_licences_travel_with_the_scripts(six):
    text = read(six).text
    assert "University of Washington Interactive Data Lab" in text
    assert "Redistributions in binary form must reproduce" in text
    assert "Mike Bostock" in text


def test_a_file_is_written_whole_and_never_over_another(tmp_path, six):
    path = tmp_path / "report.html"
    assert six.to_html(path) is None
    assert path.read_text(encoding="utf-8") == six.to_html()
    with pytest.raises(weighin.OutputExistsError, match=r"report\.html"):
        six.to_html(path)
    six.to_html(path, title="Again", force=True)
    assert "<title>Again</title>" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("also", [7, "effects", [7], ["page.html"], None], ids=str)
def test_what_is_no_result_is_refused(six, also):
    with pytest.raises(weighin.InputError, match="also must hold results of weighin"):
        six.to_html(also=also)


def test_without_the_extra_the_page_has_pictures_instead_of_scripts(six, monkeypatch):
    monkeypatch.setattr(sys.modules["weighin._display.page.page"], "find_spec", lambda name: None)
    page = read(six, also=[samples.effects(six.features), samples.associations(six.features)])
    assert page.scripts == []
    assert page.count("img") == 3  # bars, curves, the square of associations
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "script-src 'none'" in policy
    assert all(row.cells[0] in page.text for row in six.tell().tables[0].rows)


@pytest.mark.parametrize("light", ["no", None, 2])
def test_light_is_true_or_false(six, light):
    with pytest.raises(weighin.InputError, match="light must be True or False, got"):
        six.to_html(light=light)


def test_a_result_of_another_model_is_said_to_be_one(six):
    other = dataclasses.replace(samples.effects(six.features), model="a forest")
    pairs = samples.bare([1.0, 2.0], six.features[:2], model="a forest")
    assert "ANOTHER MODEL." not in read(six, also=dataclasses.replace(pairs, model=six.model)).text
    text = read(six, also=pairs).text
    assert f"is about a forest, and the rest of this page about {six.model}." in text
    assert "ANOTHER MODEL." in read(six, also=other).text


@pytest.mark.parametrize("n", [6, 50, 600])
def test_a_light_page_has_no_scripts_and_no_more_than_200_kilobytes(n):
    imp = samples.weighed(n) if n < 100 else samples.bare([math.sin(i) for i in range(n)])
    more = [samples.effects(imp.features[:20]), samples.associations(imp.features)]
    page = imp.to_html(light=True, also=more)
    assert len(page.encode()) <= 200_000
    read_page = Read(page)
    assert read_page.scripts == []
    assert "script-src 'none'" in page
    table = imp.tell().tables[0].rows
    assert all(cell in read_page.text for row in table[:20] for cell in row.cells)
    if n == 600:
        assert re.search(r"\d+ more rows: to_frame\(\)", read_page.text)
    else:
        assert "Chart: how the prediction moves with feature_000" in page


def test_segments_of_every_way_to_shuffle_have_their_table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=400), "z": rng.normal(size=400)})
    imp = weighin.weigh(
        lambda rows: np.asarray(rows["x"]), X, X["x"] + rng.normal(size=400), metric="mae",
        by=np.repeat(["early", "late"], 200), given=[None, "rest"], n_repeats=5, random_state=0,
    )  # fmt: skip
    page = read(imp)
    assert next(attrs for _, attrs in page.elements if attrs.get("data-key") == "Shuffled")
    for given in ("", "rest"):
        cells = repr(imp.of("mae", "late", given=given)["x"])
        assert cells.split("interval ")[1].split(")")[0] in page.text
