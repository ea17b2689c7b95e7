"""The numbers of an ablation, and the verdicts on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import InputError, listing, nearest
from weighin._results.ablated_variant import AblatedVariant
from weighin._results.change import Change, Verdict, judge

# of `verdicts`
LEVEL = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class AblationNumbers:
    """Fields and numbers of an `Ablation`, which documents them."""

    changes: tuple[Change, ...]
    metric: str
    greater_is_better: bool
    tolerance: float
    recipe: str = ""
    split: str = ""
    features: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    fits: int = 0
    random_state: int = 0
    unit: str = ""
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def baseline(self) -> float:
        """Mean metric of the full model over fits."""
        return float(np.nanmean(self.scores)) if np.isfinite(self.scores).any() else math.nan

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What is to be said of each variant at 95%, with p-values and what would be needed to tell."""
        return tuple(judge(self.changes, self.greater_is_better, self.tolerance))

    def verdict(self, label: str) -> str:
        """Give the verdict on one variant, such as "safe to drop" or "cannot tell".

        Parameters
        ----------
        label : str
            Of the variant.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        return self[label].verdict.word

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each variant's change of the metric.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_variants,)
            NaN where there is none.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        ends = [change.spread.interval(change.estimate, confidence_level) for change in self.changes]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def variants(self, confidence_level: float = 0.95) -> tuple[AblatedVariant, ...]:
        """Give the numbers and the verdict of each variant, in the order they were asked for.

        Parameters
        ----------
        confidence_level : float
            Of intervals and verdicts.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        lower, upper = self.interval(confidence_level)
        verdicts = self.verdicts
        if confidence_level != LEVEL:
            verdicts = tuple(judge(self.changes, self.greater_is_better, self.tolerance, confidence_level))
        return tuple(
            AblatedVariant(
                variant=change.label,
                kind=change.kind,
                dropped=change.dropped,
                added=change.added,
                metric=self.metric,
                unit=self.unit,
                greater_is_better=self.greater_is_better,
                change=change.estimate,
                se=change.spread.se if change.spread.known else math.nan,
                ci_lower=float(lower[place]),
                ci_upper=float(upper[place]),
                confidence_level=confidence_level,
                n_fits=change.n_fits,
                n_rows=change.n_rows,
                errors=change.errors,
                verdict=verdict,
            )
            for place, (change, verdict) in enumerate(zip(self.changes, verdicts, strict=True))
        )

    def __getitem__(self, label: str) -> AblatedVariant:
        """Give the numbers and the verdict of one variant: ``ablation["week"].change``."""
        for variant in self.variants():
            if variant.variant == label:
                return variant
        labels = [change.label for change in self.changes]
        raise InputError(
            f"Unknown variant {label!r}.{nearest(str(label), labels)} Variants: {listing(labels)}."
        )
