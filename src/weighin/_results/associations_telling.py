"""What associations tell: tables, remarks, sentences, how they were made."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weighin._base.text import in_a_row, printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Step, Table, Telling
from weighin._results.associations_charts import TITLE, clusters
from weighin._results.associations_numbers import AssociationsNumbers
from weighin._results.associations_words import (
    MEASURED_BY,
    MOST,
    CloseColumn,
    Name,
    association_sentence,
    cluster_sentence,
    distances_sentence,
    written,
)
from weighin._results.clusters import FARTHER
from weighin._results.glossary import words
from weighin._results.provenance import made, marked

NONE_CLOSE = "No two features go together closely: each can be shuffled alone."
# features that sentences tell of one by one, and pairs that a page shows
MOST_SENTENCES = 12
MOST_PAIRS = 100
_READING = (
    "Shuffling one column leaves the others as they are. Where a column goes with others, they stand in "
    "for it, so it weighs little alone; weigh such columns as a group, too.",
    "Shuffled rows may also be unlike any that exist: the model then predicts for rows of a kind it has "
    "never seen.",
    "No measure detects two numbers related by a curve that rises and falls; the distances of shuffled "
    "rows may.",
)


def tell(numbers: AssociationsNumbers, limit: int) -> Telling:
    """Say all of it: `limit` features in sentences of their own."""
    return Telling(
        title=TITLE,
        kicker=f"{len(numbers.features)} columns on {numbers.n_rows:,} rows",
        tables=[_table(numbers), *_clusters(numbers), *_pairs(numbers)],
        remarks=_remarks(numbers),
        sentences=sentences(numbers, printable, limit) or [NONE_CLOSE],
        glossary=words("Goes with"),
        steps=_steps(numbers),
        reading=_READING,
        made=made(
            numbers,
            ("Rows", f"{numbers.n_rows:,}"),
            (
                "Measures",
                "Spearman's rank correlation; Cramér's V of names; correlation ratio of ranks for one of each",
            ),
            ("Clusters", f"any two columns associated by {numbers.cluster_from:.2g} or more"),
            ("Seed", str(numbers.random_state)),
        ),
        simulated=numbers.simulated,
        notes=list(map(printable, numbers.notes)),
        charts=[clusters(numbers)] if numbers.features else [],
    )


def sentences(numbers: AssociationsNumbers, name: Name, limit: int = MOST_SENTENCES) -> list[str]:
    """Say which clusters there are, then what is close, the closest first, then which shuffles leave the data.

    `name` writes the name of a feature; `limit` features are told of one by one.
    """
    lines = [cluster_sentence(members, name) for members in numbers.clusters]
    close = [numbers[feature] for feature in numbers.features]
    close = sorted(
        (entry for entry in close if entry.close),
        key=lambda entry: -abs(entry.close[0].association),
    )
    lines += [association_sentence(entry.feature, entry.close, name) for entry in close[:limit]]
    if len(close) > limit:
        more = len(close) - limit
        lines.append(f"{more} more {'features are' if more > 1 else 'feature is'} closely associated.")
    far = [(feature, ratio) for feature, ratio in numbers.off_data.items() if ratio >= FARTHER]
    if far:
        lines.append(distances_sentence(sorted(far, key=lambda pair: -pair[1])[:limit], name))
    return lines


def _steps(numbers: AssociationsNumbers) -> list[Step]:
    if not numbers.clusters:
        return []
    groups = {name: list(members) for name, members in list(numbers.groups.items())[:3]}
    why = "Shuffled alone, each leaves its information in place in the others; shuffled together they show their worth."
    return [Step("Weigh together what goes together", why, f"weighin.weigh(model, rows, groups={groups!r})")]


def _table(numbers: AssociationsNumbers) -> Table:
    closest = {feature: numbers._closest(feature, 1, 0.0) for feature in numbers.features}
    rows = [_row(numbers, feature, closest[feature]) for feature in numbers.features]
    columns = [
        Column("goes with", "text"),
        Column("association"),
        Column("cluster of", gives_way=2),
        Column("times as far", gives_way=1),
    ]
    rows.sort(key=lambda row: -_size(row.bar))
    return Table(marked(numbers, TITLE), "feature", columns, rows, "to_frame(), to_matrix(), plot(limit=...)")


def _row(numbers: AssociationsNumbers, feature: str, closest: Sequence[CloseColumn]) -> Row:
    members = numbers.cluster_of(feature)
    ratio = float(numbers.off_data.get(feature, math.nan))
    last = [str(len(members)) if members else "-", f"{MOST:.0f}+" if ratio > MOST else write(ratio, 1)]
    if not closest:
        return Row(feature, ["-", "-", *last], Bar(math.nan))
    (column,) = closest
    return Row(
        feature,
        [column.name, column.written, *last],
        Bar(column.association),
        claimed=abs(column.association) >= numbers.close_from,
    )


def _size(bar: Bar | None) -> float:
    return abs(bar.value) if bar is not None and math.isfinite(bar.value) else -1.0


def _clusters(numbers: AssociationsNumbers) -> list[Table]:
    if not numbers.clusters:
        return []
    heading = f"Clusters: any two columns associated by {numbers.cluster_from:.2g} or more"
    rows = [
        Row(name, [str(len(members)), in_a_row(members)], claimed=True)
        for name, members in numbers.groups.items()
    ]
    return [Table(heading, "cluster", [Column("columns"), Column("which", "text")], rows, ".clusters")]


def _pairs(numbers: AssociationsNumbers) -> list[Table]:
    places = list(zip(*numbers.pairs(numbers.close_from), strict=True))
    if not places:
        return []
    rows = []
    for i, j in places[:MOST_PAIRS]:
        value, measure = float(numbers.association[i, j]), MEASURED_BY[numbers.measures[i][j]]
        cells = [numbers.features[j], written(value, numbers.n_rows), measure]
        rows.append(Row(numbers.features[i], cells, Bar(value), claimed=True))
    heading = f"Pairs associated by {numbers.close_from:.2g} or more"
    if len(places) > MOST_PAIRS:
        heading += f": the {MOST_PAIRS} closest of {len(places):,}"
    columns = [Column("goes with", "text"), Column("association"), Column("measure", "text")]
    return [Table(heading, "feature", columns, rows)]


def _remarks(numbers: AssociationsNumbers) -> list[str]:
    lines = [
        f"The closest column of each, on {numbers.n_rows:,} rows, seed {numbers.random_state}: 0 none, 1 "
        f"or {write(-1.0)} one column determines the other. Bold from {numbers.close_from:.2g} on."
    ]
    if numbers.clusters:
        lines.append(
            f"Clusters: any two columns associated by {numbers.cluster_from:.2g} or more; see .groups."
        )
    lines.append(
        f"Times as far: from the nearest real row, when the column is shuffled; from {FARTHER} on, rows "
        "are unlike any that exist."
    )
    return lines
