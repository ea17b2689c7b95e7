"""What an importance says of features that were shuffled given others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import in_a_row, named, printable
from weighin._display.numbers import UNKNOWN, write
from weighin._results.given_feature import GivenFeature, shuffled
from weighin._results.importance_numbers import ImportanceNumbers

# a given column is named from this part of the variance that it explains, and so many at most
NAMED_FROM, MOST_NAMED, MOST_LETTERS = 0.05, 2, 20
# less own share than this rests on little
LITTLE_LEFT = 0.02
# growth of the error on half the rows, mean leverage and distance from real rows that numbers are doubtful from
UNSETTLED, LEVERAGE, OFF_DATA, CLOSE_TO_DATA = 0.5, 0.3, 1.2, 1.05
# p-values hold up to so many rows
MANY_ROWS = 20_000


def column_head(given: str) -> str:
    """Head of a column of numbers."""
    return "shuffled freely" if not given else "given the rest" if given == "rest" else shuffled(given)


def beside(numbers: ImportanceNumbers, metric: str) -> ImportanceNumbers | None:
    """Give the numbers of a metric with features shuffled in the second way, where there are two."""
    others = [given for given in numbers.givens if given != numbers.given]
    return numbers.of(metric, numbers.segment, given=others[0]) if others else None


def by_name(numbers: ImportanceNumbers, values: NDArray[Any], names: Sequence[str]) -> NDArray[np.float64]:
    """Give the values of some features; NaN for those that a run had no time for."""
    places = {name: place for place, name in enumerate(numbers.features)}
    # the last of all
    return np.append(values.astype(float), np.nan)[[places.get(name, -1) for name in names]]


def report_of(numbers: ImportanceNumbers, feature: str) -> GivenFeature:
    """Give what is known of shuffling a feature given others: nothing where it was shuffled freely."""
    return numbers.given_reports.get(feature, GivenFeature())


def explaining(report: GivenFeature) -> list[str]:
    """Name the given columns that explain most of a feature."""
    names = report.inseparable_from or [name for name, share in report.correlated if share >= NAMED_FROM]
    return list(map(printable, names[:MOST_NAMED]))


def explained(report: GivenFeature) -> str:
    """Write how much of a feature the given columns explain."""
    if report.inseparable_from:
        return "all"
    if math.isnan(report.own_share):
        return UNKNOWN
    size = min(1.0, max(0.0, report.explained))
    # a feature that keeps something of its own is not explained to 100%
    return "more than 99%" if size > 0.99 else f"{write(100 * size, 0)}%"


def columns_in_cell(report: GivenFeature) -> list[str]:
    """Name the columns that explain most of it, as many as a cell has room for."""
    names = explaining(report)
    return names if len(", ".join(names)) <= MOST_LETTERS else names[:1]


def asides(reports: Sequence[GivenFeature]) -> list[str]:
    """Write at the end of rows what the given columns explain: "85% explained by home_elo, away_elo"."""
    texts = []
    for report in reports:
        names = ", ".join(map(short, explaining(report)))
        size = "not separable" if report.inseparable_from else f"{explained(report)} explained"
        link = "from" if report.inseparable_from else "by"
        texts.append("" if size.startswith(UNKNOWN) else f"{size} {link} {names}" if names else size)
    return texts


def short(name: str) -> str:
    """Cut a long name to what stands beside a row."""
    name = printable(name)
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def inseparable(report: GivenFeature) -> str:
    """Say why a feature has no number; nothing where it has one."""
    if not report.inseparable_from:
        return ""
    return f"cannot be separated from {named(report.inseparable_from)}: weigh them as a group"


def given_notes(numbers: ImportanceNumbers) -> list[str]:
    """Say what to know before believing numbers of features shuffled given others."""
    reports = {name: report_of(numbers, name) for name in numbers.features}
    notes = _apart(reports)
    measured = {name: report for name, report in reports.items() if not report.inseparable_from}

    def those(found: Sequence[str], text: str) -> list[str]:
        return [text.format(named(found))] if found else []

    notes += those(
        [name for name, report in measured.items() if report.own_share < LITTLE_LEFT],
        "The given columns explain more than 98% of {}: the importance rests on the little that is left.",
    )
    unsettled = [
        name for name, report in measured.items() if report.lam > UNSETTLED or report.leverage > LEVERAGE
    ]
    notes += those(
        unsettled,
        "How much the given columns explain of {} was learned from few rows for so many columns: more would change "
        "it, and the intervals may not hold.",
    )
    far = [
        f"{printable(name)} ({write(report.off_data, 1)})"
        for name, report in measured.items()
        if report.off_data > OFF_DATA
    ]
    if far:
        its = "Its importance" if len(far) == 1 else "Their importances"
        notes.append(
            "Shuffled rows lie farther from real ones than real ones from each other, by this factor: "
            f"{in_a_row(far)}. The given columns tell more than was learned from these rows. {its} may be too high."
        )
    if numbers.given and numbers.n_rows > MANY_ROWS:
        notes.append(
            f"With more than {MANY_ROWS:,} rows, p-values of features that only stand in for others may be too small: "
            "errors in what was learned of them begin to show."
        )
    return [*notes, *dict.fromkeys(note for report in reports.values() for note in report.notes)]


def _apart(reports: Mapping[str, GivenFeature]) -> list[str]:
    """Name features that no number is given for, those of one group together, and the call that weighs them."""
    groups: dict[frozenset[str], list[str]] = {}
    for name, report in reports.items():
        if report.inseparable_from:
            groups.setdefault(frozenset((name, *report.inseparable_from)), []).append(name)
    notes = []
    for names in groups.values():
        others = reports[names[0]].inseparable_from
        members = [names[0], *others]
        rest = "each other" if len(names) == len(members) else named(others)
        owner = (
            "it has no importance of its own" if len(names) == 1 else "they have no importance of their own"
        )
        group = {" and ".join(members): members}
        notes.append(
            f"{named(names)} cannot be separated from {rest}, so {owner}: weigh them as a group, groups={group!r}."
        )
    return notes


def distance_sentence(numbers: ImportanceNumbers, name: str) -> list[str]:
    """Say that shuffled rows are as likely as real ones, where that was measured and is so."""
    report = report_of(numbers, name)
    if not report.off_data <= OFF_DATA:
        return []
    free = "" if math.isnan(report.off_data_free) else f"; shuffled freely {write(report.off_data_free, 2)}"
    distance = f"({write(report.off_data, 2)}{free})"
    if report.off_data <= CLOSE_TO_DATA:
        return [
            f"Rows shuffled this way lie no farther from real ones than real ones do from each other {distance}."
        ]
    return [
        f"Rows shuffled this way lie about as far from real ones as real ones do from each other {distance}."
    ]


def share_words(report: GivenFeature, name: str, given: str) -> str:
    """Say how much of a feature the given columns explain: the beginning of a sentence."""
    who, names, size = "other" if given == "rest" else "given", explaining(report), explained(report)
    if size == UNKNOWN:
        return f"Given the {who} columns, shuffling {name}"
    above_all = f", above all {' and '.join(names)}," if names and len(report.given) > len(names) else ""
    return f"The {who} columns{above_all} explain {size} of {name}; shuffling only the rest"
