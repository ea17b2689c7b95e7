"""Importances by segment of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lines import FEATURES, line, table, weigh
from sklearn.linear_model import LogisticRegression

import weighin
from weighin import InputError

MEANS = ["mae", "mse", "prediction_change"]


@pytest.fixture(scope="module")
def rows():
    frame, y = table(900)
    frame["year"] = np.random.default_rng(2).choice([2015, 2016, 2017], 900, p=[0.5, 0.3, 0.2])
    return frame, y


def test_segments_weighted_by_their_rows_give_the_whole_for_means_over_rows(rows):
    imp = weigh(*rows, by="year", metric=MEANS)
    assert imp.segments == (2015, 2016, 2017)
    for metric in MEANS:
        parts = [imp.of(metric, year) for year in imp.segments]
        shares = np.array([part.n_rows for part in parts]) / 900
        whole = imp.of(metric)
        importances = np.tensordot(shares, [part.importances for part in parts], 1)
        np.testing.assert_allclose(importances, whole.importances, atol=1e-12)
        np.testing.assert_allclose(shares @ [part.baseline for part in parts], whole.baseline, atol=1e-12)


def test_roots_and_ranks_of_segments_do_not_add_up_and_are_not_claimed_to(rows):
    imp = weigh(*rows, by="year", metric=["rmse", "r2"])
    for metric in imp.metrics:
        parts = [imp.of(metric, year) for year in imp.segments]
        shares = np.array([part.n_rows for part in parts]) / 900
        assert shares @ [part.importances_mean[0] for part in parts] != pytest.approx(
            imp.of(metric).importances_mean[0], rel=1e-6
        )


def test_a_segment_is_what_its_rows_say_with_donors_from_everywhere(rows):
    """One segment of all rows is the whole; numbers of a segment do not depend on the others."""
    frame, y = rows
    whole, one = weigh(frame, y, n_repeats=4), weigh(frame, y, n_repeats=4, by=np.zeros(900))
    np.testing.assert_allclose(one.of(segment=0).importances, whole.importances, rtol=1e-12)
    np.testing.assert_allclose(one.of(segment=0).se, whole.se, rtol=1e-9)
    some = weigh(frame, y, n_repeats=4, by=np.where(frame["year"] == 2016, "that", None))
    np.testing.assert_allclose(
        some.of(segment="that").importances,
        weigh(frame, y, n_repeats=4, by="year").of(segment=2016).importances,
        rtol=1e-12,
    )


def test_intervals_are_wider_for_fewer_rows(rows):
    imp = weigh(*rows, by="year", metric=["mae", "rmse", "r2"], n_repeats=6)
    for metric in imp.metrics:
        se = [imp.of(metric, year).se[0] for year in (2015, 2016, 2017)]
        assert imp.of(metric).se[0] < se[0] < se[1] < se[2]


def test_segments_of_metrics_of_all_rows_are_scored_alone(rows):
    from sklearn.metrics import average_precision_score, roc_auc_score

    frame, y = rows
    labels = (y > 0).astype(int)
    imp = weigh(frame, labels, by="year", metric=["roc_auc", "average_precision"], n_repeats=2)
    for year in imp.segments:
        here = (frame["year"] == year).to_numpy()
        truth, score = labels[here], line(frame)[here]
        assert imp.of("roc_auc", year).baseline == pytest.approx(roc_auc_score(truth, score))
        assert imp.of("average_precision", year).baseline == pytest.approx(
            average_precision_score(truth, score)
        )
        assert imp.of("roc_auc", year).se[0] > imp.of("roc_auc").se[0]


def test_a_segment_of_one_class_is_missing_and_named_and_the_rest_stands(rows):
    frame, y = rows
    labels = np.where(frame["year"] == 2017, 1, y > 0).astype(int)
    imp = weigh(frame, labels, by="year", metric=["roc_auc", "mae"])
    assert "roc_auc is not defined for year 2017: there are no numbers for it." in imp.notes
    table_ = imp.to_frame().set_index(["metric", "segment", "feature"]).drop(index=np.nan, level="segment")
    table_ = table_.sort_index()
    assert table_.loc["roc_auc", 2017].drop(columns=["few_rows", "rank"]).isna().all(axis=None)
    assert table_.loc["roc_auc", 2016]["importance"]["a"] > 0.1
    assert table_.loc["mae", 2017]["se"]["a"] > 0
    assert len(table_) == 2 * 3 * 3


def test_rows_without_a_value_belong_to_no_segment(rows):
    frame, y = rows
    year = frame["year"].where(frame["year"] < 2017)  # floats with gaps, as pandas has them
    imp = weigh(frame.assign(year=year), y, by="year", n_repeats=2)
    assert imp.segments == (2015, 2016)
    assert imp.n_rows == 900
    assert sum(imp.of(segment=one).n_rows for one in imp.segments) == int(year.notna().sum())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["b", None] * 2, ("b",)),
        (pd.Series(["b", "a", None, "a"]).astype("category"), ("a", "b")),
        (pd.Series([True, False, True, False]), (False, True)),
        (pd.to_datetime(pd.Series(["2021-09-04", "2020-09-05"] * 2)), ("2020-09-05", "2021-09-04")),
        (pl.Series(["x", "y", None, "x"]), ("x", "y")),
        (np.array([2.5, np.nan, 1.0, 1.0]), (1, 2.5)),
        ((1, "one", None, "one"), (1, "one")),
    ],
)
def test_whatever_tells_rows_apart(rows, given, expected):
    frame, y = rows
    imp = weigh(frame[:4], y[:4], by=given, n_repeats=1)
    assert imp.segments == expected
    assert imp.by == "segment"


def test_few_rows_are_flagged_by_segment(rows):
    frame, y = rows
    imp = weigh(frame, y, by=np.r_[np.ones(15), np.zeros(885)], n_repeats=3)
    flagged = imp.to_frame().query("feature == 'a'").set_index("segment")["few_rows"]
    assert flagged[1]
    assert not flagged[0]


def test_within_and_by_go_together(rows):
    """Donors of the segment itself."""
    imp = weigh(*rows, within="year", by="year", n_repeats=3)
    for year in imp.segments:
        here = (rows[0]["year"] == year).to_numpy()
        part = imp.of(segment=year)
        assert part.n_rows == here.sum()
        assert part.ci_lower[0] > 0


def test_learners_tell_rows_apart_by_any_column(regression, fresh_games):
    frame = fresh_games.assign(season=np.arange(150) % 2)
    imp = weighin.weigh(regression, frame, by="season", n_repeats=2, random_state=0)
    assert imp.segments == (0, 1)
    plain = weighin.weigh(regression, fresh_games, n_repeats=2, random_state=0)
    np.testing.assert_array_equal(imp.importances, plain.importances)


def test_rows_left_out_are_left_out_of_segments_too(regression, fresh_games):
    frame = fresh_games.assign(season=np.arange(150) // 75, weight=np.arange(150) + 1.0)
    frame["spread"] = frame["spread"].where(frame.index % 3 > 0)
    options = {"missing": "drop", "n_repeats": 3, "random_state": 0}
    imp = weighin.weigh(regression, frame, by="season", within="season", sample_weight="weight", **options)
    kept = frame.dropna(subset="spread")
    expected = weighin.weigh(
        regression, kept, by="season", within="season", sample_weight="weight", **options
    )
    for segment in (None, 0, 1):
        part, other = imp.of(segment=segment), expected.of(segment=segment)
        assert part.n_rows == other.n_rows
        np.testing.assert_allclose(part.importances, other.importances, rtol=1e-6)
    by_array = weighin.weigh(regression, frame, by=frame["season"].to_numpy(), **options)
    assert by_array.of(segment=1).n_rows == int((kept["season"] == 1).sum())


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("yeer", r"Unknown column 'yeer' in by. Did you mean 'year'\?"),
        (np.arange(900), "900 values; at most 200 segments"),
        ([1, 2], "by must have 900 values as X has rows, got 2"),
        (np.ones((900, 2)), "one value per row, got shape"),
        ([None] * 900, "only missing values"),
    ],
)
def test_what_tells_no_rows_apart_is_refused(rows, by, told):
    with pytest.raises(InputError, match=told):
        weigh(*rows, by=by)


def test_a_matrix_has_no_columns_to_name(rows):
    frame, y = rows
    with pytest.raises(InputError, match="by='year' names a column, but there is no data frame"):
        weighin.weigh(line, frame[FEATURES].to_numpy(), y, by="year")


@pytest.mark.parametrize("metric", ["roc_auc", "balanced_accuracy"])
def test_a_segment_whose_pairs_weigh_nothing_leaves_the_others_alone(metric):
    frame, target = table(60)
    labels, weights = (target > 0).astype(int), (np.arange(60) % 4 == 0) * 1.0
    pair = [labels.argmin(), labels.argmax()]
    segments = np.isin(np.arange(60), pair)
    weights[pair] = 1
    model = LogisticRegression().fit(frame, labels)
    options = {"metric": metric, "sample_weight": weights, "n_repeats": 5, "random_state": 0}
    imp = weighin.weigh(model, frame, labels, by=segments, **options)
    np.testing.assert_array_equal(imp.importances, weighin.weigh(model, frame, labels, **options).importances)
    assert np.isnan(imp.of(segment=True).importances_mean).any()
    assert np.isfinite(imp.of(segment=False).interval()).all()
