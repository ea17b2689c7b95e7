"""Tables that a fastai learner cannot take as they are: what is said, and what can be done."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fastai.tabular.all import Categorify
from fastai_rows import fastai_predictions, numbers, predictions

import learners
from weighin import InputError, weigh


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
    assert "Give the target, or use metric='prediction_change', which needs none." in str(caught.value)


def test_duplicate_columns_are_refused(regression, fresh_games):
    frame = pd.concat([fresh_games, fresh_games[["elo"]]], axis=1)
    with pytest.raises(InputError, match="occur more than once: 'elo'"):
        weigh(regression, frame)


@pytest.mark.parametrize("thing", [[1, 2], np.ones((3, 6)), 5])
def test_what_is_no_table_is_said(regression, thing):
    with pytest.raises(InputError, match="A table must be a pandas, polars or pyarrow data frame, got"):
        weigh(regression, thing)


@pytest.mark.parametrize("column", ["rest", "elo", "home_name"])
def test_a_column_without_any_value_is_named(regression, fresh_games, column):
    with pytest.raises(InputError, match=f"Only missing values in '{column}'"):
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
    with pytest.raises(InputError, match="Only 1 of 150 rows have no missing values in 'elo'"):
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
