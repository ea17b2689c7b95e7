"""What the page of an importance shows besides: effects, associations, training again; and its file."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
import samples
from reader import Read, read

import weighin

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def six():
    return samples.weighed(6)


@pytest.fixture(scope="module")
def further():
    """A model of five columns, one of them names, one in order; its result, effects and associations."""
    import numpy as np
    import pandas as pd

    rng, n_rows = np.random.default_rng(0), 300
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
    return imp, effects, weighin.associations(X, random_state=0)


def test_effects_come_by_weight_with_their_numbers():
    imp = samples.weighed(12)
    html = imp.to_html(also=samples.effects(imp.features[::-1]))
    page = Read(html)
    names = re.findall(r"Chart: how the prediction moves with (\S+?)\.", html)
    assert names == [imp.features[i] for i in (-imp.importances_mean).argsort(kind="stable")]
    assert "missing (10%)" in page.text
    assert page.text.count("The prediction rises with") == 6
    assert "Where it is missing: 3" in page.text


def test_training_again_is_told(six):
    page = read(six, also=samples.ablation(six.features))
    assert "Trained again: what can be dropped, and what helps" in page.text
    assert "without feature_000" in page.text
    groups = page.data["groups"]
    assert [len(group["charts"][0]["rows"]) for group in groups] == [6, 6]


def test_columns_that_go_together_are_named_at_the_bars_and_below(six):
    first, second = six.features[:2]
    page = read(six, also=samples.associations(six.features, -0.7123))
    rows = {row["full"]: row["tips"] for row in page.rows}
    assert f"goes with {second} (−0.71)" in rows[first]
    assert f"{first} moves against {second} (−0.71): shuffling one leaves the other in place." in page.text
    assert f"Shuffling {first} puts rows 2.3 times as far from any real row" in page.text
    assert "rank correlation" in page.text


def test_the_page_says_how_many_rows_effects_and_associations_are_of(six):
    effects = samples.effects(six.features, ("Averages over 1,000 of 12,000 rows, drawn at random.",))
    associations = samples.associations(six.features, notes=("2,000 of 12,000 rows, drawn at random.",))
    text = read(six, also=[effects, associations]).text
    assert "1,000 of 12,000 rows" in text
    assert "2,000 of 12,000 rows" in text


def test_a_page_shows_effects_and_associations_of_the_same_model(further):
    imp, effects, associations = further
    page = read(imp.with_effects(effects), also=associations)
    arrows = {row["full"]: row["arrow"] for row in page.rows}
    assert arrows["up"] == effects["up"].arrow == "↗"
    assert arrows["club"] == "⇅"
    assert "up and twin carry much the same information" in page.text


def test_a_file_holds_all_that_its_page_needs(tmp_path, further):
    imp, effects, associations = further
    whole = imp.with_effects(effects).with_associations(associations)
    whole.save(tmp_path / "importance.json")
    again = weighin.Importance.load(tmp_path / "importance.json")
    assert again.to_html() == whole.to_html() == whole.to_html(also=[effects, associations])
    assert again.to_html() == imp.with_effects(effects).to_html(also=associations)
    assert str(again.effects) == str(whole.effects)
    ids = {attrs.get("id") for _, attrs in Read(again.to_html()).elements}
    assert {"associations", "feature-0"} <= ids
    assert Read(again.to_html()).count("details") >= len(again.effects.features)
    assert (tmp_path / "importance.json").stat().st_size < 100_000
    with pytest.raises(weighin.InputError, match=r"associations must be a result of weighin\.associations"):
        imp.with_associations(7)


def test_of_many_columns_those_with_close_ones_are_kept():
    imp = samples.weighed(80)
    kept = imp.with_associations(samples.associations(imp.features)).associations
    assert len(kept.features) == 60
    assert kept.clusters == (imp.features[:2],)
    assert "20 columns without closer ones are left out here." in kept.notes


@pytest.mark.parametrize(
    "damage",
    [
        {"effects": 7},
        {"effects": {"effects": [{}]}},
        {"associations": {"features": [7]}},
        {"associations": {"association": [["\x1b"]]}},
        {"command": ["rm"]},
    ],
    ids=str,
)
def test_a_file_whose_page_cannot_be_made_is_damaged(tmp_path, further, damage):
    imp, effects, associations = further
    path = tmp_path / "importance.json"
    imp.with_effects(effects).with_associations(associations).save(path)
    content = json.loads(path.read_text())
    ((name, value),) = damage.items()
    content[name] = content[name] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(content))
    with pytest.raises(weighin.InputError, match="is damaged"):
        weighin.Importance.load(path)


def test_a_chance_that_is_no_number_is_damage_and_no_text_of_a_file_ends_the_program(tmp_path, further):
    imp, effects, _ = further
    path = tmp_path / "importance.json"
    imp.with_effects(effects).save(path)
    content = json.loads(path.read_text())
    content["effects"]["what"] = content["model"] = content["effects"]["effects"][0]["labels"][0] = (
        "\x1b]0;x\x07"
    )
    path.write_text(json.dumps(content))
    assert "\x1b" not in weighin.Importance.load(path).to_html()
    content["effects"]["effects"][0]["chances"]["up"] = "\x1b"
    path.write_text(json.dumps(content))
    with pytest.raises(weighin.InputError, match="is damaged"):
        weighin.Importance.load(path)


def test_parts_of_a_result_join_what_was_found_of_each(further):
    imp, effects, associations = further
    first, rest = (
        dataclasses.replace(
            imp,
            features=imp.features[part],
            importances=imp.importances[part],
            evidence=(),
            command=f"weighin run {part.start}",
        ).with_effects(effects)
        for part in (slice(0, 2), slice(2, 5))
    )
    page = read(first.merge(rest.with_associations(associations)))
    assert sum(attrs.get("class") == "effect" for _, attrs in page.elements) == 5
    assert "go together" in page.text
    assert "weighin run" not in page.text  # neither gave all of it


def test_levels_stand_by_what_is_predicted_or_in_their_own_order(further):
    imp, effects, _ = further
    names = sorted(effects.features, key=lambda name: -imp.importances_mean[imp.features.index(name)])
    specs = dict(zip(names, read(imp, also=effects).data["specs"], strict=True))
    assert [row["x"] for row in specs["club"]["data"]["values"]] == ["b", "c", "a"]
    for name, kind in (("week", "ordinal"), ("day", "ordinal"), ("up", "quantitative")):
        assert specs[name]["layer"][-1]["encoding"]["x"]["type"] == kind
    weeks = [row["x"] for row in specs["week"]["data"]["values"]]
    assert weeks == [*"123456789"] == specs["week"]["layer"][-1]["encoding"]["x"]["scale"]["domain"]
    days = [row["x"] for row in specs["day"]["data"]["values"]]
    assert days == sorted(days)
    assert len(days) == 20


def test_levels_of_one_beginning_are_told_apart():
    name, levels = "club", [f"{'the same beginning' * 2}{k}{'and the same end' * 2}" for k in range(3)]
    effects = weighin.Effects((samples.levels(name, levels, 0.0),), "", "the prediction", 0.0, 4.0, 1000)
    page = Read(effects.to_html())
    assert len({row["x"] for row in page.data["specs"][0]["data"]["values"]}) == 3
    assert all(level in page.text for level in levels)


def test_fifty_features_with_twenty_effects_stay_below_the_limit():
    imp = samples.weighed(50)
    html = imp.to_html(also=[samples.effects(imp.features[:20]), samples.associations(imp.features)])
    assert len(html.encode()) < 1_200_000
