"""What the API's answers must look like: the fields weighin reads, their types, what does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, NoReturn, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
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


class _Lines(_Record):
    id: Integer
    lines: list[Any]


Row = TypeVar("Row", Game, GameLines)


class Checked(list[Row]):
    """The records of an answer that fit, and what was wrong with those that were left out.

    `listed` counts all records in the answer.
    """

    def __init__(self, where: str, rows: Iterable[Any], odd: Sequence[str], listed: int) -> None:
        super().__init__(rows)
        self.where, self.odd, self.listed = where, odd, listed

    @property
    def told(self) -> str:
        """What was left out, in a sentence."""
        more = f" {len(self.odd) - 1:,} more are malformed." if len(self.odd) > 1 else ""
        return f"{len(self.odd):,} odd record{'s' * (len(self.odd) > 1)} of {self.where} left out: {self.odd[0]}.{more}"


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
    """Read JSON, strictly: NaN and Infinity are no JSON."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos:,}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def games_in(rows: Any, year: int) -> Checked[Game]:
    """Check the answer of ``/games``; records that do not fit are left out, each with its reason."""
    where, odd = f"/games for {year}", list[str]()
    games = [_fitting(Game, row, entry, odd) for entry, row in enumerate(_listed(rows, where))]
    _check_most(where, odd, len(games))
    return Checked(where, [game for game in games if game is not None], odd, len(games))


def lines_in(rows: Any, year: int) -> Checked[GameLines]:
    """Check the answer of ``/lines``: a line that does not fit is left out alone; raises as `games_in` does."""
    where, odd, odd_lines, n_lines = f"/lines for {year}", list[str](), list[str](), 0
    games = []
    for entry, row in enumerate(_listed(rows, where)):
        outer = _fitting(_Lines, row, entry, odd)
        if outer is None:
            continue
        n_lines += len(outer.lines)
        lines = [
            _fitting(Line, line, entry, odd_lines, row, ("lines", place))
            for place, line in enumerate(outer.lines)
        ]
        games.append(GameLines(id=outer.id, lines=[line for line in lines if line is not None]))
    _check_most(where, odd, len(rows))
    _check_most(where, odd_lines, n_lines)
    return Checked(where, games, [*odd, *odd_lines], len(rows))


def _listed(rows: Any, where: str) -> list[Any]:
    if not isinstance(rows, list):
        raise FetchError(
            f"The answer of {where} is not what the API promises: it is {_json_type(rows)}{_shown(rows)}, expected "
            "a list."
        )
    return rows


def _check_most(where: str, odd: Sequence[str], listed: int) -> None:
    """Refuse an answer of which most does not fit: the API has changed."""
    if 2 * len(odd) > listed:
        more = f" {len(odd) - 1:,} more do not fit." if len(odd) > 1 else ""
        raise FetchError(f"The answer of {where} is not what the API promises: {odd[0]}.{more}")


Record = TypeVar("Record", bound=_Record)


def _fitting(
    kind: type[Record], row: Any, entry: int, odd: list[str], of: Any = None, place: tuple[Any, ...] = ()
) -> Record | None:
    """Read a record, or note what does not fit and give None; `place` is where it stands in record `of`."""
    try:
        return kind.model_validate(row)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
    odd.append(_misfit(row if of is None else of, entry, (*place, *problem["loc"]), problem))
    return None


def _misfit(row: Any, entry: int, place: tuple[Any, ...], problem: ErrorDetails) -> str:
    game_id = row.get("id") if isinstance(row, dict) else None
    name = f"game {game_id}" if isinstance(game_id, int) else "a game without a usable id"
    field = ".".join(map(str, place))
    where = f"{name} (entry {entry})" + (f": field {field!r} " if field else " ")
    if problem["type"] == "missing":
        return where + "is missing"
    got, expected = (
        problem["input"],
        _EXPECTED.get(problem["type"]) or problem["msg"].replace("Input should be", "a value"),
    )
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
    raise ValueError(f"{constant} is not a JSON number")
