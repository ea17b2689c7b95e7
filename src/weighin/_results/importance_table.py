"""The table of an importance: features shuffled in one way, or freely beside given others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from weighin._base.text import ARROWS, printable
from weighin._display.numbers import UNKNOWN, interval_name, percent, rounded, write
from weighin._display.telling import Bar, Column, Row, Table
from weighin._inference.claims import Claims
from weighin._results.given_words import column_head, columns_in_cell, explained, report_of, shuffled
from weighin._results.importance_charts import close_columns, pushes, verdicts
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_words import effect_label, heading
from weighin._results.one_feature import probability

# how much of a feature the given columns explain, and which of them
EXPLAINED = (Column("explained", gives_way=1), Column("mostly by", "text", gives_way=2))
MORE = "to_frame(), plot(limit=...)"


@dataclass(frozen=True)
class _Cells:
    """What is written of a feature: number, what is around it, adjusted p-value, part of the baseline."""

    value: str
    around: str
    sure: str
    part: str
    bar: Bar
    claimed: bool

    @property
    def whole(self) -> str:
        """The number with its interval."""
        return self.value if self.around == UNKNOWN else f"{self.value} ({self.around})"


_NOT_FINISHED = _Cells(UNKNOWN, "not finished", UNKNOWN, UNKNOWN, Bar(math.nan), claimed=False)


def table(numbers: ImportanceNumbers, confidence_level: float) -> Table:
    """Give the table of features shuffled in one way, the heaviest first."""
    cells, claims, said = *_cells(numbers, confidence_level), verdicts(numbers, confidence_level)
    extra = EXPLAINED if numbers.given else ()
    rows = [
        _row(
            numbers, i, said[i], cells[i],
            [cells[i].value, cells[i].around, *([] if claims is None else [cells[i].sure]), cells[i].part,
             *(_explained(numbers, numbers.features[i]) if numbers.given else [])],
        )
        for i in map(int, numbers.order)
    ]  # fmt: skip
    level = interval_name(confidence_level)
    between = (
        [Column("± shuffling")]
        if claims is None
        else [Column(level, "right"), Column("p (Holm)", gives_way=4 if extra else 2)]
    )
    columns = [
        Column(effect_label(numbers)),
        *between,
        Column("of baseline", "right", gives_way=5 if extra else 1),
        *extra,
    ]
    return Table(heading(numbers), "feature", columns, rows, MORE, {"Metric": numbers.metric})


def table_of_both(numbers: ImportanceNumbers, other: ImportanceNumbers, confidence_level: float) -> Table:
    """Give the table of the same features shuffled in two ways, freely first; the order is that of `numbers`."""
    first, second = (numbers, other) if numbers.given == "" or other.given else (other, numbers)
    (before, _), (after, claims) = (_cells(part, confidence_level) for part in (first, second))
    cells_of = [
        dict(zip(part.features, cells, strict=True)) for part, cells in ((first, before), (second, after))
    ]
    said = [
        dict(zip(part.features, verdicts(part, confidence_level), strict=True)) for part in (first, second)
    ]
    rows = []
    for i in map(int, numbers.order):
        name = numbers.features[i]
        one, two = (cells.get(name, _NOT_FINISHED) for cells in cells_of)
        sure = [] if claims is None else [two.sure]
        rows.append(
            _row(
                numbers, i, _verdict(*(verdict.get(name, "") for verdict in said), second=second), one,
                [one.whole, two.whole, *sure, *_explained(second, name)],
                replace(two.bar, before=one.bar.value), two.claimed,
            )
        )  # fmt: skip
    with_p = [] if claims is None else [Column("p (Holm)", gives_way=4)]
    # a number shuffled freely is called as it is alone
    heads = [effect_label(numbers) if not part.given else column_head(part.given) for part in (first, second)]
    columns = [*map(Column, heads), *with_p, *EXPLAINED]
    intervals = f" (with {interval_name(confidence_level)}s)" if claims is not None else ""
    return Table(heading(numbers) + intervals, "feature", columns, rows, MORE, {"Metric": numbers.metric})


def _verdict(before: str, after: str, *, second: ImportanceNumbers) -> str:
    if before == after:
        return before
    return "; ".join(filter(None, [before, after and f"{shuffled(second.given)}: {after}"]))


def _explained(numbers: ImportanceNumbers, name: str) -> list[str]:
    report = report_of(numbers, name)
    return [explained(report), ", ".join(columns_in_cell(report))]


def _cells(numbers: ImportanceNumbers, confidence_level: float) -> tuple[list[_Cells], Claims | None]:
    (lower, upper), claims = numbers.interval(confidence_level), numbers._claims(confidence_level)
    part_lower, part_upper = numbers.relative_interval(confidence_level)
    mean, noise, relative = numbers.importances_mean, numbers.importances_std, numbers.relative
    cells = []
    for i in range(len(numbers.features)):
        few, moved = bool(numbers.few_rows[i]), bool(numbers.importances[i].any())
        low, high = (math.nan, math.nan) if few else (float(lower[i]), float(upper[i]))
        number = rounded(float(mean[i]), low, high)
        part_ends = (math.nan, math.nan) if few else (float(part_lower[i]), float(part_upper[i]))
        sure = UNKNOWN
        if claims is None:
            around = write(float(noise[i])) if numbers.n_repeats > 1 else UNKNOWN
        else:
            around = "too few rows" if few else number.interval
            if not moved:
                around = "not read" if numbers.ignored[i] else "no change"
            sure = probability(float(claims.adjusted[i])) if moved and not few else UNKNOWN
        if report_of(numbers, numbers.features[i]).inseparable_from:
            around, sure = "not separable", UNKNOWN
        claimed = claims is None or bool(claims.any[i])
        part = percent(float(relative[i]), *part_ends)
        cells.append(_Cells(number.value, around, sure, part, Bar(float(mean[i]), low, high), claimed))
    return cells, claims


def _row(
    numbers: ImportanceNumbers,
    i: int,
    verdict: str,
    cells: _Cells,
    texts: list[str],
    bar: Bar | None = None,
    also_claimed: bool = False,
) -> Row:
    name = numbers.features[i]
    word = numbers.directions.get(name, "")
    members = ", ".join(map(printable, numbers.groups.get(name, ())))
    # beside shares that others explain these need no second name
    close = "" if numbers.given or bar else close_columns(numbers, name)
    parts = [members and f"{members}, moved together", verdict, pushes(word), close]
    return Row(
        name,
        texts,
        bar or cells.bar,
        sign=ARROWS.get(word, ""),
        meaning=word,
        claimed=cells.claimed or also_claimed,
        note="; ".join(filter(None, parts)),
    )
