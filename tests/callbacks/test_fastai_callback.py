"""A learner that is weighed while it trains, and trains as it would without."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import weighin

pytestmark = pytest.mark.slow


def fit(epochs, *cbs, learn=None):
    from fastai.torch_core import set_seed

    import learners

    set_seed(3)
    learn = learn or learners.regression(epochs=0)
    set_seed(3)
    with learn.no_bar(), learn.no_logging():
        learn.fit(epochs, 0.03, cbs=list(cbs))
    return learn


def watching(*args, **options):
    from weighin.callbacks import FastaiImportance

    return FastaiImportance(*args, n_repeats=2, **options)


def test_each_epoch_is_weighed_and_training_is_as_without():
    watch = watching()
    learn, alone = fit(3, watch), fit(3)
    assert list(watch.results) == [0, 1, 2]
    states = zip(learn.model.state_dict().values(), alone.model.state_dict().values(), strict=True)
    assert all(torch.equal(mine, other) for mine, other in states)
    # the last is what the trained learner gives
    after = weighin.weigh(learn, n_repeats=2, random_state=0, progress=False)
    np.testing.assert_array_equal(watch.results[2].importances, after.importances)
    assert not np.array_equal(watch.results[0].importances, after.importances)


@pytest.mark.parametrize(("every", "weighed"), [(2, [1, 3, 4]), (5, [4]), (None, [4])])
def test_every_so_many_epochs_and_after_the_last(every, weighed):
    watch = watching(every=every)
    fit(5, watch)
    assert list(watch.results) == weighed


def test_after_training_that_stops_early():
    from fastai.callback.core import Callback, CancelFitException

    class Stop(Callback):
        order = 60

        def after_epoch(self):
            if self.epoch == 1:
                raise CancelFitException

    watch = watching(every=None)
    fit(5, watch, Stop())
    assert list(watch.results) == [1]


# fastai's finder keeps the network in a file that names numpy's old modules
@pytest.mark.filterwarnings("ignore:numpy.core is deprecated")
def test_validating_and_looking_for_a_learning_rate_weigh_nothing():
    watch = watching()
    import learners

    learn = learners.regression(epochs=0)
    learn.add_cb(watch)
    with learn.no_bar(), learn.no_logging():
        learn.lr_find(show_plot=False, num_it=6)
        learn.validate()
    assert watch.results == {}
    fit(2, learn=learn)
    assert list(watch.results) == [0, 1]
    # a second training starts anew
    fit(1, learn=learn)
    assert list(watch.results) == [0]


def test_rows_options_and_a_log_of_ones_own(fresh_games):
    logged = []
    watch = watching(
        fresh_games,
        metric="rmse",
        features=["spread", "elo"],
        log=lambda values, epoch: logged.append((epoch, values)),
    )
    fit(2, watch)
    assert [(imp.n_rows, imp.metric) for imp in watch.results.values()] == [(150, "rmse")] * 2
    means = [
        dict(zip(imp.features, imp.importances_mean.tolist(), strict=True)) for imp in watch.results.values()
    ]
    assert logged == [
        (epoch, {f"importance/{name}": mean for name, mean in of_epoch.items()})
        for epoch, of_epoch in enumerate(means)
    ]
    table = watch.to_frame()
    assert table["epoch"].tolist() == [0, 0, 1, 1]
    assert (
        table.loc[table["epoch"] == 1]
        .drop(columns="epoch")
        .reset_index(drop=True)
        .equals(watch.results[1].to_frame())
    )


def test_what_cannot_be_is_refused_before_any_training():
    with pytest.raises(weighin.InputError, match="every must be an integer >= 1, got 0"):
        watching(every=0)
    with pytest.raises(weighin.InputError, match=r"weigh has no argument 'metrics'. Did you mean 'metric'\?"):
        watching(metrics="mae")
    with pytest.raises(weighin.InputError, match="train with this callback first"):
        watching().to_frame()
