"""What a run found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._base.files import check_free, together
from weighin._base.optional import require
from weighin._inference import IDENTITY, Evidence, Link, RowChanges, holm
from weighin._results.importance_file import read, read_rows, write, write_rows
from weighin._results.importance_page import joined
from weighin._results.importance_sentences import summary
from weighin._results.importance_view import Shown

if TYPE_CHECKING:
    import pandas as pd

_SAME_PLAN = (
    "model",
    "metric",
    "greater_is_better",
    "n_rows",
    "rows",
    "n_repeats",
    "random_state",
    "block_rows",
    "simulated",
    "metrics",
    "by",
    "segments",
    "segment",
)


@dataclass(frozen=True, eq=False, repr=False)
class Importance(Shown):
    """How much each feature weighs in a trained model.

    Attributes
    ----------
    features : tuple of str
        Features and groups, in the model's order.
    importances : ndarray of shape (n_features, n_repeats)
        How much worse the metric got in each shuffle, in units of the metric. Positive means that the model gets
        worse without the feature, whichever direction of the metric is better.
    baseline : float
        The metric on the same rows before any shuffle.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    n_rows : int
        Rows the metric was taken over.
    rows : str
        Which rows they were, in words.
    on_training_rows : bool or None
        True when the model was trained on some of these rows, None when nobody knows.
    model : str
        Which model, in words.
    random_state : int
        Seed that gives these numbers again.
    block_rows : int
        Rows of the donor-closed blocks that rows exchange values in.
    groups : dict of str to tuple of str
        Members of the entries of `features` that are groups.
    kernels : dict of str to str
        How each feature was predicted: "sum" and "levels" (fast and exact, for networks whose first layer is a sum of
        parts), "ignored" (the model cannot see it: exactly 0), "generic" (through the model itself).
    directions : dict of str to str
        Which way predictions go as a feature grows, for features of which it is known: see `with_effects`.
    simulated : bool
        True when the data were made up; every view says so.
    complete : bool
        False when the run was interrupted.
    unfinished : tuple of str
        Features it had no time for: weigh them with the same seed and `n_repeats`, and `merge`.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.
    link : Link
        What the metric is of the mean loss per row.
    evidence : tuple
        What intervals are made of; empty for a metric without.
    by : str
        What the rows were told apart by, with ``weigh(..., by=...)``.
    segment : str, int, float or None
        Which of them this part is about; None for all rows.
    parts : tuple of Importance
        The other metrics, and the segments of each; see `of`.
    rows_sum : str
        Sum of the target, row by row: results of one sum were weighed on the same rows.
    kept : RowChanges or None
        What each swap changed row by row, with ``weigh(..., keep_rows=True)``.
    further : dict
        What else is known, for a page: see `with_effects`, `with_associations`; "command" is what gave these numbers.

    Examples
    --------
    >>> import numpy as np
    >>> imp = Importance(("spread", "week"), np.array([[7.0, 8.0], [0.0, 0.1]]), 12.5, "mae", False, 730)
    >>> imp.importances_mean.tolist()
    [7.5, 0.05]
    """

    features: tuple[str, ...]
    importances: NDArray[np.float64]
    baseline: float
    metric: str
    greater_is_better: bool
    n_rows: int
    rows: str = ""
    on_training_rows: bool | None = None
    model: str = ""
    random_state: int = 0
    block_rows: int = 4096
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kernels: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False
    complete: bool = True
    unfinished: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    link: Link = IDENTITY
    evidence: tuple[Evidence, ...] = field(default=(), repr=False)
    by: str = ""
    segment: Any = None
    parts: tuple[Importance, ...] = field(default=(), repr=False)
    rows_sum: str = ""
    kept: RowChanges | None = field(default=None, repr=False)
    further: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        importances = np.array(self.importances, dtype=float)  # a copy nobody else can change
        if importances.ndim != 2 or len(importances) != len(self.features) or not importances.shape[1]:
            raise InputError(
                "importances must have one row per feature and at least one column, "
                f"got shape {importances.shape} for {len(self.features)} features."
            )
        importances.flags.writeable = False
        object.__setattr__(self, "importances", importances)

    @property
    def n_repeats(self) -> int:
        """Shuffles of each feature."""
        return self.importances.shape[1]

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """Importance of each feature over all shuffles, shape (n_features,).

        The mean over shuffles; for the RMSE, R2, F1 and the like the change of the metric of all shuffles pooled.
        """
        judged = self._judged if not self.link.is_mean else None
        with np.errstate(all="ignore"):
            return self.importances.mean(1) if judged is None else judged.estimate

    @property
    def importances_std(self) -> NDArray[np.float64]:
        """Standard deviation over shuffles, shape (n_features,): the noise of shuffling alone."""
        with np.errstate(all="ignore"):
            return self.importances.std(1)

    @property
    def relative(self) -> NDArray[np.float64]:
        """Importance over the baseline, shape (n_features,); NaN where the baseline is 0."""
        if self.baseline == 0:
            return np.full(len(self.features), np.nan)
        with np.errstate(all="ignore"):
            return self.importances_mean / abs(self.baseline)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics, the first one that of this result itself."""
        return tuple(dict.fromkeys([self.metric, *(part.metric for part in self.parts)]))

    @property
    def segments(self) -> tuple[Any, ...]:
        """Values rows were told apart by."""
        return tuple(dict.fromkeys(part.segment for part in self.parts if part.segment is not None))

    def of(self, metric: str | None = None, segment: Any = None) -> Importance:
        """Give the result for another metric, or for a segment of the rows.

        Parameters
        ----------
        metric : str, optional
            One of `metrics`; the first by default.
        segment : optional
            One of `segments`; all rows by default.

        Raises
        ------
        InputError
            If there is none.
        """
        metric = metric or self.metric
        for part in (self, *self.parts):
            if part.metric == metric and part.segment == segment:
                return part
        if metric not in self.metrics:
            raise InputError(
                f"No metric {metric!r}.{nearest(metric, self.metrics)} Metrics: {listing(self.metrics)}."
            )
        raise InputError(f"No segment {segment!r}. Segments: {listing(self.segments) or 'none'}.")

    def to_frame(self, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give one row per feature, the heaviest first; metric after metric, and segment after segment.

        Parameters
        ----------
        confidence_level : float
            Of the interval, between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            Columns: feature, metric, importance, se, se_data, se_shuffle, ci_lower, ci_upper, relative, pvalue,
            pvalue_holm, few_rows, rank; with ``by=`` also segment, None for all rows. Those about certainty are NaN
            for a metric without intervals; p-values are adjusted among the features of a metric and segment.

        Raises
        ------
        MissingDependencyError
            Without pandas.
        """
        pd = require("pandas", "fastai", "give a data frame")
        parts = [self._columns(confidence_level), *(part._columns(confidence_level) for part in self.parts)]
        frame = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
        return frame if self.by else frame.drop(columns="segment")

    def summary(self, limit: int = 5, confidence_level: float = 0.95) -> str:
        """Say in plain sentences what was found, and what to know before believing it.

        Parameters
        ----------
        limit : int
            Features told of one by one, the heaviest first.
        confidence_level : float
            Of the intervals, between 0 and 1.

        Returns
        -------
        str
            A sentence per line.
        """
        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        return "\n".join(summary(self, limit, confidence_level))

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        order = self._order()
        lower, upper = self.interval(confidence_level)
        pvalue = self.pvalue
        return {
            "feature": [self.features[i] for i in order],
            "metric": self.metric,
            "segment": [self.segment] * len(order),
            "importance": self.importances_mean[order],
            "se": self.se[order],
            "se_data": self._from_judged("se_data")[order],
            "se_shuffle": self.se_shuffle[order],
            "ci_lower": lower[order],
            "ci_upper": upper[order],
            "relative": self.relative[order],
            "pvalue": pvalue[order],
            "pvalue_holm": holm(pvalue)[order],
            "few_rows": self._from_judged("few_rows")[order] == 1,
            "rank": np.arange(1, len(order) + 1),
        }

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write the result as JSON, whole or not at all.

        Parameters
        ----------
        path : path or str
            Where to.
        force : bool
            Replace what is there.

        Notes
        -----
        What ``keep_rows=True`` kept goes into a file of the same name that ends in ``.npz``.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        """
        path = Path(path)
        beside = path.with_suffix(".npz")
        if self.kept is not None:
            check_free(beside, force=force)
        with together():
            write(path, {**self._values(), "rows_beside": self.kept is not None}, force=force)
            if self.kept is not None:
                write_rows(beside, self.kept, force=force)

    def _values(self) -> dict[str, Any]:
        values = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "kept"}
        parts = [part._values() for part in self.parts]
        return {**values, "relative": self.relative.tolist(), "parts": parts}

    @classmethod
    def load(cls, path: Path | str) -> Importance:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path or str
            Where from.

        Raises
        ------
        InputError
            If the file is not there, is no result of weighin, or comes from a newer version of the format.
        """
        path = Path(path)
        values = read(path, {entry.name for entry in fields(cls)} - {"kept"} | {"rows_beside"})
        beside = values.pop("rows_beside", False)
        try:
            result = cls._of_values(values)
        except (TypeError, ValueError) as error:
            raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
        kept = read_rows(path.with_suffix(".npz"), result.importances.shape) if beside else None
        return result if kept is None else dataclasses.replace(result, kept=kept)

    @classmethod
    def _of_values(cls, values: Mapping[str, Any]) -> Importance:
        return cls(**{**values, "parts": tuple(cls._of_values(part) for part in values["parts"])})

    def merge(self, other: Importance) -> Importance:
        """Join two results of the same plan, such as the two parts of an interrupted run.

        Parameters
        ----------
        other : Importance
            Of the same model, rows, metric, number of shuffles and seed; other features.

        Returns
        -------
        Importance
            The features of both, as one run would have given them.

        Raises
        ------
        InputError
            Naming what differs, or the features in both.

        Examples
        --------
        >>> done = Importance(
        ...     ("spread",), np.array([[7.0]]), 12.5, "mae", False, 730, complete=False, unfinished=("week",)
        ... )
        >>> rest = Importance(("week",), np.array([[0.1]]), 12.5, "mae", False, 730)
        >>> done.merge(rest).complete
        True
        """
        for name in _SAME_PLAN:
            mine, theirs = getattr(self, name), getattr(other, name, None)
            if mine != theirs:
                raise InputError(f"Not of the same plan: {name} is {mine!r} and {theirs!r}.")
        alike = math.isclose(self.baseline, other.baseline, rel_tol=1e-6)
        if not alike and not (math.isnan(self.baseline) and math.isnan(other.baseline)):  # without numbers
            raise InputError(f"Not of the same plan: baseline is {self.baseline!r} and {other.baseline!r}.")
        twice = [name for name in other.features if name in self.features]
        if twice:
            raise InputError(f"In both results: {listing(twice)}.")
        features = self.features + other.features
        unfinished = tuple(n for n in dict.fromkeys(self.unfinished + other.unfinished) if n not in features)
        return dataclasses.replace(
            self,
            features=features,
            importances=np.concatenate([self.importances, other.importances]),
            groups={**self.groups, **other.groups},
            kernels={**self.kernels, **other.kernels},
            directions={**self.directions, **other.directions},
            complete=not unfinished and all(part.complete or part.unfinished for part in (self, other)),
            unfinished=unfinished,
            notes=tuple(dict.fromkeys([*self.notes, *other.notes])),
            evidence=self.evidence + other.evidence if self.evidence and other.evidence else (),
            parts=tuple(mine.merge(other.of(mine.metric, mine.segment)) for mine in self.parts),
            kept=None,
            further=joined(self, other),
        )
