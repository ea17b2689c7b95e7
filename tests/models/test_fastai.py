"""fastai's learners: encoded and validated as fastai does, from any table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from fastai.metrics import F1Score
from fastai.tabular.all import Categorify, FillMissing, Normalize
from fastai_rows import fastai_predictions, numbers, predictions

import learners
from weighin import InputError, MetricError, ModelError, effects, weigh
from weighin._models import as_model
from weighin._models.fastai import FastaiModel

FEATURES = [*learners.CATS, *learners.CONTS]
LEARNERS = [
    "regression",
    "classifier",
    "only_continuous",
    "only_categorical",
    "two_targets",
    "in_range",
    "loaded",
]


@pytest.fixture(params=LEARNERS)
def learn(request):
    return request.getfixturevalue(request.param)


def validated(learn, frame=None):
    """Loss and metrics by fastai itself."""
    with learn.no_bar(), learn.no_logging():
        return list(learn.validate(dl=None if frame is None else learn.dls.test_dl(frame)))


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


@pytest.mark.slow
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
                y[names[0]].sample(frac=1, random_state=0),
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
        (F1Score, r"F1Score is a class; pass an instance: metric=F1Score\(\)"),
        (lambda y, pred: 0.0, r"Is more of the metric '<lambda>' better or worse\?"),
    ],
)
def test_a_metric_that_cannot_be_used_is_said(regression, fresh_games, metric, message):
    with pytest.raises(MetricError, match=message):
        weigh(regression, fresh_games, metric=metric)


def test_metrics_of_numbers_and_of_classes_say_which_a_learner_predicts(regression, classifier, fresh_games):
    with pytest.raises(MetricError, match=r"accuracy takes outputs of classes, .* predicts numbers.*'rmse'"):
        weigh(regression, fresh_games, metric="accuracy")
    with pytest.raises(MetricError, match=r"rmse compares numbers, .* predicts classes.*'log_loss'"):
        weigh(classifier, fresh_games, metric="rmse")


def test_a_metric_class_must_be_called(regression, fresh_games):
    from fastai.metrics import Perplexity

    with pytest.raises(MetricError, match=r"Perplexity is a class; pass an instance: metric=Perplexity\(\)"):
        weigh(regression, fresh_games, metric=Perplexity)


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

    with pytest.raises(ModelError, match="model is the class TabularLearner"):
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
