"""Numbers of a page as its readers see them: one record per feature, for chart, table and script alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from weighin._base.text import formatter, percent
from weighin._display.page.names import short, visible

Record = dict[str, Any]
NONE = "–"  # noqa: RUF001 - a dash is what it is
UNCLEAR = "cannot be told apart from zero"


def records(weights: Mapping[str, Any], pushes: Mapping[str, tuple[str, str]]) -> list[Record]:
    """Write one metric's features, in the order given.

    Parameters
    ----------
    weights : mapping
        One of the dict's `weights`.
    pushes : mapping of feature to (arrow, word)
        Which way a feature moves the prediction, where that is known.
    """
    features = weights["features"]
    number = formatter(np.array([_or_nan(feature["importance"]) for feature in features]))
    return [_record(feature, number, pushes) for feature in features]


def _record(feature: Mapping[str, Any], number: Any, pushes: Mapping[str, tuple[str, str]]) -> Record:
    value, low, high = (finite(feature[key]) for key in ("importance", "ci_lower", "ci_upper"))
    parts = [finite(feature.get(key)) for key in ("relative", "relative_lower", "relative_upper")]
    few = bool(feature.get("few_rows"))
    name = visible(feature["feature"])
    arrow, word = pushes.get(feature["feature"], ("", ""))
    return {
        "name": name,
        "short": short(name),
        "raw": str(feature["feature"]),
        "members": [visible(member) for member in feature.get("members", ())],
        "arrow": arrow,
        "direction": word,
        "rank": feature["rank"],
        "value": value,
        "low": low,
        "high": high,
        "label": _label(_or_nan(feature["importance"]), number),
        "interval": between(number, low, high),
        "exact": _label(_or_nan(feature["importance"]), "{:+.5g}".format),
        "part": parts[0],
        "part_low": parts[1],
        "part_high": parts[2],
        "part_label": NONE if parts[0] is None else percent(parts[0]),
        "part_interval": between(percent, parts[1], parts[2]),
        "p": finite(feature.get("pvalue")),
        "p_holm": finite(feature.get("pvalue_holm")),
        "p_label": probability(finite(feature.get("pvalue_holm"))),
        "sure": value is not None and not (few or _holds_zero(low, high)),
        "verdict": _verdict(
            _or_nan(feature["importance"]), low, high, few=few, ignored=bool(feature.get("ignored"))
        ),
    }


def _holds_zero(low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and low <= 0 <= high


def _label(value: float, number: Callable[[float], str]) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return NONE if math.isnan(value) else number(value)


def _verdict(value: float, low: float | None, high: float | None, *, few: bool, ignored: bool) -> str:
    if math.isnan(value):
        return "no number: the metric is not defined here"
    if math.isinf(value):
        return "no limit: the metric is infinite once it is shuffled"
    if ignored:
        return "exactly zero: the model cannot see it"
    if few:
        return "fewer than 20 rows count here: no interval holds"
    if low is None or high is None:
        return ""
    if low <= 0 <= high:
        return UNCLEAR
    return "shuffling it made the model better on these rows" if value < 0 else ""


def drawn(row: Record, i: int, *, relative: bool = False) -> Record:
    """Give what the chart needs of a record, as the script in the page does."""
    part = "part_" if relative else ""
    return {
        "i": i,
        "name": row["short"],
        "arrow": row["arrow"],
        "label": row[f"{part}label"],
        "value": row["part"] if relative else row["value"],
        "low": row[f"{part}low"],
        "high": row[f"{part}high"],
        "sure": row["sure"],
    }


def table(rows: Sequence[Record]) -> dict[str, Any]:
    """Write records as lists with their keys once: two fifths of the room."""
    columns = list(rows[0]) if rows else []
    return {"columns": columns, "rows": [[row[column] for column in columns] for row in rows]}


def finite(value: Any) -> float | None:
    """Give a number JSON can hold, to nine digits; None for NaN, infinity and None."""
    number = _or_nan(value)
    return float(f"{number:.9g}") if math.isfinite(number) else None


def _or_nan(value: Any) -> float:
    return math.nan if value is None else float(value)


def between(number: Any, low: float | None, high: float | None) -> str:
    """Write an interval."""
    return NONE if low is None or high is None else f"{number(low)} to {number(high)}"


def coarse(values: Sequence[float | None]) -> Callable[[float], str]:
    """Give a function that writes signed numbers alike, three digits for the largest: for many cells side by side."""
    top = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
    exponent = math.floor(math.log10(top))
    if not -4 <= exponent <= 6:
        return lambda value: f"{value:+z.1e}"
    return lambda value: f"{value:+z,.{max(0, 2 - exponent)}f}"


def probability(value: float | None) -> str:
    """Write a p-value as papers do."""
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def shades(rows: Sequence[Sequence[float | None]]) -> list[list[int]]:
    """Give each cell of a heatmap its shade, -100 to 100, by the strongest of all."""
    top = max((abs(value) for row in rows for value in row if value is not None), default=0.0) or 1.0
    return [[0 if value is None else round(100 * value / top) for value in row] for row in rows]
