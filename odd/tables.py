"""Tables and models: the plain ones that calls start from, and odd ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from odd.call import OfTheUser
from odd.values import NAMES, N

COLUMNS = ("x0", "x1", "x2")
COEF = np.array([2.0, -1.0, 0.0])


def matrix() -> np.ndarray:
    """Numbers, some of them equal."""
    return np.random.default_rng(0).normal(size=(N, 3)).round(2)


def target() -> np.ndarray:
    """What the columns give, and noise."""
    return (matrix() @ COEF + np.random.default_rng(1).normal(size=N)).round(2)


def frame() -> Any:
    """The matrix with names, and a column of levels."""
    import pandas as pd

    return pd.DataFrame(matrix(), columns=COLUMNS)


def linear(table: Any) -> np.ndarray:
    """A model of all three columns, whatever kind of table they come in."""
    if hasattr(table, "to_numpy"):
        table = table.to_numpy()
    with np.errstate(all="ignore"):
        return np.asarray(table, dtype=float)[:, :3] @ COEF


@cache
def fitted() -> dict[str, Any]:
    """Estimators and modules by name."""
    import torch
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    torch.manual_seed(0)
    labels = np.where(target() > 0, "yes", "no")
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    return {
        "regression": LinearRegression().fit(frame(), target()),
        "of a matrix": LinearRegression().fit(matrix(), target()),
        "classifier": LogisticRegression().fit(frame(), labels),
        "forest": RandomForestClassifier(5, random_state=0).fit(frame(), labels),
        "pipeline": make_pipeline(StandardScaler(), LinearRegression()).fit(frame(), target()),
        "module": net,
        "linear module": torch.nn.Linear(3, 1),
    }


def tables() -> dict[str, tuple[Any, bool]]:
    """For `X`: the table, and whether it holds the plain one's numbers in their order."""
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import scipy.sparse
    import torch

    plain, named = matrix(), frame()
    wide = pd.concat(
        [named, pd.DataFrame(0.0, index=named.index, columns=[f"z{i}" for i in range(300)])], axis=1
    )
    odd = {
        "None": None,
        "a number": 3,
        "a text": "nothere.csv",
        "an empty list": [],
        "an empty mapping": {},
        "an empty frame": pd.DataFrame(),
        "no rows": named.iloc[:0],
        "one row": named.iloc[:1],
        "no columns": named[[]],
        "a column twice": named[["x0", "x1", "x0"]],
        "three dimensions": np.zeros((N, 3, 2)),
        "one dimension": plain[:, 0],
        "texts": np.full((N, 3), "a"),
        "ragged": [[1.0, 2.0, 3.0], [1.0]] * (N // 2),
        "complex": plain * 1j,
        "a generator": (row for row in plain),
        "a set": {1, 2},
        "NaN": np.full((N, 3), np.nan),
        "infinite": np.full((N, 3), np.inf),
        "a Series": named["x0"],
        "two levels of columns": pd.DataFrame(
            plain, columns=pd.MultiIndex.from_product([["a"], list("bcd")])
        ),
        "objects": pd.DataFrame({name: [object()] * N for name in COLUMNS}),
        "bytes": b"abc",
        "a lambda": lambda: 1,
        "a structured array": np.zeros(N, dtype=[("x0", "f8"), ("x1", "f8")]),
        "a tuple of nothing": (),
        "other columns": named.rename(columns={"x0": "X0"}),
        "more columns": wide,
        "fewer columns": named[["x0", "x1"]],
        "timestamps": pd.DataFrame({name: pd.date_range("2020", periods=N) for name in COLUMNS}),
    }
    same = {
        "polars": pl.from_pandas(named),
        "lazy polars": pl.from_pandas(named).lazy(),
        "pyarrow": pa.Table.from_pandas(named),
        "a list of lists": plain.tolist(),
        "float32": plain.astype(np.float32).astype(float),
        "fortran order": np.asfortranarray(plain),
        "not writable": _locked(plain),
        "strided": np.repeat(plain, 2, axis=0)[::2],
        "sparse": scipy.sparse.csr_matrix(plain),
        "a tensor": torch.tensor(plain),
        "a masked array": np.ma.masked_array(plain, mask=False),
        "objects of numbers": named.astype(object),
        "Float64": named.astype("Float64"),
        "arrow columns": named.astype("float64[pyarrow]"),
        "integers as names": pd.DataFrame(plain),
        "tuples as names": pd.DataFrame(plain, columns=[("a", 1), ("b", 2), ("c", 3)]),
        "an index of dates": named.set_index(pd.date_range("2020", periods=N)),
        "an index with repeats": named.set_index(np.zeros(N, dtype=int)),
        **{f"the name {name!r:.20}": named.rename(columns={"x0": name}) for name in NAMES},
    }
    return {name: (value, False) for name, value in odd.items()} | {
        name: (value, True) for name, value in same.items()
    }


def _locked(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.setflags(write=False)
    return values


def models() -> dict[str, Any]:
    """For `model`: what is none, and functions that give what no model does."""
    import torch
    from sklearn.linear_model import LinearRegression

    return {
        "None": None,
        "a number": 3,
        "a text": "model.pkl",
        "a class": LinearRegression,
        "not fitted": LinearRegression(),
        "an empty list": [],
        "a list with None": [None],
        "a mapping": {"model": 1},
        "a class of torch": torch.nn.Linear,
        "text": lambda t: ["a"] * len(t),
        "None back": lambda t: None,
        "one number": lambda t: 1.0,
        "too few": lambda t: linear(t)[:-1],
        "NaN back": lambda t: linear(t) * np.nan,
        "infinite": lambda t: linear(t) + np.inf,
        "complex": lambda t: linear(t) * 1j,
        "three dimensions": lambda t: linear(t)[:, None, None],
        "no outputs": lambda t: np.zeros((len(t), 0)),
        "its input": lambda t: t,
        "a mapping back": lambda t: {"out": linear(t)},
        "a tuple back": lambda t: (linear(t),),
        "a list": lambda t: linear(t).tolist(),
        "a changing width": _changing(),
        "an error": _raising,
        "no arguments": lambda: 1,
        "two arguments": lambda a, b: 1,
        "a module that fails": torch.nn.Linear(7, 1),
        "a module without output": torch.nn.ParameterList(),
        "objects": lambda t: np.array([object()] * len(t)),
        "dates": lambda t: np.array(["2020-01-01"] * len(t), dtype="datetime64[D]"),
    }


def _raising(table: Any) -> Any:
    raise OfTheUser("no")


def _changing() -> Callable[[Any], np.ndarray]:
    calls = iter(range(10**9))
    return lambda table: np.tile(linear(table)[:, None], (1, 1 + next(calls) % 3))


def metrics() -> dict[str, Any]:
    """For `metric`."""
    import torch

    return {
        "no name": "",
        "nearly a name": "mse!",
        "capitals": "MSE",
        "a number": 3,
        "an object": object(),
        "a list of nothing": [],
        "None in a list": [None],
        "twice": ["mse", "mse"],
        "a tuple": ("rmse", "mae"),
        "a mapping": {"mse": 1},
        "a class": type,
        "no arguments": lambda: 1.0,
        "gives None": lambda y, p: None,
        "gives text": lambda y, p: "a",
        "gives NaN": lambda y, p: float("nan"),
        "gives an array": lambda y, p: np.zeros(3),
        "gives complex": lambda y, p: 1j,
        "raises": _metric_raising,
        "writes": _writing,
        "another kind's": "roc_auc",
        "a scorer's name": "neg_mean_squared_error",
        "a loss of torch": torch.nn.MSELoss(),
        "a class of torch": torch.nn.MSELoss,
        "an odd name": "\x1b[31m\n",
        "a long name": "m" * 10_000,
        "labels": "accuracy",
        "bytes": b"mse",
    }


def _metric_raising(y: Any, pred: Any) -> float:
    raise OfTheUser("no")


def _writing(y: Any, pred: Any) -> float:
    y -= pred
    return float(np.abs(y).mean())
