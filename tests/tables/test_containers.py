"""Every container of a table gives the numbers of the plain matrix; nothing is imported that its user does not use."""

from __future__ import annotations

import subprocess
import sys

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
import scipy.sparse
from sklearn.linear_model import LinearRegression

import weighin
from weighin import InputError

N = 120
NAMES = ["spread", "elo", "week"]
RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(N, 3)).round(2)
MATRIX[RNG.random((N, 3)) < 0.3] = 0.0
Y = 3 * MATRIX[:, 0] + MATRIX[:, 1] + RNG.normal(size=N)
FRAME = pd.DataFrame(MATRIX, columns=NAMES)
BY_HAND = float(np.abs(Y - 3 * MATRIX[:, 0] - MATRIX[:, 1]).mean())


class Stream:
    """Something that has the Arrow C stream, and nothing else."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class NoArray:
    """A frame of no library; turning it into an array is a fault."""

    def __array__(self, *args, **kwargs):
        raise AssertionError("numpy was asked")


def masked():
    return np.ma.MaskedArray(MATRIX, mask=np.zeros((N, 3), dtype=bool))


def structured():
    array = np.zeros(N, dtype=[(name, float) for name in NAMES])
    for place, name in enumerate(NAMES):
        array[name] = MATRIX[:, place]
    return array


CONTAINERS = {
    "pandas": lambda: FRAME,
    "polars": lambda: pl.from_pandas(FRAME),
    "polars lazy": lambda: pl.from_pandas(FRAME).lazy(),
    "narwhals": lambda: nw.from_native(pl.from_pandas(FRAME)),
    "pyarrow table": lambda: pa.Table.from_pandas(FRAME),
    "record batch": lambda: pa.RecordBatch.from_pandas(FRAME),
    "reader": lambda: pa.Table.from_pandas(FRAME).to_reader(),
    "dataset": lambda: pyarrow.dataset.dataset(pa.Table.from_pandas(FRAME)),
    "stream": lambda: Stream(pa.Table.from_pandas(FRAME)),
    "matrix": lambda: MATRIX,
    "masked": masked,
    "structured": structured,
    "lists": lambda: MATRIX.tolist(),
    "sparse matrix": lambda: scipy.sparse.csr_matrix(MATRIX),
    "sparse array": lambda: scipy.sparse.coo_array(MATRIX),
    "records": lambda: FRAME.to_dict("records"),
    "dict of lists": lambda: FRAME.to_dict("list"),
    "dict of arrays": lambda: {name: FRAME[name].to_numpy() for name in NAMES},
    "dict of series": lambda: {name: FRAME[name] for name in NAMES},
}


def of(library, make):
    """A container of a library that may not be installed here."""
    return lambda: make(pytest.importorskip(library))


CONTAINERS |= {
    "dask": of("dask.dataframe", lambda dask: dask.from_pandas(FRAME, npartitions=3)),
    "duckdb": of("duckdb", lambda duckdb: duckdb.from_df(FRAME)),
    "xarray": of("xarray", lambda xarray: xarray.Dataset.from_dataframe(FRAME)),
    "ibis": of("ibis", lambda ibis: ibis.memtable(FRAME)),
    "modin": of("modin.pandas", lambda modin: modin.DataFrame(FRAME)),
}


def predict(rows):
    """A network of any container's rows."""
    if isinstance(rows, np.ndarray):
        return 3 * rows[:, 0] + rows[:, 1]
    frame = nw.from_native(rows, eager_only=True)
    return 3 * frame["spread"].to_numpy() + frame["elo"].to_numpy()


PLAIN = weighin.weigh(predict, MATRIX, Y, random_state=0)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_numbers_are_those_of_the_matrix(kind):
    imp = weighin.weigh(predict, CONTAINERS[kind](), Y, random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND, rel=1e-12)
    np.testing.assert_array_equal(imp.importances_mean, PLAIN.importances_mean)
    named = kind not in ("matrix", "masked", "lists", "sparse matrix", "sparse array")
    assert list(imp.features) == (NAMES if named else ["x0", "x1", "x2"])


@pytest.mark.parametrize("kind", CONTAINERS)
def test_effects_and_associations_read_the_same(kind):
    curves = weighin.effects(predict, CONTAINERS[kind](), random_state=0)
    plain = weighin.effects(predict, MATRIX, random_state=0)
    for own, other in zip(curves.effects, plain.effects, strict=True):
        np.testing.assert_allclose(own.pd.effect, other.pd.effect, rtol=1e-12)
    together = weighin.associations(CONTAINERS[kind](), random_state=0)
    np.testing.assert_allclose(together.association, weighin.associations(MATRIX).association, rtol=1e-12)


