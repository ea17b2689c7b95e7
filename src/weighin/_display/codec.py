"""Results as versioned JSON, nothing that runs: from the fields of a dataclass and back, checked by their types."""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

import numpy as np

from weighin._base.errors import InputError
from weighin._base.files import read_text


@dataclasses.dataclass(frozen=True)
class Kind:
    """How values of a class that is no dataclass of plain fields are written.

    `write`: from a value to plain lists, dicts, numbers and texts.
    `read`: from these to a value; raises ValueError, TypeError or LookupError on what is damaged.
    `schema`: JSON schema of these.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Codec:
    """The JSON form of one class of results.

    `cls`: A dataclass.
    `name`, `version`: of the form; a file of another version is refused.
    `kinds`: types of fields that need a form of their own.
    `left_out`: fields that the file does without.
    """

    cls: type
    name: str
    version: int
    kinds: Mapping[Any, Kind] = dataclasses.field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def text(self, result: Any, **more: Any) -> str:
        """Write a result."""
        content = {"format": self.name, "version": self.version, **self._values(result), **more}
        return json.dumps(content, indent=1, allow_nan=False)

    def read(self, path: Path) -> tuple[Any, dict[str, Any]]:
        """Read what `text` wrote.

        Returns `result`; `more`: what the file holds besides its fields. Raises InputError if the file is not there, is
        no such result, is damaged, or has another version.
        """
        return self._read(read_json(path), f"'{path}'")

    def of_text(self, text: str) -> Any:
        """Read the text that `text` gave.

        Raises InputError if it is no such result, is damaged, or has another version.
        """
        try:
            content = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"The text is not JSON: {error}.") from error
        return self._read(content, "The text")[0]

    def _read(self, content: Any, what: str) -> tuple[Any, dict[str, Any]]:
        if not isinstance(content, dict) or content.get("format") != self.name:
            form = content.get("format") if isinstance(content, dict) else None
            raise InputError(
                f"{what} is not a result of weighin: its format is {form!r:.60}, not {self.name!r}."
            )
        version = content.get("version")
        if version != self.version or version is True:
            hint = (
                "a newer weighin may read it"
                if isinstance(version, int) and version > self.version
                else "weigh again, or read it with the weighin that wrote it"
            )
            raise InputError(
                f"{what} has version {version!r:.40} of the format {self.name!r}; this weighin reads version "
                f"{self.version}: {hint}."
            )
        try:
            result = self._of(content)
        except InputError as error:
            raise InputError(f"{what} is damaged: {error}") from error
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise InputError(f"{what} is damaged: {type(error).__name__}: {error}") from error
        names = {entry.name for entry in dataclasses.fields(self.cls)}
        return result, {name: value for name, value in content.items() if name not in names}

    def _inside(self, cls: Any) -> Codec:
        return dataclasses.replace(self, cls=cls, left_out=frozenset())

    def _values(self, result: Any) -> dict[str, Any]:
        hints = get_type_hints(self.cls)
        return {
            entry.name: self._plain(hints[entry.name], getattr(result, entry.name))
            for entry in dataclasses.fields(self.cls)
            if entry.name not in self.left_out
        }

    def _plain(self, hint: Any, value: Any) -> Any:
        if value is None:
            return None
        hint = without_alias(hint)
        if hint in self.kinds:
            return self.kinds[hint].write(value)
        if get_origin(hint) in (Union, types.UnionType):
            (hint,) = [part for part in get_args(hint) if part is not type(None)][:1]
            return self._plain(hint, value)
        if hint in (self.cls, Self):
            return self._values(value)
        if dataclasses.is_dataclass(hint):
            return self._inside(hint)._values(value)
        if get_origin(hint) is tuple and not isinstance(value, np.ndarray):
            inner = get_args(hint)
            parts = [inner[0]] * len(value) if inner[-1] is ... else inner
            return [self._plain(part, item) for part, item in zip(parts, value, strict=True)]
        if isinstance(value, Mapping):
            inner = get_args(hint)
            return {str(key): self._plain(inner[1], item) for key, item in value.items()}
        return to_json(value)

    def _of(self, content: Any) -> Any:
        if not isinstance(content, Mapping):
            raise ValueError(f"{content!r:.80} is no object")
        hints = get_type_hints(self.cls)
        values = {}
        for entry in dataclasses.fields(self.cls):
            if entry.name in content and entry.name not in self.left_out:
                try:
                    values[entry.name] = self._value(hints[entry.name], content[entry.name])
                except (AttributeError, LookupError, TypeError, ValueError) as error:
                    raise InputError(
                        f"{entry.name} cannot be {content[entry.name]!r:.80} ({error})."
                    ) from error
        return self.cls(**values)

    def _value(self, hint: Any, value: Any) -> Any:
        hint = without_alias(hint)
        origin, inner = get_origin(hint), get_args(hint)
        if hint in self.kinds:
            return self.kinds[hint].read(value)
        if hint is Any:
            return value
        if origin in (Union, types.UnionType):
            if value is None and type(None) in inner:
                return None
            return self._first_that_fits([part for part in inner if part is not type(None)], value)
        if hint in (self.cls, Self):
            return self._of(value)
        if dataclasses.is_dataclass(hint):
            return self._inside(hint)._of(value)
        if hint is float:
            return from_json(value)
        if hint in (int, bool, str):
            if type(value) is not hint:
                raise ValueError(f"no {hint.__name__}")
            if hint is int and abs(value) >= 2**63:
                raise ValueError("too large")
            return value
        if origin is Literal:
            if value not in inner:
                raise ValueError(f"not among {', '.join(map(repr, inner))}")
            return value
        if origin is tuple:
            return self._tuple(inner, value)
        if origin is np.ndarray:
            return _array(hint, value)
        if origin is not None and issubclass(origin, Mapping):
            if not isinstance(value, dict):
                raise ValueError("no object")
            return {key: self._value(inner[1], item) for key, item in value.items()}
        raise TypeError(f"fields of type {hint} have no JSON form")

    def _first_that_fits(self, hints: list[Any], value: Any) -> Any:
        for hint in hints:
            try:
                return self._value(hint, value)
            except (TypeError, ValueError):
                continue
        raise ValueError("of none of the types it may have")

    def _tuple(self, inner: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("no list")
        parts = [inner[0]] * len(value) if inner[-1:] == (...,) else list(inner)
        if len(parts) != len(value):
            raise ValueError(f"{len(value)} items for {len(parts)}")
        return tuple(self._value(part, item) for part, item in zip(parts, value, strict=True))


def without_alias(hint: Any) -> Any:
    """What a type stands for, where it is an alias with parameters: NumPy's NDArray is one from Python 3.12 on."""
    stands_for = getattr(get_origin(hint), "__value__", None)
    return hint if stands_for is None else stands_for[get_args(hint)]


