"""What a page holds, without a browser: everything, inert, and nothing from elsewhere."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

import weighin

pytestmark = pytest.mark.slow

VOID = {"meta", "link", "wbr", "input", "br", "img", "hr"}


class Read(HTMLParser):
    """Elements, texts and scripts of a page; refuses one whose elements do not close."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.scripts = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1], data))
        elif self.open and self.open[-1] not in ("style", "text"):
            self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def data(self):
        data = json.loads(next(text for attrs, text in self.scripts if attrs.get("type")))
        for some in data["weights"]:
            some["rows"] = [dict(zip(some["columns"], row, strict=True)) for row in some["rows"]]
        return data

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


def read(imp, **more):
    return Read(imp.to_html(**more))


@pytest.fixture(scope="module")
def six():
    return samples.weighed(6)


def test_the_headline_is_a_sentence_with_the_interval(six):
    page = read(six)
    low, high = six.ci_lower[0], six.ci_upper[0]
    told = re.search(r"makes the average miss (\S+) worse \(95% interval (\S+) to (\S+)\)", page.text)
    assert float(told[1]) == pytest.approx(six.importances_mean[0], abs=0.06)
    assert float(told[2]) == pytest.approx(low, abs=0.06)
    assert float(told[3]) == pytest.approx(high, abs=0.06)


def test_no_sentence_speaks_of_shares(six):
    text = read(six).text.replace("No feature is “responsible for 60% of the prediction”", "")
    assert "responsible" not in text
    assert "unimportant" not in text


def test_every_feature_stands_in_the_table_with_its_numbers(six):
    page = read(six)
    frame = six.to_frame()
    rows = page.data["weights"][0]["rows"]
    assert [row["name"] for row in rows] == list(frame["feature"])
    for row, (_, record) in zip(rows, frame.iterrows(), strict=True):
        assert row["value"] == pytest.approx(record["importance"], rel=1e-7, abs=1e-12)
        assert row["low"] == pytest.approx(record["ci_lower"], rel=1e-7, abs=1e-12)
        assert row["p_holm"] == pytest.approx(record["pvalue_holm"], rel=1e-7, abs=1e-12)
        assert row["label"] in page.text
        assert row["interval"] in page.text


def test_the_relative_interval_is_that_of_the_importance_over_the_baseline(six):
    row = read(six).data["weights"][0]["rows"][0]
    assert row["part"] == pytest.approx(six.relative[0], rel=1e-7)
    assert row["part_low"] == pytest.approx(six.relative_interval()[0][0], rel=1e-7)


def test_how_it_was_made_can_be_made_again(six):
    text = read(six, command="weighin run a.pkl b.csv --seed 0").text
    for told in (six.model, six.metric, "weighin run a.pkl b.csv --seed 0", six.versions["numpy"], six.date):
        assert told in text
    assert "weighin.weigh(model, rows, metric='mae', n_repeats=5, random_state=0)" in read(six).text


def test_simulated_data_and_training_rows_come_first():
    page = samples.weighed(3, simulated=True, on_training_rows=True, complete=False, unfinished=("week",))
    html = page.to_html()
    text = Read(html).text
    for warning in ("SIMULATED DATA.", "TRAINED ON SOME OF THESE ROWS.", "PARTIAL."):
        assert 0 < text.index(warning) < text.index("Shuffling")
    assert "<title>SIMULATED DATA" in html
    assert text.count("simulated data") >= 2  # again at the chart and the table, which travel alone


def test_nothing_warns_where_there_is_nothing_to_warn_of(six):
    text = read(six).text
    assert "SIMULATED" not in text
    assert "TRAINED ON" not in text
    assert "It is not known here whether the model was trained on these rows" in text


def test_nothing_in_a_page_names_another_place(six):
    page = read(six, effects=samples.effects(six.features), associations=samples.associations(six.features))
    for tag, attrs in page.elements:
        assert tag not in ("iframe", "object", "embed", "img", "base", "form") or attrs == {
            "method": "dialog"
        }
        assert not any(name.startswith("on") for name in attrs)
        for name in ("href", "src", "action", "data", "srcset", "xlink:href"):
            assert attrs.get(name, "#").startswith(("#", "data:,"))
    style = re.search(r"<style>(.*?)</style>", six.to_html(), re.S)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_only_its_own_scripts_may_run(six):
    page = read(six)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    code = [text for attrs, text in page.scripts if not attrs]
    prints = {f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in code}
    assert len(code) == 2
    assert set(rules["script-src"].split()) == prints


