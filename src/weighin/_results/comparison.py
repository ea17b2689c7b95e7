"""What a comparison found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from weighin._base.checks import check_level, check_limit
from weighin._base.text import printable
from weighin._display import charts
from weighin._display.telling import Telling
from weighin._results.base import Result
from weighin._results.comparison_numbers import ComparisonNumbers
from weighin._results.comparison_telling import difference_text, heading, tell, title_of
from weighin._results.comparison_words import about


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(ComparisonNumbers, Result):
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
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, confidence_level, limit)

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
        shown = self.compared()[:limit]
        order = self.order[:limit]
        left_out = len(self.features) - len(shown)
        labels = [
            " ".join(
                [difference_text(compared)]
                + [f"({compared.number.interval})"] * (compared.number.interval != "-")
            )
            for compared in shown
        ]
        a, b = map(printable, self.labels)
        return charts.dumbbell(
            [compared.feature for compared in shown],
            self.first[order],
            self.second[order],
            unsure=~self.claimed()[order],
            labels=labels,
            legend=self.labels,
            title=heading(self, title or title_of(self)),
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
