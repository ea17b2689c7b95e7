"""What a comparison found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from weighin._base.text import printable
from weighin._display import charts
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.base import Result, check_limit
from weighin._results.comparison_numbers import ComparisonNumbers
from weighin._results.comparison_words import about, difference, only_in, sentences, short

READING = (
    "A feature's importance is how much worse the metric gets when its values are shuffled between rows. A difference "
    "is that of two importances, each of its own model and rows.",
    "Whiskers are 95% intervals, one feature at a time; a pale bar cannot be told apart from zero, given the number of "
    "features (Holm). Importances do not add up, and correlated columns stand in for each other.",
)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ComparisonNumbers, Result):
    """How much more, or less, each feature weighs in one result than in another.

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
    models : tuple of two str
        Which models, in words.
    simulated : bool
        True when any of the data were made up.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.

    Notes
    -----
    Columns of `to_frame`: feature, metric, importance_a, importance_b (of the first and the second result), difference
    (b minus a), se, ci_lower, ci_upper, pvalue (two-sided), pvalue_holm, few_rows, rank_a, rank_b, paired; the largest
    difference first.
    """

    _format = "weighin.comparison"

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_limit(limit)
        said = sentences(self, confidence_level)
        return Telling(
            title=self._title,
            kicker=f"{self.metric}, {' and '.join(map(printable, self.labels))}",
            tables=[self._table(confidence_level)],
            remarks=said,
            sentences=said,
            reading=READING,
            made=self._made(),
            notes=list(map(printable, self.notes)),
            simulated=self.simulated,
        )

    def plot(self, *, ax: Any = None, limit: int = 20, title: str | None = None) -> Any:
        """Draw a dumbbell per feature, the largest difference on top, with the difference and its 95% interval.

        Ways are blue where the feature weighs more in the second result and orange where less, pale where the two
        cannot be told apart.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        limit : int
            At most so many features.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            If `limit` is less than 1.
        """
        check_limit(limit)
        order = self.order[:limit]
        left_out = len(self.features) - len(order)
        a, b = map(printable, self.labels)
        labels = []
        for i in map(int, order):
            number = difference(self, i)
            ends = f" ({number.interval})" if number.interval != "-" else ""
            labels.append(only_in(self, i) or f"{number.value}{ends}")
        return charts.dumbbell(
            [self.features[i] for i in order],
            self.first[order],
            self.second[order],
            unsure=~self.claimed()[order],
            labels=labels,
            legend=self.labels,
            title=self._marked(title or self._title),
            subtitle=f"Numbers: {b} minus {a}, with 95% intervals, {about(self)}."
            + (f" {left_out} more features not shown." if left_out else ""),
            xlabel=f"importance ({self.metric})",
            ax=ax,
        )

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        order = self.order
        lower, upper = self.interval(confidence_level)
        return {
            "feature": [self.features[i] for i in order],
            "metric": [self.metric] * len(order),
            "importance_a": self.first[order],
            "importance_b": self.second[order],
            "difference": self.difference[order],
            "se": self.se[order],
            "ci_lower": lower[order],
            "ci_upper": upper[order],
            "pvalue": self.pvalue[order],
            "pvalue_holm": self.pvalue_holm[order],
            "few_rows": self.few_rows[order],
            "rank_a": self.ranks[0][order],
            "rank_b": self.ranks[1][order],
            "paired": [self.paired] * len(order),
        }

    def _table(self, confidence_level: float) -> Table:
        lower, upper = self.interval(confidence_level)
        claimed, rows = self.claimed(confidence_level), []
        for i in map(int, self.order):
            number = difference(self, i, confidence_level)
            interval = "too few rows" if self.few_rows[i] and not only_in(self, i) else number.interval
            low, high = (math.nan, math.nan) if self.few_rows[i] else (float(lower[i]), float(upper[i]))
            importances = [write(float(importance[i])) for importance in (self.first, self.second)]
            rows.append(
                Row(
                    self.features[i],
                    [*importances, only_in(self, i) or number.value, interval, _moved(*self.ranks[:, i])],
                    Bar(float(self.difference[i]), low, high),
                    claimed=bool(claimed[i]),
                )
            )
        a, b = map(short, self.labels)
        columns = [
            Column(a, gives_way=2),
            Column(b, gives_way=2),
            Column("difference"),
            Column(f"{100 * confidence_level:g}% interval", "right", gives_way=1),
            Column("rank", "right", gives_way=3),
        ]
        return Table(
            self._marked(f"{self.metric}: {printable(self.labels[1])} minus {printable(self.labels[0])}"),
            "feature",
            columns,
            rows,
            "to_frame(), plot(limit=...)",
        )

    @property
    def _title(self) -> str:
        return f"What weighs more or less in {self.labels[1]} than in {self.labels[0]}"

    def _marked(self, title: str) -> str:
        return ("SIMULATED DATA - " if self.simulated else "") + title

    def _made(self) -> list[tuple[str, str]]:
        pairs = [("Metric", self.metric)]
        for label, model, rows, n_rows in zip(self.labels, self.models, self.rows, self.n_rows, strict=True):
            pairs.append((label, f"{model or 'a model'}, on {rows or f'{n_rows:,} rows'}"))
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return [*pairs, ("Versions", versions), ("Date", self.date)]


def _moved(first: float, second: float) -> str:
    """Write a rank, or how it moved."""
    if math.isnan(first):
        return ""
    return " > ".join(dict.fromkeys((f"{first:.0f}", f"{second:.0f}")))
