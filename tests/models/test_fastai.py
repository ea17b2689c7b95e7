"""fastai's learners: encoded as fastai does, checked before, left as found."""

from __future__ import annotations

import copy
import random
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from fastai.metrics import F1Score
from fastai.tabular.all import Categorify, FillMissing, Normalize

import learners
from weighin import InputError, MetricError, ModelError, effects, weigh
from weighin._models import as_model
from weighin._models.fastai import FastaiModel

LEARNERS = [
    "regression",
    "classifier",
    "only_continuous",
    "only_categorical",
    "two_targets",
    "in_range",
    "loaded",
]
FEATURES = [*learners.CATS, *learners.CONTS]


@pytest.fixture(params=LEARNERS)
def learn(request):
    return request.getfixturevalue(request.param)


def predictions(learn, frame, missing="raise"):
    """What weighin's engine gets from the learner for the rows as they are."""
    model = FastaiModel(learn)
    data = model.encode(frame, None, missing, False)
    with model.predicting():
        return model.to_user_scale(model.predict(data.rows)).numpy(), data


def fastai_predictions(learn, frame):
    """What fastai itself predicts."""
    with learn.no_bar(), learn.no_logging(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Constructing a Categorical")  # unseen categories
        return learn.get_preds(dl=learn.dls.test_dl(frame, bs=37))[0].numpy()


def validated(learn, frame=None):
    """Loss and metrics by fastai itself."""
    with learn.no_bar(), learn.no_logging():
        return list(learn.validate(dl=None if frame is None else learn.dls.test_dl(frame)))


def numbers(learn, X, **options):
    """Baseline and importances for one seed."""
    imp = weigh(learn, X, random_state=0, n_repeats=2, progress=False, **options)
    return imp.features, imp.baseline, imp.importances.tolist()


# parity with fastai


def test_predictions_are_fastais_own(learn, fresh_games):
    got, _ = predictions(learn, fresh_games)
    # a range of y is some hundred wide around 0, in single precision: near 0 its roundings stay
    np.testing.assert_allclose(got, fastai_predictions(learn, fresh_games), rtol=1e-5, atol=5e-5)


def test_the_baseline_is_what_validate_says(learn, fresh_games):
    imp = weigh(learn, fresh_games, n_repeats=1, random_state=0)
    assert imp.baseline == pytest.approx(validated(learn, fresh_games)[1], rel=1e-5)
    assert imp.rows == "the 150 rows given"


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != "loaded"])
def test_without_a_table_the_validation_set_is_weighed(name, request):
    learn = request.getfixturevalue(name)
    imp = weigh(learn, n_repeats=1, random_state=0)
    assert imp.baseline == pytest.approx(validated(learn)[1], rel=1e-5)
    assert imp.n_rows == learners.N_ROWS - learners.N_TRAIN
    assert imp.rows == "the learner's 80 validation rows"


def test_the_validation_rows_as_a_table_give_the_same_numbers(regression, games):
    valid = games.iloc[learners.N_TRAIN :]
    assert np.allclose(numbers(regression, None)[2], numbers(regression, valid)[2], rtol=1e-5, atol=1e-6)


def test_a_loaded_learner_gives_the_numbers_of_the_live_one(regression, loaded, fresh_games):
    assert numbers(loaded, fresh_games) == numbers(regression, fresh_games)


def test_a_loaded_learner_carries_no_rows(loaded):
    with pytest.raises(InputError, match=r"carries 0 validation rows .*pass a table"):
        weigh(loaded)


def test_every_raw_feature_is_there_whatever_its_name_contains(regression, fresh_games):
    assert weigh(regression, fresh_games, n_repeats=1).features == tuple(FEATURES)


def test_a_feature_owns_its_value_and_its_indicator(regression):
    model = FastaiModel(regression)
    owned = {feature.name: feature.columns for feature in model.features}
    names = regression.dls.train_ds.x_names
    assert [names[i] for i in owned["rest"]] == ["rest_na", "rest"]
    assert [names[i] for i in owned["home_name"]] == ["home_name"]
    assert sorted(i for columns in owned.values() for i in columns) == list(range(len(names)))


