"""The numbers of several fits, and what may be claimed of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import InputError, listing, nearest
from weighin._inference import holm
from weighin._inference.claims import Claims, claims_of
from weighin._inference.refits import Spread
from weighin._results.refitted_feature import RefittedFeature


@dataclass(frozen=True, eq=False, repr=False)
class RefitsNumbers:
    """Fields and numbers of a `Refits`, which documents them."""

    features: tuple[str, ...]
    importances: NDArray[np.float64]
    one_model: NDArray[np.float64]
    spreads: tuple[Spread, ...]
    few_rows: NDArray[np.bool_]
    one_model_few_rows: NDArray[np.bool_]
    baseline: float
    metric: str
    greater_is_better: bool
    recipe: str = ""
    split: str = ""
    fits: int = 0
    random_state: int = 0
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def __post_init__(self) -> None:
        n_features = len(self.features)
        shapes = {
            "importances": (n_features, -1),
            "one_model": (n_features, 3),
            "few_rows": (n_features,),
            "one_model_few_rows": (n_features,),
        }
        for name, shape in shapes.items():
            # a copy nobody else can change
            values = np.array(getattr(self, name), dtype=bool if "few" in name else float).reshape(shape)
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """Mean over fits, shape (n_features,)."""
        return self.importances.mean(1)

    @property
    def importances_std(self) -> NDArray[np.float64]:
        """Standard deviation between fits, shape (n_features,); NaN for one fit."""
        if self.importances.shape[1] < 2:
            return np.full(len(self.features), np.nan)
        return self.importances.std(1, ddof=1)

    @property
    def pvalue(self) -> NDArray[np.float64]:
        """One-sided p-value of "not above 0", shape (n_features,); NaN where there is no interval."""
        pairs = zip(self.spreads, self.importances_mean, strict=True)
        return np.array([spread.above(float(mean)) for spread, mean in pairs])

    @property
    def pvalue_holm(self) -> NDArray[np.float64]:
        """`pvalue` adjusted for the number of features (Holm 1979), shape (n_features,)."""
        return holm(self.pvalue)

    @property
    def order(self) -> NDArray[np.int64]:
        """Places of the features, the heaviest first, shape (n_features,)."""
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    @property
    def se(self) -> NDArray[np.float64]:
        """Standard error of each mean for this way of training, shape (n_features,); NaN where there is none."""
        return np.array([spread.se if spread.known else math.nan for spread in self.spreads])

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each mean importance, for models trained this way.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where there is none.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        ends = [
            spread.interval(float(mean), confidence_level)
            for spread, mean in zip(self.spreads, self.importances_mean, strict=True)
        ]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def claims(self, confidence_level: float = 0.95) -> Claims:
        """Give what may be claimed of each feature: the rule behind every colour, bold and sentence.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        return claims_of(self.importances_mean, self.pvalue, self.few_rows, confidence_level)

    def by_feature(self, confidence_level: float = 0.95) -> tuple[RefittedFeature, ...]:
        """Give the numbers feature by feature, the heaviest first.

        Parameters
        ----------
        confidence_level : float
            Of intervals and claims.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        (lower, upper), claims = self.interval(confidence_level), self.claims(confidence_level)
        mean, std, se, pvalue, holm_pvalue = (
            self.importances_mean,
            self.importances_std,
            self.se,
            self.pvalue,
            self.pvalue_holm,
        )
        among = int(np.isfinite(pvalue).sum())
        return tuple(
            RefittedFeature(
                feature=self.features[place],
                metric=self.metric,
                importance=float(mean[place]),
                std_fits=float(std[place]),
                se=float(se[place]),
                ci_lower=float(lower[place]),
                ci_upper=float(upper[place]),
                confidence_level=confidence_level,
                pvalue=float(pvalue[place]),
                pvalue_holm=float(holm_pvalue[place]),
                few_rows=bool(self.few_rows[place]),
                one_model=float(self.one_model[place, 0]),
                one_model_lower=float(self.one_model[place, 1]),
                one_model_upper=float(self.one_model[place, 2]),
                one_model_few_rows=bool(self.one_model_few_rows[place]),
                n_fits=self.importances.shape[1],
                rank=rank,
                claim="heavier" if claims.heavier[place] else "harmful" if claims.harmful[place] else "",
                among=among,
            )
            for rank, place in enumerate(self.order, 1)
        )

    def __getitem__(self, feature: str) -> RefittedFeature:
        """Give the numbers of one feature: ``refits["age"].importance``."""
        for refitted in self.by_feature():
            if refitted.feature == feature:
                return refitted
        raise InputError(
            f"Unknown feature {feature!r}.{nearest(str(feature), self.features)} "
            f"Features: {listing(self.features)}."
        )
