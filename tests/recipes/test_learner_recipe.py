"""A fastai learner trained again: all it was made with, on other columns."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from fastai.callback.core import Callback
from fastai.callback.tracker import SaveModelCallback
from fastai.callback.training import GradientClip
from fastai.optimizer import SGD
from fastai.tabular.all import Categorify, FillMissing, FillStrategy, Normalize

import learners
import weighin

GAMES = learners.games()


def recipe_of(learn, **options):
    return weighin.Recipe.from_learner(learn, **{"epochs": 1, "lr": 0.01, **options})


def weights_of(learn):
    return [parameter.detach().numpy().copy() for parameter in learn.model.parameters()]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"y_range": (-40.0, 60.0)},
        {"layers": [12, 6], "config": {"ps": [0.1, 0.2], "embed_p": 0.05, "bn_final": True}},
        {"config": {"lin_first": False, "use_bn": False, "bn_cont": False}},
        {"layers": []},
        {"emb_szs": {"home_name": 7}},
    ],
)
def test_the_network_is_made_as_it_was(options):
    learn = learners.regression(epochs=0, **options)
    again = recipe_of(learn).train(GAMES)
    assert repr(again.model) == repr(learn.model)


def test_loss_metrics_optimizer_and_batches_are_kept():
    learn = learners.train(
        GAMES,
        learners.CATS,
        learners.CONTS,
        "margin",
        epochs=0,
        opt_func=SGD,
        wd=0.2,
        wd_bn_bias=True,
        metrics=[learners.rmse],
    )
    again = recipe_of(learn).train(GAMES)
    assert again.opt_func is SGD
    assert (again.wd, again.wd_bn_bias) == (0.2, True)
    assert [metric.name for metric in again.metrics] == [metric.name for metric in learn.metrics]
    assert type(again.loss_func) is type(learn.loss_func)
    assert again.dls.train.bs == learn.dls.train.bs
    assert [type(proc).__name__ for proc in again.dls.procs.fs] == [
        type(proc).__name__ for proc in learn.dls.procs.fs
    ]


def test_procs_keep_their_settings():
    procs = [Categorify, FillMissing(FillStrategy.constant, add_col=False, fill_vals={"rest": 3}), Normalize]
    learn = learners.train(GAMES, learners.CATS, learners.CONTS, "margin", procs=procs, epochs=0)
    again = recipe_of(learn).train(GAMES)
    fill = next(proc for proc in again.dls.procs.fs if isinstance(proc, FillMissing))
    assert fill.na_dict == {"rest": 3}
    assert "rest_na" not in again.dls.cat_names


def test_the_same_seed_gives_the_same_weights_and_the_learner_stays_as_it_was(regression):
    before, metrics = copy.deepcopy(weights_of(regression)), list(regression.metrics)
    recipe = recipe_of(regression)
    first, second, other = (weights_of(recipe.train(GAMES, random_state=seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(first, second, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))
    assert all(np.array_equal(one, two) for one, two in zip(before, weights_of(regression), strict=True))
    assert list(regression.metrics) == metrics


def test_columns_may_be_dropped_and_added(regression):
    table = GAMES.assign(double=2 * GAMES["elo"], big=GAMES["elo"] > 1500)
    again = recipe_of(regression).train(table, ["home_name", "spread", "double", "big"])
    assert (list(again.dls.cat_names), list(again.dls.cont_names)) == (
        ["home_name", "big"],
        ["spread", "double"],
    )


def test_an_exported_learner_is_as_good_as_a_live_one(regression, loaded):
    live, file = recipe_of(regression, valid=0.2), recipe_of(loaded, valid=0.2)
    assert live.features == file.features
    same = zip(weights_of(live.train(GAMES)), weights_of(file.train(GAMES)), strict=True)
    assert all(np.array_equal(one, two) for one, two in same)


def test_a_schedule_of_ones_own(regression):
    asked = []

    def fit(learn):
        asked.append(learn)
        learn.fit_one_cycle(1, 0.01)

    assert recipe_of(regression, fit=fit, epochs=None, lr=None).train(GAMES) is asked[0]


def test_classes_and_callbacks_are_kept(classifier):
    seen = []

    class Watch(Callback):
        def after_epoch(self):
            seen.append(self.epoch)

    learn = learners.train(
        GAMES, learners.CATS, learners.CONTS, "grade", epochs=0, metrics=[learners.accuracy], cbs=[Watch()]
    )
    again = recipe_of(learn, epochs=2).train(GAMES)
    assert list(again.dls.vocab) == list(classifier.dls.vocab)
    assert seen == [0, 1]
    assert learn.cbs[-1].learn is learn


@pytest.mark.filterwarnings("ignore:numpy.core is deprecated:DeprecationWarning")  # fastai, loading weights
def test_callbacks_of_fastai_are_kept_and_leave_no_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    callbacks = [SaveModelCallback(monitor="valid_loss", fname="best"), GradientClip(0.5)]
    learn = learners.regression(epochs=0, cbs=callbacks)
    again = recipe_of(learn, epochs=2).train(GAMES)
    kept = {type(callback).__name__ for callback in again.cbs}
    assert {"SaveModelCallback", "GradientClip"} <= kept
    assert list(tmp_path.iterdir()) == []
    sums = {recipe_of(one).fingerprint for one in (learn, learners.regression(epochs=1, cbs=callbacks))}
    assert len(sums) == 1


def test_rows_drawn_by_weight_are_refused():
    learn = learners.regression(epochs=0)
    learn.dls.train.wgts = np.arange(len(learn.dls.train.dataset))
    with pytest.raises(weighin.ModelError, match=r"settings of its own.*from_function"):
        recipe_of(learn)


def test_it_travels_between_processes(regression):
    trainer = pickle.loads(pickle.dumps(recipe_of(regression).trainer))
    assert trainer.features == ("home_name", "neutral", "week", "elo", "rest", "spread")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"epochs": None, "lr": None}, r"does not remember how it was trained.*last trained for 3 epochs"),
        ({"epochs": 0}, "epochs must be an integer >= 1, got 0"),
        ({"lr": -1.0}, "lr must be a number above 0"),
        ({"fit": print}, "not both"),
        ({"fit": 5, "epochs": None, "lr": None}, "fit must be a function"),
        ({"valid": 1.0}, "valid must be between 0 and 1"),
    ],
)
def test_schedules_that_are_none(regression, options, told):
    with pytest.raises(weighin.InputError, match=told):
        recipe_of(regression, **options)


def test_a_network_changed_by_hand_is_refused():
    learn = learners.regression(epochs=0)
    learn.model.layers[0][0] = learners.torch.nn.Linear(1, 1)
    with pytest.raises(weighin.ModelError, match=r"changed by hand.*from_function"):
        recipe_of(learn)
    learn = learners.regression(epochs=0)
    learn.model = learners.torch.nn.Linear(1, 1)
    with pytest.raises(weighin.ModelError, match="is a Linear, not fastai's TabularModel"):
        recipe_of(learn)


def test_no_learner_at_all():
    with pytest.raises(weighin.ModelError, match="TabularLearner"):
        weighin.Recipe.from_learner(object(), epochs=1)


def test_too_few_rows_for_a_batch_are_told(regression):
    with pytest.raises(weighin.InputError, match="one batch needs 32"):
        recipe_of(regression).train(GAMES.head(30))


def test_fits_of_a_learner_are_compared(regression):
    found = weighin.ablate(
        recipe_of(regression, epochs=2, lr=0.03),
        GAMES,
        drop="spread",
        add={"double": "2 * elo"},
        fits=2,
        random_state=0,
        progress=False,
    )
    assert found.metric == "mae"
    assert found.to_frame()["worse_by"][0] > 0
    assert found.features == ("home_name", "neutral", "week", "elo", "rest", "spread")
