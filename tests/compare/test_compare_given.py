"""Results whose features were shuffled given other columns, compared: each end allows for one of the two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from compared import by_hand

from weighin import Comparison, Importance, compare
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
    assert "wide for that" in " ".join(got.notes)
    path = tmp_path / "comparison.json"
    got.save(path)
    again = Comparison.load(path)
    np.testing.assert_array_equal(again.interval(), got.interval())
    np.testing.assert_array_equal(again.pvalue, got.pvalue)


def test_what_each_was_shuffled_given_is_said_where_it_differs():
    free = by_hand(np.ones((2, 5)), rows_sum="x" * 64)
    notes = " ".join(compare(free, result(1), labels=("one", "other")).notes)
    assert "The features of one were shuffled freely, those of other given rest." in notes