def test_filling_without_an_indicator(games, fresh_games):
    learn = learners.train(
        games,
        ["week"],
        ["rest", "spread"],
        "margin",
        procs=[Categorify, FillMissing(add_col=False)],
        epochs=0,
    )
    assert [len(f.columns) for f in FastaiModel(learn).features] == [1, 1, 1]
    got, _ = predictions(learn, fresh_games)
    np.testing.assert_allclose(got, fastai_predictions(learn, fresh_games), rtol=1e-5, atol=1e-5)


def test_a_proc_may_be_a_class_of_the_users_own(games, fresh_games):
    class MyFill(FillMissing):
        pass

    class MyCategorify(Categorify):
        pass

    learn = learners.train(
        games, ["home_name"], ["rest", "spread"], "margin", procs=[MyCategorify, MyFill, Normalize], epochs=0
    )
    fresh_games.loc[0, "home_name"] = "Ohio"
    got, data = predictions(learn, fresh_games)
    assert [len(f.columns) for f in FastaiModel(learn).features] == [1, 2, 1]
    assert "1 of 150 rows have a home_name unseen in training ('Ohio')" in data.notes[0]
    np.testing.assert_allclose(got, fastai_predictions(learn, fresh_games), rtol=1e-5, atol=1e-5)


# tables


def test_polars_and_arrow_tables_give_identical_numbers(regression, classifier, fresh_games):
    for learn in (regression, classifier):
        expected = numbers(learn, fresh_games)
        assert numbers(learn, pl.from_pandas(fresh_games)) == expected
        assert numbers(learn, pa.Table.from_pandas(fresh_games)) == expected


@pytest.mark.parametrize(
    "change",
    {
        "duplicate index": lambda f: f.set_axis([3] * len(f)),
        "text index": lambda f: f.set_axis([f"g{i % 7}" for i in range(len(f))]),
        "multi index": lambda f: f.set_axis(pd.MultiIndex.from_product([range(15), range(10)])),
        "index named like a column": lambda f: f.set_axis(pd.Index(range(len(f)), name="elo")),
        "other column order": lambda f: f[f.columns[::-1]],
        "extra columns": lambda f: f.assign(junk=[object()] * len(f), when=pd.Timestamp("2021-09-01")),
        "columns as categories": lambda f: f.assign(home_name=f["home_name"].astype("category")),
        "other category order": lambda f: f.assign(
            home_name=pd.Categorical(f["home_name"], categories=["Yale", "Rice", "Ohio", "Navy", "Army"])
        ),
        "numbers as categories": lambda f: f.assign(week=pd.Categorical(f["week"], categories=[4, 3, 2, 1])),
        "objects": lambda f: f.astype(object),
        "numpy dtypes": lambda f: f.astype({"week": "int8", "elo": "float64", "spread": "float64"}),
        "nullable dtypes": lambda f: f.convert_dtypes(),
        "arrow dtypes": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
        "whole numbers as floats": lambda f: f.assign(week=f["week"].astype(float)),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_the_form_of_a_table_does_not_change_the_numbers(regression, fresh_games, change):
    assert numbers(regression, change[1](fresh_games)) == numbers(regression, fresh_games)


def test_missing_values_are_filled_and_marked_in_any_dtype(regression, fresh_games):
    expected = predictions(regression, fresh_games)[0]
    assert fresh_games["rest"].isna().any()
    for frame in (
        fresh_games.assign(rest=fresh_games["rest"].astype("Float64")),
        fresh_games.assign(rest=fresh_games["rest"].astype("double[pyarrow]")),
        fresh_games.assign(rest=fresh_games["rest"].astype(object).where(fresh_games["rest"].notna(), None)),
        pl.from_pandas(fresh_games),
        pa.Table.from_pandas(fresh_games),
    ):
        np.testing.assert_array_equal(predictions(regression, frame)[0], expected)


def test_polars_categories_are_values(regression, fresh_games):
    frame = pl.from_pandas(fresh_games).with_columns(pl.col("home_name").cast(pl.Categorical))
    assert numbers(regression, frame) == numbers(regression, fresh_games)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "int64[pyarrow]", "uint8", "float32", "bool", "boolean"])
