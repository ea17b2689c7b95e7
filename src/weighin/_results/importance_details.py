"""What a page has in one place of each feature of an importance."""

from __future__ import annotations

from weighin._base.text import printable
from weighin._display.numbers import write
from weighin._display.telling import Detail
from weighin._results.given_chart import both_of, facts_of_both
from weighin._results.given_words import beside, report_of
from weighin._results.importance_charts import Fact, amounts_of, close_to, facts_of
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_words import effect_label

# segments told of in the place of one feature
MOST_SEGMENTS = 8


def details(numbers: ImportanceNumbers, level: float) -> list[Detail]:
    """Say what is known of each feature, the heaviest first."""
    order = numbers.order
    names = [numbers.features[i] for i in order]
    facts = (
        facts_of(numbers, order, level)
        if beside(numbers, numbers.metric) is None
        else facts_of_both(*both_of(numbers, numbers), names, level)
    )
    further = _further(numbers, level)
    return [
        Detail(
            name,
            # columns that it goes with have a place of their own
            [
                *(fact for fact in lines if fact[0] not in ("goes with", "each alone:")),
                *further.get(name, ()),
            ],
            _companions(numbers, name),
        )
        for name, lines in zip(names, facts, strict=True)
    ]


def _further(numbers: ImportanceNumbers, level: float) -> dict[str, list[Fact]]:
    """The same feature by other metrics, and in each segment."""
    lines: dict[str, list[Fact]] = {}
    parts = [(effect_label(part), part) for part in map(numbers.of, numbers.metrics[1:])]
    parts += [
        (
            f"{printable(f'{numbers.by} {segment}')}: {effect_label(numbers)}",
            numbers.of(numbers.metric, segment),
        )
        for segment in numbers.segments[:MOST_SEGMENTS]
    ]
    for term, part in parts:
        for name, amount in zip(part.features, amounts_of(part, level), strict=True):
            lines.setdefault(name, []).append((term, amount))
    return lines


def _companions(numbers: ImportanceNumbers, name: str) -> list[tuple[str, str]]:
    """The columns that it goes with, or that explain it where rows alike in them exchanged values."""
    close = {column.name: column.written for column in close_to(numbers, name)}
    given = [part for part in (numbers, beside(numbers, numbers.metric)) if part is not None and part.given]
    explained = report_of(given[0], name).correlated if given else ()
    shares = {column: f"explains {write(100 * share, 0)}% of it" for column, share in explained}
    return [
        (column, ", ".join(filter(None, (close.get(column), shares.get(column)))))
        for column in dict.fromkeys((*close, *shares))
    ]
