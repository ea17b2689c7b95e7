"""Calls of the verbs in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from odd import naive, tables, values
from odd.call import Call
from odd.values import N

BASES = (
    "function",
    "of a matrix",
    "regression",
    "pipeline",
    "classifier",
    "forest",
    "module",
    "polars",
    "linear module",
)

# what a message about a table, or about a model, may call it
OF_TABLES = ("X ", "X,", "table", "olumn", "rows", "frame", "matrix", "values", "input", "features", "file")
OF_MODELS = ("odel", "predict", "redictions", "function", "class", "estimator", "torch")


def squared(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """The loss that numbers are checked by."""
    return (y - pred) ** 2


def short(name: str, value: Any) -> str:
    """What is odd, in a word."""
    return f"{name}={value!r:.40}"


class Base:
    """A plain call of `weigh`, with what its numbers have to be."""

    def __init__(self, kind: str) -> None:
        import polars as pl

        self.kind = kind
        self.y: Any = tables.target()
        self.X: Any = tables.frame()
        self.model: Any = tables.linear
        self.metric: Any = "mse"
        if kind == "polars":
            self.X = pl.from_pandas(self.X)
        elif kind != "function":
            self.model = tables.fitted()[kind]
        if kind in ("of a matrix", "module"):
            self.X = tables.matrix()
        if kind in ("classifier", "forest"):
            self.y, self.metric = np.where(self.y > 0, "yes", "no"), "accuracy"

    def call(self, **odd: Any) -> Any:
        """Weigh, checking that nothing was changed."""
        import weighin

        asked = {
            "model": self.model,
            "X": self.X,
            "y": self.y,
            "metric": self.metric,
            "n_repeats": 2,
            "random_state": 0,
        }
        asked |= {"progress": False} | odd
        result = weighin.weigh(asked.pop("model"), asked.pop("X"), asked.pop("y"), **asked)
        if isinstance(result, tuple):
            result = result[0]
        show(result)
        return result

    def right(self, y: Any = None, weights: Any = None, strata: Any = None) -> Callable[[Any], str]:
        """A check of numbers against a plain loop; `y` where it is another."""
        X = tables.matrix()
        y = tables.target() if y is None else y
        if self.kind in ("classifier", "forest"):
            codes = tables.target() > 0
            predict, y = (lambda rows: self._labels(rows)), codes

            def loss(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
                return -(y == pred).astype(float)
        else:
            predict, loss = self._numbers, squared

        def check(result: Any) -> str:
            names = list(result.features)
            if not set(names) <= {*tables.COLUMNS, *result.groups} or result.metric not in (
                "mse",
                "accuracy",
            ):
                return ""
            own = [
                [tables.COLUMNS.index(name) for name in result.groups.get(name, (name,))] for name in names
            ]
            R, seed = result.importances.shape[1], result.random_state
            expected = naive.importances(predict, X, y, loss, own, R, seed, weights, strata)
            return naive.differs(
                result.importances, expected, near=abs(result.baseline) if "module" in self.kind else 0
            )

        return check

    def _labels(self, rows: np.ndarray) -> np.ndarray:
        import pandas as pd

        return self.model.predict(pd.DataFrame(rows, columns=tables.COLUMNS)) == "yes"

    def _numbers(self, rows: np.ndarray) -> np.ndarray:
        import pandas as pd
        import torch

        if self.kind in ("function", "polars"):
            return tables.linear(rows)
        if "module" in self.kind:
            with torch.no_grad():
                return self.model(torch.tensor(rows, dtype=torch.float32)).numpy()[:, 0].astype(float)
        return self.model.predict(
            rows if self.kind == "of a matrix" else pd.DataFrame(rows, columns=tables.COLUMNS)
        )


def show(result: Any) -> None:
    """Look at every view of a result: none may fail."""
    from rich.console import Console

    for text in (
        str(result),
        repr(result),
        result.summary(),
        result.to_markdown(),
        result.to_latex(),
        result.to_json(),
    ):
        assert isinstance(text, str)
    with Console(quiet=True, width=80).capture():
        Console(width=60, file=_Nowhere()).print(result)
    result._repr_html_()
    result.to_frame()
    for text in (str(result), result.summary()):
        odd = [c for c in text if not c.isprintable() and c != "\n"]
        assert not odd, f"{odd[0]!r} reaches a terminal"


class _Nowhere:
    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def too_many(value: Any) -> bool:
    """Whether it is a count that may be, and would take for ever."""
    return isinstance(value, int) and value > 10**6


def weigh_calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of `weigh`, odd in each argument in turn."""

    def base() -> Base:
        return Base(BASES[rng.integers(len(BASES))])

    def of(
        name: str, word: str, value: Any, culprits: tuple[str, ...], start: Base, right: Any = None
    ) -> Call:
        check = right or start.right()
        return Call(
            "weigh", f"{start.kind}: {name}: {word}", culprits, lambda: start.call(**{name: value}), check
        )

    simple = {
        "n_repeats": values.COUNTS,
        "batch_size": values.COUNTS,
        "max_memory": values.COUNTS,
        "n_jobs": values.JOBS,
        "random_state": values.SEEDS,
        "missing": values.MISSING,
        "device": values.DEVICES,
        "precision": (*values.LEVELS, *values.COUNTS),
        "max_seconds": (0, -1, float("nan"), "1", True, 1j, []),
        "greater_is_better": ("no", "yes", 3, [], object(), float("nan")),
        "progress": ("no", 3, []),
        "keep_rows": ("no", 3, []),
    }
    for name, odd in simple.items():
        for value in odd:
            start = base()
            unchecked = name in ("precision", "max_seconds", "greater_is_better")
            more = {"n_repeats": "auto"} if name == "precision" else {}
            yield Call(
                "weigh",
                f"{start.kind}: {short(name, value)}",
                (name,),
                lambda start=start, odd={**more, name: value}: start.call(**odd),
                (lambda result: "") if unchecked else start.right(),
            )
    for word, value in values.features().items():
        yield of("features", word, value, ("feature", "Nothing to weigh"), base())
    for word, value in values.groups().items():
        yield of("groups", word, value, ("group",), base())
    for word, value in values.strata().items():
        for name in ("within", "by"):
            start = base()
            yield of(name, word, value, (name,), start, None if name == "by" else _within(start, value))
    for word, value in values.weights().items():
        start = base()
        yield of("sample_weight", word, value, ("sample_weight", "weights"), start, _weighted(start, value))
    for word, value in values.targets(tables.target()).items():
        for kind in ("function", "regression", "module", "of a matrix", "classifier"):
            start = Base(kind)
            if kind != "classifier" or rng.random() < 0.4:
                yield of(
                    "y",
                    word,
                    value,
                    ("y ", "y,", "y=", "target", "labels", "class"),
                    start,
                    _target(start, value),
                )
    for word, (value, same) in tables.tables().items():
        for kind in ("function", "regression", "module", "of a matrix"):
            start = Base(kind)
            yield of("X", word, value, OF_TABLES, start, _plain(start, word) if same else (lambda result: ""))
    for word, value in tables.models().items():
        yield of(
            "model",
            word,
            value,
            OF_MODELS,
            Base("function"),
            lambda r: "",
        )
    for word, value in tables.metrics().items():
        for _ in range(3):
            start = base()
            yield of("metric", word, value, ("metric", repr(value)[1:20]), start, nothing)