def test_a_continuous_column_takes_any_dtype_of_numbers(games, fresh_games, dtype):
    learn = learners.train(games, ["home_name"], ["week", "spread"], "margin", procs=[Categorify], epochs=0)
    frame = fresh_games.assign(week=(fresh_games["week"] % 2).astype(dtype))
    plain = fresh_games.assign(week=(fresh_games["week"] % 2).astype("float64"))
    np.testing.assert_array_equal(predictions(learn, frame)[0], predictions(learn, plain)[0])


def test_read_only_columns_are_taken(regression, fresh_games):
    values = fresh_games["elo"].to_numpy().copy()
    values.flags.writeable = False
    frame = fresh_games.assign(elo=pd.Series(values, copy=False))
    assert numbers(regression, frame) == numbers(regression, fresh_games)


def test_a_target_beside_the_table(regression, classifier, two_targets, fresh_games):
    for learn, names in (
        (regression, ["margin"]),
        (classifier, ["grade"]),
        (two_targets, ["margin", "total"]),
    ):
        expected = numbers(learn, fresh_games)
        X, y = fresh_games[FEATURES], fresh_games[names]
        for given in (y, y.to_numpy(), y.to_numpy().tolist(), pl.from_pandas(y), pa.Table.from_pandas(y)):
            assert numbers(learn, X, y=given) == expected
        if len(names) == 1:
            for given in (
                y[names[0]],
                pl.Series(y[names[0]].tolist()),
                y[names[0]].set_axis(range(150, 0, -1)),
            ):
                assert numbers(learn, X, y=given) == expected
        assert numbers(learn, fresh_games.assign(**dict.fromkeys(names)), y=y) == expected


def test_a_class_given_as_category_counts_by_its_value(classifier, fresh_games):
    other = pd.Categorical(fresh_games["grade"], categories=["good", "fair", "bad", "unused"])
    assert numbers(classifier, fresh_games.assign(grade=other)) == numbers(classifier, fresh_games)


@pytest.mark.parametrize("rows", [2, 3])
def test_two_rows_are_enough(regression, fresh_games, rows):
    imp = weigh(regression, fresh_games.head(rows), n_repeats=10, random_state=0)
    assert imp.n_repeats == 1
    assert imp.n_rows == rows
    assert f"{rows} rows allow 1 distinct shuffle; 10 were asked for." in imp.notes


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_rows_are_not(regression, fresh_games, rows):
    with pytest.raises(InputError, match=rf"at least 2 rows, got {rows}\."):
        weigh(regression, fresh_games.head(rows))


# unseen categories


def test_unseen_categories_are_counted_and_treated_as_missing(regression, fresh_games):
    frame = fresh_games.copy()
    frame.loc[:2, "home_name"] = ["Ohio", "Utah", "Ohio"]
    frame.loc[5, "week"] = 99
    got, data = predictions(regression, frame)
    assert data.notes == (
        "3 of 150 rows have a home_name unseen in training ('Ohio', 'Utah'); "
        "the network treats it as missing, as fastai does.",
        "1 of 150 rows have a week unseen in training ('99'); the network treats it as missing, as fastai does.",
    )
    frame.loc[:2, "home_name"] = None
    frame["week"] = frame["week"].astype(float)
    frame.loc[5, "week"] = np.nan
    without, data = predictions(regression, frame)
    assert data.notes == (
        "3 of 150 rows have no home_name, which no row lacked in training: "
        "the network takes its category for missing values.",
        "1 of 150 rows have no week, which no row lacked in training: "
        "the network takes its category for missing values.",
    )
    np.testing.assert_array_equal(got, without)


def test_missing_categories_of_an_exported_learner_are_counted_without_a_guess(loaded, fresh_games):
    fresh_games.loc[[3, 4], "home_name"] = None
    told = "2 of 150 rows have no home_name: the network takes its category for missing values."
    assert told in weigh(loaded, fresh_games, n_repeats=1).notes


def test_missing_categories_that_training_had_are_nothing_new(games, fresh_games):
    games.loc[:4, "home_name"] = None
    learn = learners.train(games, ["home_name"], ["spread"], "margin", epochs=0, metrics=[learners.mae])
    fresh_games.loc[[3, 4], "home_name"] = None
    assert weigh(learn, fresh_games, n_repeats=1).notes == ()


