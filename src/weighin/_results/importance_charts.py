"""The charts of an importance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import listing
from weighin._base.text import ARROWS
from weighin._display import charts
from weighin._display.numbers import UNKNOWN, interval_name, percent, rounded
from weighin._results.associations_words import CloseColumn
from weighin._results.given_words import asides, inseparable, report_of, short
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_words import TITLE, about, axis_label, effect_label, heading, unclear
from weighin._results.one_feature import probability

# columns named in what a bar tells, as close
MOST_CLOSE = 3
# a term, which may be "", and a text
Fact = tuple[str, str]


def of_metric(numbers: ImportanceNumbers, metric: str, given: str | None = None) -> Any:
    """Give the result for another metric, or another way to shuffle, with its own segments."""
    main = numbers.of(metric, given=given)
    parts: list[ImportanceNumbers] = [numbers, *numbers.parts]
    own = [part for part in parts if part.metric == metric and given in (None, part.given)]
    return replace(main, parts=tuple(part for part in own if part is not main))


def texts(numbers: ImportanceNumbers, relative: bool, about_marks: str, title: str = TITLE) -> dict[str, Any]:
    """Texts around a chart."""
    return {
        "title": heading(numbers, title),
        "subtitle": about(numbers),
        "marks": about_marks,
        "xlabel": axis_label(numbers) + (", in parts of the baseline" if relative else ""),
        "percent": relative,
    }


def written(value: float, low: float, high: float, relative: bool) -> str:
    """Write a number, or a part of the baseline, to the digits its interval leaves."""
    return percent(value, low, high) if relative else rounded(value, low, high).value


def scale_of(numbers: ImportanceNumbers, relative: bool) -> float:
    """What numbers are multiplied by: parts of the baseline, or amounts."""
    return 1.0 / abs(numbers.baseline) if relative else 1.0


def bars(
    numbers: ImportanceNumbers, order: NDArray[np.int64], *, relative: bool = False, level: float = 0.95
) -> charts.Bars:
    """Give the bars of some features; a page offers amounts and parts of the baseline, and each metric."""
    scale, few = scale_of(numbers, relative), numbers.few_rows[order]
    signs = [ARROWS.get(numbers.directions.get(numbers.features[i], ""), "") for i in order]
    values = numbers.importances_mean[order] * scale
    lower, upper = (
        np.where(few, np.nan, end[order])
        for end in (numbers.relative_interval(level) if relative else numbers.interval(level))
    )
    said = " Arrows: which way predictions go as the feature grows." if any(signs) else ""
    if numbers.associations is not None and numbers.associations.clusters:
        said += f" Go together: {'; '.join(map(listing, numbers.associations.clusters[:MOST_CLOSE]))}."
    key = [("bar", "worse without it")]
    unsure, certain = unclear(numbers, level)[order], numbers._claims() is not None
    if (values[~unsure] < 0).any():
        key.append(("negative", "better without it, on these rows"))
    if certain:
        taken = ", with the baseline taken as exact" if relative and not numbers.baseline_errs else ""
        said += f" Whiskers: {interval_name(level)}s{taken}. Pale: cannot be told apart from 0, given the "
        said += "number of features."
        key += [("pale", "cannot be told apart from zero"), ("whisker", interval_name(level))]
    if any(signs):
        key.append(("sign", "which way the prediction goes as the feature grows"))
    return charts.Bars(
        **texts(numbers, relative, said),
        choice={"Metric": numbers.metric, "Show": "% of baseline" if relative else "Amount"},
        names=[numbers.features[i] for i in order],
        values=values,
        singles=numbers.importances[order] * scale,
        interval=(lower, upper) if certain else None,
        unsure=unsure,
        labels=[written(*ends, relative) for ends in zip(values, lower, upper, strict=True)],
        signs=signs,
        asides=beside_bars(numbers, order),
        key=key,
        tips=tips_of(numbers, order, level),
    )


def tips_of(numbers: ImportanceNumbers, order: NDArray[np.int64], level: float) -> list[list[str]]:
    """What a page tells of each feature in passing."""
    return [in_lines(facts) for facts in facts_of(numbers, order, level)]


def in_lines(facts: Sequence[Fact]) -> list[str]:
    """Write what there is to say of a feature, a line for each fact."""
    return [" ".join(filter(None, fact)) for fact in facts]


def facts_of(numbers: ImportanceNumbers, order: NDArray[np.int64], level: float) -> list[list[Fact]]:
    """Say what there is to say of each feature: terms, of which some are empty, and texts."""
    relative, adjusted, few = numbers.relative, numbers.pvalue_holm, numbers.few_rows
    parts = [np.where(few, np.nan, end) for end in numbers.relative_interval(level)]
    said, amounts = verdicts(numbers, level), amounts_of(numbers, level)
    facts = []
    for rank, i in enumerate(map(int, order), 1):
        name = numbers.features[i]
        part = percent(float(relative[i]), *(float(end[i]) for end in parts))
        word, members = numbers.directions.get(name, ""), numbers.groups.get(name, ())
        sure = "" if few[i] or math.isnan(adjusted[i]) else f", p (Holm) {probability(float(adjusted[i]))}"
        close = ", ".join(f"{column.name} ({column.written})" for column in close_to(numbers, name))
        lines = [
            (effect_label(numbers), amounts[i]),
            ("", "" if math.isnan(relative[i]) else f"{part} of the baseline"),
            ("", said[i]),
            ("", pushes(word)),
            ("moved together:", ", ".join(members)),
            ("goes with", close),
            *(("", aside) for aside in (asides([report_of(numbers, name)]) if numbers.given else ())),
            ("", f"rank {rank} of {len(numbers.features)}{sure}"),
        ]
        facts.append([(term, text) for term, text in lines if text])
    return facts


def amounts_of(numbers: ImportanceNumbers, level: float) -> list[str]:
    """Write each importance with its interval, where it has one."""
    written = []
    for value, low, high, few in zip(
        numbers.importances_mean, *numbers.interval(level), numbers.few_rows, strict=True
    ):
        number = rounded(float(value), *([math.nan] * 2 if few else [float(low), float(high)]))
        interval = "" if few or math.isnan(low) else f" ({interval_name(level)} {number.interval})"
        written.append(number.value + interval)
    return written


def close_columns(numbers: ImportanceNumbers, feature: str) -> str:
    """Name the columns that a feature goes with, where that is known."""
    close = close_to(numbers, feature)
    return f"goes with {', '.join(f'{column.name} ({column.written})' for column in close)}" if close else ""


def close_to(numbers: ImportanceNumbers, feature: str) -> Sequence[CloseColumn]:
    """Give the columns that a feature goes with, the closest first, where that is known."""
    associations = numbers.associations
    if associations is None or feature not in associations.features:
        return ()
    return associations[feature].close[:MOST_CLOSE]


def beside_bars(numbers: ImportanceNumbers, order: NDArray[np.int64]) -> list[str]:
    """Name at the end of each row what the feature goes with, or what explains it; nothing where nobody knows."""
    names = [numbers.features[i] for i in order]
    if numbers.given:
        return asides([report_of(numbers, name) for name in names])
    close = [", ".join(short(column.name) for column in close_to(numbers, name)[:2]) for name in names]
    return [f"goes with {columns}" if columns else "" for columns in close] if any(close) else []


def pushes(word: str) -> str:
    """Say which way predictions go."""
    return f"prediction {'hardly moves' if word == 'none' else word} {ARROWS[word]}" if word else ""


def verdicts(numbers: ImportanceNumbers, level: float) -> list[str]:
    """Say of each feature what its number does not."""
    mean, claims, few, ignored = (
        numbers.importances_mean,
        numbers._claims(level),
        numbers.few_rows,
        numbers.ignored,
    )
    moved = np.any(numbers.importances != 0, axis=1)

    def of_one(i: int) -> str:
        if math.isnan(mean[i]):
            apart = inseparable(report_of(numbers, numbers.features[i]))
            if apart:
                return apart
            return "no value: the metric is not defined here"
        if math.isinf(mean[i]):
            return "infinite: the metric is infinite once this feature is shuffled"
        if ignored[i]:
            return "exactly zero: the model does not read it"
        if claims is None:
            return ""
        if not moved[i]:
            return "no shuffle changed the metric"
        if few[i]:
            return "fewer than 20 rows count here: no interval is valid"
        if not claims.any[i]:
            return "cannot be told apart from zero"
        return "shuffling it made the model better on these rows" if mean[i] < 0 else ""

    return [of_one(i) for i in range(len(numbers.features))]


def shuffles(
    numbers: ImportanceNumbers, order: NDArray[np.int64], *, relative: bool, level: float = 0.95
) -> charts.Shuffles:
    """Give a dot for every shuffle of some features."""
    about_dots = " A dot is one shuffle, a box the middle half: the noise of shuffling alone."
    return charts.Shuffles(
        **texts(numbers, relative, about_dots),
        names=[numbers.features[i] for i in order],
        singles=numbers.importances[order] * scale_of(numbers, relative),
    )


def segments(
    numbers: ImportanceNumbers, order: NDArray[np.int64], *, relative: bool = False, level: float = 0.95
) -> charts.Cells:
    """Give the colours of some features in each segment."""
    parts = [numbers.of(numbers.metric, segment) for segment in numbers.segments]
    values = np.stack([(part.relative if relative else part.importances_mean)[order] for part in parts], 1)
    few = [part.few_rows for part in parts]
    ends = [
        [
            np.where(part.few_rows, np.nan, end)
            for end in (part.relative_interval(level) if relative else part.interval(level))
        ]
        for part in parts
    ]
    cells = [
        [(float(values[row, place]), float(low[i]), float(high[i])) for place, (low, high) in enumerate(ends)]
        for row, i in enumerate(order)
    ]
    return charts.Cells(
        **texts(
            numbers,
            relative,
            " Slanted numbers cannot be told apart from 0, given the number of features.",
            f"{TITLE}, by {numbers.by}",
        ),
        names=[numbers.features[i] for i in order],
        segments=[str(segment) for segment in numbers.segments],
        values=values,
        labels=[[written(*ends, relative) for ends in row] for row in cells],
        intervals=[
            [
                "few rows" if few[k][i] else rounded(*ends).interval.removeprefix(UNKNOWN)
                for k, ends in enumerate(row)
            ]
            for i, row in zip(order, cells, strict=True)
        ],
        unsure=np.stack([unclear(part, level)[order] for part in parts], 1),
    )
