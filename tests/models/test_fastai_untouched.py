"""A fastai learner and its table are left as found."""

from __future__ import annotations

import copy
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from weighin import InputError, weigh


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
