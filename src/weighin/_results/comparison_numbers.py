"""The numbers of a comparison, and what may be claimed of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._inference import Inference, holm, two_sided
from weighin._inference.claims import is_claimed
from weighin._results.compared_feature import ComparedFeature


@dataclass(frozen=True, eq=False, repr=False)
class ComparisonNumbers:
    """Fields and numbers of a `Comparison`, which documents them."""

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
    def pvalue_holm(self) -> NDArray[np.float64]:
        """`pvalue` adjusted for the number of features (Holm 1979), shape (n_features,)."""
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

    def compared(self, confidence_level: float = 0.95) -> tuple[ComparedFeature, ...]:
        """Give the numbers feature by feature, the largest difference first.

        Parameters
        ----------
        confidence_level : float
            Of intervals and claims.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        (lower, upper), claimed = self.interval(confidence_level), self.claimed(confidence_level)
        pvalue, pvalue_holm = self.pvalue, self.pvalue_holm
        among = int(np.isfinite(pvalue).sum())
        return tuple(
            ComparedFeature(
                feature=self.features[place],
                metric=self.metric,
                labels=self.labels,
                first=float(self.first[place]),
                second=float(self.second[place]),
                difference=float(self.difference[place]),
                se=float(self.se[place]),
                ci_lower=float(lower[place]),
                ci_upper=float(upper[place]),
                confidence_level=confidence_level,
                pvalue=float(pvalue[place]),
                pvalue_holm=float(pvalue_holm[place]),
                few_rows=bool(self.few_rows[place]),
                claimed=bool(claimed[place]),
                among=among,
            )
            for place in self.order
        )

    def __getitem__(self, feature: str) -> ComparedFeature:
        """Give the numbers of one feature, with its 95% interval: ``comparison["age"].difference``."""
        for compared in self.compared():
            if compared.feature == feature:
                return compared
        raise InputError(
            f"Unknown feature {feature!r}.{nearest(str(feature), self.features)} "
            f"Features: {listing(self.features)}."
        )

    @cached_property
    def _judged(self) -> Inference:
        unknown = np.full(len(self.features), np.nan)
        return Inference(self.difference, self.se, unknown, unknown, self.skewness, self.df, self.few_rows)