def test_unseen_categories_reach_the_result(regression, fresh_games):
    frame = fresh_games.assign(home_name=fresh_games["home_name"].replace("Rice", "Ohio"))
    assert "unseen in training ('Ohio')" in weigh(regression, frame, n_repeats=1).notes[0]


def test_a_column_all_unseen_but_of_the_right_kind_is_a_note(regression, fresh_games):
    (note,) = weigh(regression, fresh_games.assign(home_name="Ohio"), n_repeats=1).notes
    assert note.startswith("150 of 150 rows have a home_name unseen")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"week": "str"}, r"'week' holds text like '\d'; the network was trained on numbers like 1\."),
        (
            {"neutral": "str"},
            r"'neutral' holds text like '(True|False)'; .* trained on truth values like False",
        ),
        (
            {"neutral": int},
            r"'neutral' holds numbers like [01]; .* trained on truth values like False",
        ),
    ],
)
def test_categories_of_another_kind_are_named(regression, fresh_games, change, message):
    with pytest.raises(InputError, match=message):
        weigh(regression, fresh_games.astype(change))


def test_numbers_for_text_categories_are_named(regression, fresh_games):
    with pytest.raises(InputError, match=r"'home_name' holds numbers like 3; .*trained on text like 'Army'"):
        weigh(regression, fresh_games.assign(home_name=3))


# bad tables


def test_missing_columns_are_listed_with_the_nearest(regression, fresh_games):
    frame = fresh_games.rename(columns={"elo": "elo_", "home_name": "home_nam"})
    with pytest.raises(InputError) as caught:
        weigh(regression, frame)
    text = str(caught.value)
    assert "2 of the 6 columns the network takes are not in the table" in text
    assert "'home_name' is missing. Did you mean 'home_nam'?" in text
    assert "'elo' is missing. Did you mean 'elo_'?" in text


def test_the_target_missing_is_said_with_the_ways_out(regression, fresh_games):
    with pytest.raises(InputError) as caught:
        weigh(regression, fresh_games.drop(columns="margin"))
    assert "'margin' is missing" in str(caught.value)
    assert "Give the target, or take the metric prediction_change, which needs none." in str(caught.value)


def test_duplicate_columns_are_refused(regression, fresh_games):
    frame = pd.concat([fresh_games, fresh_games[["elo"]]], axis=1)
    with pytest.raises(InputError, match="occur more than once: 'elo'"):
        weigh(regression, frame)


@pytest.mark.parametrize("thing", ["games.csv", [1, 2], np.ones((3, 6)), {"elo": [1, 2]}, 5])
def test_what_is_no_table_is_said(regression, thing):
    with pytest.raises(InputError, match="A table must be a pandas, polars or pyarrow data frame, got"):
        weigh(regression, thing)


@pytest.mark.parametrize("column", ["rest", "elo", "home_name"])
def test_a_column_without_any_value_is_named(regression, fresh_games, column):
    with pytest.raises(InputError, match=f"Nothing but missing values in '{column}'"):
        weigh(regression, fresh_games.assign(**{column: None}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            ["a"] * 150,
            r"'elo' is continuous: numbers expected, got \S+ with 'a' in row 0\. Hint: pd\.to_numeric",
        ),
        ([1.0] * 149 + ["12"], r"'elo' is continuous: numbers expected, got object with '12' in row 149"),
        (pd.Timestamp("2021-09-01"), r"'elo' is continuous: numbers expected, got datetime64"),
        (1j, r"'elo' is continuous: numbers expected, got complex128"),
        (pd.Categorical([1, 2] * 75), r"'elo' is continuous: numbers expected, got category"),
        ([[1]] * 150, r"'elo' is continuous: numbers expected, got object with \[1\] in row 0"),
    ],
    ids=["text", "one text", "dates", "complex", "categories", "lists"],
)
def test_what_is_no_number_is_named(regression, fresh_games, values, message):
    with pytest.raises(InputError, match=message):
        weigh(regression, fresh_games.assign(elo=values))


@pytest.mark.parametrize("column", ["elo", "rest", "margin"])
def test_infinite_values_are_counted(regression, fresh_games, column):
    fresh_games.loc[3, column] = np.inf
    fresh_games.loc[4, column] = -np.inf
    with pytest.raises(InputError, match=f"'{column}' has 2 infinite value"):
        weigh(regression, fresh_games)