def read_json(path: Path) -> Any:
    """Read a file of JSON.

    Raises InputError if it is not there, or is something else.
    """
    try:
        return json.loads(read_text(path))
    except OSError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"'{path}' is not JSON: {error}.") from error


def to_json(value: Any) -> Any:
    """Give plain values; JSON has no NaN and no infinity: null and text stand for them."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def from_json(value: Any) -> float:
    """Read a number that `to_json` wrote.

    Raises ValueError if it is none.
    """
    if value is None:
        return math.nan
    if isinstance(value, bool) or (isinstance(value, str) and value not in ("inf", "-inf")):
        raise ValueError(f"{value!r:.40} is not a number")
    return float(value)


def _array(hint: Any, value: Any) -> np.ndarray[Any, Any]:
    """An array of numbers, or of what else its type says."""
    if not isinstance(value, list):
        raise ValueError("no list")
    (kind,) = get_args(get_args(hint)[1])
    if kind is np.bool_:
        if not all(type(item) is bool for item in value):
            raise ValueError("not all true or false")
        return np.array(value, dtype=bool)

    def numbers(item: Any) -> Any:
        return [numbers(part) for part in item] if isinstance(item, list) else from_json(item)

    return np.array(numbers(value), dtype=float).astype(kind if kind is not Any else float)