def test_names_from_the_data_are_text_and_nothing_else():
    imp = samples.weighed(names=samples.HOSTILE, groups={samples.HOSTILE[0]: samples.HOSTILE[1:3]})
    notes = (f"note on `{samples.HOSTILE[1]}`",)
    hostile = {
        "effects": samples.effects(samples.HOSTILE[:4]),
        "associations": samples.associations(samples.HOSTILE),
    }
    plain = samples.weighed(
        10, groups={"feature_000": ("feature_001", "feature_002")}, notes=("note on `x`",)
    )
    mild = {
        "effects": samples.effects(plain.features[:4]),
        "associations": samples.associations(plain.features),
    }
    page, other = read(dataclasses.replace(imp, notes=notes), **hostile), read(plain, **mild)
    for tag in ("script", "img", "b", "a", "meta", "section"):
        assert page.count(tag) == other.count(tag)
    assert {row["raw"] for row in page.data["weights"][0]["rows"]} == set(samples.HOSTILE)
    assert "{{ 7 * 7 }}" in page.text
    assert "49 " not in page.text
    assert "<script>document.title='owned'</script>" in page.text


def test_what_hides_or_turns_text_around_is_written_out():
    page = read(samples.weighed(names=samples.HOSTILE))
    assert "turned \\u202e around" in page.text
    assert "two\\nlines\\tand" in page.text
    assert "\u202e" not in page.text
    assert "👩‍👩‍👧 family" in page.text  # what holds this family together hides nothing
    assert '" "' in read(samples.bare([1.0, 2.0], [" ", "week"])).text


def test_a_letter_that_the_program_for_pictures_cannot_cut_costs_no_page():
    assert "0\U0001f030" in read(samples.bare(range(2), ["a", "0\U0001f030"])).text


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(), max_size=30), min_size=2, max_size=4, unique=True))
def test_any_name_comes_through_whole_and_inert(names):
    html = samples.bare(range(len(names)), names).to_html()
    html.encode("utf-8")
    page = Read(html)
    assert [row["raw"] for row in page.data["weights"][0]["rows"]] == names[::-1]
    assert (page.count("script"), page.count("tr"), page.count("section")) == (3, len(names) + 1, 4)
    shown = page.text + "".join(str(value) for _, attrs in page.elements for value in attrs.values())
    assert all(letter.isprintable() or letter in "\u200c\u200d" for letter in shown)


def test_every_name_is_kept_from_turning_its_neighbours_around():
    page = samples.weighed(names=samples.HOSTILE).to_html()
    assert re.search(r'<bdi class="name">مباراة_', page)


def test_long_names_are_cut_in_the_chart_and_whole_in_the_table():
    page = read(samples.bare([2.0, 1.0], ["a" * 100 + "b" * 100, "x"]))
    row = page.data["weights"][0]["rows"][0]
    assert len(row["short"]) <= 36
    assert row["short"].startswith("aaa")
    assert row["short"].endswith("bbb")
    assert "a" * 100 + "b" * 100 in page.text


@pytest.mark.parametrize("n", [2, 60, 600])
def test_few_and_many_features(n):
    page = read(samples.bare([math.sin(i) for i in range(n)]))
    assert len(page.data["weights"][0]["rows"]) == n
    assert page.count("tr") == n + 1  # all of them, also where no script runs
    assert "20 heaviest" in page.text or n == 2


def test_no_feature_at_all():
    import numpy as np

    imp = weighin.Importance((), np.empty((0, 1)), 2.0, "mae", False, 10, complete=False)
    assert "No feature was weighed." in read(imp).text


def test_all_zero():
    page = read(samples.bare([0.0, 0.0, 0.0]))
    assert "barely uses any one of these features" in page.text
    assert {row["label"] for row in page.data["weights"][0]["rows"]} == {"0"}
    assert "−0" not in page.text