def test_numbers_too_large_for_the_network_are_named(regression, fresh_games):
    fresh_games.loc[3, "elo"] = 1e300
    with pytest.raises(InputError, match="Not finite after the learner's own procs: 'elo'"):
        weigh(regression, fresh_games)


def test_a_text_target_for_a_regression_is_named(regression, fresh_games):
    with pytest.raises(
        InputError, match=r"'margin' is the target: numbers expected, got .* with 'lots' in row 0"
    ):
        weigh(regression, fresh_games.assign(margin="lots"))


def test_unseen_classes_are_named(classifier, fresh_games):
    fresh_games.loc[:1, "grade"] = ["great", "awful"]
    with pytest.raises(
        InputError, match=r"'grade' has classes .*not trained on: 'great', 'awful'\. Classes: 'bad'"
    ):
        weigh(classifier, fresh_games)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ones(3), r"y must have 150 rows and 1 column\(s\) \('margin'\), got 3 rows and 1 column"),
        (np.ones((150, 2)), r"got 150 rows and 2 column"),
        (5.0, r"got 1 rows and 1 column"),
        (np.full(150, np.nan), r"Missing values in 'margin' \(150 of 150 rows\): nothing can stand in for"),
    ],
)
def test_a_target_that_does_not_fit_is_said(regression, fresh_games, y, message):
    with pytest.raises(InputError, match=message):
        weigh(regression, fresh_games, y)


def test_a_target_without_a_table_is_refused(regression):
    with pytest.raises(InputError, match="y was given without X"):
        weigh(regression, None, np.ones(5))


# missing values where training had none


@pytest.fixture
def holes(fresh_games):
    """A table with holes in columns that had none in training."""
    fresh_games.loc[[1, 2], "elo"] = np.nan
    fresh_games.loc[[2, 9], "spread"] = np.nan
    return fresh_games


def test_by_default_they_are_an_error_that_says_what_can_be_done(regression, holes):
    with pytest.raises(InputError) as caught:
        weigh(regression, holes)
    text = str(caught.value)
    assert "Missing values where training had none: 'elo' (2 of 150 rows), 'spread' (2 of 150 rows)." in text
    # words that hold for weigh, for the command line and for PermutationImportance
    assert text.endswith(
        "Leave those rows out (df.dropna, or missing=drop), or fill them with the training mean (missing=mean)."
    )


def test_rows_can_be_left_out(regression, holes):
    imp = weigh(regression, holes, missing="drop", random_state=0, n_repeats=2)
    assert imp.n_rows == 147
    assert imp.notes[0].startswith("3 of 150 rows left out for missing values in 'elo' (2 of 150 rows)")
    kept = holes.dropna(subset=["elo", "spread"])
    assert (imp.features, imp.baseline, imp.importances.tolist()) == numbers(regression, kept)


def test_the_training_mean_can_fill_them(regression, holes, games):
    trained_on = games.iloc[: learners.N_TRAIN]
    got, data = predictions(regression, holes, missing="mean")
    assert data.notes[0].startswith("Missing values filled with the training mean: 'elo' (2 of 150 rows)")
    filled = holes.fillna({name: trained_on[name].mean() for name in ("elo", "spread")})
    np.testing.assert_allclose(got, fastai_predictions(regression, filled), rtol=1e-5, atol=1e-5)


def test_without_normalize_there_is_no_training_mean(games, holes):
    learn = learners.train(games, ["week"], ["elo", "spread"], "margin", procs=[Categorify], epochs=0)
    with pytest.raises(InputError, match=r"training mean of 'elo', 'spread' is not known.*without Normalize"):
        weigh(learn, holes, missing="mean")
    with pytest.raises(InputError, match=r"missing=drop\)\.$"):  # what would not work is not offered
        weigh(learn, holes)


def test_a_target_has_no_mean(regression, fresh_games):
    fresh_games.loc[0, "margin"] = np.nan
    for missing in ("raise", "mean"):
        with pytest.raises(InputError) as caught:
            weigh(regression, fresh_games, missing=missing)
        told = "Missing values in 'margin' (1 of 150 rows): nothing can stand in for a target. Leave those rows out"
        assert str(caught.value) == f"{told} (df.dropna, or missing=drop)."


