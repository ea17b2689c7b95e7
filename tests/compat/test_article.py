"""The article's class gives the article's numbers, without the article's faults."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fastai.metrics import F1Score, R2Score, accuracy, mae, rmse
from fastai.tabular.all import TabularLearner

import learners
from weighin import InputError, ModelError, PermutationImportance
from weighin._base.errors import WeighinWarning

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("pyplot")]


def by_the_articles_loop(learn, df=None, bs=None):
    """The loop as published, but for two of its faults: it keeps every feature, and x_na moves with x."""
    bs = bs if bs is not None else learn.dls.bs
    dl = learn.dls.test_dl(df, bs=bs) if df is not None else learn.dls[1]
    na = [f"{name}_na" for name in learn.dls.cont_names if f"{name}_na" in learn.dls.cat_names]
    x_names = [name for name in learn.dls.x_names if name not in na]
    with learn.no_bar(), learn.no_logging():
        base_error = learn.validate(dl=dl)[1]
        importance = {}
        for name in x_names:
            col = [name, f"{name}_na"] if f"{name}_na" in na else [name]
            orig = dl.items[col].copy()
            perm = np.random.permutation(len(orig))
            for one in col:
                dl.items[one] = orig[one].array[perm]
            importance[name] = (base_error - learn.validate(dl=dl)[1]) / base_error
            for one in col:
                dl.items[one] = orig[one]
    return base_error, OrderedDict(sorted(importance.items(), key=lambda kv: kv[1], reverse=True))


def seeded(call, *args, seed=11, **options):
    """Run with numpy's generator set; give the answer and where the generator is afterwards."""
    np.random.seed(seed)
    answer = call(*args, **options)
    return answer, np.random.get_state()


def same_state(one, other):
    return one[0] == other[0] and (one[1] == other[1]).all() and one[2:] == other[2:]


def assert_agrees(learn, df=None, bs=None, tolerance=1e-5):
    (base, expected), state = seeded(by_the_articles_loop, learn, df, bs)
    pfi, own_state = seeded(PermutationImportance, learn, df, bs)
    assert pfi.base_error == pytest.approx(base, rel=1e-5)
    assert set(pfi.results) == set(expected)
    for name, value in expected.items():
        assert pfi.results[name] == pytest.approx(value, abs=tolerance), name
    assert same_state(state, own_state)
    return pfi


# the article's numbers


@pytest.mark.parametrize("bs", [None, 16, 64, 1000])
def test_mae(regression, fresh_games, bs):
    assert_agrees(regression, fresh_games, bs)


@pytest.mark.parametrize(
    "name", ["regression", "classifier", "only_continuous", "only_categorical", "two_targets", "in_range"]
)
def test_every_kind_of_learner_on_its_validation_set(request, name):
    assert_agrees(request.getfixturevalue(name))


@pytest.mark.parametrize(
    "name", ["classifier", "only_continuous", "only_categorical", "two_targets", "in_range"]
)
def test_every_kind_of_learner_on_a_table(request, fresh_games, name):
    assert_agrees(request.getfixturevalue(name), fresh_games)


def root_of_a_batch(pred, target):
    """Not a mean over rows: fastai averages it over batches."""
    return ((pred - target) ** 2).mean().sqrt()


@pytest.mark.slow
@pytest.mark.parametrize("bs", [7, 64])
@pytest.mark.parametrize("metric", [rmse, R2Score(), root_of_a_batch], ids=["rmse", "r2", "function"])
def test_metrics_that_are_no_means_over_rows(fresh_games, metric, bs):
    assert_agrees(learners.regression(metrics=[metric]), fresh_games, bs)


def test_the_batch_size_matters_for_a_function_of_batches_as_in_fastai(fresh_games):
    learn = learners.regression(metrics=[root_of_a_batch])
    small, large = (PermutationImportance(learn, fresh_games, bs).base_error for bs in (7, 1000))
    assert small != pytest.approx(large, rel=1e-3)


