"""From a variance to an interval and a p-value: Hall's transform for skewness, Satterthwaite's t for the rest.

P. Hall (1992), "On the removal of skewness by transformation", J. R. Stat. Soc. B 54, 221-228.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from weighin._base.checks import check_level
from weighin._inference.moments import Floats
from weighin._inference.variance import Spread

FEW_ROWS = 20


@dataclass(frozen=True)
class Inference:
    """Estimates and how sure one can be of them.

    `estimate`, ndarray of shape (n,): Positive where the metric gets worse without the feature.
    `se`, `se_data`, `se_shuffle`, ndarray of shape (n,): Standard error, and its parts: more rows lower the one, more
        repeats the other. The parts are NaN where one repeat cannot tell them apart; `se` is infinite where there are
        too few rows to know.
    `skewness`, `df`, ndarray of shape (n,): Of the estimate; degrees of freedom of its variance.
    `few_rows`, ndarray of bool of shape (n,): So few rows count that no formula holds.
    """

    estimate: Floats
    se: Floats
    se_data: Floats
    se_shuffle: Floats
    skewness: Floats
    df: Floats
    few_rows: NDArray[np.bool_]

    @classmethod
    def of(cls, estimate: Floats, spread: Spread, few_rows: NDArray[np.bool_]) -> Inference:
        """Put estimates and their spread together."""
        se, data, shuffle = (np.sqrt(v) for v in (spread.variance, spread.data, spread.shuffle))
        # no negative zeros
        estimate = np.asarray(estimate, dtype=float) + 0.0
        return cls(estimate, se, data, shuffle, spread.skewness, spread.df, few_rows)

    def interval(self, confidence_level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper end, each of shape (n,).

        Raises InputError: if `confidence_level` is not between 0 and 1.
        """
        below, above = self.ends
        return below._end(confidence_level, 1.0), above._end(confidence_level, -1.0)

    @property
    def ends(self) -> tuple[Inference, Inference]:
        """What the lower end and the p-value come from, and what the upper end does: itself both times."""
        return self, self

    @property
    def pvalue(self) -> Floats:
        """One-sided p-value of "not above 0", shape (n,); below alpha/2 where the 1 - alpha interval is above 0."""
        below = self.ends[0]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            p = stdtr(below.df, -transform(below.estimate / below.se, below.skewness))
        p = np.where(below.se == 0, (below.estimate <= 0) * 1.0, np.where(np.isinf(below.se), 1.0, p))
        return np.where(np.isnan(below.estimate), np.nan, p)

    def turned(self) -> Inference:
        """The same of minus the estimate."""
        return replace(self, estimate=-self.estimate, skewness=-self.skewness)

    def ignoring(self, ignored: NDArray[np.bool_]) -> Inference:
        """Exactly 0, without doubt, where the model cannot see the feature: shape (n,)."""
        zero = {
            name: np.where(ignored, 0.0, getattr(self, name))
            for name in ("estimate", "se", "se_data", "se_shuffle", "skewness")
        }
        return replace(self, **zero, few_rows=self.few_rows & ~ignored)

    def _end(self, confidence_level: float, side: float) -> Floats:
        check_level(confidence_level)
        q = -side * stdtrit(self.df, (1 - confidence_level) / 2)
        with np.errstate(invalid="ignore", over="ignore"):
            end = self.estimate - self.se * untransform(q, self.skewness)
        return np.where(self.se == 0, self.estimate, end)


@dataclass(frozen=True)
class Allowing(Inference):
    """Estimates whose interval allows for an error that is not one of sampling: each end from numbers of its own.

    `below`, `above`, Inference of shape (n,): What the lower end and the p-value come from, and what the upper one
        does.
    `tested`, ndarray of bool of shape (n,): Whether there is a p-value.
    """

    below: Inference
    above: Inference
    tested: NDArray[np.bool_]

    @property
    def ends(self) -> tuple[Inference, Inference]:
        """As given."""
        return self.below, self.above

    @property
    def pvalue(self) -> Floats:
        """One-sided p-value of "not above 0", from the lower end's numbers; NaN where there is none."""
        return np.where(self.tested, super().pvalue, np.nan)

    def turned(self) -> Allowing:
        """The same of minus the estimate: the ends change places."""
        estimate, skewness = -self.estimate, -self.skewness
        below, above = self.above.turned(), self.below.turned()
        return replace(self, estimate=estimate, skewness=skewness, below=below, above=above)

    def ignoring(self, ignored: NDArray[np.bool_]) -> Allowing:
        """Exactly 0, without doubt, where the model cannot see the feature: shape (n,)."""
        ends = {"below": self.below.ignoring(ignored), "above": self.above.ignoring(ignored)}
        zero = Inference.ignoring(self, ignored)
        return replace(self, **vars(zero) | ends | {"tested": self.tested | ignored})


def untransform(q: Floats, skewness: Floats) -> Floats:
    """Quantile of the studentised estimate whose Hall transform is `q`."""
    shifted = q - skewness / 6
    root = np.cbrt(1 + skewness * shifted)
    # (root - 1) * 3/skewness, skewness 0 included
    return np.asarray(3 * shifted / (root * root + root + 1))


def transform(t: Floats, skewness: Floats) -> Floats:
    """Hall's transform of the studentised estimate: the inverse of `untransform`, increasing in `t`."""
    a = skewness
    return t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6


def unknown(estimate: Floats) -> Inference:
    """An estimate nobody knows the error of."""
    nan = np.full(len(estimate), np.nan)
    return Inference(estimate, nan, nan, nan, nan, nan, np.zeros(len(estimate), dtype=bool))


def chosen(inference: Inference, places: Sequence[int]) -> Inference:
    """Take the estimates at these places, in their order."""
    index: NDArray[np.int64] = np.asarray(places, dtype=np.int64)
    plain = Inference(*(getattr(inference, entry.name)[index] for entry in fields(Inference)))
    if not isinstance(inference, Allowing):
        return plain
    below, above = (chosen(end, places) for end in inference.ends)
    return Allowing(**vars(plain), below=below, above=above, tested=inference.tested[index])


def joined(parts: Sequence[Inference]) -> Inference:
    """Put estimates behind each other."""
    if not parts:
        return unknown(np.zeros(0))
    plain = Inference(
        *(np.concatenate([getattr(part, entry.name) for part in parts]) for entry in fields(Inference))
    )
    if not any(isinstance(part, Allowing) for part in parts):
        return plain
    below, above = (joined([part.ends[side] for part in parts]) for side in (0, 1))
    always = [np.full(len(part.estimate), True) for part in parts]
    tested = [getattr(part, "tested", known) for part, known in zip(parts, always, strict=True)]
    return Allowing(**vars(plain), below=below, above=above, tested=np.concatenate(tested))


def two_sided(inference: Inference) -> Floats:
    """P-value of "no difference", shape (n,); below alpha where the 1 - alpha interval leaves out 0."""
    return np.minimum(1.0, 2 * np.minimum(inference.pvalue, inference.turned().pvalue))


def holm(pvalues: Floats) -> Floats:
    """Adjust p-values so that any false claim has the stated probability (Holm 1979); NaN stays and does not count."""
    p = np.asarray(pvalues, dtype=float)
    order = np.argsort(p, kind="stable")
    order = order[: np.count_nonzero(~np.isnan(p))]
    adjusted = np.full_like(p, np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return adjusted