def test_negative_importances_are_not_the_headline():
    page = read(samples.bare([-1.0, -2.0], greater_is_better=False))
    assert "barely uses any one of these features" in page.text
    assert "better without it, on these rows" in page.text


def test_missing_numbers_are_dashes_and_come_last():
    page = read(samples.bare([math.nan, 1.0, math.inf], baseline=0.0))
    rows = page.data["weights"][0]["rows"]
    assert [row["label"] for row in rows] == ["∞", "1", "-"]
    assert all(row["part"] is None for row in rows)
    assert "not defined here" in page.text
    assert not re.search(r"\b(nan|inf)\b", page.text)


def test_nothing_but_missing_numbers():
    assert "No importance could be measured" in read(samples.bare([math.nan, math.nan])).text


def test_few_rows_and_ignored_features_are_said():
    imp = samples.weighed(6)
    ignored = dataclasses.replace(imp, kernels={"feature_005": "ignored"})
    assert "exactly zero: the model cannot see it" in read(ignored).text
    assert "cannot be told apart from zero" in read(imp).text


def test_no_sentence_rests_on_a_feature_that_few_rows_tell_of():
    import numpy as np
    import pandas as pd

    rare = np.zeros(300)
    rare[:3] = 50.0
    X = pd.DataFrame({"rare": rare, "x": np.random.default_rng(0).normal(size=300)})

    def model(rows):
        return np.asarray(rows["rare"] + rows["x"])

    imp = weighin.weigh(model, X, model(X), metric="mae", n_repeats=5, random_state=0)
    assert imp.to_frame().set_index("feature").loc["rare", "few_rows"]
    text = read(imp).text
    assert "Shuffling x makes" in text
    assert "Shuffling rare" not in text
    assert "fewer than 20 rows count here: no interval holds" in text
    assert "Fewer than 20 rows count for 'rare'" in text


def test_every_metric_and_segment_has_its_table():
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.normal(size=400), "z": rng.normal(size=400), "year": rng.integers(2019, 2021, 400)}
    )
    imp = weighin.weigh(
        lambda rows: np.asarray(rows["x"]), X, X["x"] + rng.normal(size=400),
        metric=["mae", "mse"], by="year", n_repeats=5, random_state=0,
    )  # fmt: skip
    page = read(imp)
    assert [some["metric"] for some in page.data["weights"]] == ["mae", "mse"]
    assert page.count("table") == 4
    assert re.search(r"By year", page.text)
    part = imp.of("mse", 2020)
    (row,) = [row for row in part.tell().tables[0].rows if row.name == "x"]
    assert row.cells[0] in page.text
    assert row.cells[1] in page.text
    assert next(a for t, a in page.elements if a.get("id") == "metric")


def test_effects_come_by_weight_with_their_numbers():
    imp = samples.weighed(12)
    html = imp.to_html(effects=samples.effects(imp.features[::-1]))
    page = Read(html)
    names = re.findall(r"Chart: how the prediction moves with (\S+?)\.", html)
    assert names == [imp.features[i] for i in (-imp.importances_mean).argsort(kind="stable")[:8]]
    assert "missing (10.0% of rows)" in page.text
    assert page.text.count("The prediction rises with") == 8
    assert {row["name"]: row["arrow"] for row in page.data["weights"][0]["rows"]}["feature_001"] == "↗"


def test_directions_the_result_knows_are_shown_without_effects(six):
    page = read(six.with_effects({"feature_000": "falls", "feature_001": "none"}))
    rows = {row["name"]: (row["arrow"], row["direction"]) for row in page.data["weights"][0]["rows"]}
    assert rows["feature_000"] == ("↘", "falls")
    assert rows["feature_001"] == ("→", "hardly moves")
    assert rows["feature_002"] == ("", "")
    assert "↘ falls" in page.text


def test_company_and_what_next_are_told(six):
    page = read(six, associations=samples.associations(six.features), ablation=samples.ABLATION)
    assert "feature_000 moves with feature_001 (0.71)" in page.text
    assert page.text.count("0.71") == 2  # in the sentence and in the table of pairs
    assert "rank correlation" in page.text
    assert "safe to drop" in page.text


