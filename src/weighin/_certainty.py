"""How sure one can be of importances: moments of all features in, one inference out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weighin._errors import InputError, nearest
from weighin._inference import Inference, Moments, difference, identity, infer, root

FUNCTIONS = {"identity": identity, "root": root}


def judge(
    moments: Sequence[Moments], of_mean: str, greater_is_better: bool, ignored: NDArray[np.bool_]
) -> Inference:
    """Estimate every feature's importance with its standard error.

    Parameters
    ----------
    moments : sequence of Moments
        Each for some of the features, in their order.
    of_mean : {"identity", "root"}
        What the metric is of the mean loss per row.
    greater_is_better : bool
        Whether the loss per row is a score that grows with quality.
    ignored : ndarray of bool of shape (n_features,)
        Features the model cannot see: exactly 0.
    """
    sign = -1.0 if greater_is_better else 1.0
    parts = [infer(some, FUNCTIONS[of_mean], sign=sign) for some in moments]
    joined = {
        entry.name: np.concatenate([getattr(part, entry.name) for part in parts])
        for entry in fields(Inference)
    }
    return Inference(**joined).ignoring(ignored)


def judge_difference(
    moments: Sequence[Moments], of_mean: str, greater_is_better: bool, first: int, second: int
) -> Inference:
    """Estimate how much more one feature weighs than another, from their joint moments.

    Raises
    ------
    InputError
        If the two were not measured together.
    """
    start = 0
    for some in moments:
        if start <= first < start + some.n_units and start <= second < start + some.n_units:
            sign = -1.0 if greater_is_better else 1.0
            return difference(some, first - start, second - start, FUNCTIONS[of_mean], sign=sign)
        start += some.n_units
    raise InputError("These two features were not measured together: weigh them alone, with features=[...].")


class Certain:
    """What a result says of its own certainty, from its moments."""

    features: tuple[str, ...]
    metric: str
    greater_is_better: bool
    ways: Mapping[str, str]
    of_mean: str
    moments: tuple[Moments, ...]

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
        if not 0 < confidence_level < 1:
            raise InputError(f"confidence_level must be between 0 and 1, got {confidence_level!r}.")
        judged = self._judged
        if judged is None:
            unknown = np.full(len(self.features), np.nan)
            return unknown, unknown
        return judged.interval(confidence_level)

    def difference(
        self, first: str, second: str, confidence_level: float = 0.95
    ) -> tuple[float, float, float]:
        """Tell how much more one feature weighs than another, from the same rows and shuffles.

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
            On unknown features, or a result without the moments it takes.
        """
        for name in (first, second):
            if name not in self.features:
                raise InputError(f"Unknown feature {name!r}.{nearest(name, self.features)}")
        if not self.moments:
            raise InputError(f"A result of {self.metric} has no intervals to compare features by.")
        places = self.features.index(first), self.features.index(second)
        judged = judge_difference(self.moments, self.of_mean, self.greater_is_better, *places)
        lower, upper = judged.interval(confidence_level)
        return float(judged.estimate[0]), float(lower[0]), float(upper[0])

    @cached_property
    def _judged(self) -> Inference | None:
        if not self.moments:
            return None
        ignored = np.array([self.ways.get(name) == "ignored" for name in self.features], dtype=bool)
        return judge(self.moments, self.of_mean, self.greater_is_better, ignored)

    def _from_judged(self, name: str) -> NDArray[np.float64]:
        judged = self._judged
        return (
            np.full(len(self.features), np.nan)
            if judged is None
            else np.asarray(getattr(judged, name), float)
        )
