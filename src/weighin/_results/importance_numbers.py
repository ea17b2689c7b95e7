"""The numbers of an importance: what was measured, how sure it is, and what may be claimed of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import InputError, listing, nearest
from weighin._inference import IDENTITY, Evidence, Inference, Link, RowChanges, holm
from weighin._inference.claims import Claims, claims
from weighin._inference.judging import judge
from weighin._results.associations import Associations
from weighin._results.effects import Effects
from weighin._results.given_feature import GivenFeature
from weighin._results.importance_contrasts import Contrasts
from weighin._results.one_feature import FeatureImportance


@dataclass(frozen=True, eq=False, repr=False)
class ImportanceNumbers(Contrasts):
    """Fields and numbers of an `Importance`, which documents them."""

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
    device: str = ""
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
    parts: tuple[Self, ...] = field(default=(), repr=False)
    rows_sum: str = ""
    kept: RowChanges | None = field(default=None, repr=False)
    effects: Effects | None = field(default=None, repr=False)
    associations: Associations | None = field(default=None, repr=False)
    command: str = ""
    given: str = ""
    given_reports: Mapping[str, GivenFeature] = field(default_factory=dict)
    target: str = ""
    unit: str = ""

    def __post_init__(self) -> None:
        # a copy nobody else can change
        importances = np.array(self.importances, dtype=float)
        if importances.ndim != 2 or len(importances) != len(self.features) or not importances.shape[1]:
            raise InputError(
                "importances must have one row per feature and at least one column, "
                f"got shape {importances.shape} for {len(self.features)} features."
            )
        importances.flags.writeable = False
        object.__setattr__(self, "importances", importances)
        # what is said of the whole is said of its metrics and segments
        simulated, trained = self.simulated, self.on_training_rows
        parts = tuple(
            part
            if (part.simulated, part.on_training_rows) == (simulated, trained)
            else replace(part, simulated=simulated, on_training_rows=trained)
            for part in self.parts
        )
        object.__setattr__(self, "parts", parts)

    @property
    def n_repeats(self) -> int:
        """Shuffles of each feature."""
        return self.importances.shape[1]

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """Importance of each feature over all shuffles, shape (n_features,).

        The mean over shuffles; for the RMSE, R2, F1 and the like the change of the metric of all shuffles pooled.
        """
        judged = None if self.link.is_mean else self._judged
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

    @property
    def givens(self) -> tuple[str, ...]:
        """What features were shuffled given, the first one that of this result itself; "" for shuffled freely."""
        return tuple(dict.fromkeys([self.given, *(part.given for part in self.parts)]))

    def of(self, metric: str | None = None, segment: Any = None, *, given: Any = None) -> Self:
        """Give the result for another metric, for a segment of the rows, or for features shuffled given others.

        Parameters
        ----------
        metric : str, optional
            One of `metrics`; the first by default.
        segment : optional
            One of `segments`; all rows by default.
        given : str or sequence of str, optional
            One of `givens`, such as "rest", "" for shuffled freely, or names of columns; that of this result by
            default.

        Raises
        ------
        InputError
            If there is none.
        """
        metric = metric or self.metric
        given = self.given if given is None else given if isinstance(given, str) else ", ".join(given)
        for part in (self, *self.parts):
            if (part.metric, part.segment, part.given) == (metric, segment, given):
                return part
        if metric not in self.metrics:
            raise InputError(
                f"No metric {metric!r}.{nearest(metric, self.metrics)} Metrics: {listing(self.metrics)}."
            )
        if given not in self.givens:
            raise InputError(
                f"No importance given {given!r}.{nearest(given, self.givens)} "
                f"There are: {listing([repr(name) for name in self.givens])}."
            )
        raise InputError(f"No segment {segment!r}. Segments: {listing(self.segments) or 'none'}.")

    @property
    def se(self) -> NDArray[np.float64]:
        """Standard error over rows and shuffles, shape (n_features,); NaN for a metric without intervals."""
        return self._from_judged("se")

    @property
    def se_data(self) -> NDArray[np.float64]:
        """Part of `se` that more rows lower, shape (n_features,)."""
        return self._from_judged("se_data")

    @property
    def se_shuffle(self) -> NDArray[np.float64]:
        """Part of `se` that more shuffles lower, shape (n_features,); the most it can be where donors are spread."""
        return self._from_judged("se_shuffle")

    @property
    def ci_lower(self) -> NDArray[np.float64]:
        """Lower end of the 95% interval, shape (n_features,)."""
        return self.interval()[0]

    @property
    def ci_upper(self) -> NDArray[np.float64]:
        """Upper end of the 95% interval, shape (n_features,)."""
        return self.interval()[1]

    @property
    def pvalue(self) -> NDArray[np.float64]:
        """One-sided p-value of "not above 0", shape (n_features,)."""
        return self._from_judged("pvalue")

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each feature's importance, for this model on rows like these.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where the metric has no interval.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        judged = self._judged
        if judged is None:
            unknown = np.full(len(self.features), np.nan)
            return unknown, unknown
        return judged.interval(confidence_level)

    def relative_interval(
        self, confidence_level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each feature's importance in parts of the baseline.

        The baseline is an estimate from the same rows, and what it errs is taken into account. For metrics that are
        neither a mean over rows nor a known function of one (such as the area under the ROC curve, or weighted means)
        it is taken as known.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where the metric has no interval, or the baseline is 0.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        ends = self.interval(confidence_level)
        size = abs(self.baseline) or np.nan
        if not self.baseline_errs or not np.isfinite(size):
            return ends[0] / size, ends[1] / size
        judged = judge(self.evidence, self.link, self.greater_is_better, self.ignored, relative=True)
        return judged.interval(confidence_level)

    @property
    def baseline_errs(self) -> bool:
        """Whether a relative interval takes into account what the baseline errs."""
        of_means = all(evidence.of_means for evidence in self.evidence)
        return bool(self.evidence) and of_means and self.link.knows_baseline

    def __getitem__(self, feature: str) -> FeatureImportance:
        """Give the numbers of one feature: ``imp["age"].importance``."""
        place = self._place(feature)
        (lower, upper), parts, claimed = self.interval(), self.relative_interval(), self._claims()
        return FeatureImportance(
            feature=feature,
            metric=self.metric,
            importance=float(self.importances_mean[place]),
            se=float(self.se[place]),
            ci_lower=float(lower[place]),
            ci_upper=float(upper[place]),
            relative=float(self.relative[place]),
            relative_lower=float(parts[0][place]),
            relative_upper=float(parts[1][place]),
            pvalue=float(self.pvalue[place]),
            pvalue_holm=float(self.pvalue_holm[place]),
            few_rows=bool(self.few_rows[place]),
            changed=bool(self.importances[place].any()),
            claim="" if claimed is None else str(claimed.words[place]),
            rank=int(np.flatnonzero(self.order == place)[0]) + 1,
            given=self.given,
        )

    @property
    def pvalue_holm(self) -> NDArray[np.float64]:
        """`pvalue` adjusted for the number of features (Holm 1979), shape (n_features,)."""
        return holm(self.pvalue)

    @property
    def few_rows(self) -> NDArray[np.bool_]:
        """Whether so few rows count for a feature that no interval holds, shape (n_features,)."""
        return (self._from_judged("few_rows") == 1) & ~np.isnan(self.importances_mean)

    @property
    def order(self) -> NDArray[np.int64]:
        """Places of the features, the heaviest first, shape (n_features,)."""
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    def _claim_words(self, confidence_level: float) -> dict[str, str]:
        claimed = self._claims(confidence_level)
        words = [""] * len(self.features) if claimed is None else claimed.words.tolist()
        return dict(zip(self.features, words, strict=True))

    def _claims(self, confidence_level: float = 0.95) -> Claims | None:
        """What is claimed, with p-values; None for a metric without intervals."""
        check_level(confidence_level)
        return None if self._judged is None else claims(self._judged, confidence_level)

    @property
    def ignored(self) -> NDArray[np.bool_]:
        """Whether the model cannot see a feature at all, shape (n_features,)."""
        return np.array([self.kernels.get(name) == "ignored" for name in self.features], dtype=bool)

    @cached_property
    def _judged(self) -> Inference | None:
        if not self.evidence:
            return None
        return judge(self.evidence, self.link, self.greater_is_better, self.ignored)

    def _from_judged(self, name: str) -> NDArray[np.float64]:
        judged = self._judged
        return (
            np.full(len(self.features), np.nan)
            if judged is None
            else np.asarray(getattr(judged, name), float)
        )
