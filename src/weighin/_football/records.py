"""What the API's answers must look like: the fields weighin reads, their types, what does not fit."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NoReturn, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from weighin._base.errors import FetchError

Endpoint = Literal["games", "lines"]
Integer = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Points = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    # strict: "7" is not 7 and 1 is not true, the API sends JSON types; fields not named here do not matter
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", alias_generator=to_camel)


class Game(_Record):
    """One game of ``/games``; what can be null there can be None here."""

    id: Integer
    season: Integer
    week: Integer
    season_type: str
    completed: bool | None = None
    neutral_site: bool
    home_team: str
    home_classification: str | None
    home_conference: str | None
    home_points: Points | None
    home_pregame_elo: Number | None
    away_team: str
    away_classification: str | None
    away_conference: str | None
    away_points: Points | None
    away_pregame_elo: Number | None


class Line(_Record):
    """One provider's line on one game; a negative spread favours the home team."""

    provider: str
    spread: Number | None


class GameLines(_Record):
    """The lines on one game, as ``/lines`` lists them; there may be none."""

    id: Integer
    lines: list[Line]


Row = TypeVar("Row", Game, GameLines)

_GAMES = TypeAdapter(list[Game])
_LINES = TypeAdapter(list[GameLines])
_NULLABLE = {
    field.alias
    for model in (Game, Line)
    for field in model.model_fields.values()
    if type(None) in get_args(field.annotation)
}
_EXPECTED = {
    "int_type": "an integer",
    "float_type": "a number",
    "string_type": "a string",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "an object",
    "dict_type": "an object",
}


def decode(body: bytes | str) -> Any:
    """Read JSON, strictly: NaN and Infinity are no JSON.

    Raises
    ------
    ValueError
        If `body` is not JSON; the message is short and holds none of `body`.
    """
    try:
        return json.loads(body, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos:,}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def games_in(rows: Any, year: int) -> list[Game]:
    """Check the answer of ``/games`` and give its games.

    Raises
    ------
    FetchError
        Naming the first game and field that do not fit, the type and value there, and what was expected.
    """
    return _checked(_GAMES, "games", rows, year)


def lines_in(rows: Any, year: int) -> list[GameLines]:
    """Check the answer of ``/lines`` and give its games' lines; raises as `games_in` does."""
    return _checked(_LINES, "lines", rows, year)


def _checked(adapter: TypeAdapter[list[Row]], endpoint: Endpoint, rows: Any, year: int) -> list[Row]:
    try:
        return adapter.validate_python(rows)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
    more = f" {len(problems) - 1:,} more do not fit." if len(problems) > 1 else ""
    raise FetchError(
        f"The answer of /{endpoint} for {year} is not what the API promises: "
        f"{_misfit(rows, problems[0])}.{more}"
    )


def _misfit(rows: Any, problem: ErrorDetails) -> str:
    place, got = problem["loc"], problem["input"]
    where = "it "
    if place:
        entry = int(place[0])
        known = rows[entry].get("id") if isinstance(rows[entry], dict) else None
        name = f"game {known}" if isinstance(known, int) else "a game without a usable id"
        field = ".".join(str(step) for step in place[1:])
        where = f"{name} (entry {entry})" + (f": field {field!r} " if field else " ")
    if problem["type"] == "missing":
        return where + "is missing"
    expected = _EXPECTED.get(problem["type"]) or problem["msg"].replace("Input should be", "a value")
    or_null = " or null" if place and place[-1] in _NULLABLE else ""
    return f"{where}is {_json_type(got)}{_shown(got)}, expected {expected}{or_null}"


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names: dict[type, str] = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)


def _shown(value: object) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    text = repr(value)
    return f" ({text[:60]}...)" if len(text) > 63 else f" ({text})"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
