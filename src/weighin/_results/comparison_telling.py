"""What a comparison tells: table, sentences, how to read it, how it was made."""

from __future__ import annotations

import math

from weighin._base.text import printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.compared_feature import ComparedFeature
from weighin._results.comparison_numbers import ComparisonNumbers
from weighin._results.comparison_words import sentences

READING = (
    "A feature's importance is how much worse the metric gets when its values are shuffled between rows. A difference "
    "is that of two importances, each of its own model and rows.",
    "Whiskers are 95% intervals, one feature at a time; a pale bar cannot be told apart from zero, given the number of "
    "features (Holm). Importances do not add up, and correlated columns stand in for each other.",
)
# letters of a label beside a row
MOST_LABEL = 24


def tell(numbers: ComparisonNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it.

    Parameters
    ----------
    numbers : ComparisonNumbers
        What was found.
    confidence_level : float
        Of intervals and claims.
    limit : int
        Differences that sentences tell of one by one.
    """
    said = sentences(numbers, confidence_level, limit)
    return Telling(
        title=title_of(numbers),
        kicker=printable(f"{numbers.metric}, {' and '.join(numbers.labels)}"),
        tables=[_table(numbers, confidence_level)],
        remarks=said,
        sentences=said,
        reading=READING,
        made=_made(numbers),
        notes=list(map(printable, numbers.notes)),
        simulated=numbers.simulated,
    )


def title_of(numbers: ComparisonNumbers) -> str:
    """Headline of page and chart."""
    return printable(f"What weighs more or less in {numbers.labels[1]} than in {numbers.labels[0]}")


def heading(numbers: ComparisonNumbers, title: str) -> str:
    """Mark a title by what must not be missed."""
    return ("SIMULATED DATA - " if numbers.simulated else "") + title


def difference_text(compared: ComparedFeature) -> str:
    """Write the difference, or where the feature is."""
    return f"only in {_short(compared.only_in)}" if compared.only_in else compared.number.value


def _table(numbers: ComparisonNumbers, confidence_level: float) -> Table:
    ranks = numbers.ranks[:, numbers.order].T
    rows = [
        Row(
            compared.feature,
            [
                write(compared.first),
                write(compared.second),
                difference_text(compared),
                "too few rows" if compared.few_rows and not compared.only_in else compared.number.interval,
                _moved(*map(float, places)),
            ],
            Bar(compared.difference, *compared.shown_interval),
            claimed=compared.claimed,
        )
        for compared, places in zip(numbers.compared(confidence_level), ranks, strict=True)
    ]
    columns = [
        *(Column(_short(label), gives_way=2) for label in numbers.labels),
        Column("difference"),
        Column(f"{100 * confidence_level:g}% interval", "right", gives_way=1),
        Column("rank", "right", gives_way=3),
    ]
    a, b = map(printable, numbers.labels)
    title = heading(numbers, f"{printable(numbers.metric)}: {b} minus {a}")
    return Table(title, "feature", columns, rows, "to_frame(), plot(limit=...)")


def _moved(first: float, second: float) -> str:
    """Write a rank, or how it moved."""
    if math.isnan(first):
        return ""
    return " > ".join(dict.fromkeys((f"{first:.0f}", f"{second:.0f}")))


def _short(label: str) -> str:
    """Cut a label to what stands beside a row."""
    label = printable(label)
    return label if len(label) <= MOST_LABEL else f"{label[: MOST_LABEL - 1]}…"


def _made(numbers: ComparisonNumbers) -> list[tuple[str, str]]:
    pairs = [("Metric", numbers.metric)]
    for label, model, rows, n_rows in zip(
        numbers.labels, numbers.models, numbers.rows, numbers.n_rows, strict=True
    ):
        pairs.append((label, f"{model or 'a model'}, on {rows or f'{n_rows:,} rows'}"))
    versions = ", ".join(f"{name} {version}" for name, version in numbers.versions.items())
    return [*pairs, ("Versions", versions), ("Date", numbers.date)]