@pytest.mark.parametrize("kind", CONTAINERS)
def test_estimators_take_them(kind):
    named = kind not in ("matrix", "masked", "lists", "sparse matrix", "sparse array")
    model = LinearRegression().fit(FRAME if named else MATRIX, Y)
    imp = weighin.weigh(model, CONTAINERS[kind](), Y, random_state=0)
    assert imp.baseline == pytest.approx(
        np.abs(Y - model.predict(FRAME if named else MATRIX)).mean(), rel=1e-9
    )


def test_a_sparse_matrix_is_told_of_and_bounded():
    imp = weighin.weigh(predict, scipy.sparse.csr_matrix(MATRIX), Y, random_state=0)
    assert any("made dense" in note for note in imp.notes)
    with pytest.raises(InputError, match=r"sparse X of shape \(100000, 100000\) would take 80\.0 GB"):
        weighin.weigh(predict, scipy.sparse.csr_matrix((100_000, 100_000)), Y)


def test_what_is_masked_is_missing():
    array = np.ma.MaskedArray(MATRIX, mask=MATRIX > 1)
    imp = weighin.weigh(lambda rows: np.isnan(rows).sum(1) * 1.0, array, np.zeros(N), random_state=0)
    assert imp.baseline == pytest.approx((MATRIX > 1).sum(1).mean())
    assert f"{int((MATRIX > 1).sum())} masked values of X count as missing." in imp.notes
    with pytest.raises(InputError, match=r"y has 3 masked value\(s\)"):
        weighin.weigh(predict, MATRIX, np.ma.MaskedArray(Y, mask=np.arange(N) < 3))


def test_unknown_things_are_not_made_arrays():
    for thing in (NoArray(), object(), 3.0, range(5), b"abc"):
        with pytest.raises(InputError, match="X must be a table: a data frame"):
            weighin.weigh(predict, thing, Y)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ({"a": [1.0, 2.0], "b": [1.0]}, r"same rows: 'b' has 1, 'a' 2"),
        ({"a": [1.0, 2.0], "b": 3}, r"'b' is a int"),
        ([[1.0, 2.0], [1.0]], r"rows of X have 1 to 2 values"),
        (FRAME["elo"], r"X must be a table, got one column, a Series"),
        (pl.Series([1.0]), r"got one column"),
        (np.zeros(5), r"got ndarray of shape \(5,\)"),
        (np.zeros((5, 0)), "X has no columns"),
        (np.zeros((0, 3)), "at least 2 rows, got 0"),
        (np.zeros((1, 3)), "at least 2 rows, got 1"),
        (FRAME.head(0), "at least 2 rows, got 0"),
        (FRAME[[]], "X has no columns"),
        ([], "X must be a table"),
    ],
)
def test_what_cannot_be_a_table_is_said(X, message):
    with pytest.raises(InputError, match=message):
        weighin.weigh(predict, X, np.zeros(len(X)))


def test_columns_that_are_series_go_together_by_index():
    other = FRAME["elo"].sample(frac=1, random_state=0)
    imp = weighin.weigh(predict, {**{name: FRAME[name] for name in NAMES}, "elo": other}, Y, random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND)


def test_names_of_a_matrix_can_be_given():
    imp = weighin.weigh(predict, MATRIX, Y, feature_names=NAMES, features=["elo"], random_state=0)
    assert imp.features == ("elo",)
    assert imp["elo"].importance == PLAIN["x1"].importance
    model = LinearRegression().fit(MATRIX, Y)
    assert weighin.effects(model, MATRIX, feature_names=NAMES, random_state=0).effects[2].feature == "week"
    assert weighin.associations(MATRIX, feature_names=NAMES).features == tuple(NAMES)
    grouped = weighin.weigh(predict, MATRIX, Y, feature_names=NAMES, groups="auto", random_state=0)
    assert grouped.features[:3] == tuple(NAMES)


@pytest.mark.parametrize(
    ("X", "names", "message"),
    [
        (FRAME, NAMES, "X has names"),
        (MATRIX, NAMES[:2], "name the 3 columns of X, got 2"),
        (MATRIX, ["a", "a", "b"], "more than once: 'a'"),
        (MATRIX, "abc", "must be a list of texts, got 'abc'"),
        (MATRIX, [1, 2, 3], "must be a list of texts"),
    ],
)
def test_names_that_do_not_fit_are_said(X, names, message):
    with pytest.raises(InputError, match=message):
        weighin.weigh(predict, X, Y, feature_names=names)


