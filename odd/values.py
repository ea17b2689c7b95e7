"""Odd values, by what they are given for: a word for each, and the value."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np

N = 48
NAMES = (
    "",
    " ",
    "a\nb",
    "\x1b[31mred",
    'it\'s "x"',
    "🏈",
    "x" * 10_000,
    "[bold]",
    "$x$",
    "\\",
    "a,b=c",
    "None",
    "nan",
    "\x00",
    "</script><b>",
    "=1+1",
    "été",
    "\u202eabc",
)
COUNTS = (
    0,
    -1,
    -(2**70),
    10**30,
    2**63,
    1e6,
    2.5,
    float("nan"),
    float("inf"),
    "3",
    "auto!",
    True,
    [],
    {},
    b"1",
    np.int64(3),
    np.array([1, 2]),
    np.float64(2.0),
    1j,
    decimal.Decimal(2),
)
SEEDS = (-1, 2**32, 2**64, 2**200, 1.5, "0", True, [1], np.int32(7), np.random.RandomState(0), float("nan"))
LEVELS = (
    0,
    1,
    -0.5,
    1.5,
    float("nan"),
    "0.95",
    None,
    95,
    True,
    np.float32(0.9),
    [0.9],
    1e-300,
    1 - 1e-16,
    1j,
)
JOBS = (0, -1, 10**6, -(10**6), 2**40, 1.5, "2", True, float("nan"), [1], np.int64(2))
DEVICES = ("cuda", "cuda:99", "nope", "", 3, "meta", [], 1.5, object())
MISSING = ("zero", "", None, 3, "DROP", [], True, ("drop",))
PATHS = ("", ".", "nowhere/x.json", "x\x00.json", 3, None, b"x", "x" * 300 + ".json", [])


def strata() -> dict[str, Any]:
    """For `within` and `by`."""
    return {
        "an unknown column": "nope",
        "a number": 3,
        "an empty list": [],
        "too short": np.zeros(N - 1),
        "all NaN": np.full(N, np.nan),
        "some NaN": np.r_[np.nan, np.zeros(N - 1)],
        "two dimensions": np.zeros((N, 2)),
        "one value": np.zeros(N),
        "truth values": np.arange(N) % 2 == 0,
        "None among text": [None, *["a", "b"] * 23, "a"],
        "kinds mixed": [1, "a", 2.5, None] * (N // 4),
        "a value for each row": np.arange(N),
        "dates": np.array(["2020-01-01", "2021-01-01"] * (N // 2), dtype="datetime64[D]"),
        "lists in it": [[1], [2]] * (N // 2),
        "odd texts": [NAMES[i % 4] for i in range(N)],
        "a mapping": {"a": 1},
        "infinities": np.array([np.inf, -np.inf] * (N // 2)),
        "complex": np.array([1j, 2.0] * (N // 2)),
        "bytes": [b"a", b"b"] * (N // 2),
        "big integers": [2**70, 2**70 + 1] * (N // 2),
    }


def weights() -> dict[str, Any]:
    """For `sample_weight`."""
    return {
        "an unknown column": "nope",
        "negative": np.full(N, -1.0),
        "one negative": np.r_[-1e-12, np.ones(N - 1)],
        "NaN": np.r_[np.nan, np.ones(N - 1)],
        "infinite": np.r_[np.inf, np.ones(N - 1)],
        "all 0": np.zeros(N),
        "one row": np.r_[1.0, np.zeros(N - 1)],
        "text": ["a"] * N,
        "texts of numbers": ["1"] * N,
        "too short": np.ones(N - 1),
        "two dimensions": np.ones((N, 2)),
        "a number": 2.0,
        "truth values": np.arange(N) % 2 == 0,
        "huge": np.full(N, 1e160),
        "tiny": np.full(N, 1e-160),
        "integers": np.arange(N),
        "dates": np.array(["2020-01-01"] * N, dtype="datetime64[D]"),
        "complex": np.ones(N) * 1j,
        "None": [None] * N,
        "far apart": np.r_[1e12, np.ones(N - 1)],
    }


def features() -> dict[str, Any]:
    """For `features`."""
    return {
        "a text": "x0",
        "none": [],
        "unknown": ["nope"],
        "close to one": ["X0"],
        "twice": ["x0", "x0"],
        "numbers": [0],
        "None in it": [None],
        "a number": 3,
        "a set": {"x0", "x1"},
        "an iterator": iter(["x0"]),
        "an array": np.array(["x0"]),
        "lists in it": [["x0"]],
        "a mapping": {"x1": 1},
        "bytes": [b"x0"],
        "a slice": slice(None),
        **{f"the name {name!r:.20}": [name] for name in NAMES[:8]},
    }


def groups() -> dict[str, Any]:
    """For `groups`."""
    return {
        "none": {},
        "an empty one": {"g": []},
        "one of one": {"g": ["x0"]},
        "an unknown member": {"g": ["x0", "nope"]},
        "the name of a feature": {"x0": ["x0", "x1"]},
        "a member twice": {"g": ["x0", "x0"]},
        "no name": {"": ["x0", "x1"]},
        "auto": "auto",
        "another word": "auto!",
        "a list": [("g", ["x0"])],
        "a text as members": {"g": "x0"},
        "a number as name": {1: ["x0", "x1"]},
        "a number as members": {"g": 3},
        "overlapping": {"a": ["x0", "x1"], "b": ["x1", "x2"]},
        "an odd name": {"\x1b[31m\n": ["x0", "x1"]},
        "None as members": {"g": None},
        "a number": 7,
        "truth": True,
        "an iterator as members": {"g": iter(["x0", "x1"])},
        "all of them": {"all": ["x0", "x1", "x2"]},
        "a long name": {"g" * 10_000: ["x0", "x1"]},
    }


def targets(y: np.ndarray) -> dict[str, Any]:
    """For `y`; the values are those of `y` where they can be."""
    import pandas as pd
    import torch

    return {
        "None": None,
        "too short": y[:-1],
        "too long": np.r_[y, 0.0],
        "empty": [],
        "a number": 3.0,
        "a text": "nope",
        "texts": ["a"] * N,
        "NaN": np.r_[np.nan, y[1:]],
        "infinite": np.r_[np.inf, y[1:]],
        "None in it": [None, *y[1:].tolist()],
        "complex": y * 1j,
        "a mapping": {"a": y},
        "dates": np.array(["2020-01-01"] * N, dtype="datetime64[D]"),
        "three dimensions": np.zeros((N, 1, 1)),
        "ragged": [[1.0], [1.0, 2.0]] * (N // 2),
        "objects": [object()] * N,
        "a set": set(y.tolist()),
        "an iterator": iter(y.tolist()),
        "a list": y.tolist(),
        "a tuple": tuple(y.tolist()),
        "one column": y[:, None],
        "a Series with an index of its own": pd.Series(y, index=np.arange(N) + 100),
        "a frame of one column": pd.DataFrame({"y": y}),
        "a frame of two": pd.DataFrame({"y": y, "z": y}),
        "a tensor": torch.tensor(y),
        "a tensor with gradient": torch.tensor(y, requires_grad=True),
        "float16": y.astype(np.float16),
        "decimals": [decimal.Decimal(repr(float(value))) for value in y],
        "masked": np.ma.masked_array(y, mask=np.arange(N) < 3),
        "constant": np.zeros(N),
        "truth values": y > 0,
        "integers as text": [str(int(value)) for value in y],
        "huge": y * 1e200,
        "tiny": y * 1e-200,
        "categories": pd.Categorical(["a", "b"] * (N // 2)),
        "a range": range(N),
        "bytes": b"x" * N,
        "timedeltas": [datetime.timedelta(1)] * N,
    }
