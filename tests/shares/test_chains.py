"""Chains of swaps through every kernel: networks, models that look at other rows, interrupts, many features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import weighin


def rows_of(n: int, n_columns: int) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal((n, n_columns)).astype(np.float32)
    # few values: steps that move nothing
    x[:, 1], x[:, 2] = x[:, 1].round(), x[:, 2] > 0
    return x


def network(n_columns: int, ignored: int) -> Any:
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(n_columns, 24), nn.ReLU(), nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 1))
    with torch.no_grad():
        net[0].weight[:, ignored] = 0
    return net.eval()


def as_function(net: Any) -> Any:
    import torch

    def predict(rows: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return net(torch.as_tensor(np.ascontiguousarray(rows)))[:, 0].numpy().astype(np.float64)

    return predict


GROUPS = [None, {"a": ["x0", "x1"], "b": ["x2", "x3", "x4", "x6"]}, {"all": [f"x{i}" for i in range(7)]}]


@pytest.mark.slow
@pytest.mark.parametrize("groups", GROUPS, ids=["single", "two groups", "one group"])
def test_a_network_has_the_shares_of_the_function_it_is(groups):
    x, net = rows_of(3000, 7), network(7, ignored=5)
    y = as_function(net)(x) + 0.1 * x[:, 0]
    asked = {"metric": "mse", "n_repeats": 4, "random_state": 0, "groups": groups}
    fast = weighin.shares(net, x, y, **asked)
    plain = weighin.shares(as_function(net), x, y, **asked)
    assert fast.importances == pytest.approx(plain.importances, rel=1e-4, abs=1e-9)
    assert fast.total == pytest.approx(plain.total, rel=1e-5)
    if groups != GROUPS[-1]:
        assert fast["x5"].contribution == 0
        assert fast.kernels["x5"] == "ignored"
    for how in ({"n_jobs": 2}, {"n_jobs": 1, "batch_size": 64}, {"max_memory": 4}):
        again = weighin.shares(net, x, y, **asked, **how)
        assert again.importances == pytest.approx(fast.importances, rel=1e-5, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["forest", "booster", "linear", "frame"])
def test_contributions_add_up_for_every_kind_of_model(kind):
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
    from sklearn.linear_model import LinearRegression

    x = rows_of(500, 5).astype(np.float64)
    y = x[:, 0] * x[:, 1] + x[:, 3]
    table: Any = x
    if kind == "frame":
        import pandas as pd

        table = pd.DataFrame(x, columns=list("abcde"))
    models = {
        "forest": RandomForestRegressor(10, random_state=0),
        "linear": LinearRegression(),
        "booster": HistGradientBoostingRegressor(max_iter=20),
        "frame": HistGradientBoostingRegressor(max_iter=20),
    }
    fitted = models[kind].fit(table, y)
    found = weighin.shares(fitted, table, y, metric="mse", n_repeats=3, random_state=0)
    assert found.contributions.sum() == pytest.approx(found.total, rel=1e-6)
    assert found.shares.sum() == pytest.approx(1, rel=1e-6)
    assert found.total == pytest.approx(sum(found.evidence[0].total().estimate), rel=1e-6)


def test_a_model_that_looks_at_other_rows_is_refused():
    x = rows_of(300, 3).astype(np.float64)

    def ranks(rows: np.ndarray) -> np.ndarray:
        return rows[:, 0].argsort().argsort() / len(rows) + rows[:, 1]

    with pytest.raises(weighin.ModelError, match="row by row"):
        weighin.shares(ranks, x, ranks(x), metric="mse", n_repeats=2, random_state=0)


def test_a_model_that_does_so_in_swapped_rows_only_is_found_out():
    x = rows_of(2000, 3).astype(np.float64)
    x[:, 2] = x[:, 0] < 1

    def leaky(rows: np.ndarray) -> np.ndarray:
        # no row has both before a swap
        odd = (rows[:, 0] > 1) & (rows[:, 2] == 1)
        return rows[:, 1] + odd * len(rows)

    with pytest.raises(weighin.ModelError, match="row by row"):
        weighin.shares(leaky, x, x[:, 1], metric="mse", n_repeats=2, random_state=0)


def test_one_feature_has_all_of_it():
    x = np.random.default_rng(0).standard_normal((200, 1))
    found = weighin.shares(lambda rows: rows[:, 0], x, x[:, 0], metric="mse", n_repeats=5, random_state=0)
    assert found.shares == pytest.approx([1])
    assert found.relative_interval()[0] == pytest.approx([1])


@pytest.mark.slow
def test_three_hundred_features_add_up_and_have_shares():
    x = np.random.default_rng(0).standard_normal((600, 300))
    found = weighin.shares(
        lambda rows: rows[:, 0] + 0.5 * rows[:, 299], x, x[:, 0], metric="mse", n_repeats=2, random_state=0
    )
    assert found.contributions.sum() == pytest.approx(found.total, rel=1e-9)
    assert np.count_nonzero(found.contributions) == 2
    totals = [part.total().estimate[0] for part in found.evidence]
    assert len(totals) == 3
    assert totals == pytest.approx([found.total] * 3)
    assert found.shares.sum() == pytest.approx(1)


@pytest.mark.slow
def test_interrupted_after_some_rows():
    x, calls = np.random.default_rng(0).standard_normal((40_000, 6)), 0

    def model(rows: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls > 40:
            raise KeyboardInterrupt
        return rows[:, 0] + rows[:, 1]

    with pytest.raises(weighin.Interrupted) as caught:
        weighin.shares(model, x, x[:, 0], metric="mse", n_repeats=5, random_state=0, progress=False)
    found = caught.value.result
    assert isinstance(found, weighin.Shares)
    assert not found.complete
    assert 0 < found.n_rows < 40_000
    assert found.contributions.sum() == pytest.approx(found.total, rel=1e-9)


@pytest.mark.slow
def test_as_precise_as_asked():
    x = np.random.default_rng(0).standard_normal((60_000, 5))

    def model(rows: np.ndarray) -> np.ndarray:
        return 2 * rows[:, 0] * rows[:, 1] + rows[:, 2]

    found = weighin.shares(model, x, model(x), metric="mse", precision=0.03, random_state=0)
    assert found.se.max() <= 0.03 * found.contributions.max()
    assert found.n_rows < 60_000
    assert found.contributions == pytest.approx([4, 4, 2, 0, 0], abs=0.4)
    assert found.contributions.sum() == pytest.approx(found.evidence[0].total().estimate[0], rel=1e-9)
    assert any("precision=0.03 was reached" in note for note in found.notes)
    few = weighin.shares(model, x[:500], model(x[:500]), metric="mse", precision=0.2, random_state=0)
    assert few.n_rows == 500


@pytest.mark.slow
def test_out_of_time_it_tells_of_the_rows_it_had():
    import time

    x = np.random.default_rng(0).standard_normal((200_000, 6))

    def model(rows: np.ndarray) -> np.ndarray:
        time.sleep(len(rows) * 1e-5)
        return rows[:, 0] + rows[:, 1]

    found = weighin.shares(model, x, x[:, 0], metric="mse", n_repeats=5, random_state=0, max_seconds=2)
    assert 0 < found.n_rows < 200_000
    assert not found.unfinished
    assert any("time ran out" in note for note in found.notes)
    assert found.contributions.sum() == pytest.approx(found.total, rel=1e-9)