def test_pairs_and_clusters_say_how_columns_go_together(six):
    first, second = six.features[:2]
    pair = {
        "feature": first,
        "other": second,
        "strength": 0.6,
        "association": -0.6,
        "measure": "rank correlation",
    }
    far = {"feature": first, "ratio": 2.3, "far": True, "sentence": f"Shuffling `{first}` makes odd rows."}
    near = {"feature": second, "ratio": 1.0, "far": False, "sentence": f"Shuffling `{second}` is fine."}
    clusters = [
        {"name": "both", "features": [first, second], "importance": 1.0, "ci_lower": 0.5, "ci_upper": 1.5}
    ]
    associations = {
        "sentences": ["Not this."],
        "pairs": [pair],
        "clusters": clusters,
        "off_data": [near, far],
    }
    text = read(six, associations=associations).text
    assert "moves against" in text
    assert "makes odd rows. There the model is asked about rows unlike any that exist" in text
    assert "is fine" not in text
    assert "Not this." not in text
    assert "together 1.0 (0.5 to 1.5)" in text


def test_sections_without_content_are_left_out(six):
    ids = {attrs.get("id") for _, attrs in read(six).elements}
    assert {"chart", "numbers", "reading", "made"} <= ids
    assert not {"effects", "associations", "segments", "next"} & ids


def test_a_page_shows_effects_and_associations_of_the_same_model():
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    X = pd.DataFrame({"up": x, "twin": x + 0.01 * rng.normal(size=300), "down": rng.normal(size=300)})

    def model(rows):
        return np.asarray(3 * rows["up"] - 2 * rows["down"])

    imp = weighin.weigh(model, X, model(X), metric="mae", n_repeats=5, random_state=0)
    found = weighin.effects(model, X, random_state=0)
    page = read(imp.with_effects(found), associations=weighin.associations(X, random_state=0))
    arrows = {row["name"]: row["arrow"] for row in page.data["weights"][0]["rows"]}
    assert arrows["up"] == found.arrows["up"]
    assert arrows["down"] != arrows["up"]
    assert "twin" in page.text[page.text.index("go together") :]


