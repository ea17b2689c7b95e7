"""Parts of the rows give what all rows give at once: to rounding, in any order, without loss or double count."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from in_parts import FEATURES, SEED, model, parts_of, plan_of, shuffled, table

import weighin


def assert_same_numbers(one: weighin.Importance, other: weighin.Importance, rtol: float = 1e-9) -> None:
    """All that a result tells of each metric and segment."""
    places = [(part.metric, part.segment) for part in (one, *one.parts)]
    assert places == [(part.metric, part.segment) for part in (other, *other.parts)]
    for metric, segment in places:
        mine, theirs = one.of(metric, segment), other.of(metric, segment)
        assert mine.n_rows == theirs.n_rows
        assert mine.baseline == pytest.approx(theirs.baseline, rel=rtol)
        scale = np.abs(theirs.importances).max()
        np.testing.assert_allclose(mine.importances, theirs.importances, rtol, rtol * scale)
        for name in ("se", "se_data", "se_shuffle", "ci_lower", "ci_upper"):
            np.testing.assert_allclose(
                getattr(mine, name),
                getattr(theirs, name),
                rtol,
                rtol * scale,
                err_msg=f"{metric} {segment} {name}",
            )
        np.testing.assert_allclose(mine.relative_interval(), theirs.relative_interval(), rtol, rtol)


pytestmark = pytest.mark.slow

ASKED: dict[str, dict[str, Any]] = {
    "mse": {},
    "several": {"metric": ["mae", "rmse", "prediction_change"]},
    "group": {"groups": {"both": ["a", "b"]}},
    "by": {"by": "region", "metric": ["mse", "rmse"]},
    "weights": {"sample_weight": "weight", "metric": ["mse", "rmse"]},
    "all": {"sample_weight": "weight", "by": "region", "metric": "rmse"},
}


@pytest.mark.parametrize("name", ASKED)
def test_parts_give_the_numbers_that_memory_gives(name):
    frame, asked = table(), {"metric": "mse", **ASKED[name]}
    whole = weighin.weigh(model, frame, "y", features=FEATURES, n_repeats=5, random_state=SEED, **asked)
    rows = shuffled(frame)
    assert_same_numbers(weighin.join_parts(parts_of(rows, plan_of(rows, **asked))), whole)


def test_r2_takes_the_mean_of_all_rows_though_no_part_knows_it():
    frame = table()
    whole = weighin.weigh(model, frame, "y", features=FEATURES, n_repeats=5, random_state=SEED, metric="r2")
    rows = shuffled(frame)
    joined = weighin.join_parts(parts_of(rows, plan_of(rows, metric="r2")))
    assert joined.baseline == pytest.approx(whole.baseline, rel=1e-10)
    np.testing.assert_allclose(joined.importances, whole.importances, 1e-9, 1e-12)
    # the influence of each row is about the mean of the sample
    np.testing.assert_allclose(joined.se, whole.se, 0.01)


def test_strata_exchange_values_inside_each_part():
    frame = table(9000)
    plan = plan_of(frame, within="season")
    parts = parts_of(frame, plan)
    joined = weighin.join_parts(parts)
    whole = weighin.weigh(model, frame, "y", features=FEATURES, n_repeats=5, metric="mse", within="season")
    assert [len(part.stratum_rows) for part in parts] == [2, 2]
    assert [evidence.moments[0].n_rows for evidence in joined.evidence] == [int((frame.season == 2023).sum())]
    # other shuffles of the same rows
    assert (abs(joined.importances_mean - whole.importances_mean) < 4 * whole.se_shuffle + 1e-9).all()
    np.testing.assert_allclose(joined.se, whole.se, 0.1, 1e-9)


def test_given_other_columns_parts_add_up_whatever_their_order():
    frame = table(10_000)
    plan = plan_of(frame, given=["b"], features=["a", "kind"])
    sent = pickle.loads(pickle.dumps(plan))
    parts = parts_of(frame, sent)
    joined = weighin.join_parts(parts)
    assert joined.given == "b"
    assert joined == weighin.join_parts(reversed(parts))
    # neither goes with b: as shuffled freely, 2 E (2 + [z])^2 and the chance that one of two is z
    assert (abs(joined.importances_mean - [2 * (4 * 2 + 9) / 3, 2 * 2 / 9]) < 3 * joined.se).all()


def test_the_order_of_parts_changes_no_bit():
    rows = shuffled(table())
    parts = parts_of(rows, plan_of(rows))
    first = weighin.join_parts(parts)
    assert weighin.join_parts(reversed(parts)) == first
    assert weighin.join_parts([parts[1], parts[2], parts[0]], 3) == first
    added = weighin.join_parts([parts[0] + parts[2], parts[1]], 3)
    np.testing.assert_allclose(added.importances, first.importances, 1e-12, 1e-12)


def test_a_part_is_small_and_survives_pickle_and_json(tmp_path):
    rows = shuffled(table())
    part = parts_of(rows, plan_of(rows, by="region"))[0]
    assert len(pickle.dumps(plan_of(rows).terms)) < 2000
    assert len(pickle.dumps(part)) < 20_000
    part.save(tmp_path / "part.json")
    for again in (
        pickle.loads(pickle.dumps(part)),
        weighin.Part.from_json(part.to_json()),
        weighin.Part.load(tmp_path / "part.json"),
    ):
        assert again.to_json() == part.to_json()
        assert weighin.join_parts([again]) == weighin.join_parts([part])


def test_a_number_twice_counts_once_and_says_so():
    rows = shuffled(table())
    parts = parts_of(rows, plan_of(rows))
    once, twice = weighin.join_parts(parts), weighin.join_parts([*parts, parts[1], parts[1]])
    np.testing.assert_array_equal(once.importances, twice.importances)
    assert once.n_rows == twice.n_rows == len(rows)
    assert "2 parts came twice, and counted once." in twice.notes


def test_the_same_number_with_other_rows_is_refused():
    rows = shuffled(table())
    plan = plan_of(rows)
    first = weighin.weigh_part(model, rows.iloc[:8192], plan, 0)
    with pytest.raises(weighin.InputError, match="Part 0 came twice with different numbers"):
        weighin.join_parts([first, weighin.weigh_part(model, rows.iloc[8192:16384], plan, 0)])


def test_parts_added_up_do_not_count_twice():
    rows = shuffled(table())
    parts = parts_of(rows, plan_of(rows))
    with pytest.raises(weighin.InputError, match="Both parts hold number 1:"):
        _ = (parts[0] + parts[1]) + parts[1]
    with pytest.raises(weighin.InputError, match="Part 1 is in two parts that were added up"):
        weighin.join_parts([parts[0] + parts[1], parts[1] + parts[2]])


def test_missing_parts_are_named():
    rows = shuffled(table(60_000))
    parts = parts_of(rows, plan_of(rows, features=["a"]))
    with pytest.raises(weighin.InputError, match="2 parts are missing: 1, 3"):
        weighin.join_parts([parts[0], parts[2], *parts[4:]])
    with pytest.raises(weighin.InputError, match="n_parts=2"):
        weighin.join_parts(parts, 2)
    with pytest.raises(weighin.InputError, match="1 part is missing"):
        weighin.join_parts(parts, len(parts) + 1)
    rest = weighin.join_parts(parts[1:], missing="note")
    assert rest.n_rows == 60_000 - 8192
    assert not rest.complete
    assert any("1 part is missing" in note for note in rest.notes)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"metric": "mae"}, "metrics"),
        ({"random_state": 4}, "random_state"),
        ({"n_repeats": 6}, "n_repeats"),
        ({"features": ["a"]}, "features"),
        ({"by": "region"}, "by"),
    ],
)
def test_parts_of_different_plans_do_not_join(asked, named):
    rows = shuffled(table(4100))
    first, second = (weighin.weigh_part(model, rows, plan_of(rows, **more)) for more in ({}, asked))
    with pytest.raises(weighin.InputError, match=f"different plans: {named} is"):
        weighin.join_parts([first, second])
    with pytest.raises(weighin.InputError, match="different plans"):
        _ = first + second


def test_plans_of_other_samples_or_models_do_not_join_but_one_made_again_does():
    rows = shuffled(table(4100))
    other = weighin.plan_parts(
        lambda X: model(X) + 1, rows[:3000], "y", metric="mse", features=FEATURES, n_repeats=5, random_state=SEED,
        part_rows=8192,
    )  # fmt: skip
    assert other.terms.plan != plan_of(rows).terms.plan
    assert plan_of(rows).terms == plan_of(rows).terms


def test_another_model_is_refused_where_it_weighs():
    rows = shuffled(table(4100))
    with pytest.raises(weighin.ModelError, match="not the model that the plan was made with"):
        weighin.weigh_part(lambda X: model(X) * 1.5, rows, plan_of(rows))


def test_rows_that_do_not_fit_the_plan_are_refused():
    rows = shuffled(table(13_000))
    plan = plan_of(rows)
    with pytest.raises(weighin.InputError, match="Part 2 has 13,000 rows, and this plan takes up to 8,192"):
        weighin.weigh_part(model, rows, plan, 2)
    with pytest.raises(weighin.InputError, match="Part 1 has too few rows for 5 shuffles, which take 11"):
        weighin.weigh_part(model, rows.iloc[:10], plan, 1)
    with pytest.raises(weighin.InputError, match="takes no sample_weight="):
        weighin.weigh_part(model, rows.iloc[:100], plan, 1, sample_weight=np.ones(100))
    with pytest.raises(weighin.InputError, match="number must be an integer >= 0, got -1"):
        weighin.weigh_part(model, rows.iloc[:100], plan, -1)
    within = plan_of(rows, within="season")
    with pytest.raises(weighin.InputError, match="stratum that the plan's sample has not: 2025"):
        weighin.weigh_part(model, rows.iloc[:100].assign(season=2025), within)


def test_a_metric_without_a_value_per_row_is_refused_in_words():
    rows = table(500)
    with pytest.raises(
        weighin.MetricError, match="roc_auc has no value per row, so parts of it do not add up"
    ):
        weighin.plan_parts(
            lambda X: 1 / (1 + np.exp(-model(X))), rows.drop(columns="y"), (rows.y > 0).astype(int), metric="roc_auc",
            features=["a"],
        )  # fmt: skip


def test_rows_in_file_order_are_noticed():
    frame = table(40_000)
    rows = frame.sort_values("b")
    sorted_rows = weighin.join_parts(parts_of(rows, plan_of(frame, features=["a", "b"])))
    assert any("do not come in random order" in note for note in sorted_rows.notes)
    mixed = weighin.join_parts(parts_of(frame, plan_of(frame, features=["a", "b"])))
    assert mixed.notes == ()


def test_a_segment_that_a_part_lacks_counts_its_rows_as_outside():
    frame = table(16_384)
    frame.loc[:8191, "region"] = "south"
    plan = plan_of(frame, by="region")
    joined = weighin.join_parts(parts_of(frame, plan))
    north = joined.of(segment="north")
    assert north.n_rows == int((frame.region == "north").sum())
    assert north.evidence[0].moments[0].n_rows == 16_384


def test_a_plan_shows_no_rows_of_the_sample():
    a = np.random.default_rng(0).normal(size=(500, 2)).round(6)
    plan = weighin.plan_parts(
        lambda rows: rows[:, 0], a, a[:, 0], metric="mse", outputs="number", random_state=0
    )
    assert "n_repeats=" in repr(plan)
    assert "asked" not in repr(plan)