def test_rows_without_a_target_can_be_left_out(regression, classifier, fresh_games):
    for learn, name in ((regression, "margin"), (classifier, "grade")):
        frame = fresh_games.copy()
        frame.loc[[0, 7], name] = None
        with pytest.raises(InputError, match=rf"'{name}' \(2 of 150 rows\)"):
            weigh(learn, frame)
        imp = weigh(learn, frame, missing="drop", random_state=0, n_repeats=2)
        expected = numbers(learn, frame.dropna(subset=[name]))
        assert (imp.features, imp.baseline, imp.importances.tolist()) == expected


def test_nothing_left_is_an_error(regression, fresh_games):
    fresh_games.loc[1:, "elo"] = np.nan
    with pytest.raises(InputError, match="Only 1 of 150 rows are left"):
        weigh(regression, fresh_games, missing="drop")


def test_how_far_predictions_move_needs_no_target_and_looks_at_none(regression, classifier, fresh_games):
    for learn, name in ((regression, "margin"), (classifier, "grade")):
        expected = numbers(learn, fresh_games, metric="prediction_change")
        for frame in (
            fresh_games.drop(columns=name),
            fresh_games.assign(**{name: None}),
            fresh_games.assign(**{name: "what"}),
        ):
            assert numbers(learn, frame, metric="prediction_change") == expected


# left as found


def state(learn):
    """Everything a run could disturb."""
    return {
        "modes": [module.training for module in learn.model.modules()],
        "weights": {name: value.clone() for name, value in learn.model.state_dict().items()},
        "gradients": [parameter.grad for parameter in learn.model.parameters()],
        "metrics": [copy.deepcopy(vars(metric)) for metric in learn.metrics],
        "callbacks": list(learn.cbs),
        "columns": (list(learn.dls.train_ds.cat_names), list(learn.dls.train_ds.cont_names)),
        "tables": [loader.items.copy() for loader in learn.dls.loaders],
        "batch sizes": [loader.bs for loader in learn.dls.loaders],
        "random": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "gradients on": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
    }


def assert_same(before, after):
    for name, old in before.items():
        new = after[name]
        if name == "tables":
            for one, other in zip(old, new, strict=True):
                pd.testing.assert_frame_equal(one, other)
        elif name == "weights":
            assert all(torch.equal(old[key], new[key]) for key in old)
        elif name == "torch":
            assert torch.equal(old, new)
        elif name == "numpy":
            assert old[0] == new[0]
            assert (old[1] == new[1]).all()
            assert old[2:] == new[2:]
        elif name == "gradients":
            assert all(one is other for one, other in zip(old, new, strict=True))
        else:
            assert repr(old) == repr(new), name


@pytest.fixture(params=["training", "evaluating", "mixed"])
def moded(request, regression):
    """The learner in one of the modes a user may have left it in."""
    parts = list(regression.model.modules())
    modes = [part.training for part in parts]
    for i, part in enumerate(parts):
        part.training = {"training": True, "evaluating": False, "mixed": i % 2 == 0}[request.param]
    yield regression
    for part, mode in zip(parts, modes, strict=True):
        part.training = mode


def test_learner_and_table_come_back_untouched(moded, fresh_games):
    before, kept = state(moded), fresh_games.copy()
    weigh(moded, fresh_games, n_repeats=2)
    weigh(moded, None, n_repeats=1, metric="rmse")
    assert_same(before, state(moded))
    pd.testing.assert_frame_equal(fresh_games, kept)


def failing(error):
    """A metric that works on the rows as they are and then raises."""
    calls = []

    def metric(y, pred):
        calls.append(1)
        if len(calls) > 3:
            raise error
        return 1.0

    return metric


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_also_after_an_exception(moded, fresh_games, error):
    before, kept = state(moded), fresh_games.copy()
    with pytest.raises(error):
        weigh(moded, fresh_games, metric=failing(error), greater_is_better=False)
    assert_same(before, state(moded))
    pd.testing.assert_frame_equal(fresh_games, kept)


def test_also_after_a_table_that_is_refused(moded, fresh_games):
    frame = fresh_games.assign(elo="text")
    before, kept = state(moded), frame.copy()
    with pytest.raises(InputError):
        weigh(moded, frame)
    assert_same(before, state(moded))
    pd.testing.assert_frame_equal(frame, kept)


