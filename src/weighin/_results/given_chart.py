"""The chart of features shuffled in two ways: freely, and given others."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import ARROWS
from weighin._display import charts
from weighin._display.numbers import interval_name
from weighin._results.given_words import asides, beside, by_name, inseparable, report_of, shuffled
from weighin._results.importance_charts import Fact, amounts_of, in_lines, pushes, scale_of, texts, written
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
    main = numbers.of(metric, numbers.segment)
    first, second = both_of(numbers, main)
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
        tips=[in_lines(facts) for facts in facts_of_both(first, second, names, level)],
    )


def both_of(
    numbers: ImportanceNumbers, main: ImportanceNumbers
) -> tuple[ImportanceNumbers, ImportanceNumbers]:
    """Give a metric's numbers, and those shuffled in the second way: freely first."""
    other = beside(numbers, main.metric)
    assert other is not None
    return (main, other) if main.given == "" or other.given else (other, main)


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


def facts_of_both(
    first: ImportanceNumbers, second: ImportanceNumbers, names: Sequence[str], level: float
) -> list[list[Fact]]:
    """Say what there is to say of each feature, shuffled in one way and in the other."""
    written = [
        (
            dict(zip(part.features, amounts_of(part, level), strict=True)),
            by_name(part, part.importances_mean, names),
            by_name(part, np.where(part.few_rows, np.nan, part.pvalue_holm), names),
        )
        for part in (first, second)
    ]
    facts = []
    for place, name in enumerate(names):
        lines = [
            (f"shuffled {shuffled(part.given)}: {effect_label(part)}", amounts[name])
            if math.isfinite(values[place])
            else (f"{shuffled(part.given)}:", inseparable(report_of(part, name)) or "no value")
            for part, (amounts, values, _) in zip((first, second), written, strict=True)
        ]
        sure = [probability(adjusted[place]) for _, _, adjusted in written]
        report = report_of(second, name)
        shares = ", ".join(f"{column} {share:.0%}" for column, share in report.correlated)
        lines += [
            (
                "",
                ""
                if math.isnan(report.own_share)
                else f"{report.explained:.0%} explained by the given columns",
            ),
            ("each alone:", shares),
            ("p (Holm)", " → ".join(sure) if set(sure) != {"-"} else ""),
            ("", pushes(first.directions.get(name, ""))),
        ]
        facts.append([(term, text) for term, text in lines if text])
    return facts
