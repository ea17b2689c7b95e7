"""The target and values of rows go by their index; the target may be a column of the table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression

import weighin
from weighin import InputError

RNG = np.random.default_rng(0)
N = 200
X = pd.DataFrame(RNG.normal(size=(N, 2)), columns=["a", "b"], index=RNG.permutation(N) + 1000)
Y = pd.Series(2 * X["a"] + RNG.normal(scale=0.9, size=N), name="y")
SHUFFLED = Y.sample(frac=1, random_state=1)
MODEL = LinearRegression().fit(X, Y)


def loss(y, rows=X, weights=None):
    """Mean absolute error by a loop over the labels of the rows."""
    total, amount = 0.0, 0.0
    for label, prediction in zip(rows.index, MODEL.predict(rows), strict=True):
        weight = 1.0 if weights is None else weights[label]
        total, amount = total + weight * abs(y[label] - prediction), amount + weight
    return total / amount


def test_a_target_in_another_order_is_put_into_that_of_the_table():
    imp = weighin.weigh(MODEL, X, SHUFFLED, random_state=0)
    assert imp.baseline == pytest.approx(loss(Y.to_dict()))
    assert imp.baseline < 0.8 < 2 < np.abs(SHUFFLED.to_numpy() - MODEL.predict(X)).mean()
    same = weighin.weigh(MODEL, X, Y, random_state=0)
    np.testing.assert_array_equal(imp.importances_mean, same.importances_mean)
    assert any(note.startswith("y was put into the order of X by its index: ") for note in imp.notes)
    assert not any("order of X" in note for note in same.notes)


def test_a_table_of_targets_goes_by_its_index_too():
    imp = weighin.weigh(lambda rows: 2 * rows[["a"]], X, SHUFFLED.to_frame(), random_state=0)
    assert imp.baseline == pytest.approx(np.abs(Y - 2 * X["a"]).mean())


def test_what_has_no_index_goes_by_position():
    for y in (Y.to_numpy(), Y.tolist(), pl.Series(Y.to_numpy()), pa.array(Y.to_numpy())):
        assert weighin.weigh(MODEL, X, y, random_state=0).baseline == pytest.approx(loss(Y.to_dict()))
    by_position = weighin.weigh(lambda rows: 2 * rows[:, 0], X.to_numpy(), Y, random_state=0)
    assert by_position.baseline == pytest.approx(np.abs(Y - 2 * X["a"]).mean())


@pytest.mark.parametrize("values", ["y", "sample_weight", "within", "by"])
def test_rows_that_are_named_differently_are_refused(values):
    options = {"y": Y, "random_state": 0, values: Y.set_axis(range(N)).abs()}
    with pytest.raises(
        InputError,
        match=rf"^{values} and X name their rows differently: of the 200 rows of X 200 are not in ",
    ):
        weighin.weigh(MODEL, X, **options)


def test_more_rows_than_the_table_has_are_refused_with_the_way_out():
    with pytest.raises(InputError, match=r"0 are not in .* 100 of the 200 .*Hint: y\.loc\[X\.index\]"):
        weighin.weigh(MODEL, X.iloc[:100], Y)


def test_names_that_occur_twice_go_by_position_if_all_are_the_same():
    twice = X.index.to_numpy() // 2
    imp = weighin.weigh(MODEL, X.set_axis(twice), Y.set_axis(twice), random_state=0)
    assert imp.baseline == pytest.approx(loss(Y.to_dict()))
    with pytest.raises(InputError, match=r"that of y names rows more than once.*y\.to_numpy\(\)"):
        weighin.weigh(MODEL, X.set_axis(twice), Y.set_axis(twice).sample(frac=1, random_state=0))


def test_weights_strata_and_segments_go_by_their_index():
    weights = pd.Series(RNG.uniform(1, 2, N), index=X.index)
    half = pd.Series(np.where(X["b"] > 0, "up", "down"), index=X.index, name="half")
    mixed = {
        "sample_weight": weights.sample(frac=1, random_state=2),
        "within": half.sample(frac=1, random_state=3),
        "by": half.sample(frac=1, random_state=4),
    }
    imp = weighin.weigh(MODEL, X, Y, random_state=0, **mixed)
    plain = weighin.weigh(
        MODEL,
        X,
        Y,
        random_state=0,
        sample_weight=weights.to_numpy(),
        within=half.to_numpy(),
        by=half.to_numpy(),
    )
    assert imp.baseline == pytest.approx(loss(Y.to_dict(), weights=weights.to_dict()))
    np.testing.assert_array_equal(imp.importances_mean, plain.importances_mean)
    assert sum("was put into the order of X" in note for note in imp.notes) == 3
    assert imp.segments == ("down", "up")
    assert imp.by == "half"


def test_precision_draws_rows_of_what_was_aligned():
    table = pd.DataFrame(RNG.normal(size=(9000, 2)), columns=["a", "b"], index=RNG.permutation(9000))
    y = (2 * table["a"]).sample(frac=1, random_state=0)
    imp = weighin.weigh(lambda rows: 2 * rows["a"], table, y, precision=0.2, random_state=0)
    assert imp.baseline == 0
    assert imp["a"].importance > 1


def test_several_models_and_refits_take_the_same_rows():
    both = weighin.weigh([MODEL, MODEL], X, SHUFFLED, random_state=0)
    assert [one.baseline for one in both] == pytest.approx([loss(Y.to_dict())] * 2)
    table = X.assign(y=Y)
    recipe = weighin.Recipe.from_estimator(LinearRegression(), features=["a", "b"], target="y")
    held_out = pd.Series(np.arange(N) >= 150, index=X.index)
    mixed = weighin.ablate(recipe, table, drop="each", split=held_out.sample(frac=1), fits=2, random_state=0)
    plain = weighin.ablate(recipe, table, drop="each", split=held_out.to_numpy(), fits=2, random_state=0)
    assert mixed.scores == plain.scores
    assert any(note.startswith("split was put into the order of X") for note in mixed.notes)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "lazy", "records"])
def test_the_target_may_be_a_column(kind):
    whole = X.assign(y=Y).reset_index(drop=True)
    made = {
        "pandas": lambda: whole,
        "polars": lambda: pl.from_pandas(whole),
        "pyarrow": lambda: pa.Table.from_pandas(whole),
        "lazy": lambda: pl.from_pandas(whole).lazy(),
        "records": lambda: whole.to_dict("records"),
    }[kind]()
    before = whole.copy()
    imp = weighin.weigh(MODEL, made, "y", random_state=0)
    assert imp.features == ("a", "b")
    assert imp.baseline == pytest.approx(loss(Y.to_dict()))
    plain = weighin.weigh(MODEL, X, Y, random_state=0)
    np.testing.assert_allclose(imp.importances_mean, plain.importances_mean, rtol=1e-12)
    pd.testing.assert_frame_equal(whole, before)


def test_a_column_of_another_name_may_be_the_target():
    whole = X.assign(y=Y).set_axis([0, 1, 2], axis="columns")
    imp = weighin.weigh(lambda rows: 2 * rows[0], whole, 2, random_state=0)
    assert imp.features == ("0", "1")
    matrix = weighin.weigh(
        lambda rows: 2 * rows[:, 0], whole.to_numpy(), "y", feature_names=["a", "b", "y"], random_state=0
    )
    assert matrix.features == ("a", "b")
    assert matrix.baseline == imp.baseline


def test_the_target_may_tell_rows_apart():
    whole = X.assign(won=(Y > 0) * 1)
    imp = weighin.weigh(
        lambda rows: rows["a"], whole, "won", by="won", metric="prediction_change", random_state=0
    )
    assert imp.segments == (0, 1)
    assert imp.by == "won"


def test_a_target_that_is_no_column_is_said():
    with pytest.raises(
        InputError, match=r"y='bb' is no column of X\. Did you mean 'b'\? Columns: 'a', 'b'\."
    ):
        weighin.weigh(MODEL, X, "bb")
    with pytest.raises(InputError, match=r"X has no column names\. Give them, feature_names="):
        weighin.weigh(MODEL, X.to_numpy(), "b")


def test_missing_values_of_every_kind_are_missing_in_the_target():
    for gap in (None, np.nan, pd.NA):
        y = pd.array([*Y[:-1], gap], dtype="Float64")
        with pytest.raises(InputError, match=r"y has 1 missing or infinite value\(s\)"):
            weighin.weigh(MODEL, X, pd.Series(y, index=X.index))


def test_large_ids_stay_apart():
    ids = pd.array([2**60 + 1, 2**60 + 2, None] * 40, dtype="Int64")
    table = X.iloc[:120].assign(id=ids)
    imp = weighin.weigh(lambda rows: rows["a"], table, Y.iloc[:120], by="id", random_state=0)
    assert imp.segments == (2**60 + 1, 2**60 + 2)
