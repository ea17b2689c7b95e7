"""``groups="auto"`` and what a result says in sentences."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from lines import line, table, weigh

import weighin
from weighin import InputError
from weighin._inference import IDENTITY

FRAME, Y = table(800)
TWIN = FRAME.assign(d=FRAME["a"] + 0.1 * np.random.default_rng(1).normal(size=800))
NAMES = ["a", "b", "c", "d"]


def twins(frame):
    """A model that takes half of `a` from its twin."""
    return 1.5 * frame["a"] + 1.5 * frame["d"] + frame["b"]


def test_columns_that_go_together_are_weighed_together_as_well():
    imp = weigh(TWIN, Y, twins, features=NAMES, groups="auto", n_repeats=3)
    assert dict(imp.groups) == {"a + d": ("a", "d")}
    assert imp.features == (*NAMES, "a + d")
    by_hand = weigh(TWIN, Y, twins, features=NAMES, groups={"a + d": ["a", "d"]}, n_repeats=3)
    np.testing.assert_array_equal(imp.importances, by_hand.importances)
    assert imp.importances_mean[4] > 1.5 * imp.importances_mean[0]
    assert any("a + d" in note for note in imp.notes)


def test_where_none_do_it_says_so():
    imp = weigh(FRAME, Y, groups="auto", n_repeats=1)
    assert not imp.groups
    assert any(note.startswith("No columns carry so much of the same") for note in imp.notes)
    apart = weigh(TWIN, Y, twins, features=iter(["a", "b"]), groups="auto", n_repeats=1)
    assert not apart.groups  # the other twin is not weighed


def test_every_kind_of_table_has_groups(regression, fresh_games):
    matrix = TWIN[NAMES].to_numpy().astype("f4")
    model = lambda rows: rows.sum(1)  # noqa: E731
    assert "x0 + x3" in weighin.weigh(model, matrix, Y, groups="auto", n_repeats=1, random_state=0).groups

    class Two(torch.nn.Module):
        def forward(self, u, v):
            return u.sum(1, keepdim=True) + v.sum(1, keepdim=True)

    parts = {"u": matrix[:, :2], "v": matrix[:, 2:]}
    assert "u_0 + v_1" in weighin.weigh(Two(), parts, Y, groups="auto", n_repeats=1, random_state=0).groups
    alike = fresh_games.assign(elo=1500 + 3 * fresh_games["spread"])
    imp = weighin.weigh(regression, alike, groups="auto", n_repeats=1, random_state=0)
    assert dict(imp.groups) == {"elo + spread": ("elo", "spread")}


def test_groups_found_once_stay_through_precision_and_several_models():
    frame = pd.concat([TWIN] * 20, ignore_index=True)
    y = np.tile(Y, 20)
    imp = weigh(frame, y, twins, features=NAMES, groups="auto", precision=0.03)
    assert imp.features == (*NAMES, "a + d")
    both = weigh(TWIN, Y, [twins, line], features=NAMES, groups="auto", n_repeats=2)
    assert both[0].groups == both[1].groups != {}


def test_other_words_than_auto_are_refused(regression):
    with pytest.raises(InputError, match='be "auto", got'):
        weigh(FRAME, Y, groups="atuo")
    with pytest.raises(InputError, match="pass X"):
        weighin.weigh(regression, groups="auto")


# sentences


def result(values, half, metric="mae", **more):
    """A result with such importances and such halves of 95 % intervals."""
    imp = weigh(FRAME, Y, n_repeats=5, metric="mae")
    judged = dataclasses.replace(
        imp._judged,
        estimate=np.array(values, dtype=float),
        se=np.array(half) / 1.96,
        skewness=np.zeros(3),
        df=np.full(3, 1e9),
        few_rows=np.zeros(3, dtype=bool),
    )
    made = dataclasses.replace(
        imp,
        **{
            "importances": np.array(values, dtype=float)[:, None],
            "metric": metric,
            "link": IDENTITY,
            **more,
        },
    )
    made.__dict__["_judged"] = judged
    return made


def test_the_average_miss_gets_worse_by_as_many_digits_as_the_interval_bears():
    told = result([7.8123, 2.0, 0.01], [0.5, 0.2, 0.05]).summary().splitlines()
    assert told[1] == "Shuffling a makes the average miss 7.8 worse (95 % interval 7.3 to 8.3)."
    assert told[2] == "Next comes b: 2.0 (95 % interval 1.8 to 2.2)."
    assert told[3] == (
        "Given the other columns, this model barely uses c: it cannot be told apart from zero."
    )


def test_wide_intervals_leave_open_what_narrow_ones_deny():
    text = result([7.8, 2.0, 0.1], [0.5, 3.0, 4.0]).summary()
    assert "b and c cannot be told apart from zero on these rows" in text
    assert "barely uses b" not in text


def test_shares_are_told_in_percentage_points():
    imp = result([0.128, 0.02, 0.0], [0.01, 0.005, 0.002], "accuracy", greater_is_better=True, baseline=0.9)
    text = imp.summary()
    assert "Before any shuffle accuracy is 90.0 %" in text
    assert "Shuffling a lowers accuracy by 12.8 percentage points (95 % interval 11.8 to 13.8)." in text


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        ("rmse", "makes the root mean squared miss 7.8 worse"),
        ("roc_auc", "makes the area under the ROC curve 7.8 worse"),
        ("error_rate", "raises the error rate by 780 percentage points"),
        ("prediction_change", "moves the prediction by 7.8"),
        ("my_metric", "makes my_metric 7.8 worse"),
    ],
)
def test_metrics_have_words_of_their_own(metric, told):
    assert told in result([7.8, 2.0, 0.0], [0.5, 0.2, 0.05], metric).summary()


def test_what_a_reader_must_know_is_there():
    text = result([7.8, 2.0, -3.0], [0.5, 0.2, 0.5], on_training_rows=True, simulated=True).summary()
    assert text.startswith("SIMULATED DATA")
    assert "trained on some of these rows: it may rely on noise it memorised" in text
    assert "Shuffling c makes the model better on these rows" in text
    assert "%" not in text.replace("95 % interval", "")  # no shares of a total
    part = result([7.8, 2.0, 1.0], [0.5, 0.2, 0.5], complete=False, unfinished=("d",))
    assert "Not finished: 'd'." in part.summary()


def test_the_others_are_summed_up():
    text = result([7.8, 2.0, 1.0], [0.5, 0.2, 0.1]).summary(limit=1)
    assert "Next comes" not in text
    assert "b and c weigh less." in text
    with pytest.raises(InputError, match="limit must be an integer >= 1, got 0"):
        weigh(FRAME, Y, n_repeats=1).summary(limit=0)


def test_unused_columns_are_not_called_unimportant():
    text = weigh(FRAME, Y, n_repeats=3).summary()
    assert "No shuffle of c changed the average miss at all." in text
    assert "unimportant" not in text
