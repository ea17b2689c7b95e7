"""Rows that exchange values within their stratum only."""

from __future__ import annotations

import numpy as np
import pytest
from lines import FEATURES, line, table, weigh

import weighin
from weighin import InputError


@pytest.fixture(scope="module")
def rows():
    frame, y = table(600)
    frame["year"] = np.sort(np.random.default_rng(3).choice([2015, 2016, 2017], 600))
    return frame, y


@pytest.mark.parametrize("size", [2, 3, 7, 150])
@pytest.mark.parametrize("metric", ["mae", "roc_auc"])
def test_donors_stay_in_the_stratum(size, metric):
    """A model that gives away any row whose value came from elsewhere."""
    stratum = np.arange(600) // size
    seen = []

    def model(frame):
        seen.append(np.asarray(frame["a"]) // 1000 == np.asarray(frame["own"]))
        return frame["b"]

    rng = np.random.default_rng(0)
    frame, y = table(600)
    frame = frame.assign(a=stratum * 1000 + rng.integers(0, 999, 600), own=stratum)
    labels = (y > 0).astype(int)
    weighin.weigh(
        model, frame, labels, metric=metric, within="own", features=["a"], n_repeats=3, random_state=0
    )
    assert np.concatenate(seen).all()
    seen.clear()
    weighin.weigh(model, frame, labels, metric=metric, features=["a"], n_repeats=3, random_state=0)
    assert not np.concatenate(seen).all()


def test_one_stratum_is_the_whole_table(rows):
    whole, one = (weigh(*rows, n_repeats=3, within=within) for within in (None, np.zeros(600)))
    assert one.importances_mean[0] == pytest.approx(
        whole.importances_mean[0], rel=0.2
    )  # another random order
    assert one.se[0] == pytest.approx(whole.se[0], rel=0.2)


def test_strata_that_differ_leave_less_to_chance_than_pooling_them():
    rng = np.random.default_rng(0)
    stratum = np.arange(3000) % 3
    frame, _ = table(3000)
    scale = 1.0 + 3 * stratum  # importances of 2, 32 and 98, known by stratum
    frame["a"] = scale * frame["a"]
    y = (3 * frame["a"] + frame["b"]).to_numpy() + rng.normal(size=3000)
    strata = weigh(frame, y, metric="mse", within=stratum, n_repeats=5)
    pooled = weigh(frame, y, metric="mse", n_repeats=5)
    assert strata.se[0] < 0.9 * pooled.se[0]
    assert strata.interval()[0][0] < 18 * np.mean(np.unique(scale) ** 2) < strata.interval()[1][0]


def test_many_small_strata_put_together_are_judged_as_each_alone(monkeypatch):
    from weighin._engine import sums as _sums

    frame, y = table(1200)
    stratum = np.arange(1200) // 60
    frame, y = frame + stratum[:, None], y + 4 * stratum
    found = []
    for most in (64, 3):
        monkeypatch.setattr(_sums, "STRATA", most)
        found.append(weigh(frame, y, within=stratum, metric=["mae", "r2"], n_repeats=4))
    for metric in ("mae", "r2"):
        one, other = (imp.of(metric) for imp in found)
        np.testing.assert_array_equal(one.importances, other.importances)
        np.testing.assert_allclose(one.se, other.se, rtol=0.01)
        np.testing.assert_allclose(one.interval(), other.interval(), rtol=0.01, atol=1e-6)


def test_the_file_does_not_grow_with_the_number_of_strata(tmp_path):
    frame, y = table(1500)
    sizes = []
    for size in (10, 3):
        path = tmp_path / f"{size}.json"
        weigh(frame, y, within=np.arange(1500) // size, n_repeats=1).save(path)
        sizes.append(path.stat().st_size)
    assert sizes[1] == pytest.approx(sizes[0], rel=0.3)


@pytest.mark.slow
def test_intervals_of_tiny_strata_are_never_too_short():
    """Nothing is known of three rows but the most their variance can be."""
    rng, estimates, errors = np.random.default_rng(5), [], []
    for seed in range(60):
        frame, y = table(300, seed)
        imp = weigh(frame, y, metric="mse", within=rng.permutation(300) // 3, n_repeats=1)
        estimates.append(imp.importances_mean[0])
        errors.append(imp.se[0])
    assert np.mean(errors) > 0.9 * np.std(estimates)


def test_how_many_shuffles_the_smallest_stratum_allows_is_said(rows):
    stratum = np.r_[np.zeros(593), np.ones(7)]
    imp = weigh(*rows, within=stratum, n_repeats=10)
    assert imp.n_repeats == 3
    assert "Strata of 7 rows allow 3 distinct shuffles; 10 were asked for." in imp.notes


@pytest.mark.parametrize(
    ("within", "told"),
    [
        (
            np.r_[np.zeros(599), 1],
            "A stratum of within has only one row, which has nothing to swap with: '1'",
        ),
        (["x"] * 599 + ["solo"], "'solo'"),
        ([None, *["x"] * 599], "1 missing value"),
        ("yeer", "Did you mean 'year'"),
        ([1, 1], "within must have 600 values as X has rows, got 2"),
    ],
)
def test_what_parts_no_rows_is_refused(rows, within, told):
    with pytest.raises(InputError, match=told):
        weigh(*rows, within=within)


def test_by_name_or_as_values_is_the_same(rows):
    frame, y = rows
    by_name, values = (weigh(frame, y, within=one, n_repeats=2) for one in ("year", frame["year"]))
    np.testing.assert_array_equal(by_name.importances, values.importances)
    matrix = weighin.weigh(
        line, frame[FEATURES].to_numpy(), y, within=frame["year"].tolist(), n_repeats=2, random_state=0
    )
    np.testing.assert_allclose(matrix.importances, values.importances, rtol=1e-12)
