"""How strongly columns go together: closed forms, every kind of column, every kind of table."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, spearmanr

import weighin


def pair(X, first=0, second=1, **options):
    """Association of two columns."""
    return weighin.associations(X, random_state=0, **options).association[first, second]


def correlated(n, rho, seed=0):
    """Two normal columns."""
    X = np.random.default_rng(seed).normal(size=(n, 2))
    X[:, 1] = rho * X[:, 0] + np.sqrt(1 - rho**2) * X[:, 1]
    return X


def test_two_numbers_are_compared_by_spearman():
    X = correlated(400, -0.6)
    assert pair(X) == pytest.approx(spearmanr(X).statistic, abs=1e-12)
    # a normal pair: 6/pi asin(rho/2)
    big = correlated(20_000, 0.6)
    assert pair(big, n_rows=20_000) == pytest.approx(6 / np.pi * np.arcsin(0.3), abs=0.02)


def test_only_ranks_count():
    X = correlated(300, 0.7)
    assert pair(np.column_stack([np.exp(5 * X[:, 0]), X[:, 1] ** 3])) == pytest.approx(pair(X), abs=1e-12)


def test_missing_values_leave_out_the_rows_of_a_pair_and_no_others():
    X = np.column_stack([correlated(500, 0.8), np.random.default_rng(1).normal(size=500)])
    X[X[:, 0] > 0.5, 1] = np.nan
    X[:100, 2] = np.nan
    found = weighin.associations(X, random_state=0).association
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert found[i, j] == pytest.approx(
            spearmanr(X[:, i], X[:, j], nan_policy="omit").statistic, abs=1e-12
        )
    assert np.array_equal(found, found.T)


def test_a_monotone_relation_is_1_however_values_are_missing():
    x = np.linspace(-3, 3, 200)
    y = np.exp(x)
    y[x > 1] = np.nan
    assert pair(np.column_stack([x, y])) == pytest.approx(1)


def test_many_patterns_of_missing_values_are_still_measured():
    rng = np.random.default_rng(0)
    X = 0.8 * rng.normal(size=(400, 1)) + 0.6 * rng.normal(size=(400, 60))
    X[rng.random(X.shape) < 0.1] = np.nan
    found = weighin.associations(X, random_state=0).association[np.triu_indices(60, 1)]
    assert abs(found.mean() - 6 / np.pi * np.arcsin(0.32)) < 0.03  # correlation 0.64
    exact = spearmanr(X[:, 0], X[:, 1], nan_policy="omit").statistic
    assert weighin.associations(X, random_state=0).association[0, 1] == pytest.approx(exact, abs=0.02)


def test_names_are_compared_by_cramers_v():
    rng = np.random.default_rng(0)
    team = rng.integers(0, 12, 2000)
    frame = pd.DataFrame(
        {"team": team.astype(str), "league": (team // 4).astype(str), "coin": rng.choice(["a", "b"], 2000)}
    )
    found = weighin.associations(frame, random_state=0)
    assert found.association[0, 1] == pytest.approx(1, abs=0.01)  # one tells the other
    assert found.association[0, 2] < 0.06
    assert found.measures[0][1] == "cramers_v"


def test_two_by_two_is_the_phi_of_the_table():
    a = np.repeat(["y", "y", "n", "n"], [400, 100, 100, 400])
    b = np.repeat(["u", "v", "u", "v"], [400, 100, 100, 400])
    assert pair(pd.DataFrame({"a": a, "b": b})) == pytest.approx(0.6, abs=0.002)
    # the same as truth values, in ranks
    assert pair(pd.DataFrame({"a": a == "y", "b": b == "u"})) == pytest.approx(0.6, abs=1e-12)


@pytest.mark.parametrize("levels", [2, 30, 200])
def test_many_levels_do_not_make_an_association_of_nothing(levels):
    rng = np.random.default_rng(1)
    n = 2000
    frame = pd.DataFrame(
        {
            "a": rng.integers(0, levels, n).astype(str),
            "b": rng.integers(0, levels, n).astype(str),
            "x": rng.normal(size=n),
        }
    )
    found = np.abs(weighin.associations(frame, random_state=0).association)
    assert max(found[0, 1], found[0, 2]) < 0.12


def test_a_name_and_a_number_are_compared_by_the_correlation_ratio_of_ranks():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 4, 4000)
    frame = pd.DataFrame(
        {"name": np.array(["d", "a", "c", "b"])[level], "x": level + 0.5 * rng.normal(size=4000)}
    )
    found = weighin.associations(frame, random_state=0, n_rows=None)
    ranks = frame["x"].rank()
    between = ranks.groupby(frame["name"]).transform("mean").var(ddof=0) / ranks.var(ddof=0)
    assert found.association[0, 1] == pytest.approx(np.sqrt(between), abs=0.002)
    assert found.measures[0][1] == "correlation_ratio"


def test_a_name_of_two_levels_and_a_number_are_as_two_numbers():
    rng = np.random.default_rng(0)
    yes = rng.random(3000) < 0.3
    frame = pd.DataFrame({"name": np.where(yes, "yes", "no"), "x": yes + rng.normal(size=3000)})
    truth = frame.assign(name=yes)
    assert pair(frame, n_rows=None) == pytest.approx(pair(truth, n_rows=None), abs=0.002)


def test_every_kind_of_table_tells_the_same():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    frame = pd.DataFrame(
        {
            "x": x,
            "count": pd.array(np.round(3 * x).astype(int), dtype="Int64"),
            "name": np.where(x > 0.5, "high", "low"),
            "flag": x + rng.normal(size=300) > 0,
            "day": pd.Timestamp("2021-01-01") + pd.to_timedelta((100 * x).astype(int), unit="D"),
        }
    )
    frame.loc[3:9, "x"] = np.nan
    frame.loc[5:20, "count"] = pd.NA
    frame.loc[7:30, "name"] = None
    first = weighin.associations(frame, random_state=0)
    assert first.kinds == ("numeric", "numeric", "nominal", "ordered", "date")
    table = pl.from_pandas(frame)
    for other in (table, table.to_arrow()):
        found = weighin.associations(other, random_state=0)
        assert found.kinds == first.kinds
        assert np.allclose(found.association, first.association, atol=1e-12)
        assert dict(found.off_data) == pytest.approx(dict(first.off_data))


def test_objects_are_read_for_what_they_are():
    frame = pd.DataFrame(
        {
            "numbers": pd.Series([1, None, 2.5, 4] * 20, dtype=object),
            "truths": pd.Series([True, None, False, True] * 20, dtype=object),
            "dates": pd.Series([datetime.date(2020, 1, d) for d in (1, 2, 3, 4)] * 20, dtype=object),
            "mixed": pd.Series([1, "1", None, 2.5] * 20, dtype=object),
        }
    )
    assert weighin.associations(frame, random_state=0).kinds == ("numeric", "ordered", "date", "nominal")


def test_ordered_categories_count_in_their_own_order():
    sizes = ["small", "large", "medium"] * 50
    frame = pd.DataFrame(
        {
            "size": pd.Categorical(sizes, categories=["small", "medium", "large"], ordered=True),
            "weight": [{"small": 1.0, "medium": 2.0, "large": 3.0}[size] for size in sizes],
        }
    )
    assert pair(frame) == pytest.approx(1)
    assert weighin.associations(frame, random_state=0).measures[0][1] == "spearman"


def test_a_tuple_and_a_dict_of_matrices_are_tables_as_for_a_torch_module():
    X = correlated(200, 0.9)
    assert weighin.associations((X[:, :1], X[:, 1:]), random_state=0).features == ("input0_0", "input1_0")
    assert weighin.associations({"cat": X[:, :1], "num": X[:, 1:]}, random_state=0).features == (
        "cat_0",
        "num_0",
    )


def test_a_matrix_takes_the_names_a_model_gave_its_columns():
    assert weighin.associations(correlated(50, 0.5), ["elo", "spread"], random_state=0).features == (
        "elo",
        "spread",
    )


def test_constants_and_ids_are_said_not_to_be_compared():
    frame = pd.DataFrame({"x": np.arange(60.0), "one": 1, "id": [f"g{i}" for i in range(60)], "none": np.nan})
    found = weighin.associations(frame, random_state=0)
    off = found.association[~np.eye(4, dtype=bool)]
    assert np.isnan(off).all()
    assert found.clusters == ()
    told = " ".join(found.notes)
    assert "one has one value" in told
    assert "none has no values" in told
    assert "id has 60 levels on 60 rows" in told


def test_rows_are_drawn_from_a_seed_and_said_to_be():
    X = correlated(5000, 0.5)
    first, again, other = (weighin.associations(X, random_state=seed, n_rows=300) for seed in (1, 1, 2))
    assert first.n_rows == 300
    assert "300 of 5,000 rows" in first.notes[0]
    assert np.array_equal(first.association, again.association)
    assert dict(first.off_data) == dict(again.off_data)
    assert not np.array_equal(first.association, other.association)


@given(st.integers(0, 10_000), st.integers(12, 60), st.floats(0, 0.5))
def test_associations_stay_on_their_scale(seed, n, share):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": np.where(rng.random(n) < share, np.nan, rng.normal(size=n)),
            "few": np.where(rng.random(n) < share, np.nan, rng.integers(0, 3, n)),
            "name": np.where(rng.random(n) < share, None, rng.choice(["a", "b", "c", "d"], n)),
            "other": rng.choice(["u", "v"], n),
        }
    )
    found = weighin.associations(frame, random_state=0).association
    known = found[~np.isnan(found)]
    assert ((known >= -1) & (known <= 1)).all()
    assert np.array_equal(found, found.T, equal_nan=True)
    assert np.nanmin(found[2:], initial=0) >= 0  # a name has no sign


def test_a_normal_score_does_not_matter_to_a_rank():
    u = np.random.default_rng(0).random(200)
    assert pair(np.column_stack([u, norm.ppf(u)])) == pytest.approx(1)
