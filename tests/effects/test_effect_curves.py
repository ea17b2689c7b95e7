"""Partial dependence, local effects and single curves: closed forms, scikit-learn, a plain loop."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.inspection import partial_dependence

import weighin

pytestmark = pytest.mark.slow

torch.set_num_threads(1)


def normal(n=400, p=3, rho=0.0, seed=0):
    """Columns of which the first two go together."""
    X = np.random.default_rng(seed).normal(size=(n, p))
    X[:, 1] = rho * X[:, 0] + np.sqrt(1 - rho**2) * X[:, 1]
    return X


def of(function, X, feature="x0", *, centered=True, **options):
    """The frame of one feature, its two kinds apart."""
    found = weighin.effects(function, X, [feature], **{"random_state": 0, **options})
    frame = found.to_frame(centered=centered)
    return frame[frame["kind"] == "pd"].reset_index(), frame[frame["kind"] == "ale"].reset_index()


def test_a_line_is_a_line_and_certain():
    pd_, ale = of(lambda X: 3 * X[:, 0] - X[:, 1], normal(rho=0.8))
    for curve in (pd_, ale):
        line = 3 * (curve["value"] - (curve["value"] * curve["share"]).sum())
        np.testing.assert_allclose(curve["effect"], line, atol=1e-12)
        np.testing.assert_allclose(curve["ci_upper"] - curve["ci_lower"], 0, atol=1e-7)


def test_a_square_is_a_square():
    pd_, ale = of(lambda X: X[:, 0] ** 2 + X[:, 1], normal(rho=0.8))
    for curve in (pd_, ale):
        square = curve["value"] ** 2
        np.testing.assert_allclose(curve["effect"], square - (square * curve["share"]).sum(), atol=1e-12)


def test_not_centered_it_is_the_mean_prediction_of_all_rows_moved():
    X = normal()
    curve, local = of(lambda X: X[:, 0] * X[:, 1] + X[:, 2], X, centered=False)
    for value, effect in zip(curve["value"], curve["effect"], strict=True):
        assert effect == pytest.approx(np.mean(value * X[:, 1] + X[:, 2]))
    mean = np.mean(X[:, 0] * X[:, 1] + X[:, 2])
    assert (local["effect"] * local["share"]).sum() == pytest.approx(mean)


def test_an_interaction_is_flat_alone_and_a_square_among_rows_that_occur():
    X = normal(20_000, rho=0.8)
    pd_, ale = of(lambda X: X[:, 0] * X[:, 1], X, n_rows=None)
    assert np.abs(pd_["effect"]).max() < 0.05
    square = 0.8 * ale["value"] ** 2 / 2  # its slope is what the other one is there, 0.8 x
    np.testing.assert_allclose(ale["effect"], square - (square * ale["share"]).sum(), atol=0.06)


def test_the_grid_holds_values_of_rows_and_leaves_single_rows_at_the_ends():
    X = normal(1000)
    X[0, 0] = 1e6
    curve, _ = of(lambda X: X[:, 0], X)
    assert len(curve) == 20
    assert set(curve["value"]) <= set(X[:, 0])
    assert np.searchsorted(np.sort(X[:, 0]), curve["value"].iloc[[0, -1]]).tolist() == [24, 974]
    np.testing.assert_allclose(curve["share"], 0.05, atol=0.026)
    assert curve["share"].sum() == pytest.approx(1)


def test_few_distinct_values_are_all_taken():
    X = normal()
    X[:, 0] = np.random.default_rng(0).choice([0, 1, 5], len(X), p=[0.9, 0.09, 0.01])
    curve, ale = of(lambda X: X[:, 0] ** 2, X)
    assert curve["value"].tolist() == ale["value"].tolist() == [0, 1, 5]
    np.testing.assert_allclose(curve["share"], [np.mean(X[:, 0] == v) for v in (0, 1, 5)])


def test_one_value_that_most_rows_have_does_not_eat_the_grid():
    X = normal(1000)
    X[np.random.default_rng(0).random(1000) < 0.9, 0] = 0
    curve, _ = of(lambda X: np.abs(X[:, 0]), X, grid=10)
    assert 0 in set(curve["value"])
    assert len(curve) == 10
    assert curve["share"].max() == pytest.approx(0.9, abs=0.06)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(5, 80), st.integers(2, 25))
def test_any_column_has_a_grid_of_its_own_values(seed, n, size):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.round(rng.normal(size=n), rng.integers(0, 3)), rng.normal(size=n)])
    X[rng.random(n) < 0.2, 0] = np.nan
    X[0, 0] = 1.0
    found = weighin.effects(lambda X: np.nan_to_num(X[:, 0]) + X[:, 1], X, grid=size, random_state=0)
    effect = found["x0"]
    assert 1 <= effect.n_points <= size
    assert set(effect.values) <= set(X[:, 0])
    assert effect.values.tolist() == sorted(set(effect.values))
    assert effect.shares.sum() == pytest.approx(1)
    assert bool(effect.missing_share) == bool(np.isnan(X[:, 0]).any())


@pytest.mark.parametrize("feature", ["x0", "x2"])
def test_scikit_learn_gives_the_same_partial_dependence_on_the_same_grid(feature):
    X = normal(300, rho=0.5)
    model = RandomForestRegressor(15, random_state=0).fit(X, X[:, 0] ** 2 + X[:, 1] * X[:, 2])
    found = weighin.effects(model, X, [feature], random_state=0, n_curves=300)
    frame = found.to_frame()
    frame = frame[frame["kind"] == "pd"]
    place = int(feature[1])
    theirs = partial_dependence(
        model, X, [place], custom_values={place: frame["value"].to_numpy()}, kind="both", method="brute"
    )
    np.testing.assert_allclose(frame["effect"], theirs["average"][0], rtol=1e-10)
    ours = found.curves(feature)
    order = np.lexsort(ours.T)
    np.testing.assert_allclose(ours[order], theirs["individual"][0][np.lexsort(theirs["individual"][0].T)])


def test_scikit_learn_gives_the_same_probabilities():
    frame = pd.DataFrame(normal(200), columns=["a", "b", "c"])
    y = np.select([frame["a"] > 0.5, frame["b"] > 0], ["no", "maybe"], "yes")
    model = HistGradientBoostingClassifier(max_iter=10, max_depth=2).fit(frame, y)
    for place, name in enumerate(model.classes_):
        found = weighin.effects(model, frame, ["a"], output=name, random_state=0)
        mine = found.to_frame().query("kind == 'pd'")
        theirs = partial_dependence(
            model,
            frame,
            ["a"],
            custom_values={"a": mine["value"].to_numpy()},
            response_method="predict_proba",
            method="brute",
        )
        np.testing.assert_allclose(mine["effect"], theirs["average"][place], rtol=1e-8)


def test_a_network_gives_the_same_by_its_parts_as_through_itself():
    torch.manual_seed(0)
    X = normal(300).astype(np.float32)
    X[:, 2] = np.round(X[:, 2])
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 16), torch.nn.ReLU(), torch.nn.BatchNorm1d(16), torch.nn.Linear(16, 1)
    )
    net.eval()
    fast = weighin.effects(net, X, random_state=0, n_rows=200)
    slow = weighin.effects(lambda rows: net(torch.from_numpy(rows)), X, random_state=0, n_rows=200)
    numbers = ["effect", "ci_lower", "ci_upper", "value", "share"]
    np.testing.assert_allclose(fast.to_frame()[numbers], slow.to_frame()[numbers], rtol=1e-4, atol=1e-5)
    assert fast.claims() == slow.claims()


def test_pieces_of_memory_threads_and_batches_change_nothing():
    torch.manual_seed(0)
    X = normal(300).astype(np.float32)
    net = torch.nn.Sequential(torch.nn.Linear(3, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    first = weighin.effects(net, X, random_state=0).to_frame()["effect"]
    for options in ({"max_memory": 1, "n_rows": None}, {"n_jobs": 2}, {"batch_size": 7}):
        again = weighin.effects(net, X, random_state=0, **options).to_frame()["effect"]
        np.testing.assert_allclose(again, first, rtol=1e-5, atol=1e-6)


def test_missing_values_are_a_point_of_their_own():
    X = normal(300)
    X[:60, 0] = np.nan

    def model(rows):
        return np.where(np.isnan(rows[:, 0]), 7.0, rows[:, 0]) + rows[:, 1]

    found = weighin.effects(model, X, ["x0"], random_state=0)
    frame = found.to_frame()
    point = frame[frame["level"] == "missing"]
    assert point["kind"].tolist() == ["pd"]
    assert point["effect"].item() == pytest.approx(7 + X[:, 1].mean())
    assert point["share"].item() == pytest.approx(0.2)
    assert np.isnan(point["value"].item())
    assert frame.query("kind == 'pd'")["share"].sum() == pytest.approx(1)
    assert found["x0"].direction == "rises"
    assert found["x0"].pd.effect[-1] == pytest.approx(7 + X[:, 1].mean())
    assert "Where it is missing: 6.9" in found.summary() or "Where it is missing: 7.0" in found.summary()
    assert found.curves("x0").shape == (50, 21)


def test_a_learner_moves_its_indicator_along_and_speaks_in_the_tables_numbers(regression, games):
    found = weighin.effects(regression, games, ["rest"], random_state=0)
    frame = found.to_frame()
    known = frame[frame["level"] != "missing"]
    assert set(known["value"]) <= set(games["rest"].dropna())
    for level, effect in (
        (np.nan, frame.query("kind == 'pd'").iloc[-1]),
        (known["value"].iloc[3], known.iloc[3]),
    ):
        moved = games.assign(rest=level)
        if np.isnan(level):
            assert effect["level"] == "missing"
        with regression.no_bar():
            preds, _ = regression.get_preds(dl=regression.dls.test_dl(moved))
        assert effect["effect"] == pytest.approx(float(preds.mean()), rel=1e-4)


def test_levels_of_a_learner_are_those_the_network_tells_apart(regression, games):
    games.loc[:3, "home_name"] = "Elsewhere"
    games.loc[4:5, "home_name"] = None
    found = weighin.effects(regression, games, ["home_name", "week", "neutral"], random_state=0)
    frame = found.to_frame().query("kind == 'pd'")
    assert frame.query("feature == 'home_name'")["level"].tolist() == [
        "Army",
        "Navy",
        "Rice",
        "Yale",
        "missing",
    ]
    assert frame.query("feature == 'home_name'")["share"].iloc[-1] == pytest.approx(6 / 240)
    assert frame.query("feature == 'week'")["level"].tolist() == ["1", "2", "3", "4"]
    assert any("unseen in training" in note for note in found.notes)
    kinds = found.to_frame().groupby("feature")["kind"].unique()
    assert list(kinds["home_name"]) == ["pd"]  # names have no order
    assert list(kinds["week"]) == list(kinds["neutral"]) == ["pd", "ale"]


def test_a_learner_takes_its_validation_set_back_into_the_tables_numbers(regression, games):
    found = weighin.effects(regression, random_state=0)
    valid = games.iloc[160:]
    assert found.n_rows == 80
    for effect in found.effects:
        own = valid[effect.feature]
        if effect.in_numbers:
            nearest = np.abs(np.subtract.outer(effect.values, own.dropna().to_numpy(float))).min(1)
            assert nearest.max() < 1e-3 * own.std()
        else:
            assert set(effect.labels) <= set(own.astype(str))
    assert found["rest"].missing_share == pytest.approx(valid["rest"].isna().mean())


def test_rows_left_out_leave_the_others_in_place(regression, games):
    games.loc[7, "elo"] = np.nan
    found = weighin.effects(regression, games, ["elo", "spread"], random_state=0, missing="drop")
    assert found.n_rows == 239
    assert set(found["spread"].values) <= set(games["spread"].drop(7))


def test_intervals_cover_the_truth():
    def model(X):
        return X[:, 0] ** 2 + 2 * X[:, 0] * X[:, 1] + np.exp(0.5 * X[:, 2])

    hits = {"mean": [], "shape": [], "local": []}
    for seed in range(120):
        found = weighin.effects(model, normal(120, rho=0.6, seed=seed), ["x0"], n_curves=0, random_state=0)
        plain, shape = found.to_frame(), found.to_frame(centered=True)
        for name, frame, kind, factor, level in (
            ("mean", plain, "pd", 1.0, np.exp(0.125)),
            ("shape", shape, "pd", 1.0, None),
            ("local", shape, "ale", 1.6, None),  # the other column is 0.6 x where the row is x
        ):
            curve = frame[frame["kind"] == kind]
            truth = factor * curve["value"] ** 2
            truth = truth - (truth * curve["share"]).sum() if level is None else truth + level
            hits[name].append(((curve["ci_lower"] <= truth) & (truth <= curve["ci_upper"])).mean())
    for name, rates in hits.items():
        assert 0.91 < np.mean(rates) < 0.985, name


def test_local_effects_are_a_loop_over_neighbouring_points():
    X = normal(200, rho=0.7)
    X[:, 0] = np.round(X[:, 0])
    _, ale = of(lambda X: np.sin(X[:, 0]) * X[:, 1], X)
    points = np.unique(X[:, 0])
    curve = [0.0]
    for low, high in itertools.pairwise(points):
        rows = X[(X[:, 0] == low) | (X[:, 0] == high)]
        curve.append(curve[-1] + np.mean((np.sin(high) - np.sin(low)) * rows[:, 1]))
    curve = np.array(curve) - np.average(curve, weights=[np.mean(X[:, 0] == v) for v in points])
    assert all(((X[:, 0] == a) | (X[:, 0] == b)).sum() >= 5 for a, b in itertools.pairwise(points))
    np.testing.assert_allclose(ale["effect"], curve, atol=1e-12)


def test_names_have_no_local_effects_and_say_so_by_having_none():
    frame = pd.DataFrame({"name": ["a", "b", "c"] * 20, "x": np.arange(60.0)})
    found = weighin.effects(lambda rows: (rows["name"] == "b").to_numpy() * 2.0, frame, random_state=0)
    assert found["name"].ale is None


def test_too_many_names_leave_the_rarest_out():
    rng = np.random.default_rng(0)
    team = rng.choice(40, 500, p=np.arange(1, 41) / 820)
    frame = pd.DataFrame({"team": [f"t{t:02}" for t in team]})
    found = weighin.effects(
        lambda rows: rows["team"].str[1:].astype(float).to_numpy(), frame, grid=10, random_state=0
    )
    effect = found["team"]
    counts, kept = frame["team"].value_counts(), list(effect.labels)
    assert len(kept) == 10
    assert counts[kept].min() >= counts.drop(kept).max()
    assert "rarer levels are left out" in found.summary()
    assert effect.average.tolist() == [float(name[1:]) for name in kept]


def test_a_model_that_runs_out_of_memory_gets_fewer_rows():
    def model(rows):
        if len(rows) > 40:
            raise MemoryError
        return rows[:, 0] * 2.0

    found = weighin.effects(model, normal(), ["x0"], random_state=0)
    plain = weighin.effects(lambda rows: rows[:, 0] * 2.0, normal(), ["x0"], random_state=0)
    pd.testing.assert_frame_equal(found.to_frame(), plain.to_frame())


def test_a_model_that_is_out_of_memory_for_one_row_says_so():
    def model(rows):
        raise MemoryError("too large")

    with pytest.raises(MemoryError, match="too large"):
        weighin.effects(model, normal(), ["x0"], random_state=0)


def test_a_model_that_writes_to_its_rows_changes_nothing():
    def model(rows):
        rows[:, 0] *= 2
        return rows[:, 0]

    X = normal()
    before = X.copy()
    found = weighin.effects(model, X, ["x0"], random_state=0)
    np.testing.assert_array_equal(X, before)
    curve = found.to_frame().query("kind == 'pd'")
    np.testing.assert_allclose(curve["effect"], 2 * curve["value"])
