"""How sure one can be of importances: evidence of all features in, one inference out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import InputError, nearest
from weighin._inference import (
    NOT_TOGETHER,
    Evidence,
    Inference,
    LeftOut,
    Link,
    pair,
)


def judge(
    evidence: Sequence[Evidence],
    link: Link,
    greater_is_better: bool,
    ignored: NDArray[np.bool_],
    *,
    relative: bool = False,
) -> Inference:
    """Estimate every feature's importance with its standard error.

    Parameters
    ----------
    evidence : sequence of Evidence
        Each for some of the features, in their order.
    link : Link
        What the metric is of the mean loss per row.
    greater_is_better : bool
        Whether the metric grows with quality.
    ignored : ndarray of bool of shape (n_features,)
        Features the model cannot see: exactly 0.
    relative : bool
        In parts of the baseline.
    """
    sign = -1.0 if greater_is_better else 1.0
    function = link.relative if relative else link.change
    parts = [part.infer(function, sign=sign) for part in evidence]
    joined = {
        entry.name: np.concatenate([getattr(part, entry.name) for part in parts])
        for entry in fields(Inference)
    }
    return Inference(**joined).ignoring(ignored)


def judge_difference(
    evidence: Sequence[Evidence], link: Link, greater_is_better: bool, first: int, second: int
) -> Inference:
    """Estimate how much more one feature weighs than another, from their joint moments.

    Raises
    ------
    InputError
        If the two were not measured together.
    """
    start = 0
    for part in evidence:
        stop = start + part.n_units
        if start <= first < stop and start <= second < stop:
            sign = -1.0 if greater_is_better else 1.0
            return part.contrast(pair(first - start, second - start), link.change, sign=sign)
        start = stop
    raise InputError(NOT_TOGETHER)


class Certain:
    """What a result says of its own certainty, from its evidence."""

    features: tuple[str, ...]
    baseline: float
    metric: str
    greater_is_better: bool
    kernels: Mapping[str, str]
    link: Link
    evidence: tuple[Evidence, ...]

    @property
    def se(self) -> NDArray[np.float64]:
        """Standard error over rows and shuffles, shape (n_features,); NaN for a metric without intervals."""
        return self._from_judged("se")

    @property
    def se_shuffle(self) -> NDArray[np.float64]:
        """Part of `se` that more shuffles lower, shape (n_features,)."""
        return self._from_judged("se_shuffle")

    @property
    def ci_lower(self) -> NDArray[np.float64]:
        """Lower end of the 95 % interval, shape (n_features,)."""
        return self.interval()[0]

    @property
    def ci_upper(self) -> NDArray[np.float64]:
        """Upper end of the 95 % interval, shape (n_features,)."""
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
        if not self._baseline_errs or not np.isfinite(size):
            return ends[0] / size, ends[1] / size
        judged = judge(self.evidence, self.link, self.greater_is_better, self._ignored, relative=True)
        return judged.interval(confidence_level)

    @property
    def _baseline_errs(self) -> bool:
        """Whether a relative interval takes into account what the baseline errs."""
        known = not any(isinstance(some, LeftOut) for some in self.evidence)
        return bool(self.evidence) and known and self.link.knows_baseline

    def difference(
        self, first: str, second: str, confidence_level: float = 0.95
    ) -> tuple[float, float, float]:
        """Tell how much more one feature weighs than another, from the same rows and shuffles.

        With ``weigh(..., precision=...)`` features are left alone one by one: the difference is that on the rows both
        were measured on.

        Parameters
        ----------
        first, second : str
            Two features.
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        difference, lower, upper : float
            Positive where `first` weighs more.

        Raises
        ------
        InputError
            On unknown features, or a result without what intervals are made of.
        """
        for name in (first, second):
            if name not in self.features:
                raise InputError(f"Unknown feature {name!r}.{nearest(name, self.features)}")
        if not self.evidence:
            raise InputError(f"A result of {self.metric} has no intervals to compare features by.")
        places = self.features.index(first), self.features.index(second)
        judged = judge_difference(self.evidence, self.link, self.greater_is_better, *places)
        lower, upper = judged.interval(confidence_level)
        return float(judged.estimate[0]), float(lower[0]), float(upper[0])

    @cached_property
    def _judged(self) -> Inference | None:
        if not self.evidence:
            return None
        return judge(self.evidence, self.link, self.greater_is_better, self._ignored)

    @property
    def _ignored(self) -> NDArray[np.bool_]:
        return np.array([self.kernels.get(name) == "ignored" for name in self.features], dtype=bool)

    def _from_judged(self, name: str) -> NDArray[np.float64]:
        judged = self._judged
        return (
            np.full(len(self.features), np.nan)
            if judged is None
            else np.asarray(getattr(judged, name), float)
        )
