"""Everything that a result gives, as numbers and as texts, by name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from golden import api
from golden.files import packed
from golden.pages import page_texts

# columns of frames that name what a row is about: they belong to the numbers
NAMING = ("feature", "other", "variant", "kind", "level", "segment", "metric", "dropped", "added")
MISSING = {"missing": True}


class Record:
    """What one run gave: ``numbers`` and ``texts`` by name."""

    def __init__(self) -> None:
        self.numbers: dict[str, Any] = {}
        self.texts: dict[str, str] = {}

    def add(self, result: Any, name: str = "") -> None:
        """Add all of a result, or of several."""
        prefix = f"{name}." if name else ""
        if isinstance(result, Mapping) and api.kind_of(result) != "Bunch":
            for key, some in result.items():
                self.add(some, f"{prefix}{key}")
        elif isinstance(result, list | tuple):
            for place, some in enumerate(result):
                self.add(some, f"{prefix}{place}")
        elif api.kind_of(result) in api.NUMBERS:
            self._result(result, prefix)
        elif api.kind_of(result) == "Bunch":
            for key in sorted(result):
                self._number(f"{prefix}{key}", lambda key=key: result[key])
        elif isinstance(result, str):
            self.texts[name or "text"] = result
        else:
            self._number(name or "value", lambda: result)

    def _result(self, result: Any, prefix: str) -> None:
        kind, result = api.kind_of(result), undated(result)
        for name in api.NUMBERS[kind]:
            self._number(prefix + name, lambda name=name: api.attribute(result, name))
        for name in api.TEXTS[kind]:
            self._text(prefix + name, lambda name=name: _lines(api.attribute(result, name)))
        if hasattr(result, "interval"):
            for level in (0.95, 0.8):
                self._number(
                    f"{prefix}interval({level})", lambda level=level: np.array(result.interval(level))
                )
        for name in api.SHOWN:
            if hasattr(result, name):
                self._table(prefix + name, getattr(result, name))
        if kind in ("Effects", "Associations"):
            self._table(f"{prefix}file", lambda: json.loads(result.to_json()))
        if kind != "PermutationImportance":
            self._text(f"{prefix}str", lambda: str(result))
        for name in api.TOLD:
            # the page of an importance is one of megabytes, for the library that draws; see `pages`
            if hasattr(result, name) and not (kind == "Importance" and name == "to_html"):
                self._text(prefix + name, lambda name=name: _lines(getattr(result, name)()))
        if kind == "Importance":
            self._importance(result, prefix)

    def _importance(self, result: Any, prefix: str) -> None:
        names = list(result.features)
        for level in (0.95, 0.8):
            self._number(
                f"{prefix}relative_interval({level})",
                lambda level=level: np.array(result.relative_interval(level)),
            )
            self._number(
                f"{prefix}difference({level})",
                lambda level=level: np.array([_difference(result, name, level) for name in names[1:]]),
            )
        kept = getattr(result, "kept", None)
        if kept is not None:
            for name, values in kept.arrays().items():
                self._number(f"{prefix}kept.{name}", lambda values=values: values)
        try:
            self.texts |= {prefix + name: text for name, text in page_texts(result).items()}
        except Exception as error:
            self.texts[f"{prefix}page"] = _failed(error)
        for part in getattr(result, "parts", ()):
            self._part(part, f"{prefix}of({part.metric}, {part.segment}).")

    def _part(self, part: Any, prefix: str) -> None:
        self._result(part, prefix)
        for name in ("page", "page rows"):  # the page of the whole holds them
            self.texts.pop(prefix + name, None)

    def _table(self, name: str, give: Callable[[], Any]) -> None:
        try:
            found = give()
        except Exception as error:
            self.numbers[name] = {"error": _failed(error)}
            return
        if isinstance(found, Mapping):
            self._nested(name, found)
            return
        self._number(f"{name} columns", lambda: list(map(str, found.columns)))
        for column in found.columns:
            values = found[column]
            if values.dtype.kind in "biuf" and not hasattr(values.dtype, "na_value"):
                self._number(f"{name}[{column}]", values.to_numpy)
            elif values.dtype.name in ("Int64", "Float64", "boolean"):
                self._number(
                    f"{name}[{column}]", lambda values=values: values.to_numpy(float, na_value=np.nan)
                )
            elif column in NAMING:
                self._number(f"{name}[{column}]", lambda values=values: [str(value) for value in values])
            else:
                self.texts[f"{name}[{column}]"] = "\n".join(map(str, values))

    def _nested(self, name: str, content: Any) -> None:
        """Flatten a dict of plain lists: lists of numbers stay whole."""
        if isinstance(content, Mapping):
            for key, some in content.items():
                self._nested(f"{name}.{key}", some)
        elif isinstance(content, str):
            self.texts[name] = content
        elif isinstance(content, list | tuple) and content and all(isinstance(some, str) for some in content):
            self.texts[name] = "\n".join(content)
        elif isinstance(content, list | tuple) and any(isinstance(some, Mapping) for some in content):
            for place, some in enumerate(content):
                self._nested(f"{name}[{place}]", some)
        else:
            self._number(name, lambda: content)

    def _number(self, name: str, give: Callable[[], Any]) -> None:
        try:
            self.numbers[name] = packed(give())
        except AttributeError:
            self.numbers[name] = MISSING
        except Exception as error:
            self.numbers[name] = {"error": type(error).__name__}
            self.texts[f"{name} (error)"] = _failed(error)

    def _text(self, name: str, give: Callable[[], str]) -> None:
        try:
            self.texts[name] = give()
        except AttributeError as error:
            self.texts[name] = f"missing: {error}"
        except Exception as error:
            self.texts[name] = _failed(error)

    def as_dict(self) -> dict[str, Any]:
        """Give both."""
        return {"numbers": self.numbers, "texts": self.texts}


def undated(result: Any) -> Any:
    """Give the same result without what changes from day to day."""
    if not dataclasses.is_dataclass(result):
        return result
    names = {entry.name for entry in dataclasses.fields(result)}
    fixed = {name: value for name, value in (("versions", {}), ("date", "")) if name in names}
    if "parts" in names:
        fixed["parts"] = tuple(map(undated, result.parts))
    return dataclasses.replace(result, **fixed) if fixed else result


def _difference(result: Any, name: str, level: float) -> tuple[float, ...]:
    """How much more the first feature weighs than another; NaN where the result does not tell."""
    try:
        more = result.difference(result.features[0], name, level)
    # as weighin's own errors of arguments are
    except ValueError:
        return (np.nan, np.nan, np.nan)
    return more if isinstance(more, tuple) else (more.difference, more.ci_lower, more.ci_upper)


def _lines(value: Any) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {some}" for key, some in value.items())
    return value if isinstance(value, str) else "\n".join(map(str, value))


def _failed(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
