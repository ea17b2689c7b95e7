"""Pairs through every kernel, in chunks, in blocks, of groups and classes, cut short, screened."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from torch import nn

import weighin


def numbers(found: weighin.Interactions) -> np.ndarray:
    return np.concatenate([found.total.estimate, found.interaction.estimate, found.interaction.se])


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Two columns of few values, two of many."""
    rng = np.random.default_rng(3)
    few = [rng.integers(3, size=700), rng.integers(2, size=700)]
    return np.column_stack([*few, *rng.standard_normal((2, 700))]).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1)).eval()


@pytest.mark.slow
def test_kernels_agree(rows, network):
    def opaque(table):
        with torch.no_grad():
            return network(torch.as_tensor(np.asarray(table))).numpy()[:, 0]

    split = weighin.interactions(network, rows, n_repeats=5, random_state=0)
    assert set(split.kernels.values()) == {"levels", "sum"}
    generic = weighin.interactions(opaque, rows, n_repeats=5, random_state=0)
    assert set(generic.kernels.values()) == {"generic"}
    np.testing.assert_allclose(numbers(split), numbers(generic), rtol=2e-4)


@pytest.mark.slow
def test_chunks_threads_and_memory_change_nothing(rows, network):
    plain = weighin.interactions(network, rows, random_state=0)
    for options in ({"batch_size": 50}, {"n_jobs": 2}, {"max_memory": 1}):
        other = weighin.interactions(network, rows, random_state=0, **options)
        np.testing.assert_allclose(numbers(other), numbers(plain), rtol=1e-4, err_msg=str(options))


def test_the_same_seed_gives_the_same_numbers_and_another_others(rows, network):
    first, again, other = (weighin.interactions(network, rows, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(numbers(first), numbers(again))
    assert not np.array_equal(numbers(first), numbers(other))


@pytest.mark.slow
def test_tables_of_several_blocks():
    rows = np.random.default_rng(0).standard_normal((9_000, 3))
    found = weighin.interactions(lambda t: t[:, 0] * t[:, 1] + t[:, 2], rows, n_repeats=2, random_state=0)
    assert found["x0", "x1"].interaction == pytest.approx(1, rel=0.1)
    assert found["x0", "x2"].interaction == 0


def test_a_group_is_a_feature_but_makes_no_pair_with_its_members():
    rows = np.random.default_rng(0).standard_normal((2_000, 4))

    def model(table):
        return (table[:, 0] + table[:, 1]) * table[:, 2] + table[:, 3]

    found = weighin.interactions(model, rows, groups={"both": ["x0", "x1"]}, random_state=0)
    assert ("x0", "both") not in found.pairs
    assert ("x2", "both") in found.pairs
    assert found["both", "x2"].interaction == pytest.approx(2, rel=0.2)
    assert found["both", "x3"].interaction == 0
    assert found.groups == {"both": ("x0", "x1")}
    with pytest.raises(weighin.InputError, match="column in common"):
        weighin.interactions(model, rows, groups={"both": ["x0", "x1"]}, pairs=[("x0", "both")])


def test_named_pairs_and_features(rows, network):
    every = weighin.interactions(network, rows, random_state=0)
    named = weighin.interactions(network, rows, pairs=[("x3", "x1"), ("x0", "x2")], random_state=0)
    assert named.pairs == (("x1", "x3"), ("x0", "x2"))
    assert named["x1", "x3"].interaction == pytest.approx(every["x1", "x3"].interaction, rel=1e-6)
    few = weighin.interactions(network, rows, features=["x0", "x1", "x2"], random_state=0)
    assert few.pairs == (("x0", "x1"), ("x0", "x2"), ("x1", "x2"))
    with pytest.raises(weighin.InputError, match="not measured together"):
        _ = named["x0", "x1"]
    with pytest.raises(weighin.InputError, match="Did you mean 'x3'"):
        _ = named["x3_", "x1"]


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ("every", "'auto'|\"auto\""),
        ([("x0",)], "two names"),
        ([("x0", "x9")], "Unknown feature 'x9'"),
        ([], "pairs is empty"),
        (["x0"], "list of names"),
        (3, "pairs must be"),
    ],
)
def test_pairs_that_cannot_be(rows, network, pairs, said):
    with pytest.raises(weighin.InputError, match=said):
        weighin.interactions(network, rows, pairs=pairs)