def test_numbers_and_tuples_may_name_columns():
    by_number = FRAME.set_axis([0, 1, 2], axis="columns")
    model = LinearRegression().fit(by_number, Y)
    imp = weighin.weigh(model, by_number, Y, features=[1, 2], random_state=0)
    assert imp.features == ("1", "2")
    assert imp.baseline == pytest.approx(np.abs(Y - model.predict(by_number)).mean())
    levels = pd.MultiIndex.from_tuples([("home", "elo"), ("away", "elo"), ("week", "")])
    nested = FRAME.set_axis(levels, axis="columns")
    seen = []

    def reads_levels(rows):
        seen.append(rows.columns.equals(levels))
        return 3 * rows[("home", "elo")] + rows[("away", "elo")]

    imp = weighin.weigh(
        reads_levels, nested, Y, groups={"elos": [("home", "elo"), ("away", "elo")]}, random_state=0
    )
    assert all(seen)
    assert imp.features == ("home / elo", "away / elo", "week", "elos")
    np.testing.assert_array_equal(imp.importances_mean[:3], PLAIN.importances_mean)
    assert (
        weighin.effects(reads_levels, nested, [("home", "elo")], random_state=0).effects[0].direction
        == "rises"
    )
    assert weighin.associations(nested).features == ("home / elo", "away / elo", "week")
    nested[("week", "")] = np.arange(N) % 2
    told = weighin.weigh(
        lambda rows: rows[("home", "elo")], nested, Y, by=("week", ""), within="week", random_state=0
    )
    assert list(told.segments) == [0, 1]


def test_a_relation_of_duckdb_is_collected():
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("games", FRAME.assign(y=Y))
    imp = weighin.weigh(predict, connection.sql("select * from games"), "y", random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND)
    assert imp.features == tuple(NAMES)


class Variable:
    """As of xarray."""

    def __init__(self, values, dims):
        self.values, self.dims, self.ndim = values, dims, values.ndim
        self.indexes = {"f": NAMES}

    def __array__(self, *args, **kwargs):
        raise AssertionError("numpy was asked")


class Variables(dict):
    """As of xarray: a mapping of variables that lie along dimensions."""

    @property
    def indexes(self):
        return {"row": FRAME.index[::-1]}

    @property
    def data_vars(self):
        return self


Variable.__module__ = Variables.__module__ = "xarray.core"


def test_data_of_xarray_lies_along_one_dimension():
    columns = Variables({name: Variable(MATRIX[:, j], ("row",)) for j, name in enumerate(NAMES)})
    imp = weighin.weigh(predict, columns, pd.Series(Y[::-1], index=range(N)), random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND)
    assert any("put into the order of X by its index" in note for note in imp.notes)
    assert weighin.weigh(predict, Variable(MATRIX, ("row", "f")), Y, random_state=0).features == tuple(NAMES)
    with pytest.raises(InputError, match="must lie along one and the same dimension, the rows; got a "):
        weighin.weigh(predict, Variables({"a": Variable(MATRIX, ("row", "z"))}), Y)
    with pytest.raises(InputError, match="must have 2 dimensions, rows and columns, got"):
        weighin.weigh(predict, Variable(np.zeros((2, 2, 2)), ("a", "b", "c")), Y)


def test_datasets_and_dask_are_known_by_what_they_are():
    class Dataset:
        """As of the package datasets: it holds more rows than it shows."""

        def with_format(self, kind):
            assert kind == "arrow"
            return _Sliced()

    class _Sliced:
        def __getitem__(self, rows):
            assert rows == slice(None)
            return pa.Table.from_pandas(FRAME)

    Dataset.__module__ = "datasets.arrow_dataset"
    imp = weighin.weigh(predict, Dataset(), Y, random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND)

    class DatasetDict(dict):
        __module__ = "datasets.dataset_dict"

    with pytest.raises(InputError, match="holds several tables"):
        weighin.weigh(predict, DatasetDict(test=1), Y)


@pytest.mark.slow
def test_reading_one_library_imports_no_other():
    program = (
        "import sys, numpy as np, weighin\n"
        "f = lambda rows: np.asarray(rows['a'].to_numpy() if hasattr(rows, 'columns') else rows[:, 0])\n"
        "y = np.zeros(50)\n"
        "before = {m for m in ('pandas', 'polars', 'pyarrow', 'torch', 'duckdb', 'dask') if m in sys.modules}\n"
        "weighin.weigh(f, np.ones((50, 2)), y, random_state=0, progress=False)\n"
        "weighin.weigh(f, [[1.0, 2.0]] * 50, y, random_state=0, progress=False)\n"
        "print({m for m in ('pandas', 'polars', 'pyarrow', 'torch', 'duckdb', 'dask') if m in sys.modules} - before)\n"
        "import polars as pl\n"
        "weighin.weigh(f, pl.DataFrame({'a': [1.0] * 50, 'y': [0.0] * 50}).lazy(), 'y', random_state=0)\n"
        "print({m for m in ('pandas', 'torch', 'duckdb', 'dask') if m in sys.modules} - before)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["set()", "set()"]
