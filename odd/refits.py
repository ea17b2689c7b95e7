"""Calls of what trains models again: Recipe, ablate, weigh_refits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from odd import naive, tables, values
from odd.call import Call, OfTheUser
from odd.values import N
from odd.verbs import short, show, too_many

TESTED = np.arange(N) % 4 == 0


def frame() -> Any:
    """The table with its target and columns to split by."""
    return tables.frame().assign(y=tables.target(), id=np.arange(N), block=np.arange(N) // 4, z=1.0)


def recipe(**odd: Any) -> Any:
    """A linear regression."""
    from sklearn.linear_model import LinearRegression

    import weighin

    asked = {"features": list(tables.COLUMNS), "target": "y"} | odd
    return weighin.Recipe.from_estimator(
        asked.pop("estimator", LinearRegression()), asked.pop("train_X", None), **asked
    )


def least_squares(columns: list[str]) -> float:
    """Mean absolute error on the rows tested on, of a model of some columns trained on the others."""
    table = frame()
    X = np.column_stack([np.ones(N), *(table[name].to_numpy() for name in columns)])
    y = table["y"].to_numpy()
    coef = np.linalg.lstsq(X[~TESTED], y[~TESTED], rcond=None)[0]
    return float(np.abs(y - X @ coef)[TESTED].mean())


def ablate(**odd: Any) -> Any:
    """Train twice, and show."""
    import weighin

    asked = {"drop": "each", "split": TESTED, "fits": 2, "random_state": 0, "progress": False} | odd
    result = weighin.ablate(asked.pop("recipe", None) or recipe(), asked.pop("df", frame()), **asked)
    show(result)
    return result


def weigh_refits(**odd: Any) -> Any:
    """Train twice, weigh, and show."""
    import weighin

    asked = {"split": TESTED, "fits": 2, "n_repeats": 2, "random_state": 0, "progress": False} | odd
    result = weighin.weigh_refits(asked.pop("recipe", None) or recipe(), asked.pop("df", frame()), **asked)
    show(result)
    return result


def check_ablation(result: Any) -> str:
    """Against least squares."""
    if result.metric not in ("mae", "mean_absolute_error"):
        return ""
    rows = result.to_frame(backend="pandas")
    for name, change in zip(rows.iloc[:, 0], rows.get("change", ()), strict=False):
        if name in tables.COLUMNS:
            left = [column for column in tables.COLUMNS if column != name]
            told = naive.differs(
                change, np.array(least_squares(left) - least_squares(list(tables.COLUMNS))), name
            )
            if told:
                return told
    return ""


SPLITS: dict[str, Any] = {
    "a wrong word": "randon",
    "0": "random:0",
    "1": "random:1",
    "no number": "random:x",
    "nan": "random:nan",
    "no column": "group:",
    "an unknown column": "group:nope",
    "of blocks": "group:block",
    "of time": "time:block",
    "several": "time:block:3",
    "too many": "time:block:99",
    "minus": "time:block:-1",
    "all": np.ones(N, dtype=bool),
    "none": np.zeros(N, dtype=bool),
    "too short": TESTED[:-1],
    "numbers": TESTED.astype(float),
    "a number": 3,
    "a pair": (np.flatnonzero(~TESTED), np.flatnonzero(TESTED)),
    "an overlap": (np.arange(N), np.arange(4)),
    "out of range": (np.arange(4), np.array([N + 5])),
    "negative rows": (np.arange(4), np.array([-1, -2])),
    "an empty list": [],
    "a mapping": {"test": [1]},
    "three parts": ([1], [2], [3]),
    "text": ["a"] * N,
    "bytes": b"random",
}
DROPS: dict[str, Any] = {
    "a wrong word": "eech",
    "unknown": ["nope"],
    "nearly": "X0",
    "the target": "y",
    "none": [],
    "a number": 3,
    "None in it": [None],
    "twice": ["x0", "x0"],
    "all": [["x0", "x1", "x2"]],
    "a mapping": {"a": "x0"},
    "an empty mapping": {},
    "no name": {"": "x0"},
    "near-zero": "near-zero",
    "an odd label": {"\x1b[31m": ["x0"]},
    "bytes": b"each",
    "lists": [[["x0"]]],
}
ADDS: dict[str, Any] = {
    "unknown": "nope",
    "the target": "y",
    "a feature": "x0",
    "z": "z",
    "an expression": {"d": "x0 - x1"},
    "a syntax error": {"d": "x0 -"},
    "an unknown column": {"d": "x0 - nope"},
    "code": {"d": "__import__('os')"},
    "a name there": {"x0": "x1 * 2"},
    "many digits": {"d": "9" * 400},
    "a power": {"d": "9**9**9"},
    "division by 0": {"d": "x0 / 0"},
    "deep": {"d": "(" * 3000 + "x0" + ")" * 3000},
    "minuses": {"d": "-" * 5000 + "x0"},
    "a function": {"d": lambda t: t["x0"] * 2},
    "a function that fails": {"d": tables._raising},
    "gives None": {"d": lambda t: None},
    "gives too few": {"d": lambda t: t["x0"][:3]},
    "values": {"d": np.arange(N)},
    "too few values": {"d": np.arange(3)},
    "texts": {"d": ["a", "b"] * (N // 2)},
    "NaN": {"d": "x0 * nan"},
    "infinite": {"d": np.full(N, np.inf)},
    "no name": {"": "x0"},
    "a number": 3,
    "an empty text": {"d": ""},
    "strings": {"d": "'a'"},
    "the target inside": {"d": "y + 0"},
    "attributes": {"d": "x0.values"},
    "a lambda": {"d": "lambda: 1"},
    "None": {"d": None},
    "\\0": {"d": "x0\x00"},
    "an emoji": {"🏈": "x0 * 3"},
    "a list": ["z", "z"],
    "1e999": {"d": "x0 * 1e999"},
    "a large shift": {"d": "1 << 99999"},
}
REPLACES: dict[str, Any] = {
    "unknown": {"nope": {"d": "x0"}},
    "one": {"x0": {"d": "x0 * 2"}},
    "two": {"x0,x1": {"d": "x0 - x1"}},
    "a text": "x0",
    "a list": ["x0"],
    "None": {"x0": None},
    "a number": {"x0": 3},
    "a name there": {"x0": {"x1": "x0"}},
    "no features": {"": {"d": "x0"}},
    "an empty mapping": {},
    "a column": {"x0": "z"},
    "the target": {"x0": "y"},
}
FITS = (0, -1, 1, 2.5, "2", True, float("nan"), [], 3)
TOLERANCES = (-1, float("nan"), float("inf"), "1", [], True, 0, 1e300, 1j)


def calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of all of them."""
    shared: dict[str, tuple[Any, ...]] = {
        "fits": FITS,
        "random_state": values.SEEDS,
        "n_jobs": (0, 1.5, "2", [1], True, float("nan"), 1),
        "id": ("nope", 3, "", "x0", None, []),
        "group": ("nope", 3, "block", "y", []),
        "store": (3, "", [], b"x", "\x00"),
        "metric": tuple(tables.metrics().values()),
        "greater_is_better": ("no", 3, []),
    }
    for verb, run, check in (
        ("ablate", ablate, check_ablation),
        ("weigh_refits", weigh_refits, lambda result: ""),
    ):
        own: dict[str, tuple[Any, ...]] = (
            {"tolerance": TOLERANCES, "unit": (3, None, "\x1b[31m", "u" * 9999)}
            if verb == "ablate"
            else {"n_repeats": values.COUNTS, "groups": tuple(values.groups().values())}
        )
        for name, odd in {**shared, **own}.items():
            for value in odd:
                if name == "n_repeats" and too_many(value):
                    continue
                names = (
                    (name, name.rstrip("s"), "folder")
                    if name in ("groups", "store")
                    else (name, repr(value)[1:20])
                )
                yield Call(verb, short(name, value), names, partial(run, **{name: value}), check)
        for word, value in SPLITS.items():
            yield Call(
                verb,
                f"split: {word}",
                ("split", "block", "test"),
                partial(run, split=value),
                lambda result: "",
            )
        for word, value in _tables().items():
            words = ("table", "odel", "olumn", "df", "rows", "frame", "missing", "y ", "value(s) of")
            yield Call(verb, f"df: {word}", words, partial(run, df=value), lambda result: "")
        for word, value in _recipes().items():
            words = ("ecipe", "train", "odel", "estimator", "feature", "target", "olumn")
            yield Call(verb, f"recipe: {word}", words, partial(_with_recipe, run, value), lambda result: "")
    for name, odd_values in (("drop", DROPS), ("add", ADDS), ("replace", REPLACES)):
        for word, value in odd_values.items():
            words = (name, "feature", "target", "olumn", "expression", "label")
            more = {} if name == "drop" else {"drop": None}
            yield Call(
                "ablate", f"{name}: {word}", words, partial(ablate, **{name: value, **more}), check_ablation
            )
    for word, value in values.features().items():
        yield Call("Recipe", f"features: {word}", ("eature", "olumn"), partial(recipe, features=value))
    for value in (None, 3, "", [], ["y", "y"], "x0", b"y", {"y": 1}, [None], object()):
        yield Call("Recipe", short("target", value), ("target",), partial(recipe, target=value))
    for word, value in tables.models().items():
        yield Call("Recipe", f"estimator: {word}", ("estimator", "odel"), partial(recipe, estimator=value))