@pytest.mark.slow
def test_many_features_are_screened_by_their_total_index():
    rows = np.random.default_rng(0).standard_normal((300, 120))

    def model(table):
        return 3 * table[:, 100] * table[:, 7] + table @ np.linspace(0, 0.1, 120)

    found = weighin.interactions(model, rows, n_repeats=2, random_state=0)
    assert len(found.features) == 120
    assert len(found.pairs) == 435
    assert found.lines()[0].features == ("x7", "x100")
    assert "were not measured" in found.screened
    assert found.screened in str(found).replace("\n", " ").replace("  ", " ")
    few = weighin.interactions(model, rows, features=[f"x{j}" for j in range(5)], n_repeats=2, random_state=0)
    assert not few.screened


def test_several_outputs_count_by_their_mean():
    rows = np.random.default_rng(0).standard_normal((4_000, 3))

    def model(table):
        return np.column_stack([2 * table[:, 0] * table[:, 1], table[:, 0] + table[:, 2]])

    found = weighin.interactions(model, rows, outputs="number", random_state=0)
    assert found["x0", "x1"].interaction == pytest.approx(2, rel=0.15)
    assert found.variance == pytest.approx(3, rel=0.1)
    assert found["x0", "x2"].interaction == 0


@pytest.mark.slow
def test_classes_are_measured_on_raw_scores():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((400, 3))
    for n_classes in (2, 3):
        labels = (rows @ [3, 1, 0] + rng.standard_normal(400) > 0) + (n_classes > 2) * (rows[:, 2] > 1)
        adds_up = LogisticRegression().fit(rows, labels)
        found = weighin.interactions(adds_up, rows, random_state=0)
        assert found.what == "the decision function"
        assert (found.interaction.estimate == 0).all()
    machine = SVC().fit(rows, labels)
    assert weighin.interactions(machine, rows, surfaces=0, random_state=0).what == "the decision function"
    forest = RandomForestClassifier(10, max_depth=3, random_state=0).fit(rows, labels)
    found = weighin.interactions(forest, rows, random_state=0)
    assert found.what == "the probabilities"
    assert "no raw scores" in found.summary()


@pytest.mark.slow
def test_logits_of_several_classes_count_less_their_mean():
    """What all classes gain alike changes no probability."""
    torch.manual_seed(0)

    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x):
            return self.linear(x) + 5 * (x[:, :1] * x[:, 1:2])

    rows = np.random.default_rng(0).standard_normal((300, 3)).astype(np.float32)
    found = weighin.interactions(
        Shifted().eval(), rows, outputs="logit", classes=["a", "b", "c"], random_state=0
    )
    assert found.what == "the logits"
    assert not any(line.claimed for line in found.lines())
    assert found.interaction_share.estimate == pytest.approx([0, 0, 0], abs=1e-6)


