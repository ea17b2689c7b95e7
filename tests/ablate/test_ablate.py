"""Dropping, adding, replacing: which variants, what is found, what is said, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import weighin
from tables import FEATURES, Noisy, games, linear, logistic, noisy

pytestmark = pytest.mark.slow

FRAME = games(300)


def ablate(recipe=None, frame=FRAME, **options):
    return weighin.ablate(
        recipe or linear(), frame, **{"fits": 5, "random_state": 0, "progress": False, **options}
    )


def variants(found):
    return {change.label: (change.kind, change.features) for change in found.changes}


class TestVariants:
    def test_drop_one_several_and_together(self):
        found = ablate(drop=["week", ["spread", "elo"]], fits=1)
        assert variants(found) == {
            "week": ("drop", ("spread", "elo", "noise")),
            "spread + elo": ("drop", ("week", "noise")),
        }
        assert variants(ablate(drop="week", fits=1)) == {"week": ("drop", ("spread", "elo", "noise"))}

    def test_drop_by_label(self):
        found = ablate(drop={"both": ["spread", "elo"], "the week": "week"}, fits=1)
        assert variants(found) == {
            "both": ("drop", ("week", "noise")),
            "the week": ("drop", ("spread", "elo", "noise")),
        }

    def test_each(self):
        assert list(variants(ablate(drop="each", fits=1))) == list(FEATURES)

    def test_add_columns_expressions_functions_and_values(self):
        found = ablate(
            fits=1,
            add={
                "season": None,
                "sum": "spread + elo",
                "product": lambda table: table["spread"] * table["elo"],
                "values": np.arange(300.0),
                "series": FRAME["team"] * 2,
                "both": ["season", "team"],
            },
        )
        added = {label: features[4:] for label, (_, features) in variants(found).items()}
        assert added == {
            "season": ("season",),
            "sum": ("sum",),
            "product": ("product",),
            "values": ("values",),
            "series": ("series",),
            "both": ("season", "team"),
        }
        assert all(features[:4] == FEATURES for _, features in variants(found).values())

    def test_add_a_list_of_columns(self):
        assert list(variants(ablate(add=["season", ["season", "team"]], fits=1))) == [
            "season",
            "season + team",
        ]

    @pytest.mark.parametrize(
        ("source", "label", "added"),
        [
            ({"gap": "spread - elo"}, "gap for spread + elo", ("gap",)),
            ("gap = spread - elo", "gap for spread + elo", ("gap",)),
            ("spread - elo", "spread - elo for spread + elo", ("spread - elo",)),
            ("season", "season for spread + elo", ("season",)),
            (["season", "team"], "season + team for spread + elo", ("season", "team")),
        ],
    )
    def test_replace(self, source, label, added):
        found = ablate(replace={"spread, elo": source}, fits=1)
        assert variants(found) == {label: ("replace", ("week", "noise", *added))}
        assert variants(ablate(replace={("spread", "elo"): source}, fits=1)) == variants(found)

    def test_an_expression_is_computed_from_the_columns(self):
        """Y depends on the product alone: adding it makes the linear model perfect."""
        frame = FRAME.assign(margin=FRAME["spread"] * FRAME["elo"])
        found = ablate(frame=frame, add={"product": "spread * elo"})
        assert found.changes[0].scores == pytest.approx([0] * 5, abs=1e-9)
        assert found["product"].verdict.word == "worth keeping"

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({}, "Nothing to try"),
            ({"drop": "spraed"}, "Unknown feature 'spraed'. Did you mean 'spread'"),
            ({"drop": [[]]}, "one or more different features, got none"),
            ({"drop": [["week", "week"]]}, "different features"),
            ({"drop": [list(FEATURES)]}, "leaves no feature"),
            ({"drop": 7}, "drop must be a name, a list of names or a mapping, got int"),
            ({"drop": ["week", "week"]}, "more than one variant 'week'"),
            ({"drop": {"a": "week", "b": "week"}}, "'a' and 'b' are the same"),
            ({"drop": {"full": "week"}}, "more than one variant 'full'"),
            ({"add": "week"}, "'week' is already a feature"),
            ({"add": "margin"}, "'margin' is the target"),
            ({"add": {"copy": "margin"}}, "'margin' is the target"),
            ({"add": {"leak": "margin - spread"}}, "reads the target 'margin'"),
            ({"add": {"leak": lambda table: table["margin"]}}, "asks for 'margin'.*the target is withheld"),
            ({"add": "seasn"}, "no column 'seasn' to add. Did you mean 'season'"),
            ({"add": {"season": "spread * 2"}}, "'season' is already a column of the table"),
            ({"add": {"new": np.arange(3)}}, r"each of the 300 rows, got shape \(3,\)"),
            ({"add": {"new": 7.0}}, "must hold a value for each"),
            ({"add": {"new": lambda table: np.full(300, np.nan)}}, "only missing values"),
            ({"n_jobs": 1_000_000}, "n_jobs must be an integer other than 0, at most 1024"),
            ({"add": {"new": FRAME["elo"].sample(frac=1, random_state=1)}}, "in another order"),
            ({"add": {"": "spread"}}, "name of a new column must be text"),
            ({"replace": "week"}, "replace must map features"),
            ({"replace": {"wek": "season"}}, "Unknown feature 'wek'"),
            ({"replace": {"week": 3}}, "column names or expressions, got 3"),
            ({"drop": "week", "tolerance": -1}, "tolerance must be a number >= 0"),
            ({"drop": "week", "unit": 3}, "unit must be text"),
        ],
    )
    def test_what_cannot_be_is_refused(self, options, told):
        with pytest.raises(weighin.InputError, match=told):
            ablate(**options)

    def test_a_model_of_one_feature_cannot_lose_it(self):
        with pytest.raises(weighin.InputError, match="leaves no feature"):
            ablate(linear(("spread",)), drop="each")

    def test_a_series_follows_the_tables_own_index(self):
        shuffled = FRAME.sample(frac=1, random_state=3)
        own = ablate(frame=shuffled, add={"product": shuffled["spread"] * shuffled["elo"]})
        text = ablate(frame=shuffled, add={"product": "spread * elo"})
        assert own.changes[0].scores == text.changes[0].scores
        with pytest.raises(weighin.InputError, match="in another order"):
            ablate(frame=shuffled, add={"product": (shuffled["spread"] * 1).sort_values()})

    def test_the_users_table_stays_untouched(self):
        before = FRAME.copy()
        ablate(add={"sum": "spread + elo"}, drop="week")
        pd.testing.assert_frame_equal(FRAME, before)

    def test_columns_of_lists_are_in_nobodys_way(self):
        odd = FRAME.assign(scores=[[1, 2]] * 300, notes=[{"a": 1}] * 300)
        assert ablate(frame=odd, drop="week").changes == ablate(drop="week").changes

    def test_polars_gives_the_same(self):
        expected = ablate(drop="each", split="time:season")
        assert (
            ablate(frame=pl.from_pandas(FRAME), drop="each", split="time:season").summary()
            == expected.summary()
        )


class TestFindings:
    def test_the_change_is_that_of_fits_by_hand(self):
        found = ablate(drop="elo", split="time:season", fits=2)
        known, test = FRAME[FRAME["season"] < 2021], FRAME[FRAME["season"] == 2021]
        errors = []
        for names in (["spread", "week", "noise"], list(FEATURES)):
            model = LinearRegression().fit(known[names], known["margin"])
            errors.append(np.abs(model.predict(test[names]) - test["margin"]))
        difference = errors[0] - errors[1]
        (change,) = found.changes
        assert change.estimate == pytest.approx(difference.mean())
        assert change.spread.se == pytest.approx(difference.std(ddof=1) / len(test) ** 0.5)
        assert found.baseline == pytest.approx(errors[1].mean())
        assert any("two fits are enough" in note for note in found.notes)

    def test_random_splits_use_the_factor_for_their_overlap(self):
        found = ablate(drop="elo", fits=8)
        (change,) = found.changes
        difference = np.array(change.scores) - np.array(change.full)
        assert change.spread.se == pytest.approx((difference.var(ddof=1) * (1 / 8 + 60 / 240)) ** 0.5)

    def test_what_matters_hurts_and_what_does_not_is_safe(self):
        found = ablate(drop="each", fits=10, tolerance=0.05, unit="points")
        assert [found[name].verdict.word for name in FEATURES] == [
            "hurts",
            "hurts",
            "safe to drop",
            "safe to drop",
        ]
        first, _, third, _ = found.summary().splitlines()
        assert first.startswith("Without spread the average miss gets worse by 1.")
        assert first.endswith("): dropping it hurts.")
        assert "points" in first
        assert "(95% interval −" in third
        assert third.endswith(": safe to drop.")

    def test_one_fit_has_no_interval_and_says_so(self):
        found = ablate(noisy(), drop="week", fits=1)
        assert found["week"].verdict.word == "one fit: no interval"
        assert "in one fit: no interval" in found.summary()
        frame = found.to_frame()
        assert frame[["se", "ci_lower", "ci_upper", "pvalue"]].isna().all(axis=None)
        assert np.isfinite(frame["change"]).all()

    def test_recipe_with_training_rows_tests_on_all_the_rest(self):
        recipe = linear(train_X=FRAME.head(200))
        found = ablate(recipe, FRAME.tail(100), drop="elo", fits=2, add={"sum": "spread * elo"})
        split = ablate(
            frame=FRAME, drop="elo", fits=2, split=np.arange(300) >= 200, add={"sum": "spread * elo"}
        )
        assert found.changes[0].estimate == split.changes[0].estimate
        with pytest.raises(weighin.InputError, match="Leave one of the two out"):
            ablate(recipe, FRAME.tail(100), drop="elo", split="random")

    @pytest.mark.parametrize(
        ("metric", "better"), [("accuracy", True), ("log_loss", False), ("roc_auc", True), (None, False)]
    )
    def test_directions_of_metrics(self, metric, better):
        found = ablate(logistic(), drop=["spread", "week"], metric=metric, fits=6, tolerance=0.02)
        assert found.greater_is_better is better
        assert found["spread"].verdict.word == "hurts"
        spread = found.changes[0]
        assert (spread.estimate < 0) is better
        assert found.to_frame()["worse_by"][0] > 0
        assert "gets worse by" in found.summary().splitlines()[0]

    def test_a_callable_needs_its_direction(self):
        def nearness(y, pred):
            return float(-np.abs(y - pred).mean())

        with pytest.raises(weighin.MetricError, match="better or worse"):
            ablate(drop="week", metric=nearness)
        found = ablate(drop="spread", metric=nearness, greater_is_better=True, tolerance=0.0)
        assert found["spread"].verdict.word == "hurts"
        assert found.metric == "nearness"

    @pytest.mark.parametrize("metric", ["rmse", "r2"])
    def test_metrics_that_are_no_means_have_intervals_on_fixed_rows(self, metric):
        """The interval of the change of such a metric is as wide as its bootstrap over rows."""
        found = ablate(drop="elo", metric=metric, split="time:season", fits=2)
        known, test = FRAME[FRAME["season"] < 2021], FRAME[FRAME["season"] == 2021]
        y, losses = test["margin"].to_numpy(), []
        for names in (["spread", "week", "noise"], list(FEATURES)):
            model = LinearRegression().fit(known[names], known["margin"])
            losses.append((model.predict(test[names]) - y) ** 2)

        def change(rows):
            if metric == "rmse":
                return losses[0][rows].mean() ** 0.5 - losses[1][rows].mean() ** 0.5
            return (losses[1][rows].mean() - losses[0][rows].mean()) / y[rows].var()

        (found_change,) = found.changes
        assert found_change.estimate == pytest.approx(change(np.arange(len(y))))
        rng = np.random.default_rng(0)
        drawn = [change(rng.integers(0, len(y), len(y))) for _ in range(2000)]
        assert found_change.spread.se == pytest.approx(np.std(drawn), rel=0.25)

    def test_a_metric_without_a_target_is_refused(self):
        with pytest.raises(weighin.MetricError, match="prediction_change"):
            ablate(drop="week", metric="prediction_change")

    def test_many_rows_are_summed_up_in_blocks_without_changing_the_change(self, monkeypatch):
        exact = ablate(noisy(), drop="week", split="time:season")
        monkeypatch.setattr("weighin._refit.fits.measure.MOST_UNITS", 40)
        blocks = ablate(noisy(), drop="week", split="time:season")
        assert blocks.changes[0].estimate == pytest.approx(exact.changes[0].estimate)
        assert blocks.changes[0].spread.se == pytest.approx(exact.changes[0].spread.se, rel=0.3)
        assert blocks.changes[0].spread.n_units == 40

    def test_several_folds_of_time(self):
        found = ablate(noisy(), drop="elo", split="time:season:2", fits=3)
        assert "season 2020, 2021 after the seasons before" in found.split
        (change,) = found.changes
        assert change.n_rows == (FRAME["season"] >= 2020).sum()
        assert change.n_fits == 3
        assert found["elo"].verdict.word == "hurts"


class TestNearZero:
    def test_together_and_then_singly(self):
        found = ablate(drop="near-zero", split="time:season", fits=3)
        assert list(variants(found)) == ["all near zero", "week", "noise"]
        assert any("Near zero: week, noise" in note for note in found.notes)

    def test_beside_others_nothing_is_tried_twice(self):
        found = ablate(drop=["week", "spread", "near-zero"], fits=3, split="time:season")
        assert list(variants(found)) == ["week", "spread", "all near zero", "noise"]

    def test_where_nothing_is_near_zero(self):
        recipe = linear(("spread", "elo"))
        with pytest.raises(weighin.InputError, match="Nothing to drop"):
            ablate(recipe, drop="near-zero")
        found = ablate(recipe, drop=["near-zero", "elo"])
        assert list(variants(found)) == ["elo"]
        assert any("No feature is near zero" in note for note in found.notes)

    def test_one_fit_and_metrics_without_rows(self):
        assert "noise" in variants(ablate(drop="near-zero", fits=1))
        assert "noise" in variants(
            ablate(logistic(), drop="near-zero", fits=3, metric="roc_auc", random_state=2)
        )

    def test_it_resumes(self, tmp_path):
        first = ablate(noisy(), drop="near-zero", fits=2, store=tmp_path)
        files = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
        again = ablate(noisy(), drop="near-zero", fits=2, store=tmp_path)
        assert first.summary() == again.summary()
        assert files == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}

    def test_a_fit_that_fails_is_left_out(self):
        calls = []

        def train(frame, features, seed):
            calls.append(seed)
            if len(calls) in (2, 3):
                raise ValueError("no")
            return Noisy()(frame, features, seed)

        recipe = weighin.Recipe.from_function(train, features=FEATURES, target="margin")
        found = ablate(recipe, drop="near-zero", fits=4, split="time:season")
        assert any("over 3 fits" in note for note in found.notes)
        assert {change.n_fits for change in found.changes} == {3}


def test_estimators_functions_and_new_columns_get_the_users_own_index():
    """An hour that only the index knows: what is dropped beside it is measured with it."""
    hours = pd.date_range("2020-01-01", periods=400, freq="h")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 2)), columns=["wind", "sun"], index=hours)
    table["load"] = table["wind"] + np.where(hours.hour < 12, 5.0, -5.0)

    def with_hour(X):
        return np.column_stack([X.to_numpy(), X.index.hour < 12])

    pipeline = make_pipeline(FunctionTransformer(with_hour), LinearRegression())
    by_index = weighin.Recipe.from_estimator(pipeline, target="load", features=["wind", "sun"])
    split = (np.arange(200), np.arange(200, 400))
    options = {"split": split, "fits": 2, "random_state": 0, "progress": False, "metric": "mse"}
    result = weighin.ablate(by_index, table, drop="wind", **options)
    X = pd.DataFrame({"sun": table["sun"], "morning": hours.hour < 12})
    alone = LinearRegression().fit(X[:200], table["load"][:200])
    assert result.baseline == pytest.approx(0, abs=1e-12)
    assert result["wind"].change == pytest.approx(
        ((alone.predict(X[200:]) - table["load"][200:]) ** 2).mean()
    )
    refits = weighin.weigh_refits(by_index, table, **{**options, "split": split})
    assert refits["sun"].importance == pytest.approx(0, abs=1e-12)
    assert refits["wind"].importance == pytest.approx(2 * table["wind"][200:].var(), rel=0.15)
    seen = []

    def train(frame, features, seed):
        seen.append(frame.index)
        return lambda rows: np.where(rows.index.hour < 12, 5.0, -5.0) + rows["wind"]

    function = weighin.Recipe.from_function(train, features=["wind"], target="load")
    added = weighin.ablate(function, table, add={"hour": lambda rows: rows.index.hour}, **options)
    assert added.baseline == pytest.approx(0, abs=1e-12)
    assert all(index.equals(hours[:200]) for index in seen)
    given = weighin.Recipe.from_function(train, table[:200], features=["wind"], target="load")
    options.pop("split")
    assert weighin.ablate(
        given, table[200:], add={"copy": table["wind"] + 0}, **options
    ).baseline == pytest.approx(0)


@pytest.mark.parametrize("name", [None, 3])
def test_what_is_no_name_cannot_be_dropped(name: object):
    with pytest.raises(
        weighin.InputError, match=f"drop must hold names of features and lists of them, got {name}"
    ):
        ablate(linear(("spread", "elo")), drop=[name])
