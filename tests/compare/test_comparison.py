"""`weighin.compare`: which rows are the same, and the numbers that follow."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from compared import by_hand, new, old, rows, weigh
from sklearn.linear_model import LogisticRegression

import weighin
from weighin import Importance, compare

pytestmark = pytest.mark.slow


def test_differences_are_second_minus_first(both, paired):
    first, second = both
    np.testing.assert_allclose(paired.difference, second.importances_mean - first.importances_mean)
    assert paired.difference[0] < 0 < paired.difference[1]
    swapped = compare(second, first)
    np.testing.assert_allclose(swapped.difference, -paired.difference)
    np.testing.assert_allclose(swapped.ci_lower, -paired.ci_upper, atol=1e-12)


def test_models_weighed_together_are_paired_and_know_more(both, paired):
    alone = compare(weigh(old), weigh(new))
    assert (paired.paired, alone.paired) == (True, False)
    np.testing.assert_allclose(paired.difference, alone.difference, rtol=1e-6)
    assert (paired.se[:2] < 0.5 * alone.se[:2]).all()
    assert any("weigh([model_a, model_b], X)" in note for note in alone.notes)


def test_results_that_kept_their_rows_are_paired_from_their_files(tmp_path, paired):
    paths = tmp_path / "old.json", tmp_path / "new.json"
    for model, path in zip((old, new), paths, strict=True):
        weigh(model, keep_rows=True).save(path)
    loaded = compare(*map(Importance.load, paths))
    assert loaded.paired
    np.testing.assert_allclose(loaded.se, paired.se)
    (tmp_path / "old.npz").unlink()
    assert not compare(*map(Importance.load, paths)).paired


def test_rows_kept_by_another_run_are_not_believed(both):
    first, second = both
    stale = dataclasses.replace(first, kept=dataclasses.replace(first.kept, changes=first.kept.changes[::-1]))
    assert not compare(stale, second).paired


@pytest.mark.parametrize("metric", ["mse", "rmse", "r2"])
def test_other_means_are_paired_too(metric):
    first, second = weigh([old, new], metric=metric)
    comparison = compare(first, second)
    assert comparison.paired
    assert comparison.ci_lower[0] < comparison.difference[0] < comparison.ci_upper[0] < 0


def test_strata_and_segments_do_not_hinder_pairs():
    x, y = rows(0)
    season = np.repeat([2020, 2021, 2022], 100)
    first, second = weighin.weigh(
        [old, new], x, y, metric="mae", within=season, by=season, n_repeats=4, random_state=0
    )
    assert compare(first, second).paired
    of_one = compare(first.of(segment=2020), second.of(segment=2020))
    assert not of_one.paired
    assert of_one.difference[0] < 0
    assert any("Segments are not compared pair by pair" in note for note in of_one.notes)


def test_segments_of_one_result_are_other_rows():
    x, y = rows(0)
    season = np.repeat([2020, 2021, 2022], 100)
    imp = weighin.weigh(old, x, y, metric="mae", by=season, n_repeats=4, random_state=0)
    comparison = compare(imp.of(segment=2020), imp.of(segment=2021), labels=("2020", "2021"))
    assert comparison.rows[1] == "100 of the 300 rows given, those of segment 2021"
    assert comparison.notes == ()
    assert "on 100 of the 300 rows given, those of segment 2020;" in " ".join(
        str(imp.of(segment=2020)).split()
    )


def test_weighted_results_are_paired_with_their_weights():
    """Weights of 1 change nothing; others keep what moves both alike out of the interval, too."""
    x, y = rows(0)
    options = {"metric": "rmse", "n_repeats": 4, "random_state": 0}
    plain = compare(*weighin.weigh([old, new], x, y, **options))
    alike = compare(*weighin.weigh([old, new], x, y, sample_weight=np.ones(len(x)), **options))
    assert alike.paired
    np.testing.assert_allclose(alike.se, plain.se, rtol=1e-4)
    weights = np.random.default_rng(0).exponential(size=len(x))
    first, second = weighin.weigh([old, new], x, y, sample_weight=weights, **options)
    together = compare(first, second)
    apart = compare(dataclasses.replace(first, kept=None), second)
    assert (together.paired, apart.paired) == (True, False)
    np.testing.assert_allclose(together.difference, apart.difference)
    assert (together.se[:2] < 0.6 * apart.se[:2]).all()
    others = weighin.weigh(new, x, y, sample_weight=weights[::-1], keep_rows=True, **options)
    assert not compare(first, others).paired


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "average_precision"])
def test_metrics_of_all_rows_at_once_are_paired_too(metric, tmp_path):
    """By what each row adds to them, or by leaving out the same shares of the rows."""
    x, y = rows(0, 600)
    won = y > 0
    models = [LogisticRegression(C=c).fit(x, won) for c in (1.0, 0.002)]
    keep = metric != "average_precision"  # which has no value for each row
    first, second = weighin.weigh(models, x, won, metric=metric, n_repeats=5, random_state=0, keep_rows=keep)
    together = compare(first, second)
    assert together.paired
    assert np.isfinite(together.se[:2]).all()
    np.testing.assert_allclose(together.difference, second.importances_mean - first.importances_mean)
    other_seed = weighin.weigh(models[0], x, won, metric=metric, n_repeats=5, random_state=1)
    assert together.se[0] < 0.7 * compare(other_seed, second).se[0]
    for name, imp in (("a", first), ("b", second)):
        imp.save(tmp_path / f"{name}.json")
    loaded = compare(*(Importance.load(tmp_path / f"{name}.json") for name in "ab"))
    np.testing.assert_allclose(loaded.se, together.se)


def test_other_rows_of_one_number_and_name_are_not_paired():
    first = weigh(old, 0, keep_rows=True)
    other = weigh(new, 1, keep_rows=True)
    comparison = compare(first, other)
    assert not comparison.paired
    assert "Both were measured on the 300 rows given, but not on the same rows: their targets differ." in (
        comparison.notes
    )
    x, y = rows(0)
    mixed = np.random.default_rng(0).permutation(300)
    options = {"metric": "mae", "n_repeats": 5, "random_state": 0, "keep_rows": True}
    assert not compare(first, weighin.weigh(new, x.iloc[mixed], y[mixed], **options)).paired


def test_the_same_rows_are_known_again_whatever_they_are_called(paired):
    first, second = weigh(old, keep_rows=True), weigh(new, keep_rows=True)
    called = dataclasses.replace(first, rows="the season, by its ids"), second
    assert compare(*called).paired
    np.testing.assert_allclose(compare(*called).se, paired.se)
    unknown = [dataclasses.replace(one, rows_sum="") for one in (first, second)]
    assert not compare(*unknown).paired
    assert any("If these are the same rows, weigh(" in note for note in compare(*unknown).notes)


def test_without_a_target_rows_are_known_by_the_table():
    x, _ = rows(0)
    options = {"metric": "prediction_change", "n_repeats": 4, "random_state": 0}
    assert compare(*weighin.weigh([old, new], x, **options)).paired
    kept = [weighin.weigh(old, rows(seed)[0], keep_rows=True, **options) for seed in (0, 1)]
    assert not compare(*kept).paired


@pytest.mark.parametrize("kind", ["frame", "polars", "matrix", "names"])
def test_tables_of_every_kind_are_known_again(kind):
    x, _ = rows(0)
    made = {
        "frame": lambda: x,
        "polars": lambda: pl.from_pandas(x),
        "matrix": x.to_numpy,
        "names": lambda: x.assign(team=["a", None] * 150),
    }[kind]()
    models = [lambda rows, b=b: b * np.asarray(rows)[:, 0].astype(float) for b in (1.0, 2.0)]
    options = {"metric": "prediction_change", "n_repeats": 3, "random_state": 0}
    assert compare(*weighin.weigh(models, made, **options)).paired


def test_estimates_without_shares_of_the_rows_are_paired_by_shares():
    def median_miss(y, pred) -> float:
        return float(np.median(abs(y - pred)))

    options = {"metric": median_miss, "greater_is_better": False}
    comparison = compare(*weigh([old, new], **options))
    assert comparison.paired
    assert comparison.difference[0] < 0
    assert np.isfinite(comparison.se).all()
    assert not compare(weigh(old, **options), weigh(new, random_state=1, **options)).paired


def test_a_metric_without_pairs_says_so():
    comparison = compare(*weigh([old, new], metric="neg_max_error"))
    assert not comparison.paired
    assert np.isfinite(comparison.difference).all()
    assert "Results in max_error cannot be compared pair by pair" in comparison.summary()


def test_features_of_one_alone_come_last(apart):
    assert apart.features == ("spread", "elo", "week", "site", "talent")
    np.testing.assert_array_equal(np.isnan(apart.first), [False, False, False, False, True])
    np.testing.assert_array_equal(np.isnan(apart.second), [False, False, False, True, False])
    assert np.isnan(apart.difference[3:]).all()
    assert "Only in 2020: site." in apart.summary()
    assert "Only in 2021: talent." in apart.summary()


def test_ranks_are_places_among_the_features_of_both():
    comparison = compare(by_hand([3, 2, 9, 1], ["a", "b", "only", "c"]), by_hand([1, 2, 3], ["a", "b", "c"]))
    assert comparison.features == ("a", "b", "c", "only")
    np.testing.assert_array_equal(comparison.ranks, [[1, 2, 3, np.nan], [3, 2, 1, np.nan]])
    assert "1 > 3" in str(comparison)


def test_the_frame_has_the_largest_difference_first(apart):
    frame = apart.to_frame()
    assert frame.columns.tolist() == [
        "feature", "metric", "importance_a", "importance_b", "difference", "se", "ci_lower", "ci_upper", "pvalue",
        "pvalue_holm", "few_rows", "rank_a", "rank_b", "paired",
    ]  # fmt: skip
    assert frame["feature"].tolist()[:2] == ["spread", "elo"]
    size = frame["difference"].abs().dropna()
    assert (size.diff().dropna() <= 0).all()
    assert (frame["pvalue_holm"].dropna() >= frame["pvalue"].dropna()).all()
    narrow = apart.to_frame(confidence_level=0.5)
    assert (narrow["ci_upper"] <= frame["ci_upper"])[frame["se"] > 0].all()
