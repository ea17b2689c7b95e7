"""What a comparison found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.files import check_free, given_or_written
from weighin._base.optional import require
from weighin._base.text import printable, width_of_output
from weighin._display import charts as _plots
from weighin._display.notebook import MOST, Row, table_html
from weighin._inference import Inference
from weighin._inference.paired import adjusted, two_sided
from weighin._results.comparison_file import read, write
from weighin._results.comparison_words import about, between, numbers, sentences

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
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
    models: tuple[str, str] = ("", "")
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def __post_init__(self) -> None:
        for name in ("first", "second", "difference", "se", "skewness", "df", "few_rows"):
            values = np.array(getattr(self, name), dtype=bool if name == "few_rows" else float)
            if values.shape != (len(self.features),):
                raise InputError(
                    f"{name} must have one value per feature, got shape {values.shape} for "
                    f"{len(self.features)} features."
                )
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @property
    def ci_lower(self) -> NDArray[np.float64]:
        """Lower end of the 95% interval of the difference, shape (n_features,)."""
        return self.interval()[0]

    @property
    def ci_upper(self) -> NDArray[np.float64]:
        """Upper end of the 95% interval of the difference, shape (n_features,)."""
        return self.interval()[1]

    @property
    def pvalue(self) -> NDArray[np.float64]:
        """Two-sided p-value of "no difference", shape (n_features,)."""
        return np.where(np.isnan(self.se), np.nan, two_sided(self._judged))

    @property
    def ranks(self) -> NDArray[np.float64]:
        """Places in the order of importance, shape (2, n_features), among the features that both have; else NaN."""
        both = np.isfinite(self.first) & np.isfinite(self.second)
        ranks = np.full((2, len(self.features)), np.nan)
        for place, values in enumerate((self.first, self.second)):
            order = np.flatnonzero(both)[np.argsort(-values[both], kind="stable")]
            ranks[place, order] = np.arange(1, len(order) + 1)
        return ranks

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each difference.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where the metric has no interval, or one result lacks the feature.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        return self._judged.interval(confidence_level)

    def to_frame(self, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give one row per feature, the largest difference first.

        Parameters
        ----------
        confidence_level : float
            Of the interval, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            Columns: feature, metric, importance_a, importance_b (of the first and the second result), difference (b
            minus a), se, ci_lower, ci_upper, pvalue (two-sided), pvalue_holm, few_rows, rank_a, rank_b, paired.

        Raises
        ------
        MissingDependencyError
            Without pandas.
        """
        pd = require("pandas", "fastai", "give a data frame")
        order = self._order()
        lower, upper = self.interval(confidence_level)
        pvalue = self.pvalue
        return pd.DataFrame(
            {
                "feature": [self.features[i] for i in order],
                "metric": self.metric,
                "importance_a": self.first[order],
                "importance_b": self.second[order],
                "difference": self.difference[order],
                "se": self.se[order],
                "ci_lower": lower[order],
                "ci_upper": upper[order],
                "pvalue": pvalue[order],
                "pvalue_holm": adjusted(pvalue)[order],
                "few_rows": self.few_rows[order],
                "rank_a": self.ranks[0][order],
                "rank_b": self.ranks[1][order],
                "paired": self.paired,
            }
        )

    def summary(self, confidence_level: float = 0.95) -> str:
        """Say in plain sentences what differs, what cannot be told apart, and how it was compared.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.

        Returns
        -------
        str
            A sentence per line.
        """
        return "\n".join(sentences(self, confidence_level))

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
        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        order = self._order()[:limit]
        left_out = len(self.features) - len(order)
        lower, upper = self.interval()
        a, b = map(printable, self.labels)
        return _plots.dumbbell(
            [self.features[i] for i in order],
            self.first[order],
            self.second[order],
            unsure=~((lower > 0) | (upper < 0))[order],
            labels=between(self, order),
            legend=self.labels,
            title=self._heading(title),
            subtitle=f"Numbers: {b} minus {a}, with 95% intervals, {about(self)}."
            + (f" {left_out} more features not shown." if left_out else ""),
            xlabel=f"importance ({self.metric})",
            ax=ax,
        )

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write the comparison as JSON, whole or not at all.

        Parameters
        ----------
        path : path or str
            Where to.
        force : bool
            Replace what is there.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        """
        write(Path(path), {entry.name: getattr(self, entry.name) for entry in fields(self)}, force=force)

    @classmethod
    def load(cls, path: Path | str) -> Comparison:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path or str
            Where from.

        Raises
        ------
        InputError
            If the file is not there, is no comparison of weighin, or comes from a newer version of the format.
        """
        path = Path(path)
        values = read(path, {entry.name for entry in fields(cls)})
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """Table for a terminal."""
        from rich.text import Text

        from weighin._results.comparison_table import differences_table

        yield differences_table(self, options.max_width)
        yield Text("\n".join(printable(line) for line in self.summary().splitlines()))

    def __str__(self) -> str:
        from rich.console import Console

        page = io.StringIO()
        Console(file=page, width=width_of_output(), color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")

    __repr__ = __str__

    def to_html(
        self, path: Path | str | None = None, *, title: str | None = None, force: bool = False
    ) -> str | None:
        """Write one HTML page to send around: sentences, table with bars, how to read it, how it was made.

        Parameters
        ----------
        path : path or str, optional
            Where to; without, the page is returned.
        title : str, optional
            Instead of the usual one.
        force : bool
            Replace what is there.

        Returns
        -------
        str or None
            The page; None when it went to `path`.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        """
        from weighin._results.comparison_page import page_of

        if path is not None:
            check_free(Path(path), force=force)
        minus = f"{self.metric}: {self.labels[1]} minus {self.labels[0]}"
        page = page_of(self, title or self._usual, self._table(minus, (), most=None))
        return given_or_written(page, path)

    def _repr_html_(self) -> str:
        """Table for a notebook."""
        return self._table(self._heading(), self.summary().splitlines(), most=MOST)

    def _table(self, heading: str, remarks: Sequence[str], *, most: int | None) -> str:
        order, (lower, upper), number = self._order(), self.interval(), numbers(self)
        rows = []
        for i, text in zip(order, between(self, order), strict=True):
            importances = [number(some[i]).lstrip("+") for some in (self.first, self.second)]
            by, low, high = (float(some[i]) for some in (self.difference, lower, upper))
            rows.append(Row(self.features[i], [*importances, text], by, low, high))
        columns = ["feature", *self.labels, "difference (95% interval)"]
        return table_html(heading, columns, rows, remarks, "to_frame(), plot(limit=...)", most=most)

    @cached_property
    def _judged(self) -> Inference:
        unknown = np.full(len(self.features), np.nan)
        return Inference(self.difference, self.se, unknown, unknown, self.skewness, self.df, self.few_rows)

    @property
    def _usual(self) -> str:
        return f"What weighs more or less in {self.labels[1]} than in {self.labels[0]}"

    def _heading(self, title: str | None = None) -> str:
        return ("SIMULATED DATA - " if self.simulated else "") + (title or self._usual)

    def _order(self) -> NDArray[np.int64]:
        size = np.nan_to_num(np.abs(self.difference), nan=-1.0)
        heavier = np.nan_to_num(np.fmax(self.first, self.second), nan=-np.inf)
        return np.lexsort((-heavier, -size))
