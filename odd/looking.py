"""Calls of `effects` and `associations`, and of the drop-in for scikit-learn's function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from odd import naive, tables, values
from odd.call import Call
from odd.values import N
from odd.verbs import OF_MODELS, OF_TABLES, Base, nothing, short, show, too_many


def effects_calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of `effects`."""
    import weighin

    def call(model: Any = tables.linear, X: Any = None, **odd: Any) -> Any:
        asked = {"random_state": 0, "progress": False, "grid": 4, "n_rows": None, "n_curves": 2} | odd
        result = weighin.effects(model, tables.frame() if X is None else X, **asked)
        show(result)
        return result

    def check(result: Any) -> str:
        for effect in result.effects:
            if effect.feature not in tables.COLUMNS or effect.kind != "numeric" or result.n_rows != N:
                continue
            expected = np.array([_moved(effect.feature, value) for value in effect.values])
            told = naive.differs(effect.pd.effect, expected, f"curve of {effect.feature}")
            if told:
                return told
        return ""

    simple = {
        "grid": values.COUNTS,
        "n_rows": values.COUNTS,
        "n_curves": values.COUNTS,
        "missing": values.MISSING,
        "random_state": values.SEEDS,
        "batch_size": values.COUNTS,
        "n_jobs": values.JOBS,
        "max_memory": values.COUNTS,
        "device": values.DEVICES,
        "output": (-1, 5, "nope", 1.5, True, [], "", b"x", float("nan"), 2**80),
    }
    for name, odd in simple.items():
        for value in odd:
            yield Call("effects", short(name, value), (name,), lambda n=name, v=value: call(**{n: v}), check)
    for word, value in values.features().items():
        yield Call(
            "effects", f"features: {word}", ("feature", "Nothing"), lambda v=value: call(features=v), check
        )
    for word, (value, _) in tables.tables().items():
        if value is not None:
            yield Call("effects", f"X: {word}", OF_TABLES, lambda v=value: call(X=v))
    for word, value in tables.models().items():
        yield Call("effects", f"model: {word}", OF_MODELS, lambda v=value: call(v))


def _moved(column: str, value: float) -> float:
    """The mean prediction with one column moved to a value."""
    X = tables.matrix()
    X[:, tables.COLUMNS.index(column)] = value
    return float(tables.linear(X).mean())


def associations_calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of `associations`, checked against SciPy's rank correlation."""
    import scipy.stats

    import weighin

    def call(X: Any = None, **odd: Any) -> Any:
        result = weighin.associations(tables.frame() if X is None else X, **{"random_state": 0, **odd})
        show(result)
        return result

    def check(result: Any) -> str:
        if not set(result.features) <= set(tables.COLUMNS) or len(result.features) < 2 or result.n_rows != N:
            return ""
        places = [tables.COLUMNS.index(name) for name in result.features]
        expected = scipy.stats.spearmanr(tables.matrix()).statistic[np.ix_(places, places)]
        return naive.differs(result.association, expected, "associations")

    simple = {"threshold": values.LEVELS, "n_rows": values.COUNTS, "random_state": values.SEEDS}
    for name, odd in simple.items():
        for value in odd:
            yield Call(
                "associations", short(name, value), (name,), lambda n=name, v=value: call(**{n: v}), check
            )
    for word, value in values.features().items():
        yield Call(
            "associations", f"features: {word}", ("feature", "olumn"), lambda v=value: call(features=v), check
        )
    for word, (value, same) in tables.tables().items():
        if value is not None:
            yield Call(
                "associations", f"X: {word}", OF_TABLES, lambda v=value: call(v), check if same else nothing
            )


def drop_in_calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of the drop-in for scikit-learn's function, checked against that one."""
    import sklearn.inspection

    import weighin

    start = Base("regression")

    def both(**odd: Any) -> Any:
        asked: dict[str, Any] = {
            "estimator": start.model,
            "X": start.X,
            "y": start.y,
            "n_repeats": 2,
            "random_state": 0,
        }
        asked |= odd
        asked = dict(asked.items())
        args = [asked.pop(name) for name in ("estimator", "X", "y")]
        try:
            theirs: Any = sklearn.inspection.permutation_importance(*args, **asked)
        except Exception as error:
            theirs = error
        try:
            ours = weighin.permutation_importance(*args, **asked)
        except weighin.WeighinError:
            raise
        except Exception as error:
            # errors of the estimator and of the scorer come through as they are
            if type(error) is type(theirs):
                return None
            raise
        return ours, theirs

    def check(pair: Any) -> str:
        if pair is None or isinstance(pair[1], Exception):
            return ""
        ours, theirs = pair
        if set(ours) != set(theirs):
            return f"keys {sorted(map(str, ours))}"
        if "importances" not in ours:
            return "".join(naive.differs(ours[k].importances, theirs[k].importances) for k in ours)
        return naive.differs(ours.importances, theirs.importances)

    simple = {
        "n_repeats": values.COUNTS,
        "n_jobs": (0, 1.5, "2", [1], float("nan")),
        "random_state": values.SEEDS,
        "max_samples": (*values.LEVELS, *values.COUNTS),
        "scoring": tuple(tables.metrics().values()),
    }
    for name, odd in simple.items():
        for value in odd:
            if isinstance(value, np.random.RandomState) or (name == "n_repeats" and too_many(value)):
                continue
            yield Call(
                "permutation_importance",
                short(name, value),
                (name,),
                lambda n=name, v=value: both(**{n: v}),
                check,
            )
    for word, value in values.weights().items():
        yield Call(
            "permutation_importance",
            f"sample_weight: {word}",
            ("weight",),
            lambda v=value: both(sample_weight=v),
            check,
        )
    for word, value in values.targets(tables.target()).items():
        if "iterator" not in word:
            yield Call(
                "permutation_importance",
                f"y: {word}",
                ("y ", "y,", "target"),
                lambda v=value: both(y=v),
                check,
            )
    for word, (value, _) in tables.tables().items():
        words = ("X ", "X,", "table", "olumn", "rows", "frame", "matrix", "values")
        if word != "a generator":
            yield Call("permutation_importance", f"X: {word}", words, lambda v=value: both(X=v), check)
    for word, value in tables.models().items():
        if "list" not in word:
            yield Call(
                "permutation_importance",
                f"estimator: {word}",
                ("estimator", "odel"),
                lambda v=value: both(estimator=v),
                check,
            )