def test_a_validation_batch_size_of_its_own_counts(games):
    learn = learners.regression(metrics=[root_of_a_batch])
    learn.dls.loaders[1] = learn.dls.valid.new(bs=13)
    assert learn.dls.bs != 13
    assert_agrees(learn)


def test_the_first_metric_counts(games, fresh_games):
    metrics = [F1Score(average="macro"), accuracy, F1Score(average="micro")]
    assert_agrees(learners.train(games, ["week"], ["rest", "spread"], "grade", metrics=metrics), fresh_games)


def test_a_loaded_learner(loaded, fresh_games):
    assert_agrees(loaded, fresh_games)


def test_the_indicator_moves_with_its_feature(games, fresh_games):
    import torch

    learn = learners.train(
        games,
        [],
        ["rest", "spread"],
        "margin",
        procs=[learners.Categorify, learners.FillMissing],
        metrics=[mae],
    )
    with torch.no_grad():  # a network that sees the indicator alone
        first = next(m for m in learn.model.layers.modules() if isinstance(m, torch.nn.Linear))
        first.weight[:, learn.model.n_emb :] = 0.0
    pfi = assert_agrees(learn, fresh_games)
    assert pfi.na == ["rest_na"]
    assert pfi.results["rest"] != 0.0
    assert pfi.results["spread"] == 0.0


# the article's members


def test_members(regression, fresh_games):
    pfi = PermutationImportance(regression, fresh_games, bs=50)
    assert pfi.x_names == [*learners.CATS, *learners.CONTS]
    assert "home_name" in pfi.results
    assert pfi.na == ["rest_na"]
    assert pfi.y == ["margin"]
    assert pfi.dl.bs == 50
    assert len(pfi.dl.items) == 150
    assert pfi.learn is regression
    assert pfi.df is fresh_games
    assert list(pfi.importance) == pfi.x_names
    assert dict(pfi.results) == pfi.importance


def test_results_descend_and_important_features_are_negative_for_an_error(regression, fresh_games):
    results = PermutationImportance(regression, fresh_games).results
    assert isinstance(results, OrderedDict)
    assert list(results.values()) == sorted(results.values(), reverse=True)
    assert next(reversed(results)) == "spread"
    assert results["spread"] < 0


def test_important_features_are_positive_for_a_score(classifier, fresh_games):
    results = PermutationImportance(classifier, fresh_games).results
    assert next(iter(results)) == "spread"
    assert results["spread"] > 0


def test_batch_size_and_table_have_the_articles_defaults(regression):
    pfi = PermutationImportance(regression)
    assert pfi.df is None
    assert pfi.dl is regression.dls.valid
    assert pfi.dl.bs == regression.dls.bs


def test_one_column_at_a_time(regression, fresh_games):
    np.random.seed(3)
    pfi = PermutationImportance(regression, fresh_games)
    first = pfi.x_names[0]  # whose shuffle is the first thing drawn
    np.random.seed(3)
    one = pfi.measure_col(first)
    assert (pfi.base_error - one) / pfi.base_error == pytest.approx(pfi.results[first], rel=1e-12)
    with pytest.raises(InputError, match=r"Unknown feature 'spred'\. Did you mean 'spread'\?"):
        pfi.measure_col("spred")


def test_measuring_again_draws_again(regression, fresh_games):
    pfi = PermutationImportance(regression, fresh_games)
    first = dict(pfi.results)
    again = pfi.calc_feat_importance()
    assert isinstance(again, OrderedDict)
    assert dict(again) != first


def test_results_as_a_frame(regression, fresh_games):
    pfi = PermutationImportance(regression, fresh_games)
    frame = pfi.ord_dic_to_df(pfi.results)
    assert list(frame.columns) == ["feature", "importance"]
    assert frame["feature"].tolist() == list(pfi.results)
    assert frame["importance"].tolist() == list(pfi.results.values())


