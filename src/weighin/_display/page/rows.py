"""Numbers of a page as its readers see them: one record per feature, for chart, table and script alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from weighin._display.numbers import percent, rounded, write
from weighin._display.page.names import short, visible

Record = dict[str, Any]
NONE = "–"
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
    return [_record(feature, pushes) for feature in weights["features"]]


def _record(feature: Mapping[str, Any], pushes: Mapping[str, tuple[str, str]]) -> Record:
    value, low, high = (finite(feature[key]) for key in ("importance", "ci_lower", "ci_upper"))
    parts = [finite(feature.get(key)) for key in ("relative", "relative_lower", "relative_upper")]
    few, claimed = bool(feature.get("few_rows")), bool(feature.get("claimed", True))
    if few:
        # no interval holds there, so none is shown
        low = high = None
        parts[1:] = [None, None]
    number = rounded(_or_nan(feature["importance"]), _or_nan(low), _or_nan(high))
    part_interval = [_or_nan(part) for part in parts]
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
        "label": number.value,
        "interval": between(number.low, number.high, low, high),
        "exact": write(_or_nan(feature["importance"])) if value is None else f"{value:.5g}",
        "part": parts[0],
        "part_low": parts[1],
        "part_high": parts[2],
        "part_label": NONE if parts[0] is None else percent(*part_interval),
        "part_interval": between(*_percents(*part_interval[1:]), parts[1], parts[2]),
        "p": finite(feature.get("pvalue")),
        "p_holm": finite(feature.get("pvalue_holm")),
        "p_label": probability(finite(feature.get("pvalue_holm"))),
        "sure": value is not None and not few and claimed,
        "verdict": _verdict(
            _or_nan(feature["importance"]),
            low,
            high,
            few=few,
            claimed=claimed,
            ignored=bool(feature.get("ignored")),
        ),
    }


def _percents(low: float, high: float) -> tuple[str, str]:
    return percent(low, low, high), percent(high, low, high)


def _verdict(
    value: float, low: float | None, high: float | None, *, few: bool, claimed: bool, ignored: bool
) -> str:
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
    if not claimed:
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


def between(written_low: str, written_high: str, low: float | None, high: float | None) -> str:
    """Write an interval, a dash without one."""
    return NONE if low is None or high is None else f"{written_low} to {written_high}"


def probability(value: float | None) -> str:
    """Write a p-value as papers do."""
    if value is None:
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def shades(rows: Sequence[Sequence[float | None]]) -> list[list[int]]:
    """Give each cell of a heatmap its shade, -100 to 100, by the strongest of all."""
    top = max((abs(value) for row in rows for value in row if value is not None), default=0.0) or 1.0
    return [[0 if value is None else round(100 * value / top) for value in row] for row in rows]