def test_weights_count_pairs_of_rows():
    """Rows of weight 0 are as good as not there, but for who gives to whom."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3_000, 2))
    rows[1_500:] += 5
    weight = np.r_[np.ones(1_500), np.zeros(1_500)]
    found = weighin.interactions(lambda t: t[:, 0] * t[:, 1], rows, sample_weight=weight, random_state=0)
    assert found["x0", "x1"].interaction == pytest.approx(1, rel=0.2)
    assert found.variance == pytest.approx(1, rel=0.2)


def test_strata_exchange_nothing_with_each_other():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": np.repeat([0.0, 10.0], 200), "b": rng.standard_normal(400)})
    table["half"] = np.repeat(["low", "high"], 200)

    def model(given):
        return given["a"] * given["b"]

    together = weighin.interactions(model, table, features=["a", "b"], random_state=0)
    within = weighin.interactions(model, table, features=["a", "b"], within="half", random_state=0)
    assert together["a", "b"].interaction > 10
    assert within["a", "b"].interaction == 0


def test_a_model_of_one_value_has_no_shares():
    found = weighin.interactions(lambda t: np.ones(len(t)), np.random.default_rng(0).normal(size=(60, 2)))
    assert found.variance == 0
    assert (found.total.estimate == 0).all()
    assert "nothing has a share" in found.summary()


def test_an_interaction_of_few_rows_has_no_interval():
    rows = np.random.default_rng(0).standard_normal((400, 2))
    rows[:, 1] = 0
    rows[:2, 1] = 1
    found = weighin.interactions(lambda t: t[:, 0] * t[:, 1] + t[:, 0], rows, n_repeats=1, random_state=0)
    line = found["x0", "x1"]
    assert line.few_rows
    assert not line.claimed
    assert "too few rows" in repr(line)


@pytest.mark.slow
def test_ctrl_c_keeps_the_pairs_or_rows_that_were_finished():
    rows = np.random.default_rng(0).standard_normal((9_000, 4))
    calls = []

    def model(table):
        calls.append(len(table))
        if sum(calls) > stop:
            raise KeyboardInterrupt
        return table[:, 0] * table[:, 1] + table[:, 2] * table[:, 3]

    stop = 10**9
    full = weighin.interactions(model, rows, n_repeats=2, surfaces=0, random_state=0, max_memory=1)
    assert full.complete
    stop, calls = sum(calls) * 0.9, []
    with pytest.raises(weighin.Interrupted, match="6 of 6 pairs finished") as stopped:
        weighin.interactions(model, rows, n_repeats=2, surfaces=0, random_state=0, max_memory=1)
    found = stopped.value.result
    assert not found.complete
    assert 4_096 <= found.n_rows < 9_000
    assert found["x0", "x1"].interaction == pytest.approx(1, rel=0.2)
    assert "Interrupted after" in found.summary()
    stop, calls = 5, []
    with pytest.raises(KeyboardInterrupt) as stopped:
        weighin.interactions(model, rows, n_repeats=2, random_state=0)
    assert not isinstance(stopped.value, weighin.Interrupted)


def test_nothing_is_claimed_of_a_model_that_does_not_repeat_itself():
    rows, noise = np.random.default_rng(0).standard_normal((300, 2)), np.random.default_rng(1)
    found = weighin.interactions(
        lambda t: t[:, 0] * t[:, 1] + noise.normal(size=len(t)), rows, random_state=0
    )
    assert found.noise > 0
    assert not any(line.claimed for line in found.lines())
    assert "so nothing is claimed" in found.summary()


def test_a_model_of_the_whole_table_is_called_on_it_and_has_no_surfaces():
    rows = np.random.default_rng(0).standard_normal((300, 3))
    found = weighin.interactions(
        lambda t: t[:, 0].argsort().argsort() * t[:, 1] / len(t), rows, n_repeats=2, random_state=0
    )
    assert found["x0", "x1"].claimed
    assert found["x0", "x2"].interaction == 0
    assert found.surfaces == ()
    assert "on the whole table in one call" in found.summary()


def test_time_that_is_up_keeps_what_is_finished(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((9_000, 4))
    n_predicted = []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + 1e6 * (sum(n_predicted) > stop))
    monkeypatch.setattr("weighin._interactions.experiment.time", clock)

    def model(table):
        n_predicted.append(len(table))
        return table[:, 0] * table[:, 1]

    options = {"n_repeats": 2, "max_memory": 1, "random_state": 0, "max_seconds": 1e5}
    stop = 10**9
    assert weighin.interactions(model, rows, surfaces=0, **options).complete
    stop, n_predicted = 0.6 * sum(n_predicted), []
    found = weighin.interactions(model, rows, **options)
    assert not found.complete
    assert found.n_rows < 9_000
    assert found["x0", "x1"].interaction == pytest.approx(1, rel=0.2)
    assert "Stopped because time ran out" in found.summary()
    stop, n_predicted = 0, []
    with pytest.raises(weighin.InputError, match="ran out before anything was finished"):
        weighin.interactions(model, rows, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "name", "options"),
    [
        ("xgboost", "XGBClassifier", {"max_depth": 1}),
        ("lightgbm", "LGBMClassifier", {"num_leaves": 2, "verbose": -1}),
        ("catboost", "CatBoostClassifier", {"depth": 1, "verbose": False, "allow_writing_files": False}),
    ],
)
def test_stumps_add_up_on_the_raw_scores_of_a_booster(package, name, options):
    kind = getattr(pytest.importorskip(package), name)
    rows = np.random.default_rng(0).standard_normal((400, 3))
    for labels in (rows[:, 0] * rows[:, 1] > 0, np.digitize(rows[:, 0] + rows[:, 2], [-1, 1])):
        booster = kind(n_estimators=20, **options).fit(rows, labels.astype(int))
        found = weighin.interactions(booster, rows, random_state=0)
        assert found.what == "the raw score"
        assert found.variance > 0
        assert (found.interaction.estimate == 0).all()
