"""Metrics that are no mean over rows."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.label_counts import confusion, f1, linearised_changes, matthews, precision, recall
from hypothesis import given
from hypothesis import strategies as st
from shuffles import donors
from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score, roc_auc_score

from weighin._base.errors import MetricError
from weighin._inference import (
    Moments,
    auc_values,
    delete_one_block,
    infer,
)


@pytest.mark.slow
@given(st.integers(0, 1000), st.booleans())
def test_the_mean_of_auc_values_is_the_area(seed, tied):
    rng = np.random.default_rng(seed)
    y = np.r_[0, 1, rng.integers(0, 2, size=20)]
    score = rng.integers(0, 5, size=(2, 3, 22)) if tied else rng.normal(size=(2, 3, 22))
    areas = [[roc_auc_score(y, one) for one in some] for some in score]
    np.testing.assert_allclose(auc_values(y, score).mean(-1), areas, rtol=1e-12)


def test_auc_values_spread_as_the_area_does():
    rng = np.random.default_rng(0)
    y = rng.random((2000, 200)) < 0.4
    score = rng.normal(size=y.shape) + y
    values = [auc_values(*one) for one in zip(y, score, strict=True)]
    areas = [value.mean() for value in values]
    assert np.mean([value.var() / 200 for value in values]) == pytest.approx(np.var(areas), rel=0.1)


def test_the_area_needs_two_classes():
    with pytest.raises(MetricError, match="both classes"):
        auc_values(np.ones(5), np.arange(5))


@pytest.mark.parametrize(
    ("function", "reference"),
    [(f1, f1_score), (precision, precision_score), (recall, recall_score), (matthews, matthews_corrcoef)],
)
def test_linearised_changes_average_to_the_change_of_the_pooled_metric(function, reference):
    rng = np.random.default_rng(0)
    y = rng.random(300) < 0.3
    before, after = (y ^ (rng.random(300) < 0.1)), y ^ (rng.random((2, 3, 300)) < 0.3)
    changes = linearised_changes(function, confusion(y, after), confusion(y, before))
    pooled = [reference(np.tile(y, 3), one.ravel()) for one in after]
    expected = np.array(pooled) - reference(y, before)
    np.testing.assert_allclose(
        infer(Moments.of(changes, donors(300, 3), before)).estimate, expected, rtol=1e-9
    )
    step = 1e-6  # more of a row moves the metric as its value says
    more = np.ones(300)
    more[7] += step * 300
    heavier = reference(y, before, sample_weight=more) - reference(y, before)
    own = -linearised_changes(function, np.zeros((3, 1, 1, 300)) + 0.5, confusion(y, before))[0, 0]
    centred = own[7] - own.mean()
    assert heavier / step == pytest.approx(centred, rel=1e-2, abs=1e-4)


def test_leaving_out_blocks_gives_the_standard_error_of_a_mean():
    x = np.random.default_rng(0).normal(size=(30, 8))
    without = np.array([np.delete(x, b, axis=0).mean() for b in range(30)])
    inference = delete_one_block([x.mean()], without[None], np.full(30, 8))
    assert inference.se[0] == pytest.approx(x.mean(1).std(ddof=1) / 30**0.5, rel=1e-9)
    assert inference.df[0] == 29
    assert not inference.few_rows[0]


def test_blocks_of_different_size_are_told_apart():
    rng = np.random.default_rng(1)
    got, truth = [], []
    sizes = np.array([20] * 24 + [39])
    for _ in range(400):
        blocks = [rng.normal(size=m) for m in sizes]
        total = np.concatenate(blocks).sum()
        without = [(total - block.sum()) / (sizes.sum() - len(block)) for block in blocks]
        got.append(delete_one_block([total / sizes.sum()], [without], sizes).se[0] ** 2)
        truth.append(total / sizes.sum())
    assert np.mean(got) == pytest.approx(1 / sizes.sum(), rel=0.05)


@pytest.mark.parametrize("n_blocks", [1, 19])
def test_few_blocks_are_flagged(n_blocks):
    inference = delete_one_block([1.0], np.arange(n_blocks * 1.0)[None], np.full(n_blocks, 5))
    assert inference.few_rows[0]
    assert not np.isnan(inference.interval()).any()
