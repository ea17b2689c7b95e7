"""Calls of what results can do, and of reading files of results that are damaged."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from odd import refits, tables, values
from odd.call import Call
from odd.verbs import short, show

DAMAGE = (
    None,
    [],
    {},
    "",
    "x",
    "\x1b[31m",
    -1,
    0,
    1e300,
    2**70,
    True,
    [None],
    [[]],
    [[[1.0]]],
    {"a": None},
    ["x", 1],
    "inf",
    [1e308] * 3,
)


@cache
def results() -> dict[str, Any]:
    """One of each kind, and some with more in them."""
    import weighin

    asked = {"n_repeats": 3, "random_state": 0, "progress": False, "keep_rows": True}
    plain, other = (
        weighin.weigh(tables.linear, tables.frame(), tables.target() + shift, metric="mse", **asked)
        for shift in (0, 0.5)
    )
    grouped = weighin.weigh(
        tables.linear,
        tables.frame(),
        tables.target(),
        metric=["mse", "mae"],
        by=np.arange(48) % 2,
        groups={"g": ["x0", "x1"]},
        n_repeats=2,
        random_state=0,
        progress=False,
    )
    effects = weighin.effects(tables.linear, tables.frame(), random_state=0, progress=False)
    associations = weighin.associations(tables.frame(), random_state=0)
    return {
        "Importance": plain,
        "Importance of much": grouped.with_effects(effects).with_associations(associations),
        "Effects": effects,
        "Associations": associations,
        "Comparison": weighin.compare(plain, other),
        "Ablation": refits.ablate(),
        "Refits": refits.weigh_refits(),
    }


def calls(rng: np.random.Generator) -> Iterator[Call]:
    """Calls of methods, then files damaged in one place each."""
    odd_limits = (*values.COUNTS, 10**6)
    for name, result in results().items():
        for level in values.LEVELS:
            for method in ("to_frame", "summary", "tell"):
                yield Call(
                    f"{name}.{method}",
                    short("level", level),
                    ("confidence_level",),
                    partial(getattr(result, method), level),
                )
        for limit in odd_limits:
            yield Call(
                f"{name}.summary", short("limit", limit), ("limit",), partial(result.summary, limit=limit)
            )
            if name != "Effects":
                yield Call(
                    f"{name}.plot", short("limit", limit), ("limit",), partial(_plot, result, limit=limit)
                )
        for backend in ("panda", "", 3, "numpy", [], b"pandas", True, "pandas", "polars", "pyarrow"):
            yield Call(
                f"{name}.to_frame",
                short("backend", backend),
                ("backend",),
                partial(result.to_frame, backend=backend),
            )
        for title in (3, None, "", "\x1b[31m", "</title>", "t" * 9999, b"x", [], "$x$"):
            yield Call(
                f"{name}.to_html", short("title", title), ("title",), partial(result.to_html, title=title)
            )
            if name == "Effects":
                continue
            yield Call(f"{name}.plot", short("title", title), ("title",), partial(_plot, result, title=title))
        for ax in (3, "ax", [], object()):
            yield Call(f"{name}.plot", short("ax", ax), ("ax", "Axes"), partial(result.plot, ax=ax))
        for path in values.PATHS:
            words = ("path", "output", "file", "folder", "name too long", repr(path))
            yield Call(f"{name}.save", short("path", path), words, partial(_in_folder, result.save, path))
            yield Call(
                f"{name}.to_html", short("path", path), words, partial(_in_folder, result.to_html, path)
            )
            yield Call(
                f"{name}.load",
                short("path", path),
                (*words, "No such"),
                partial(_in_folder, type(result).load, path),
            )
    importance, effects, associations = (
        results()[name] for name in ("Importance", "Effects", "Associations")
    )
    strange = (None, 3, "x", [], {}, object(), tables.frame(), importance, effects, associations)
    for value in strange:
        word = type(value).__name__
        yield Call("Importance.with_effects", word, ("ffects",), partial(importance.with_effects, value))
        yield Call(
            "Importance.with_associations",
            word,
            ("ssociations",),
            partial(importance.with_associations, value),
        )
        yield Call(
            "Importance.merge", word, ("merge", "mportance", "result"), partial(importance.merge, value)
        )
        yield Call(
            "compare",
            f"b: {word}",
            ("mportance", "esult", "feature", "metric"),
            partial(_compare, importance, value),
        )
    for value in ("nope", "X0", 3, None, "", [], 99, -1, ("x0",), slice(None), float("nan"), b"x0", True):
        for name in ("Importance", "Effects", "Associations", "Comparison", "Ablation", "Refits"):
            result = results()[name]
            if hasattr(result, "__getitem__"):
                yield Call(
                    f"{name}[]",
                    repr(value),
                    ("feature", "metric", repr(value), "variant"),
                    partial(result.__getitem__, value),
                )
            for method in ("sentence", "of", "at", "claims"):
                if hasattr(result, method):
                    call = partial(getattr(result, method), value)
                    yield Call(
                        f"{name}.{method}",
                        repr(value),
                        ("feature", "metric", repr(value), "variant", "segment"),
                        call,
                    )
        yield Call(
            "Importance.difference",
            repr(value),
            ("feature", repr(value)),
            partial(importance.difference, "x0", value),
        )
        yield Call(
            "Importance.plot",
            short("kind", value),
            ("kind", repr(value)),
            partial(_plot, importance, kind=value),
        )
        yield Call(
            "Importance.plot", short("style", value), ("style",), partial(_plot, importance, style=value)
        )
        yield Call(
            "Effects.plot", short("features", value), ("feature",), partial(_plot, effects, features=value)
        )
        yield Call(
            "compare",
            short("metric", value),
            ("metric",),
            partial(_compare, importance, importance, metric=value),
        )
        yield Call(
            "compare",
            short("labels", value),
            ("labels",),
            partial(_compare, importance, importance, labels=value),
        )
    for labels in (
        ("a",),
        ("a", "a"),
        ("", "b"),
        ("\x1b", "\n"),
        (1, 2),
        ("a", "b", "c"),
        ["a" * 9999, "b"],
        ("a", None),
    ):
        yield Call(
            "compare",
            short("labels", labels),
            ("label",),
            partial(_compare, importance, importance, labels=labels),
        )
    for _ in range(60):
        for name in results():
            yield _damaged(name, rng)


def _plot(result: Any, **odd: Any) -> Any:
    return result.plot(**odd) if "features" in odd else result.plot(ax=_figure().add_subplot(), **odd)


def _compare(a: Any, b: Any, **odd: Any) -> Any:
    import weighin

    found = weighin.compare(a, b, **odd)
    show(found)
    return found


def _in_folder(method: Any, path: Any) -> Any:
    """Call it with a path in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        return method(str(Path(folder) / path) if isinstance(path, str) and path and path != "." else path)


