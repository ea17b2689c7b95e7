"""``n_repeats="auto"``: as many shuffles as it takes, where all features share them: such as with rows kept."""

from __future__ import annotations

import numpy as np
import pytest
from lines import FEATURES, line, table, weigh

import weighin
from weighin import InputError


def share(imp: weighin.Importance) -> float:
    """The largest part of a variance that is noise of shuffling."""
    with np.errstate(invalid="ignore"):
        return float(np.nanmax(imp.se_shuffle**2 / imp.se**2))


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2", "roc_auc", "f1"])
def test_shuffling_makes_at_most_about_a_tenth_of_every_variance(metric):
    frame, y = table(600)
    model = line
    if metric in ("roc_auc", "f1"):
        y = (y > 0).astype(int)
        model = lambda rows: np.stack([-line(rows), line(rows)], 1)  # noqa: E731
    imp = weigh(frame, y, model, metric=metric, keep_rows=metric != "f1")
    assert 5 <= imp.n_repeats <= 50
    if imp.n_repeats < 50:
        assert share(imp) < 0.13  # the pilot that chose it is a sample, too
    one = weigh(frame, y, model, metric=metric, n_repeats=2)
    assert share(one) > share(imp)


def test_noise_takes_more_shuffles_than_a_strong_feature_does():
    frame, y = table(600)
    strong = weigh(frame, y, features=["a"], keep_rows=True)
    noisy = weigh(frame, y, lambda rows: line(rows) + 0.3 * rows["c"], keep_rows=True)
    assert strong.n_repeats < noisy.n_repeats


def test_the_same_seed_gives_the_same_number_and_numbers():
    frame, y = table(600)
    one, two = (weigh(frame, y) for _ in range(2))
    assert one.n_repeats == two.n_repeats
    np.testing.assert_array_equal(one.importances, two.importances)
    by_hand = weigh(frame, y, n_repeats=one.n_repeats)
    np.testing.assert_array_equal(by_hand.importances, one.importances)
    assert by_hand.evidence == one.evidence


def test_a_look_at_some_rows_decides_for_all():
    frame, y = table(9000)
    imp = weigh(frame, y, features=["a", "b"], keep_rows=True)
    assert imp.n_rows == 9000
    assert share(imp) < 0.13
    assert imp.n_repeats == weigh(frame, y, features=["a", "b"], keep_rows=True).n_repeats


def test_more_shuffles_begin_with_the_same_ones():
    frame, y = table(600)
    few, many = (weigh(frame, y, n_repeats=n) for n in (4, 20))
    np.testing.assert_array_equal(many.importances[:, :4], few.importances)


def test_segments_and_kept_rows_do_not_change_the_number():
    frame, y = table(600)
    plain = weigh(frame, y)
    for options in (
        {"by": np.arange(600) % 2},
        {"keep_rows": True},
        {"metric": ["mae", "prediction_change"]},
    ):
        assert weigh(frame, y, **options).n_repeats >= plain.n_repeats


def test_few_rows_allow_few_shuffles():
    frame, y = table(9)
    assert weigh(frame, y).n_repeats == 4
    with_strata = weigh(frame, y, within=[0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert with_strata.n_repeats == 1
    asked = weigh(frame, y, n_repeats=30)
    assert asked.n_repeats == 4
    assert "9 rows allow 4 distinct shuffles; 30 were asked for." in asked.notes


def test_metrics_without_moments_take_ten():
    frame, y = table(600)
    imp = weigh(frame, y, metric=lambda y, pred: float(np.median(abs(y - pred))), greater_is_better=False)
    assert imp.n_repeats == 10


def test_several_models_take_the_same_shuffles_of_whoever_needs_most():
    frame, y = table(600)
    models = [line, lambda rows: line(rows) + 0.3 * rows["c"]]
    alone = [weigh(frame, y, model, keep_rows=True).n_repeats for model in models]
    both = weigh(frame, y, models)
    assert {imp.n_repeats for imp in both} == {max(alone)}
    np.testing.assert_array_equal(both[0].kept.donors, both[1].kept.donors)
    assert both[0].features == both[1].features == tuple(FEATURES)


@pytest.mark.parametrize("n_repeats", [0, -1, 2.5, True, "many", None, float("nan")])
def test_other_numbers_of_shuffles_are_refused(n_repeats):
    with pytest.raises(InputError, match='n_repeats must be "auto" or an integer >= 1'):
        weigh(*table(20), n_repeats=n_repeats)
