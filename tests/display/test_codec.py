"""JSON of a dataclass: from its fields and back, checked by their types."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from weighin import InputError
from weighin._display.codec import Codec, Kind, from_json, to_json

Scalar = TypeVar("Scalar", bound=np.generic)
# what NDArray is from NumPy 2.5 and Python 3.12 on
Aliased = TypeAliasType("Aliased", np.ndarray[Any, np.dtype[Scalar]], type_params=(Scalar,))


@dataclasses.dataclass(frozen=True)
class Link:
    """Something with a form of its own."""

    power: float


@dataclasses.dataclass(frozen=True)
class Inner:
    """A dataclass within another."""

    name: str
    sizes: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Toy:
    """A field of every type that fields have."""

    name: str
    size: int
    share: float
    sure: bool
    kind: Literal["a", "b"]
    values: NDArray[np.float64]
    flags: NDArray[np.bool_]
    texts: tuple[str, ...]
    pair: tuple[int, str]
    words: Mapping[str, float]
    inner: tuple[Inner, ...]
    link: Link
    maybe: int | None = None
    either: float | str = 0.0
    anything: Any = None
    cache: int = 0
    aliased: Aliased[np.float64] = dataclasses.field(default_factory=lambda: np.array([0.5, math.inf]))


KINDS = {
    Link: Kind(
        lambda link: f"power {link.power}", lambda text: Link(float(text.split()[1])), {"type": "string"}
    )
}
CODEC = Codec(Toy, "toy", 3, KINDS, frozenset({"cache"}))


def toy(**changes: Any) -> Toy:
    fields: dict[str, Any] = {
        "name": "[bold]\n\u202e", "size": 3, "share": math.nan, "sure": True, "kind": "b",
        "values": np.array([[1.0, math.nan], [math.inf, -math.inf]]), "flags": np.array([True, False]),
        "texts": ("x", ""), "pair": (1, "y"), "words": {"a": -0.0}, "inner": (Inner("i", (1, 2)), Inner("j")),
        "link": Link(0.5), "maybe": None, "either": "text", "anything": [1, {"a": None}], "cache": 9,
    }  # fmt: skip
    return Toy(**{**fields, **changes})


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_every_type_of_field_comes_back(tmp_path: Path) -> None:
    again, more = CODEC.read(written(tmp_path / "toy.json", CODEC.text(toy(), extra=[1])))
    for entry in dataclasses.fields(Toy):
        mine, theirs = getattr(toy(), entry.name), getattr(again, entry.name)
        if isinstance(mine, np.ndarray):
            assert theirs.dtype == mine.dtype
            np.testing.assert_array_equal(theirs, mine)
        elif entry.name == "cache":
            assert theirs == 0, "left out of the file"
        elif entry.name == "share":
            assert math.isnan(theirs)
        else:
            assert (theirs, type(theirs)) == (mine, type(mine))
    assert math.copysign(1, again.words["a"]) == -1
    assert more["extra"] == [1]


def test_the_file_is_strict_json_that_any_program_reads(tmp_path: Path) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    content = json.loads(CODEC.text(toy()), parse_constant=refuse)
    assert (content["format"], content["version"]) == ("toy", 3)
    assert content["values"] == [[1.0, None], ["inf", "-inf"]]
    assert "cache" not in content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 3), ("size", 1.5), ("size", True), ("size", None), ("share", "high"), ("share", True), ("sure", 1),
        ("kind", "c"), ("values", "text"), ("values", [[1.0], ["x"]]), ("values", [[1.0], [1.0, 2.0]]),
        ("flags", [1, 0]), ("texts", "abc"), ("texts", [1]), ("pair", [1]), ("pair", [1, 2]), ("words", [1]),
        ("words", {"a": "b"}), ("inner", [{"name": 5}]), ("inner", [3]), ("inner", {}), ("link", 5), ("link", "p"),
        ("maybe", "x"), ("either", []), ("name", ...),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_named_as_damage(tmp_path: Path, name: str, value: Any) -> None:
    content = json.loads(CODEC.text(toy()))
    if value is ...:
        del content[name]
    else:
        content[name] = value
    with pytest.raises(InputError, match=rf"toy\.json' is damaged: .*{name}"):
        CODEC.read(written(tmp_path / "toy.json", json.dumps(content)))


@pytest.mark.parametrize(
    ("version", "hint"),
    [(4, "a newer weighin may read it"), (2, "weigh again"), (True, "weigh again"), ("3", "weigh again")],
)
def test_another_version_is_refused_by_its_number(tmp_path: Path, version: Any, hint: str) -> None:
    content = {**json.loads(CODEC.text(toy())), "version": version}
    with pytest.raises(
        InputError, match=rf"has version {version!r} of the format 'toy'.* reads version 3: {hint}"
    ):
        CODEC.read(written(tmp_path / "toy.json", json.dumps(content)))


def test_another_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its format is 'other', not 'toy'"):
        CODEC.read(written(tmp_path / "toy.json", '{"format": "other", "version": 3}'))


@given(value=st.floats())
def test_numbers_come_back_bit_for_bit(value: float) -> None:
    again = from_json(json.loads(json.dumps(to_json(value), allow_nan=False)))
    assert again == value or (math.isnan(again) and math.isnan(value))
    if not math.isnan(value):
        assert math.copysign(1, again) == math.copysign(1, value)