def nothing(result: Any) -> str:
    return ""


def _plain(start: Base, word: str) -> Callable[[Any], str]:
    """The importances, whatever the columns are called."""
    check = start.right()

    def by_place(result: Any) -> str:
        import dataclasses

        if len(result.features) != 3:
            return f"{len(result.features)} features of 3"
        return check(dataclasses.replace(result, features=tables.COLUMNS))

    return by_place


def _within(start: Base, value: Any) -> Callable[[Any], str]:
    def check(result: Any) -> str:
        kinds = {repr(v): [] for v in list(value)}
        for row, v in enumerate(list(value)):
            kinds[repr(v)].append(row)
        distinct = {repr(v): v for v in list(value)}
        try:
            keys = sorted(distinct, key=distinct.get)
        except TypeError:
            keys = sorted(distinct, key=lambda key: str(distinct[key]))
        ordered = [np.array(kinds[key]) for key in keys]
        for order in (ordered, list(map(np.array, kinds.values())), ordered[::-1]):
            told = start.right(strata=order)(result)
            if not told:
                return ""
        return told

    return check


def _weighted(start: Base, value: Any) -> Callable[[Any], str]:
    def check(result: Any) -> str:
        # only their ratios count
        w = np.asarray(value, dtype=float)
        return start.right(weights=w / w.max())(result)

    return check


def _target(start: Base, value: Any) -> Callable[[Any], str]:
    def check(result: Any) -> str:
        if start.kind == "classifier" or result.metric != "mse":
            return ""
        try:
            y = np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=float).reshape(N)
        except (TypeError, ValueError):
            return ""
        return start.right(y=y)(result)

    return check
