"""From what to what, in which unit, and what to do next: what a page says of an importance in words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import weighin
from importances import result, weighed_both


def weighed(slopes=(3.0, 0.0), metric="mae", n=400, **options):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, len(slopes))), columns=[f"x{i}" for i in range(len(slopes))])
    y = pd.Series(X.to_numpy() @ np.array(slopes) + rng.normal(size=n), name="margin")

    def model(rows):
        return rows.to_numpy() @ np.array(slopes)

    return weighin.weigh(model, X, y, metric=metric, n_repeats=10, random_state=0, progress=False, **options)


def calls(imp, confidence_level=0.95):
    return {step.what: step.call for step in imp.tell(confidence_level).steps}


def test_the_headline_goes_from_the_baseline_to_the_metric_of_shuffled_rows():
    imp = weighed()
    before, after = imp.baseline, imp.baseline + imp["x0"].importance
    told = imp.with_target(unit="points").tell().headline
    assert told == f"Predictions miss by {before:.2f} points on average; with x0 shuffled, by {after:.2f}."
    assert told.replace(" points", "") == imp.tell().headline


@pytest.mark.parametrize(("metric", "start"), [("mse", "The mean squared error is "), ("r2", "R2 is ")])
def test_of_a_score_the_headline_falls_and_a_unit_stands_where_it_belongs(metric, start):
    imp = weighed(metric=metric).with_target(unit="points")
    sign = -1 if imp.greater_is_better else 1
    told = imp.tell().headline
    assert told.startswith(start)
    assert "points" not in told
    first, second = (
        float(part.split()[-1].replace("\N{MINUS SIGN}", "-")) for part in told.rstrip(".").split(";")
    )
    assert first == pytest.approx(imp.baseline, abs=0.01 * max(1, abs(imp.baseline)))
    assert second == pytest.approx(imp.baseline + sign * imp["x0"].importance, rel=0.01)


def test_there_is_no_headline_where_nothing_is_claimed():
    assert weighed(slopes=(0.0, 0.0)).tell().headline == ""
    assert weighed(metric="prediction_change").tell().headline == ""


def test_the_target_is_known_by_its_name_and_may_be_told():
    imp = weighed()
    assert imp.target == "margin"
    assert "predicts margin, in points, on " in imp.with_target(unit="points").tell().kicker
    named = imp.with_target("who wins")
    assert (named.target, named.unit) == ("who wins", "")
    with pytest.raises(weighin.InputError, match="unit must be a text or None, got 7"):
        imp.with_target(unit=7)


def test_a_file_keeps_target_and_unit(tmp_path):
    imp = weighed().with_target(unit="points")
    imp.save(tmp_path / "importance.json")
    again = weighin.Importance.load(tmp_path / "importance.json")
    assert (again.target, again.unit) == ("margin", "points")


def test_what_is_barely_used_may_be_dropped_alone_and_together():
    imp = weighed(slopes=(3.0, 0.0, 0.001))
    call = calls(imp)["Try to drop what it barely uses"]
    assert call in {
        f"weighin.ablate(recipe, table, drop=[{names!r}, {names[0]!r}, {names[1]!r}])"
        for names in (["x1", "x2"], ["x2", "x1"])
    }
    assert "Try to drop what it barely uses" not in calls(weighed(slopes=(0.0, 0.0)))


def test_a_command_is_suggested_where_a_command_gave_the_numbers():
    imp = dataclasses.replace(weighed(), command="weighin run 'my model.pkl' games.parquet --metric mae")
    assert (
        calls(imp)["Try to drop what it barely uses"]
        == "weighin ablate 'my model.pkl' games.parquet --drop x1"
    )
    broken = dataclasses.replace(imp, command="weighin run 'my model.pkl")
    assert calls(broken)["Try to drop what it barely uses"].startswith("weighin.ablate(")


def test_columns_that_go_together_are_suggested_as_a_group_and_given_the_rest():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=400), "c": rng.normal(size=400)})
    X["b"] = X["a"] + 0.05 * rng.normal(size=400)
    y = 3 * X["a"] + rng.normal(size=400)

    def suggested(**options):
        imp = weighin.weigh(
            lambda rows: 2 * rows["a"] + rows["b"], X, y, metric="mae", n_repeats=5, random_state=0, **options
        )
        return calls(imp.with_associations(weighin.associations(X, random_state=0)))

    found = suggested()
    assert "groups={'a and b': ['a', 'b']}" in found["Weigh as a group what goes together"]
    assert "given=[None, 'rest']" in found["Ask what each column tells beyond the others"]
    found = suggested(groups={"both": ["a", "b"]}, given=[None, "rest"])
    assert "Weigh as a group what goes together" not in found
    assert "Ask what each column tells beyond the others" not in found


def test_what_cannot_be_separated_is_suggested_as_a_group():
    suggested = calls(weighed_both())
    assert "groups={'twin and week': ['twin', 'week']}" in suggested["Weigh as a group what goes together"]
    assert "Ask what each column tells beyond the others" not in suggested


def test_more_rows_are_suggested_where_nothing_can_be_told_of_something_large():
    imp = weighed(slopes=(1.0, 0.12), n=60)
    assert imp.claims() == {"x0": "heavier", "x1": ""}
    assert "Get more rows" in calls(imp)


def test_new_rows_are_suggested_first_for_training_rows():
    steps = weighed().tell().steps
    trained = dataclasses.replace(weighed(), on_training_rows=True).tell().steps
    assert trained[0].what == "Weigh it on new rows"
    assert [step.what for step in trained[1:]] == [step.what for step in steps]


def test_details_hold_every_metric_segment_and_companion():
    imp = weighed(metric=["mae", "mse"], by=np.repeat(["early", "late"], 200))
    (first, *_) = imp.tell().details
    facts = dict(first.facts)
    assert first.name == "x0"
    part = imp.of("mae", "late")
    assert facts["mse worse by"].startswith(repr(imp.of("mse")["x0"]).split("worse by ")[1].split(" ")[0])
    assert f"({repr(part['x0']).split('(')[1].split(')')[0]}" in facts[f"{imp.by} late: mae worse by"]


def test_a_result_without_intervals_suggests_nothing_that_rests_on_them():
    assert all("Get more" not in step.what for step in result(groups={}).tell().steps)
