"""Several metrics from the same predictions."""

from __future__ import annotations

import numpy as np
import pytest
from lines import FEATURES, line, table, weigh
from sklearn.metrics import make_scorer

import weighin

KINDS = ["mae", "mse", "rmse", "r2", "prediction_change"]


@pytest.fixture(scope="module")
def rows():
    return table()


def test_in_one_pass_each_is_what_it_is_alone(rows):
    together = weigh(*rows, metric=KINDS, n_repeats=4)
    assert together.metrics == tuple(KINDS)
    for name in KINDS:
        one, alone = together.of(name), weigh(*rows, metric=name, n_repeats=4)
        np.testing.assert_array_equal(one.importances, alone.importances)
        assert one.baseline == alone.baseline
        assert one.evidence == alone.evidence


def test_metrics_of_all_rows_at_once_too(rows):
    frame, y = rows
    labels = (y > 0).astype(int)
    names = ["roc_auc", "mae"]
    together = weigh(frame, labels, metric=names, n_repeats=4)
    for name in names:
        alone = weigh(frame, labels, metric=name, n_repeats=4)
        np.testing.assert_allclose(together.of(name).importances, alone.importances, rtol=1e-12)
        np.testing.assert_allclose(together.of(name).se, alone.se, rtol=1e-6)


def test_the_model_is_asked_once_whatever_the_number_of_metrics_and_once_more_for_what_outputs_mean(rows):
    frame, y = rows
    labels = (y > 0).astype(int)
    asked = []

    def counting(some):
        asked.append(len(some))
        return line(some)

    for metric in ("mae", ["mae", "rmse", "roc_auc", "average_precision"]):
        asked.clear()
        weigh(frame, labels, counting, metric=metric, n_repeats=3)
        if metric == "mae":
            expected = sum(asked)
    # beside a 0/1 target every prediction is looked at; now and then two rows tell how wide predictions are
    assert sum(asked) == pytest.approx(expected + len(frame), abs=2 * 5)


def test_the_frame_has_a_row_for_each_feature_and_metric(rows):
    frame = weigh(*rows, metric=["mae", "r2"], n_repeats=3).to_frame()
    assert frame["metric"].tolist() == ["mae"] * 3 + ["r2"] * 3
    assert frame["rank"].tolist() == [1, 2, 3] * 2
    assert list(frame.columns) == [
        *("feature", "metric", "importance", "se", "se_data", "se_shuffle", "ci_lower", "ci_upper"),
        *("relative", "pvalue", "pvalue_holm", "few_rows", "rank"),
    ]


def test_a_metric_that_is_not_there_is_named_with_the_nearest(rows):
    imp = weigh(*rows, metric=["mae", "rmse"], n_repeats=2)
    with pytest.raises(weighin.InputError, match=r"No metric 'rmsee'. Did you mean 'rmse'\?"):
        imp.of("rmsee")
    with pytest.raises(weighin.InputError, match="No segment 2020"):
        imp.of("mae", 2020)


def test_one_metric_may_forbid_what_another_allows(rows):
    """A metric without values per row cuts the rows into blocks that can be left out; the others follow suit."""

    def largest(y, pred):
        return float(np.quantile(abs(y - pred), 0.9))

    alone = weigh(*rows, metric="mae", n_repeats=2)
    beside = weigh(*rows, metric=["mae", make_scorer(largest, greater_is_better=False)], n_repeats=2)
    assert (alone.block_rows, beside.block_rows) == (4096, 400 // 25)
    assert alone.importances[0] != pytest.approx(beside.importances[0], rel=1e-6)  # other donors
    assert alone.interval()[0][0] < beside.importances_mean[0] < alone.interval()[1][0]


def test_feature_order_is_that_of_the_model(rows):
    assert weigh(*rows, metric=["r2", "mae"], features=["c", "a", "b"], n_repeats=2).features == tuple(
        FEATURES
    )
