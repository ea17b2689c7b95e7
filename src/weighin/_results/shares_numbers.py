"""The numbers of shares: parts of the loss that features prevent, their sum, and how sure both are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from typing import Self

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import InputError
from weighin._base.text import printable
from weighin._display.numbers import percent, rounded
from weighin._inference import Inference, Parts, joined
from weighin._results.importance_numbers import ImportanceNumbers

# of the total: below it nothing is called a share of it
SURE_OF_TOTAL = 0.95
_SAME = ("model", "metric", "greater_is_better", "features", "groups", "left_out", "n_repeats", "by")


@dataclass(frozen=True, repr=False)
class FeatureShare:
    """The numbers of one feature.

    Attributes
    ----------
    feature, metric : str
        Which feature, and what it prevents the loss of.
    share, share_lower, share_upper : float
        Part of the total, and its 95% interval; NaN where the total cannot be told to be above 0.
    contribution, se, ci_lower, ci_upper : float
        The same in units of the metric, with its standard error.
    pvalue, pvalue_holm : float
        One-sided, of "not above 0"; and adjusted for the number of features.
    few_rows : bool
        Whether so few rows count that no interval holds.
    rank : int
        1 for the largest share.
    """

    feature: str
    metric: str
    share: float
    share_lower: float
    share_upper: float
    contribution: float
    se: float
    ci_lower: float
    ci_upper: float
    pvalue: float
    pvalue_holm: float
    few_rows: bool
    rank: int

    def __repr__(self) -> str:
        ends = self.share_lower, self.share_upper
        low, high = (percent(end, *ends) for end in ends)
        amount = rounded(self.contribution, self.ci_lower, self.ci_upper)
        sure = "too few rows for an interval" if self.few_rows else f"95% interval {low} to {high}"
        share = f"{percent(self.share, *ends)} of what all features prevent ({sure})"
        if isnan(self.share):
            share = "no share, as all features together cannot be told to prevent anything"
        return f"{printable(self.feature)}: {share}, {self.metric} {amount.value}, rank {self.rank}"


@dataclass(frozen=True, eq=False, repr=False)
class SharesNumbers(ImportanceNumbers):
    """Fields and numbers of `Shares`, which documents them."""

    left_out: tuple[str, ...] = ()

    @property
    def contributions(self) -> NDArray[np.float64]:
        """What each feature prevents, in units of the metric, shape (n_features,); they sum to `total`."""
        return self.importances_mean

    @property
    def total(self) -> float:
        """What all features prevent: the metric where every row is another one, minus that of the rows as they are."""
        return float(self.importances_mean.sum())

    @property
    def total_se(self) -> float:
        """Standard error of `total`; NaN where there is none."""
        return float("nan") if self._total is None else float(self._total.se[0])

    def total_interval(self, confidence_level: float = 0.95) -> tuple[float, float]:
        """Give the interval of `total`.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        if self._total is None or self._total.few_rows[0]:
            return float("nan"), float("nan")
        lower, upper = self._total.interval(confidence_level)
        return float(lower[0]), float(upper[0])

    @property
    def shares(self) -> NDArray[np.float64]:
        """Part of `total` of each feature, shape (n_features,): they sum to 1; NaN where that may be 0 or less."""
        return self.relative

    @property
    def relative(self) -> NDArray[np.float64]:
        """The same as `shares`."""
        if self._share is None:
            return np.full(len(self.features), np.nan)
        return self._share.estimate

    def relative_interval(
        self, confidence_level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each feature's share, with what the total errs.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where there is no share.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        if self._share is None:
            nothing = np.full(len(self.features), np.nan)
            return nothing, nothing
        return self._share.interval(confidence_level)

    def __getitem__(self, feature: str) -> FeatureShare:  # type: ignore[override]  # of a share, not an importance
        """Give the numbers of one feature: ``shares["age"].share``."""
        place = self._place(feature)
        (lower, upper), parts = self.interval(), self.relative_interval()
        numbers = {
            "share": self.relative,
            "share_lower": parts[0],
            "share_upper": parts[1],
            "contribution": self.contributions,
            "se": self.se,
            "ci_lower": lower,
            "ci_upper": upper,
            "pvalue": self.pvalue,
            "pvalue_holm": self.pvalue_holm,
        }
        return FeatureShare(
            feature=feature,
            metric=self.metric,
            few_rows=bool(self.few_rows[place]),
            rank=int(np.flatnonzero(self.order == place)[0]) + 1,
            **{name: float(values[place]) for name, values in numbers.items()},
        )

    def merge(self, other: Self) -> Self:
        """Join shares of the same model and features on other rows: of another file, season or machine.

        Rows exchanged values within each of the two, which count as strata, by their numbers of rows.

        Parameters
        ----------
        other : Shares
            Of the same model, metric, features and number of repeats; without segments and sample weights.

        Raises
        ------
        InputError
            Naming what differs, or if both are of the same rows.

        Examples
        --------
        ``first_half.merge(second_half)`` of two calls with ``n_repeats=5``.
        """
        if not isinstance(other, type(self)):
            raise InputError(f"merge takes another result of weighin.shares, got {type(other).__name__}.")
        for name in _SAME:
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise InputError(
                    f"These shares cannot be merged: {name} is {mine!r} in one and {theirs!r} in the other."
                )
        if self.rows_sum and self.rows_sum == other.rows_sum:
            raise InputError("These shares are of the same rows: take more n_repeats instead.")
        pairs = list(zip(self.evidence, other.evidence, strict=True))
        moments = [part.moments for pair in pairs for part in pair]
        if self.by or any(each.weighted for strata in moments for each in strata):
            raise InputError(
                "Shares with segments or sample weights cannot be merged: measure all rows together."
            )
        n_rows = self.n_rows + other.n_rows
        part = other.n_rows / n_rows
        return replace(
            self,
            importances=self.importances + (other.importances - self.importances) * part,
            baseline=self.baseline + (other.baseline - self.baseline) * part,
            n_rows=n_rows,
            rows=" and ".join(dict.fromkeys([self.rows, other.rows])),
            complete=self.complete and other.complete,
            simulated=self.simulated or other.simulated,
            notes=tuple(dict.fromkeys([*self.notes, *other.notes])),
            evidence=tuple(Parts((*one.moments, *more.moments)) for one, more in pairs),
            rows_sum="",
        )

    @cached_property
    def _total(self) -> Inference | None:
        first = self.evidence[0] if self.evidence else None
        if not isinstance(first, Parts):
            return None
        return first.total(sign=-1.0 if self.greater_is_better else 1.0)

    @cached_property
    def _share(self) -> Inference | None:
        """None where the total may as well be 0, or is below: nothing has a share of that."""
        # without an interval, as of few rows, nobody knows
        if self._total is None or not self.total_interval(SURE_OF_TOTAL)[0] > 0:
            return None
        parts = [part.shares() for part in self.evidence if isinstance(part, Parts)]
        return joined(parts).ignoring(self.ignored)
