"""``groups="auto"``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from lines import line, table, weigh

import weighin
from weighin import InputError

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
    assert any(note.startswith("No columns carry enough of the same") for note in imp.notes)
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
