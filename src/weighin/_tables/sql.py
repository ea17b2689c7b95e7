"""One SQL expression over a table's columns: conditions and new columns, in an engine that reaches nothing else.

The text is parsed by DuckDB, looked at node by node, and written anew by DuckDB from what was looked at: only known
kinds of nodes and functions pass, so that no statement, no subquery, no file and no other table can be named. What runs
is bounded in memory and time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from threading import Timer
from typing import TYPE_CHECKING, Any

import narwhals.stable.v2 as nw

from weighin._base.errors import InputError, listing, nearest
from weighin._base.optional import require
from weighin._tables.columns import is_missing
from weighin._tables.frames import column_at, columns_of

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 10_000
SECONDS = 60.0
_SETTINGS = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "memory_limit": "1GB",
    "max_temp_directory_size": "0KB",
    "threads": 1,
}
_CLASSES = frozenset(
    "BETWEEN CASE CAST COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION OPERATOR TYPE".split()
)
_OPERATORS = frozenset("+ - * / // % ** ^ || ~~ !~~ ~~* !~~* ~ !~".split())
FUNCTIONS = frozenset(
    "abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log2 log10 pow power mod sin cos tan asin acos atan "
    "atan2 greatest least isnan isinf isfinite lower upper length trim ltrim rtrim substr substring left right replace "
    "contains starts_with ends_with prefix suffix concat like_escape not_like_escape ilike_escape not_ilike_escape "
    "regexp_matches regexp_full_match "
    "year month day hour minute second quarter week dayofweek isodow dayofyear date_part datepart date_diff datediff "
    "date_trunc datetrunc to_days to_weeks to_months to_years to_hours to_minutes to_seconds strptime epoch "
    "if ifnull nullif position instr strpos".split()
)
# what other languages call them
_ALIASES = {"log": "ln (natural) or log10", "log1p": "ln(1 + x)", "maximum": "greatest", "minimum": "least"}
_LANGUAGE = (
    "Write SQL: columns (in \"double quotes\" where they are no plain words), numbers, 'texts', + - * / // % **, "
    "= <> < > and or not in between like is null, case when, cast, functions such as abs, ln, sqrt, greatest, lower."
)


def columns_in(text: str) -> set[str]:
    """Names an expression reads; empty for a text that is no expression."""
    try:
        return {
            node["column_names"][-1] for node in _nodes(_parse(text, "")) if node["class"] == "COLUMN_REF"
        }
    except InputError:
        return set()


def evaluate(text: str, frame: Any, what: str, forbidden: Sequence[str] = ()) -> pa.ChunkedArray:
    """Compute an expression for each row of a frame.

    `text`: such as ``home_elo - away_elo`` or ``year = 2021 and week < 10``. `frame`: with the columns it names.
    `what`: what to call it in messages: "--where". `forbidden`: columns it must not read: the target. Returns shape
    (n_rows,). Raises InputError on what is no single expression, what it must not do or read, and what cannot be
    computed.
    """
    pa, duckdb = (require(name, "files", "compute expressions") for name in ("pyarrow", "duckdb"))
    tree = _parse(text, what)
    names = list(columns_of(frame))
    used: dict[str, str] = {}
    for node in _nodes(tree):
        _check(node, text, what)
        if node["class"] == "COLUMN_REF":
            name = _column(".".join(node["column_names"]), names, text, what, forbidden)
            node["column_names"] = [used.setdefault(name, f"c{len(used)}")]
    columns = {alias: _arrow(pa, column_at(frame, name)) for name, alias in used.items()}
    rows = pa.table({**columns, "row": pa.array(range(len(frame)))})

    def compute(connection: Any) -> Any:
        ((sql,),) = connection.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]).fetchall()
        connection.register("given", rows)
        # one thread keeps the order of the rows
        return connection.sql(f"SELECT ({sql.removeprefix('SELECT ')}) AS value FROM given").to_arrow_table()

    try:
        return _run(duckdb, compute, what)["value"]
    except duckdb.Error as error:
        back = str(error).splitlines()[0]
        for name, alias in used.items():
            back = back.replace(f'"{alias}"', repr(name))
        raise InputError(f"{what}: {text!r:.200} cannot be computed: {back}") from None


def _run(duckdb: Any, compute: Callable[[Any], Any], what: str) -> Any:
    """Run something in an engine of its own, which is closed to the outside, and stopped when it takes too long."""
    connection = duckdb.connect(":memory:", config=_SETTINGS)
    connection.execute("SET lock_configuration = true")
    timer = Timer(SECONDS, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        return compute(connection)
    except duckdb.InterruptException:
        raise InputError(f"{what}: takes longer than {SECONDS:g} seconds.") from None
    finally:
        timer.cancel()
        connection.close()


def _parse(text: str, what: str) -> dict[str, Any]:
    """Parse a text that is one expression, and nothing besides."""
    duckdb = require("duckdb", "files", "compute expressions")
    if len(text) > LONGEST:
        raise InputError(f"{what}: the expression is longer than {LONGEST:,} letters: {text[:60]!r} ...")

    def parse(connection: Any) -> list[Any]:
        queries = [f"SELECT {text}", "SELECT 1"]
        return [
            json.loads(connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0])
            for sql in queries
        ]

    try:
        parsed, plain = _run(duckdb, parse, what)
        problem = parsed.get("error_message", "") if parsed["error"] else ""
    except (duckdb.Error, RecursionError, UnicodeError) as error:
        problem = str(error) or type(error).__name__
    if problem or len(parsed["statements"]) != 1:
        reason = problem.splitlines()[0] if problem else "several statements"
        raise InputError(f"{what}: {text!r:.200} is no expression ({reason}). {_LANGUAGE}")
    chosen = parsed["statements"][0]["node"].get("select_list", ())
    if _skeleton(parsed) != _skeleton(plain) or len(chosen) != 1 or chosen[0].get("alias"):
        hint = " Join conditions with and." if len(chosen) > 1 else ""
        raise InputError(f"{what}: {text!r:.200} is not one expression.{hint} {_LANGUAGE}")
    return dict(parsed)


def _skeleton(tree: Any) -> Any:
    """A statement without what it selects, and without places in the text."""
    if isinstance(tree, dict):
        left_out = ("select_list", "query_location", "query_location_length")
        return {key: _skeleton(value) for key, value in tree.items() if key not in left_out}
    return [_skeleton(value) for value in tree] if isinstance(tree, list) else tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """All expressions in what a statement selects."""
    pending = list(tree["statements"][0]["node"]["select_list"])
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending.extend(part)
        elif isinstance(part, dict):
            if "class" in part:
                yield part
            pending.extend(part.values())


def _check(node: dict[str, Any], text: str, what: str) -> None:
    """Raise unless a node does nothing but compute from the row."""
    kind, name = node["class"], str(node.get("function_name", ""))
    if kind == "FUNCTION" and name not in FUNCTIONS | _OPERATORS:
        write = f" Write {_ALIASES[name]}." if name in _ALIASES else nearest(name, FUNCTIONS)
        raise InputError(f"{what}: {text!r:.200} calls {name!r}, which is not allowed.{write} {_LANGUAGE}")
    aggregates = kind == "FUNCTION" and bool(node.get("filter") or node.get("distinct") or node.get("schema"))
    if kind not in _CLASSES or aggregates:
        raise InputError(f"{what}: {text!r:.200} holds a {kind.lower()}, which is not allowed. {_LANGUAGE}")


def _column(name: str, names: Sequence[str], text: str, what: str, forbidden: Sequence[str]) -> str:
    if name not in names:
        alike = [own for own in names if own.lower() == name.lower()]
        if len(alike) != 1:
            raise InputError(
                f"{what}: unknown column {name!r}.{nearest(name, names)} Columns: {listing(names, 40)}. "
                f"A text stands in single quotes: '{name}'."
            )
        name = alike[0]
    if name in forbidden:
        raise InputError(
            f"{what}: {text!r:.200} reads the target {name!r}: the model would be told the answer."
        )
    return name


def _arrow(pa: Any, column: nw.Series[Any]) -> Any:
    """A column as DuckDB reads it: missing values of every kind null, numbers of 64 bits, odd things as text."""
    if isinstance(column.dtype, nw.Datetime) and column.dtype.time_zone is not None:
        # as its owner reads it
        column = column.dt.replace_time_zone(None)
    kind = column.dtype
    if isinstance(kind, nw.Categorical | nw.Enum) or kind == nw.Object:
        values = column.to_list()
    elif kind.is_float():
        return pa.array(column.to_numpy().astype("float64"), from_pandas=True)
    elif kind.is_integer() and not column.null_count():
        wide = "uint64" if kind == nw.UInt64 else "int64"
        return pa.array(column.to_numpy().astype(wide))
    else:
        values = column.to_list()
    values = [
        None if missing else value for value, missing in zip(values, map(is_missing, values), strict=True)
    ]
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values])