def test_a_table_of_several_holes_is_not_filled_in_place(regression, holes):
    kept = holes.copy()
    weigh(regression, holes, missing="mean", n_repeats=1)
    weigh(regression, holes, missing="drop", n_repeats=1)
    pd.testing.assert_frame_equal(holes, kept)


def test_a_metric_that_collects_in_place_keeps_what_it_had(regression, fresh_games):
    from fastai.learner import Metric

    class Collects(Metric):
        def __init__(self):
            self.seen = [1.0, 2.0]

        def reset(self):
            self.seen.clear()

        def accumulate(self, learn):
            self.seen += (learn.pred - learn.y).abs().flatten().tolist()

        @property
        def value(self):
            return sum(self.seen) / len(self.seen)

        @property
        def name(self):
            return "collects"

    metric = Collects()
    imp = weigh(regression, fresh_games, metric=metric, greater_is_better=False, n_repeats=1)
    assert imp.baseline == pytest.approx(weigh(regression, fresh_games, n_repeats=1).baseline, rel=1e-5)
    assert metric.seen == [1.0, 2.0]


def test_nothing_is_printed_or_warned(regression, fresh_games, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = fresh_games.assign(home_name=fresh_games["home_name"].replace("Rice", "Ohio"))
        weigh(regression, frame, n_repeats=1)
        weigh(regression, None, n_repeats=1)
    assert capfd.readouterr() == ("", "")


# which metric


def test_the_first_of_two_metrics_with_one_name_is_the_default(games, fresh_games):
    learn = learners.train(
        games,
        learners.CATS,
        learners.CONTS,
        "grade",
        metrics=[F1Score(average="macro"), F1Score(average="micro")],
    )
    imp = weigh(learn, fresh_games, n_repeats=1)
    assert imp.baseline == pytest.approx(validated(learn, fresh_games)[1], rel=1e-5)
    assert imp.baseline != pytest.approx(validated(learn, fresh_games)[2], rel=1e-5)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("maee", r"Unknown metric 'maee'\. Did you mean 'mae'\? Metrics for this model: "),
        (5, r"metric must be a name, a fastai metric, a scorer or a function"),
        (F1Score, r"F1Score must be called: metric=F1Score\(\)"),
        (lambda y, pred: 0.0, r"Is more of the metric '<lambda>' better or worse\?"),
    ],
)
def test_a_metric_that_cannot_be_used_is_said(regression, fresh_games, metric, message):
    with pytest.raises(MetricError, match=message):
        weigh(regression, fresh_games, metric=metric)


def test_a_metric_class_must_be_called(regression, fresh_games):
    from fastai.metrics import Perplexity

    with pytest.raises(MetricError, match=r"Perplexity must be called: metric=Perplexity\(\)"):
        weigh(regression, fresh_games, metric=Perplexity)


# which learner


def test_a_learner_that_is_not_tabular_is_said():
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.losses import MSELossFlat

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 1), torch.ones(4, 1)))
    learn = Learner(DataLoaders(loader, loader), torch.nn.Linear(1, 1), loss_func=MSELossFlat())
    with pytest.raises(ModelError, match="A fastai learner, but not a tabular one: Learner on TensorDataset"):
        weigh(learn, pd.DataFrame({"a": [1.0, 2.0]}))


def test_a_class_instead_of_a_learner_is_said(fresh_games):
    from fastai.tabular.all import TabularLearner

    with pytest.raises(ModelError, match="The class TabularLearner was given"):
        weigh(TabularLearner, fresh_games)


def test_without_an_activation_of_the_loss_outputs_are_logits(classifier, fresh_games):
    loss = classifier.loss_func
    probable = effects(classifier, fresh_games, random_state=0)
    assert probable.what.startswith("the probability of ")
    classifier.loss_func = torch.nn.CrossEntropyLoss()
    try:
        of_logits = effects(classifier, fresh_games, random_state=0)
        assert as_model(classifier).outputs().kind == "logit"
    finally:
        classifier.loss_func = loss
    assert of_logits.what.startswith("the output for ")
    assert as_model(classifier).outputs().classes == ("bad", "fair", "good")