def _damaged(name: str, rng: np.random.Generator) -> Call:
    """A call that reads a file in which one value is another, or is not there."""
    content = copy.deepcopy(json.loads(results()[name].to_json()))
    key, place = _somewhere(content, rng)
    damage = int(rng.integers(len(DAMAGE) + 3))
    if damage < len(DAMAGE):
        place[key] = copy.deepcopy(DAMAGE[damage])
        text = json.dumps(content)
        what = f"{_path} = {DAMAGE[damage]!r:.30}"
    elif damage == len(DAMAGE):
        del place[key]
        text, what = json.dumps(content), f"no {_path}"
    elif damage == len(DAMAGE) + 1:
        text = json.dumps(content)[: -int(rng.integers(1, 99))]
        what = "cut"
    else:
        marker = "d33p"
        place[key] = marker
        deep = int(10 ** rng.uniform(2, 5))
        text, what = (
            json.dumps(content).replace(f'"{marker}"', "[" * deep + "]" * deep),
            f"{_path} {deep} deep",
        )
    words = (
        ("not JSON", "version", "format")
        if what == "cut"
        else (_path.split(".")[0], "not JSON", "version", "format")
    )
    return Call(f"{name}.load", what, words, partial(_load, type(results()[name]), text))


_path = ""


def _somewhere(content: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """A place in nested lists and objects, the first ones most often."""
    global _path
    _path = ""
    while True:
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        key = keys[rng.integers(len(keys))]
        _path += f".{key}" if _path else str(key)
        inner = content[key]
        if not isinstance(inner, dict | list) or not inner or rng.random() < 0.35:
            return key, content
        content = inner


def _load(cls: type, text: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        path.write_text(text)
        result = cls.load(path)  # type: ignore[attr-defined]
    with np.errstate(all="ignore"):
        show(result)
        result.to_html()
        result.draw_on(_figure())
    return result


def _figure() -> Any:
    from matplotlib.figure import Figure

    return Figure(layout="constrained")