def test_the_chart_is_drawn_once_at_construction_and_not_shown(regression, fresh_games, pyplot):
    pfi = PermutationImportance(regression, fresh_games)
    (number,) = pyplot.get_fignums()
    (ax,) = pyplot.figure(number).axes
    assert sorted(label.get_text() for label in ax.get_yticklabels()) == sorted(pfi.x_names)
    assert sorted(text.get_text() for text in ax.texts) == sorted(f"{v:.4f}" for v in pfi.results.values())


def test_a_base_error_of_zero_gives_plain_differences_and_says_so():
    x = np.random.default_rng(0).normal(size=50).astype("float32")
    frame = pd.DataFrame({"x": x, "y": x})
    learn = learners.linear([1.0], frame, metrics=[mae])
    np.random.seed(7)
    expected = -np.abs(x - x[np.random.permutation(50)]).mean()
    np.random.seed(7)
    with pytest.warns(WeighinWarning, match="The base mae is 0, so relative changes are not defined"):
        pfi = PermutationImportance(learn, frame)
    assert pfi.base_error == 0.0
    assert pfi.results["x"] == pytest.approx(expected, rel=1e-5)


def test_learner_and_table_come_back_untouched(regression, fresh_games):
    kept, valid = fresh_games.copy(), regression.dls.valid.items.copy()
    modes = [module.training for module in regression.model.modules()]
    PermutationImportance(regression, fresh_games)
    PermutationImportance(regression)
    pd.testing.assert_frame_equal(fresh_games, kept)
    pd.testing.assert_frame_equal(regression.dls.valid.items, valid)
    assert [module.training for module in regression.model.modules()] == modes


def test_other_tables_give_the_same_numbers(regression, fresh_games):
    expected = seeded(PermutationImportance, regression, fresh_games)[0].results
    for table in (
        pl.from_pandas(fresh_games),
        fresh_games.set_axis([5] * 150),
        fresh_games[fresh_games.columns[::-1]],
    ):
        assert seeded(PermutationImportance, regression, table)[0].results == expected


def test_columns_that_are_categories_are_read_by_value(regression, fresh_games):
    other = fresh_games.assign(
        home_name=pd.Categorical(fresh_games["home_name"], ["Yale", "Rice", "Navy", "Army"])
    )
    expected = seeded(PermutationImportance, regression, fresh_games)[0].results
    assert seeded(PermutationImportance, regression, other)[0].results == expected


@pytest.mark.parametrize("bs", [0, -1, 1.5, "64", True])
def test_a_batch_size_that_is_none_is_said(regression, bs):
    with pytest.raises(InputError, match="bs must be an integer >= 1 or None, got"):
        PermutationImportance(regression, None, bs)


def test_what_is_no_learner_is_said(fresh_games):
    with pytest.raises(ModelError, match="takes a fastai TabularLearner, got int"):
        PermutationImportance(5, fresh_games)
    with pytest.raises(ModelError, match="takes a fastai TabularLearner, got the class TabularLearner"):
        PermutationImportance(TabularLearner, fresh_games)


def test_bad_tables_are_said(regression, loaded, fresh_games):
    with pytest.raises(InputError, match="'spread' is missing"):
        PermutationImportance(regression, fresh_games.drop(columns="spread"))
    with pytest.raises(InputError, match="'margin' is missing"):
        PermutationImportance(regression, fresh_games.drop(columns="margin"))
    with pytest.raises(InputError, match="carries 0 validation rows"):
        PermutationImportance(loaded)


def test_a_learner_without_a_metric_is_measured_by_its_loss(games, fresh_games):
    learn = learners.train(games, ["week"], ["elo", "spread"], "margin", metrics=[])
    pfi = PermutationImportance(learn, fresh_games)
    with learn.no_bar(), learn.no_logging():
        expected = learn.validate(dl=learn.dls.test_dl(fresh_games))[0]
    assert pfi.base_error == pytest.approx(expected, rel=1e-5)
