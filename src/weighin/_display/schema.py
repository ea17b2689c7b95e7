"""JSON schemas of results: from the types of their fields, as the codec reads them."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
from collections.abc import Mapping
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

import numpy as np

from weighin._display.codec import Codec, without_alias

_NUMBER = {
    "description": 'A number; null stands for NaN, and "inf" and "-inf" for what JSON has no numbers for.',
    "anyOf": [{"type": ["number", "null"]}, {"enum": ["inf", "-inf"]}],
}
_NUMBERS = {
    "description": "An array of numbers, of any number of dimensions.",
    "type": "array",
    "items": {"anyOf": [{"$ref": "#/$defs/number"}, {"$ref": "#/$defs/numbers"}]},
}
_PLAIN: dict[Any, dict[str, Any]] = {
    float: {"$ref": "#/$defs/number"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    Any: {},
}


def schema(codec: Codec) -> dict[str, Any]:
    """Describe the files of one class of results, by JSON Schema 2020-12."""
    definitions: dict[str, Any] = {"number": _NUMBER, "numbers": _NUMBERS}
    _define(codec.cls, codec, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{codec.name}-{codec.version}.schema.json",
        "title": f"{codec.name}, version {codec.version}",
        "description": (inspect.getdoc(codec.cls) or "").partition("\n")[0],
        "$ref": f"#/$defs/{codec.cls.__name__}",
        "properties": {"format": {"const": codec.name}, "version": {"const": codec.version}},
        "required": ["format", "version"],
        "$defs": definitions,
    }


def _define(cls: Any, codec: Codec, definitions: dict[str, Any]) -> dict[str, Any]:
    """Describe a dataclass among the definitions, once, and give what refers to it."""
    if cls.__name__ not in definitions:
        # before its fields, which may be of its own class
        described = definitions[cls.__name__] = {"type": "object"}
        hints, words = get_type_hints(cls), _descriptions(cls)
        fields = [
            entry
            for entry in dataclasses.fields(cls)
            if cls is not codec.cls or entry.name not in codec.left_out
        ]
        described["properties"] = {
            entry.name: ({"description": words[entry.name]} if entry.name in words else {})
            | _type(hints[entry.name], cls, codec, definitions)
            for entry in fields
        }
        missing = dataclasses.MISSING
        described["required"] = [
            entry.name for entry in fields if entry.default is missing and entry.default_factory is missing
        ]
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _type(hint: Any, cls: Any, codec: Codec, definitions: dict[str, Any]) -> dict[str, Any]:
    hint = without_alias(hint)
    origin, inner = get_origin(hint), get_args(hint)
    if hint in codec.kinds:
        return dict(codec.kinds[hint].schema)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if hint is Self or dataclasses.is_dataclass(hint):
        return _define(cls if hint is Self else hint, codec, definitions)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin is np.ndarray:
        flags = get_args(inner[1])[0] is np.bool_
        return {"type": "array", "items": {"type": "boolean"}} if flags else {"$ref": "#/$defs/numbers"}
    parts = [
        {"type": "null"} if part is types.NoneType else _type(part, cls, codec, definitions)
        for part in inner
        if part is not ...
    ]
    if origin in (Union, types.UnionType):
        return {"anyOf": parts}
    if origin is tuple and inner[-1] is ...:
        return {"type": "array", "items": parts[0]}
    if origin is tuple:
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": parts[1]}
    raise TypeError(f"fields of type {hint} have no JSON form")


def _descriptions(cls: Any) -> dict[str, str]:
    """What the docstring of a class says of its fields, as numpydoc writes it."""
    text = inspect.getdoc(cls) or ""
    section = re.search(r"^Attributes\n-+\n(.*?)(?=^\S[^\n]*\n-+\n|\Z)", text, re.S | re.M)
    described = re.findall(
        r"^(\w[\w, ]*) : [^\n]*\n((?: {4}[^\n]*\n?|\n)+)", section[1] if section else "", re.M
    )
    return {name: " ".join(words.split()) for names, words in described for name in names.split(", ")}