def _with_recipe(run: Callable[..., Any], make: Callable[[], Any]) -> Any:
    return run(recipe=make())


def _recipes() -> dict[str, Callable[[], Any]]:
    import weighin

    def of(trainer: Any, **more: Any) -> Callable[[], Any]:
        asked = {"name": "m", "features": tables.COLUMNS, "target": ("y",), "trainer": trainer} | more
        return lambda: weighin.Recipe(**asked)

    def fails(*_: Any) -> Any:
        raise OfTheUser("no")

    return {
        "a number": lambda: 3,
        "an estimator": lambda: tables.fitted()["regression"],
        "gives None": of(lambda frame, features, seed: None),
        "fails": of(fails),
        "no arguments": of(lambda: 1),
        "no features": of(lambda *_: tables.linear, features=()),
        "a text as features": of(lambda *_: tables.linear, features="x0"),
        "no trainer": of(3),
        "a feature twice": of(lambda *_: tables.linear, features=("x0", "x0")),
        "an unknown feature": of(lambda *_: tables.linear, features=("x0", "nope")),
        "a name": of(lambda *_: tables.linear, name=3),
        "an odd name": of(lambda *_: tables.linear, name="\x1b[31m"),
        "None as target": of(lambda *_: tables.linear, target=None),
    }


def _tables() -> dict[str, Any]:
    plain = frame()
    return {
        "None": None,
        "a number": 3,
        "a matrix": tables.matrix(),
        "a text": "nothere.csv",
        "no target": plain.drop(columns="y"),
        "no rows": plain.iloc[:0],
        "one row": plain.iloc[:1],
        "three rows": plain.iloc[:3],
        "NaN in the target": plain.assign(y=np.nan),
        "text as target": plain.assign(y="a"),
        "ids twice": plain.assign(id=0),
        "a list": [1, 2],
        "a mapping": {"x0": [1.0]},
        "infinite": plain.assign(x0=np.inf),
        "a feature as text": plain.assign(x0="a"),
        "fewer features": plain.drop(columns="x2"),
    }
