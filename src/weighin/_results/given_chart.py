"""The chart of features shuffled in two ways: freely, and given others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import ARROWS
from weighin._display import charts
from weighin._display.numbers import interval_name, rounded
from weighin._results.given_words import asides, beside, by_name, inseparable, report_of, shuffled
from weighin._results.importance_charts import pushes, scale_of, texts, written
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_words import axis_label, effect_label, unclear
from weighin._results.one_feature import probability

TITLE = "What features weigh, and what is left {}"


def dumbbell(
    numbers: ImportanceNumbers,
    order: NDArray[np.int64],
    *,
    relative: bool = False,
    level: float = 0.95,
    metric: str | None = None,
) -> charts.Dumbbell:
    """Give a hollow dot for each feature shuffled freely, a full one for the same given others."""
    main, other = numbers.of(metric, numbers.segment), beside(numbers, metric or numbers.metric)
    assert other is not None
    first, second = (main, other) if main.given == "" or other.given else (other, main)
    scale = scale_of(main, relative)
    names = [main.features[i] for i in order]
    ends = [_ends(part, names, relative, level) for part in (first, second)]
    values = [by_name(part, part.importances_mean, names) * scale for part in (first, second)]
    labels = [
        [written(*number, relative) for number in zip(value, *end, strict=True)]
        for value, end in zip(values, ends, strict=True)
    ]
    title = TITLE.format("given the others" if second.given == "rest" else shuffled(second.given))
    certain = second._claims() is not None
    reports = [report_of(second, name) for name in names]
    legend = (f"shuffled {shuffled(first.given)}", f"shuffled {shuffled(second.given)}")
    said = " Between the dots: what the given columns carry, too."
    signs = [ARROWS.get(main.directions.get(name, ""), "") for name in names]
    key = [
        ("hollow blue", legend[0]),
        ("full blue", legend[1]),
        ("between", "what the given columns carry, too"),
    ]
    if certain:
        said += f" Whiskers: {interval_name(level)}s. Pale: cannot be told apart from 0, given the number of features."
        key += [("pale", "cannot be told apart from zero"), ("whisker", interval_name(level))]
    if any(signs):
        said += " Arrows: which way predictions go as the feature grows."
        key.append(("sign", "which way the prediction goes as the feature grows"))
    return charts.Dumbbell(
        **{
            **texts(main, relative, said, title),
            "xlabel": _axis(main, relative),
        },
        choice={"Metric": main.metric, "Show": "% of baseline" if relative else "Amount"},
        names=names,
        signs=signs,
        first=values[0],
        second=values[1],
        first_interval=ends[0] if certain else None,
        second_interval=ends[1] if certain else None,
        unsure_first=by_name(first, unclear(first, level), names) != 0,
        unsure=by_name(second, unclear(second, level), names) != 0,
        labels=[" → ".join(pair) for pair in zip(*labels, strict=True)],
        asides=asides(reports),
        legend=legend,
        directed=False,
        key=key,
        tips=_tips(first, second, names, level),
    )


def _axis(numbers: ImportanceNumbers, relative: bool) -> str:
    return axis_label(numbers, "") + (", in parts of the baseline" if relative else "")


def _ends(
    numbers: ImportanceNumbers, names: Sequence[str], relative: bool, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = (
        by_name(numbers, np.where(numbers.few_rows, np.nan, end), names)
        for end in (numbers.relative_interval(level) if relative else numbers.interval(level))
    )
    return low, high


def _tips(
    first: ImportanceNumbers, second: ImportanceNumbers, names: Sequence[str], level: float
) -> list[list[str]]:
    """What a page tells of each feature when asked."""
    both = [
        zip(
            by_name(part, part.importances_mean, names),
            *_ends(part, names, False, level),
            by_name(part, part.pvalue_holm, names),
            strict=True,
        )
        for part in (first, second)
    ]
    tips = []
    for name, *numbers in zip(names, *both, strict=True):
        lines = []
        for part, (value, low, high, adjusted) in zip((first, second), numbers, strict=True):
            number = rounded(value, low, high)
            interval = "" if math.isnan(low) else f" ({interval_name(level)} {number.interval})"
            sure = f", p (Holm) {probability(adjusted)}" if interval and not math.isnan(adjusted) else ""
            lines.append(
                f"shuffled {shuffled(part.given)}: {effect_label(part)} {number.value}{interval}{sure}"
                if math.isfinite(value)
                else f"{shuffled(part.given)}: {inseparable(report_of(part, name)) or 'no value'}"
            )
        report = report_of(second, name)
        shares = ", ".join(f"{column} {share:.0%}" for column, share in report.correlated)
        lines += [
            "" if math.isnan(report.own_share) else f"{report.explained:.0%} explained by the given columns",
            f"each alone: {shares}" if shares else "",
            pushes(first.directions.get(name, "")),
        ]
        tips.append([line for line in lines if line])
    return tips
