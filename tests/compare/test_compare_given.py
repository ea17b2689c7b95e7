"""Results whose features were shuffled given other columns, compared: each end allows for one of the two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from compared import by_hand

from weighin import Comparison, Importance, compare, weigh
from weighin._inference import GivenEvidence, GivenMoments
from weighin._inference.paired import independent

N, LAM = 100, [0.3, 0.1]


def result(seed: int, scale: float = 1.0, given: str = "rest") -> Importance:
    """Two features with bins of 25 rows, and what swaps among them changed."""
    rng = np.random.default_rng(seed)
    label = np.arange(N) // 25
    give = np.stack([(np.arange(N) + shift) % 25 + 25 * label for shift in range(1, 6)])
    x = rng.normal(size=(2, N))
    move = scale * (x[:, give] - x[:, None])
    error = rng.normal(size=N)
    changes = (error + move) ** 2 - error**2
    moments = GivenMoments.of(changes, [give] * 2, [label] * 2, error**2, allowance=move**2)
    evidence = GivenEvidence.of([moments], LAM)
    return by_hand(changes.mean(axis=2), evidence=(evidence,), given=given, rows_sum="x" * 64)


def test_differences_allow_for_either_at_one_end_and_keep_that_in_files(tmp_path):
    first, second = result(0), result(1, 2.0)
    got = compare(first, second, labels=("old", "new"))
    np.testing.assert_allclose(got.difference, second.importances_mean - first.importances_mean)
    judged = [x.evidence[0].infer() for x in (first, second)]
    np.testing.assert_allclose(got.interval(), independent(*judged).interval())
    bare = [replace(x.evidence[0], lam=np.zeros(2)).infer() for x in (first, second)]
    lower, upper = independent(*bare).interval()
    assert (got.interval()[0] < lower - 0.2).all()
    assert (got.interval()[1] > upper + 0.1).all()
    assert not got.paired
    path = tmp_path / "comparison.json"
    got.save(path)
    again = Comparison.load(path)
    np.testing.assert_array_equal(again.interval(), got.interval())
    np.testing.assert_array_equal(again.pvalue, got.pvalue)


def tables(n: int = 240):
    """Rows of two features that go together, and one that does not."""
    rng = np.random.default_rng(5)
    w = rng.normal(size=n)
    x = pd.DataFrame({"a": w, "b": 0.9 * w + 0.4 * rng.normal(size=n), "c": rng.normal(size=n)})
    return x, 2 * x["a"] + x["b"] + rng.normal(size=n)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["mse", "rmse", "mae"])
@pytest.mark.parametrize("weighted", [False, True])
def test_two_models_on_the_same_swaps_are_compared_pair_by_pair(metric, weighted, tmp_path):
    x, y = tables()
    models = [lambda x, b=b: x["a"] * 2 + x["b"] * b + 0.1 * x["c"] for b in (1.0, 1.3)]
    options = {"metric": metric, "n_repeats": 4, "random_state": 0, "given": "rest", "keep_rows": True}
    options["sample_weight"] = np.random.default_rng(1).gamma(3, size=len(x)) if weighted else None
    first, second = (weigh(model, x, y, **options) for model in models)
    got = compare(first, second)
    assert got.paired
    np.testing.assert_allclose(got.difference, second.importances_mean - first.importances_mean)
    apart = independent(*(result.evidence[0].infer(result.link.change) for result in (first, second)))
    np.testing.assert_allclose(got._judged.estimate, apart.estimate, rtol=1e-5, atol=1e-7)
    assert (got.se < apart.se).all()
    lower, upper = got.interval()
    # what swaps change of b differs more than they change alike: allowed for in the lower end
    b = got.features.index("b")
    assert got._judged.ends[0].estimate[b] == pytest.approx(apart.ends[0].estimate[b], rel=1e-4)
    assert (lower <= upper).all()
    first.save(tmp_path / "first.json")
    again = compare(Importance.load(tmp_path / "first.json"), second)
    np.testing.assert_array_equal(again.interval(), (lower, upper))
    same = compare(first, first, labels=("x", "y"))
    np.testing.assert_array_equal(same.difference, 0)


@pytest.mark.slow
def test_several_models_are_compared_pair_by_pair_and_what_was_refused_is_not():
    x, y = tables()
    x["d"] = x["c"]
    models = [lambda x, b=b: x["a"] * 2 + x["b"] * b + x["c"] for b in (1.0, 1.3)]
    one, other = weigh(models, x, y, metric="mae", n_repeats=3, given="rest", random_state=0)
    got = compare(one, other)
    assert got.paired
    lower, upper = got.interval()
    known = [name not in ("c", "d") for name in got.features]
    assert np.isfinite([lower, upper]).all(axis=0).tolist() == known
    assert np.isfinite(got.difference).tolist() == known


def test_what_each_was_shuffled_given_is_said_where_it_differs():
    free = by_hand(np.ones((2, 5)), rows_sum="x" * 64)
    notes = " ".join(compare(free, result(1), labels=("one", "other")).notes)
    assert (
        "The features of one were shuffled freely, those of other shuffled given the other columns." in notes
    )
