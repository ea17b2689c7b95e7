"""What a comparison found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import printable
from weighin._display import charts
from weighin._display.telling import Telling
from weighin._inference import Inference, holm, two_sided
from weighin._inference.claims import is_claimed
from weighin._results.compared_feature import ComparedFeature
from weighin._results.comparison_telling import about, difference_text, tell, title_of
from weighin._results.listed import Listed, columns, feature_lines, freeze


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
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

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

    def claimed(self, confidence_level: float = 0.95) -> NDArray[np.bool_]:
        """Tell which differences are claimed: adjusted p below 1 minus the level; shape (n_features,).

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        return is_claimed(self.pvalue_holm, self.few_rows, confidence_level)

    @cached_property
    def _judged(self) -> Inference:
        unknown = np.full(len(self.features), np.nan)
        return Inference(self.difference, self.se, unknown, unknown, self.skewness, self.df, self.few_rows)

    def _interval(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._judged.interval(confidence_level)

    def _lines(self, confidence_level: float) -> tuple[ComparedFeature, ...]:
        def line(**numbers: Any) -> ComparedFeature:
            return ComparedFeature(labels=self.labels, paired=self.paired, **numbers)

        return feature_lines(
            self,
            line,
            confidence_level,
            importance_a=self.first,
            importance_b=self.second,
            difference=self.difference,
            rank_a=self.ranks[0],
            rank_b=self.ranks[1],
            claimed=self.claimed(confidence_level),
        )

    def _tell(self, lines: Sequence[ComparedFeature], confidence_level: float, limit: int) -> Telling:
        return tell(self, lines, confidence_level, limit)

    def _chart(self, lines: Sequence[ComparedFeature], title: str | None, left_out: str) -> charts.Dumbbell:
        a, b = map(printable, self.labels)
        intervals = [line.number.interval for line in lines]
        return charts.Dumbbell(
            names=[line.feature for line in lines],
            first=np.array([line.importance_a for line in lines]),
            second=np.array([line.importance_b for line in lines]),
            unsure=np.array([not line.claimed for line in lines], dtype=bool),
            labels=[
                difference_text(line) + (f" ({interval})" if interval != "-" else "")
                for line, interval in zip(lines, intervals, strict=True)
            ],
            legend=self.labels,
            title=self._heading(title or title_of(self)),
            subtitle=f"Numbers: {b} minus {a}, with 95% intervals, {about(self)}.{left_out}",
            xlabel=f"importance ({self.metric})",
            tips=[[repr(line)] for line in lines],
            key=[("hollow", self.labels[0]), ("full", self.labels[1]), ("pale", "cannot be told apart")],
            ranked=False,
        )
