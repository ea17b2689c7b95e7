"""What a comparison tells: sentences, table, how to read it, how it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin._base.text import named, printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.compared_feature import ComparedFeature
from weighin._results.listed import chance_sentence, few_rows_sentence, unmoved_sentence

if TYPE_CHECKING:
    from weighin._results.comparison import Comparison

READING = (
    "A feature's importance is how much worse the metric gets when its values are shuffled between rows. A "
    "difference is one importance minus another, each measured on its own model and rows.",
    "Whiskers are 95% intervals, one feature at a time; a pale bar cannot be told apart from zero, given the number of "
    "features (Holm). Importances do not add up, and correlated columns stand in for each other.",
)
# letters of a label beside a row
MOST_LABEL = 24
ADDED = "treated as independent: their variances add"
# what rows in common do to intervals that take them for others
COMMON = {
    "all": (
        f"{ADDED}. Both were measured on the same rows, which move them alike, so the intervals are "
        "usually too wide"
    ),
    "some": (
        f"{ADDED}. The rows of one result are among those of the other, so the intervals are usually too wide"
    ),
    "none": (
        f"{ADDED}. They share no row but come from the same table, and values may have been swapped in "
        "from all of it, so the intervals hold only approximately"
    ),
    "unknown": (
        f"{ADDED}. If they share rows, as overlapping tables do, they are not independent, and the "
        "intervals are usually too wide"
    ),
}


def tell(
    result: Comparison, lines: Sequence[ComparedFeature], confidence_level: float, limit: int
) -> Telling:
    """Say all of it."""
    said = _sentences(result, lines, limit)
    return Telling(
        title=title_of(result),
        kicker=printable(f"{result.metric}, {' and '.join(result.labels)}"),
        tables=[_table(result, lines, confidence_level)],
        remarks=said,
        sentences=said,
        reading=READING,
        made=_made(result),
        notes=list(map(printable, result.notes)),
        simulated=result.simulated,
    )


def title_of(result: Comparison) -> str:
    """Headline of page and chart."""
    return printable(f"What weighs more or less in {result.labels[1]} than in {result.labels[0]}")


def difference_text(line: ComparedFeature) -> str:
    """Write the difference, or where the feature is."""
    return f"only in {_short(line.only_in)}" if line.only_in else line.number.value


def about(result: Comparison) -> str:
    """Say how the two were compared, and what rows in common would do to the intervals."""
    return "paired: the same rows with the same shuffles" if result.paired else COMMON[result.rows_in_common]


def _sentences(result: Comparison, lines: Sequence[ComparedFeature], limit: int) -> list[str]:
    """Say what differs, the largest one by one, what cannot be told apart, and how it was compared."""
    claimed = [line for line in lines if line.claimed]
    how = about(result)
    return [
        *_baselines(result),
        *map(repr, claimed[:limit]),
        *_smaller(result, claimed[limit:]),
        *_not_claimed(result, lines),
        f"{how[:1].upper()}{how[1:]}.",
    ]


def _baselines(result: Comparison) -> list[str]:
    if result.metric == "prediction_change":
        return []
    a, b = map(printable, result.labels)
    first, second = (write(value, digits=4) for value in result.baselines)
    return [
        f"{printable(result.metric)} before any shuffle: {first} in {a}, {second} in {b} ({result._better})."
    ]


def _smaller(result: Comparison, claimed: Sequence[ComparedFeature]) -> list[str]:
    """Name what differs beyond what is told one by one."""
    more = [line.feature for line in claimed if line.difference > 0]
    less = [line.feature for line in claimed if line.difference < 0]
    label = printable(result.labels[1])
    return [
        f"{named(names)} {'weighs' if len(names) == 1 else 'weigh'} {amount} in {label}, too."
        for names, amount in ((more, "more"), (less, "less"))
        if names
    ]


def _not_claimed(result: Comparison, lines: Sequence[ComparedFeature]) -> list[str]:
    both = [line for line in lines if math.isfinite(line.difference)]
    moved = [line for line in both if not line.unmoved]
    unclear = [line for line in moved if not (line.claimed or line.few_rows or math.isnan(line.pvalue_holm))]
    said = chance_sentence([line.feature for line in unclear if line.leaves_out_zero], lines[0].among)
    same = [line.feature for line in unclear if not line.leaves_out_zero]
    if same:
        said.append(f"Cannot be told apart: {named(same)}.")
    if any(math.isnan(line.se) for line in both):
        metric = printable(result.metric)
        said.append(f"There are no intervals for {metric}, so how certain the differences are is not known.")
    for label in result.labels:
        alone = [line.feature for line in lines if line.only_in == label]
        if alone:
            said.append(f"Only in {printable(label)}: {named(alone)}.")
    said += few_rows_sentence([line.feature for line in moved if line.few_rows])
    return [*said, *unmoved_sentence(both, result.metric)]


def _table(result: Comparison, lines: Sequence[ComparedFeature], confidence_level: float) -> Table:
    rows = [
        Row(
            line.feature,
            [
                *line.importances,
                difference_text(line),
                line.number.interval if line.only_in else line.interval_text,
                _moved(line.rank_a, line.rank_b),
            ],
            Bar(line.difference, *line.shown_interval),
            claimed=line.claimed,
        )
        for line in lines
    ]
    columns = [
        *(Column(_short(label), gives_way=2) for label in result.labels),
        Column("difference"),
        Column(f"{100 * confidence_level:g}% interval", "right", gives_way=1),
        Column("rank", "right", gives_way=3),
    ]
    a, b = map(printable, result.labels)
    title = result._heading(f"{printable(result.metric)}: {b} minus {a}")
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


def _made(result: Comparison) -> list[tuple[str, str]]:
    each = zip(result.labels, result.models, result.rows, result.n_rows, strict=True)
    of_both = [
        (label, f"{model or 'a model'}, on {rows or f'{n_rows:,} rows'}")
        for label, model, rows, n_rows in each
    ]
    return result._made(("Metric", result.metric), *of_both)