def look_further(n_rows=300):
    """A model of five columns, one of them names, one in order; its result, effects and associations."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "up": rng.normal(size=n_rows),
            "club": rng.choice(["a", "b", "c"], n_rows),
            "week": pd.Categorical(rng.integers(1, 10, n_rows).astype(str), [*"123456789"], ordered=True),
            "day": pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 300, n_rows), "D"),
        }
    ).assign(twin=lambda rows: -rows["up"] + 0.1 * rng.normal(size=n_rows))
    worth = {"a": 0.0, "b": 2.0, "c": 1.0}

    def model(rows):
        clubs = rows["club"].map(worth).to_numpy()
        days = (rows["day"] - pd.Timestamp("2021-01-01")).dt.days.to_numpy()
        return 3 * rows["up"].to_numpy() + clubs + rows["week"].astype(int).to_numpy() / 3 + days / 100

    imp = weighin.weigh(model, X, model(X), metric="mae", n_repeats=5, random_state=0)
    effects = weighin.effects(model, X, random_state=0)
    return imp, effects, weighin.associations(X, random_state=0), model, X


def test_a_file_holds_all_that_its_page_needs(tmp_path):
    imp, effects, associations, *_ = look_further()
    whole = imp.with_effects(effects).with_associations(associations)
    whole.save(tmp_path / "importance.json")
    again = weighin.Importance.load(tmp_path / "importance.json")
    assert again.to_html() == whole.to_html() == whole.to_html(effects=effects, associations=associations)
    assert again.to_html() == imp.with_effects(effects).to_html(associations=associations)
    ids = {attrs.get("id") for _, attrs in Read(again.to_html()).elements}
    assert {"effects", "associations"} <= ids
    assert (tmp_path / "importance.json").stat().st_size < 100_000
    with pytest.raises(weighin.InputError, match=r"associations must be a result of weighin\.associations"):
        imp.with_associations(7)


@pytest.mark.parametrize(
    "further",
    [
        7,
        {"effects": 7},
        {"effects": {"features": [{}], "notes": []}},
        {"effects": {"features": [], "notes": [7]}},
        {"associations": {"sentences": []}},
        {"associations": {"sentences": [7], "notes": [], "pairs": [], "clusters": []}},
        {"command": ["rm"]},
    ],
    ids=str,
)
def test_a_file_whose_page_cannot_be_made_is_damaged(tmp_path, six, further):
    path = tmp_path / "importance.json"
    six.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"further": further}))
    with pytest.raises(weighin.InputError, match="is damaged"):
        weighin.Importance.load(path)


def test_parts_of_a_result_join_what_was_found_of_each():
    import dataclasses

    imp, effects, associations, *_ = look_further()
    first, rest = (
        dataclasses.replace(
            imp,
            features=imp.features[some],
            importances=imp.importances[some],
            evidence=(),
            further={"command": f"weighin run {some.start}"},
        ).with_effects(effects)
        for some in (slice(0, 2), slice(2, 5))
    )
    page = read(first.merge(rest.with_associations(associations)))
    assert sum(attrs.get("class") == "effect" for _, attrs in page.elements) == 5
    assert "go together" in page.text
    assert "weighin run" not in page.text  # neither gave all of it


def test_levels_stand_by_what_is_predicted_or_in_their_own_order():
    imp, effects, *_ = look_further()
    specs = {
        effect["feature"]: spec
        for effect, spec in zip(
            sorted(
                effects.to_dict()["features"],
                key=lambda one: -imp.importances_mean[imp.features.index(one["feature"])],
            ),
            read(imp, effects=effects).data["effects"],
            strict=True,
        )
    }
    assert [row["x"] for row in specs["club"]["data"]["values"]] == ["b", "c", "a"]
    for name, kind in (("week", "ordinal"), ("day", "ordinal"), ("up", "quantitative")):
        encoding = specs[name]["layer"][-1]["encoding"]
        assert encoding["x"]["type"] == kind
    weeks = [row["x"] for row in specs["week"]["data"]["values"]]
    assert weeks == [*"123456789"] == specs["week"]["layer"][-1]["encoding"]["x"]["scale"]["domain"]
    days = [row["x"] for row in specs["day"]["data"]["values"]]
    assert days == sorted(days)
    assert len(days) == 20


def test_of_many_levels_the_most_frequent_are_drawn():
    imp = samples.weighed(1)
    effect = samples.effects(imp.features)["features"][0]
    levels = [f"level {k:02d}" for k in range(20)]
    many = {
        "kind": "levels",
        "grid": levels,
        "ordered": False,
        "shares": [k / 190 for k in range(20)],
        "curves": [],
    }
    page = read(imp, effects={"features": [{**effect, **many}], "notes": []})
    shown = [row["x"] for row in page.data["effects"][0]["data"]["values"]]
    assert sorted(shown) == [levels[0], *levels[9:]]  # the lowest prediction and the highest are among them
    assert "8 more levels in the numbers" in page.text
    assert all(level in page.text for level in levels)


def test_the_page_says_how_many_rows_effects_and_company_are_of(six):
    notes = ["Averages over 1,000 of 12,000 rows, drawn at random."]
    effects = {**samples.effects(six.features), "notes": notes}
    associations = {**samples.associations(six.features), "notes": ["2,000 of 12,000 rows, drawn at random."]}
    text = read(six, effects=effects, associations=associations).text
    assert "1,000 of 12,000 rows" in text
    assert "2,000 of 12,000 rows" in text


def test_fifty_features_with_eight_effects_stay_below_the_limit():
    imp = samples.weighed(50)
    html = imp.to_html(
        effects=samples.effects(imp.features[:8]), associations=samples.associations(imp.features)
    )
    assert len(html.encode()) < 1_500_000


def test_six_hundred_features_stay_below_it_too():
    import numpy as np

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


@pytest.mark.parametrize("name", ["effects", "associations", "ablation"])
def test_what_is_no_result_is_refused(six, name):
    with pytest.raises(weighin.InputError, match=f"{name} must be a result of weighin"):
        six.to_html(**{name: 7})


def test_without_the_extra_the_message_names_it(six, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(weighin.MissingDependencyError, match=r"pip install 'weighin\[report\]'"):
        six.to_html()
