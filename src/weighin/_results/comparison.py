"""What a comparison found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import named, printable
from weighin._display import charts
from weighin._display.numbers import interval_name, write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._inference import Allowing, Inference, holm, two_sided
from weighin._inference.claims import is_claimed
from weighin._results.compared_feature import ComparedFeature
from weighin._results.given_feature import shuffled
from weighin._results.glossary import words
from weighin._results.listed import (
    Listed,
    chance_sentence,
    columns,
    feature_lines,
    few_rows_sentence,
    freeze,
    unmoved_sentence,
)
from weighin._results.provenance import made, marked

READING = (
    "A feature's importance is how much worse the metric gets when its values are shuffled between rows. A "
    "difference is one importance minus another, each measured on its own model and rows.",
    "Whiskers are intervals of one feature at a time; a pale bar cannot be told apart from zero, given the number of "
    "features (Holm). Importances do not add up, and correlated columns stand in for each other.",
)
READING_SHARES = (
    "A feature's contribution is its part of the loss that all features prevent: how much worse the metric gets at "
    "its turn, when rows become other rows feature by feature in random orders. Contributions add up. A difference is "
    "one contribution minus another, each measured on its own model and rows.",
    READING[1].replace("Importances do not add up, and correlated columns", "Correlated columns"),
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


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Listed[ComparedFeature]):
    """How much more, or less, each feature weighs in one result than in another.

    ``comparison["age"]`` gives the numbers of one feature.

    Attributes
    ----------
    features : tuple of str
        Features and groups of both; those of one alone come last.
    labels : tuple of two str
        What the two are called.
    first, second : ndarray of shape (n_features,)
        Importances; NaN where the feature is in the other result only.
    difference : ndarray of shape (n_features,)
        Second minus first: positive where the feature weighs more in the second.
    se, skewness, df : ndarray of shape (n_features,)
        Standard error of the difference, its skewness and degrees of freedom; NaN for a metric without intervals.
    few_rows : ndarray of bool of shape (n_features,)
        Features for which so few rows count that no interval holds.
    paired : bool
        Whether both were weighed on the same rows with the same shuffles, and compared pair by pair. Otherwise they
        count as independent: variances add.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    baselines : tuple of two float
        The metric before any shuffle.
    n_rows : tuple of two int
        Rows of each.
    rows : tuple of two str
        Which rows they were, in words.
    rows_in_common : {"all", "some", "none", "unknown"}
        Rows that are in both, as far as the two results tell: where they are not compared pair by pair, intervals
        hold for other rows alone.
    models : tuple of two str
        Which models, in words.
    simulated : bool
        True when any of the data were made up.
    given : str
        What the features of both were shuffled given, as in `Importance`; "" for freely, or where the two differ.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.
    allowing : Allowing or None
        The differences again, each end with numbers of its own: of importances given other columns, for what the model
        of those columns errs.
    quantity : {"importance", "contribution"}
        What is compared: importances, or what features contribute to the loss that all prevent, of `Shares`.

    Notes
    -----
    Columns of `to_frame`: feature, metric, importance_a, importance_b (of the first and the second result), difference
    (b minus a), se, ci_lower, ci_upper, pvalue (two-sided), pvalue_holm, few_rows, rank_a, rank_b, paired; the largest
    difference first. `plot` draws a dumbbell per feature, blue where it weighs more in the second result and orange
    where less.
    """

    features: tuple[str, ...]
    labels: tuple[str, str]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    difference: NDArray[np.float64]
    se: NDArray[np.float64]
    skewness: NDArray[np.float64]
    df: NDArray[np.float64]
    few_rows: NDArray[np.bool_]
    paired: bool
    metric: str
    greater_is_better: bool
    baselines: tuple[float, float]
    n_rows: tuple[int, int]
    rows: tuple[str, str] = ("", "")
    rows_in_common: Literal["all", "some", "none", "unknown"] = "unknown"
    models: tuple[str, str] = ("", "")
    simulated: bool = False
    given: str = ""
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    allowing: Allowing | None = None
    quantity: Literal["importance", "contribution"] = "importance"

    _format = "weighin.comparison"
    _attributes = columns(
        "feature metric importance_a importance_b difference se ci_lower ci_upper pvalue pvalue_holm few_rows rank_a "
        "rank_b paired"
    )

    def __post_init__(self) -> None:
        arrays = ("first", "second", "difference", "se", "skewness", "df", "few_rows")
        freeze(self, **dict.fromkeys(arrays, (len(self.features),)))

    @property
    def pvalue(self) -> NDArray[np.float64]:
        """Two-sided p-value of "no difference", shape (n_features,)."""
        return np.where(np.isnan(self.se), np.nan, two_sided(self._judged))

    @property
    def pvalue_holm(self) -> NDArray[np.float64]:
        """`pvalue` adjusted for the number of features that have one (Holm 1979), shape (n_features,)."""
        return holm(self.pvalue)

    @property
    def ranks(self) -> NDArray[np.float64]:
        """Places in the order of importance, shape (2, n_features), among the features that both have; else NaN."""
        both = np.isfinite(self.first) & np.isfinite(self.second)
        ranks = np.full((2, len(self.features)), np.nan)
        for place, values in enumerate((self.first, self.second)):
            order = np.flatnonzero(both)[np.argsort(-values[both], kind="stable")]
            ranks[place, order] = np.arange(1, len(order) + 1)
        return ranks

    @property
    def order(self) -> NDArray[np.int64]:
        """Places of the features, the largest difference first, shape (n_features,)."""
        size = np.nan_to_num(np.abs(self.difference), nan=-1.0)
        heavier = np.nan_to_num(np.fmax(self.first, self.second), nan=-np.inf)
        return np.lexsort((-heavier, -size))

    @cached_property
    def _judged(self) -> Inference:
        if self.allowing is not None:
            return self.allowing
        unknown = np.full(len(self.features), np.nan)
        return Inference(self.difference, self.se, unknown, unknown, self.skewness, self.df, self.few_rows)

    def _interval(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._judged.interval(confidence_level)

    def _lines(self, confidence_level: float) -> tuple[ComparedFeature, ...]:
        def line(**numbers: Any) -> ComparedFeature:
            return ComparedFeature(labels=self.labels, paired=self.paired, **numbers)

        differ = is_claimed(self.pvalue_holm, self.few_rows, confidence_level)
        return feature_lines(
            self,
            line,
            confidence_level,
            importance_a=self.first,
            importance_b=self.second,
            difference=self.difference,
            rank_a=self.ranks[0],
            rank_b=self.ranks[1],
            claim=np.where(differ, np.where(self.difference > 0, "more", "less"), ""),
        )

    def _tell(self, lines: Sequence[ComparedFeature], confidence_level: float, limit: int) -> Telling:
        return tell(self, lines, confidence_level, limit)

    def _chart(self, lines: Sequence[ComparedFeature], title: str | None, left_out: str) -> charts.Dumbbell:
        a, b = map(printable, self.labels)
        intervals = [line.number.interval for line in lines]
        level = interval_name(lines[0].confidence_level if lines else 0.95)
        return charts.Dumbbell(
            names=[line.feature for line in lines],
            first=np.array([line.importance_a for line in lines]),
            second=np.array([line.importance_b for line in lines]),
            unsure=np.array([not line.claim for line in lines], dtype=bool),
            labels=[
                difference_text(line) + (f" ({interval})" if interval != "-" else "")
                for line, interval in zip(lines, intervals, strict=True)
            ],
            legend=self.labels,
            title=marked(self, title or title_of(self)),
            subtitle=f"Numbers: {b} minus {a}, with {level}s, {about(self)}.{left_out}",
            xlabel=f"{self.quantity} ({self.metric}{f', {shuffled(self.given)}' if self.given else ''})",
            tips=[[repr(line)] for line in lines],
            key=[("hollow", self.labels[0]), ("full", self.labels[1]), ("pale", "cannot be told apart")],
            ranked=False,
        )


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
        glossary=words("Importance", "Metric", "Baseline", "Interval", "p (Holm)"),
        reading=READING if result.quantity == "importance" else READING_SHARES,
        made=_made(result),
        notes=list(map(printable, result.notes)),
        simulated=result.simulated,
    )


def title_of(result: Comparison) -> str:
    """Headline of page and chart."""
    given = f", {shuffled(result.given)}" if result.given else ""
    return printable(f"What weighs more or less in {result.labels[1]} than in {result.labels[0]}{given}")


def difference_text(line: ComparedFeature) -> str:
    """Write the difference, or where the feature is."""
    return f"only in {_short(line.only_in)}" if line.only_in else line.number.value


def about(result: Comparison) -> str:
    """Say how the two were compared, and what rows in common would do to the intervals."""
    return "paired: the same rows with the same shuffles" if result.paired else COMMON[result.rows_in_common]


def _sentences(result: Comparison, lines: Sequence[ComparedFeature], limit: int) -> list[str]:
    """Say what differs, the largest one by one, what cannot be told apart, and how it was compared."""
    claimed = [line for line in lines if line.claim]
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
    unclear = [line for line in moved if not (line.claim or line.few_rows or math.isnan(line.pvalue_holm))]
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
            claimed=bool(line.claim),
        )
        for line in lines
    ]
    columns = [
        *(Column(_short(label), gives_way=2) for label in result.labels),
        Column("difference"),
        Column(interval_name(confidence_level), "right", gives_way=1),
        Column("rank", "right", gives_way=3),
    ]
    a, b = map(printable, result.labels)
    given = f", {shuffled(result.given)}" if result.given else ""
    what = "contributions to " if result.quantity == "contribution" else ""
    title = marked(result, f"{what}{printable(result.metric)}{given}: {b} minus {a}")
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
    return made(result, ("Metric", result.metric), *of_both)
