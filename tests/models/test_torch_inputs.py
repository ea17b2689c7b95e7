"""Modules of levels and numbers: one mixed frame, inputs that are None; the loss that a module holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.metrics import log_loss

from weighin import InputError, MetricError, weigh

N = 80
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "league": pd.Categorical(rng.choice(["mac", "acc"], N), categories=["acc", "mac"]),
        "elo": rng.normal(size=N),
        "week": rng.integers(0, 4, N),
        "rest": rng.normal(size=N),
    }
)
CODES = np.stack([FRAME.league.cat.codes, FRAME.week], 1).astype(np.int64)
NUMBERS = FRAME[["elo", "rest"]].to_numpy(np.float32)
Y = FRAME.elo + FRAME.week


class ByParts(torch.nn.Module):
    def __init__(self, n_levels: int = 2) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.levels = torch.nn.ModuleList(torch.nn.Embedding(4, 2) for _ in range(n_levels))
        self.head = torch.nn.Linear(2 * n_levels + 2, 1)

    def forward(self, x_num: Any, x_cat: Any) -> Any:
        parts = [level(x_cat[:, j]) for j, level in enumerate(self.levels)] if x_cat is not None else []
        return self.head(torch.cat([*parts, x_num], 1))


@pytest.mark.parametrize("of", [lambda frame: frame, pl.from_pandas], ids=["pandas", "polars"])
def test_a_mixed_frame_is_taken_apart_by_the_names_of_the_inputs(of: Any) -> None:
    imp = weigh(ByParts(), of(FRAME), Y, n_repeats=2, random_state=0)
    assert set(imp.features) == set(FRAME)
    apart = {"x_cat": CODES, "x_num": NUMBERS}
    names = {"league": "x_cat_0", "week": "x_cat_1", "elo": "x_num_0", "rest": "x_num_1"}
    by_parts = weigh(ByParts(), apart, Y, n_repeats=2, random_state=0)
    for name, place in names.items():
        assert imp[name].importance == pytest.approx(by_parts[place].importance, abs=1e-6)
    assert any("x_cat (here 'league', 'week') and x_num (here 'elo', 'rest')" in note for note in imp.notes)


def test_text_has_no_numbers_for_its_levels() -> None:
    with pytest.raises(InputError, match=r"'league' holds .*weigh\(\(encoder, module\), df, y\)"):
        weigh(ByParts(), FRAME.astype({"league": str}), Y)


@pytest.mark.parametrize(
    "X",
    [{"x_num": NUMBERS, "x_cat": None}, (NUMBERS, None), FRAME[["elo", "rest"]]],
    ids=["dict", "tuple", "frame"],
)
def test_an_input_may_be_none(X: Any) -> None:
    module = ByParts(0)
    imp = weigh(module, X, Y, n_repeats=2, random_state=0)
    function = weigh(
        lambda rows: module(torch.as_tensor(rows), None).detach().numpy(),
        NUMBERS,
        Y,
        n_repeats=2,
        random_state=0,
    )
    np.testing.assert_allclose(imp.importances, function.importances, atol=1e-6)


class WithLoss(torch.nn.Module):
    def __init__(self, loss: torch.nn.Module, last: torch.nn.Module | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net, self.loss, self.last = torch.nn.Linear(2, 1), loss, last
        torch.nn.init.constant_(self.net.weight, 2.0)

    def forward(self, x: Any) -> Any:
        out = self.net(x)
        return out if self.last is None else self.last(out)


WON = (FRAME.elo > 0).astype(int)


@pytest.mark.parametrize("last", [None, torch.nn.Sigmoid()], ids=["logits", "probabilities"])
def test_the_loss_that_a_module_holds_says_what_it_gives_where_its_outputs_agree(last: Any) -> None:
    module = WithLoss(torch.nn.BCEWithLogitsLoss(), last)
    imp = weigh(module, NUMBERS, WON, n_repeats=2, random_state=0)
    with torch.no_grad():
        proba = torch.sigmoid(module.net(torch.from_numpy(NUMBERS))).numpy()[:, 0].astype(float)
    assert imp.baseline == pytest.approx(log_loss(WON, proba), rel=1e-5)


def test_a_loss_that_does_not_fit_the_outputs_says_nothing() -> None:
    with pytest.raises(MetricError, match="outputs='logit'"):
        weigh(WithLoss(torch.nn.BCELoss()), NUMBERS, WON)
