"""Which features act together: the numbers, without any view of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import InputError, unknown
from weighin._inference import Inference, holm
from weighin._inference.claims import is_claimed
from weighin._results.pair_interaction import PairInteraction
from weighin._results.surface import Surface

# of the variance: what is less cannot be told from rounding
LEAST_SHARE = 1e-6

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False, repr=False)
class InteractionsNumbers:
    """Fields and numbers of `weighin.Interactions`, which describes them."""

    features: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    total: Inference
    total_share: Inference
    interaction: Inference
    interaction_share: Inference
    moved: NDArray[np.bool_]
    variance: float
    n_rows: int
    n_repeats: int
    what: str = "the prediction"
    screened: str = ""
    surfaces: tuple[Surface, ...] = ()
    rows: str = ""
    model: str = ""
    random_state: int = 0
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kernels: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True
    noise: float = 0.0
    simulated: bool = False
    notes: tuple[str, ...] = field(default=())
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Places of the pairs, the strongest first."""
        return np.argsort(-self.interaction.estimate, kind="stable")

    @cached_property
    def pvalue_holm(self) -> NDArray[np.float64]:
        """One-sided p-values of "not above 0", adjusted for the number of pairs."""
        return holm(self.interaction.pvalue)

    def interval(self, confidence_level: float = 0.95) -> Ends:
        """Give the intervals of the pairs, in squared units of the prediction; never below 0.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_pairs,)

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        return _above_zero(self.interaction, confidence_level)

    def share_interval(self, confidence_level: float = 0.95) -> Ends:
        """Give the intervals of the pairs' shares of the variance of the prediction, likewise.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_pairs,)
        """
        return _above_zero(self.interaction_share, confidence_level)

    def total_interval(self, confidence_level: float = 0.95) -> Ends:
        """Give the intervals of the features' total indices, likewise.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
        """
        return _above_zero(self.total, confidence_level)

    def total_share_interval(self, confidence_level: float = 0.95) -> Ends:
        """Give the intervals of the features' shares of the variance of the prediction, likewise.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
        """
        return _above_zero(self.total_share, confidence_level)

    def lines(self, confidence_level: float = 0.95) -> tuple[PairInteraction, ...]:
        """Give the numbers pair by pair, the strongest first.

        Parameters
        ----------
        confidence_level : float
            Of intervals and claims, between 0 and 1.
        """
        check_level(confidence_level)
        both, share, adjusted = self.interaction, self.interaction_share, self.pvalue_holm
        ends, share_ends = self.interval(confidence_level), self.share_interval(confidence_level)
        claimed = is_claimed(adjusted, both.few_rows, confidence_level) & (share.estimate >= LEAST_SHARE)
        # of a model that does not repeat itself every pair shows moves
        claimed &= self.noise == 0
        columns: dict[str, NDArray[Any]] = {
            "interaction": both.estimate,
            "se": both.se,
            "ci_lower": ends[0],
            "ci_upper": ends[1],
            "share": share.estimate,
            "share_lower": share_ends[0],
            "share_upper": share_ends[1],
            "pvalue": both.pvalue,
            "pvalue_holm": adjusted,
            "few_rows": both.few_rows,
            "moved": self.moved,
            "claimed": claimed,
        }
        return tuple(
            PairInteraction(
                features=self.pairs[place],
                rank=rank,
                confidence_level=confidence_level,
                **{name: values[place].item() for name, values in columns.items()},
            )
            for rank, place in enumerate(self.order, 1)
        )

    def _claim_words(self, confidence_level: float) -> dict[tuple[str, str], str]:
        return {line.features: "interact" * line.claimed for line in self.lines(confidence_level)}

    def _names(self) -> tuple[tuple[str, str], ...]:
        return self.pairs

    def __getitem__(self, names: tuple[str, str]) -> PairInteraction:
        """Give the numbers of one pair: ``result["spread", "home_elo"].share``."""
        if not isinstance(names, tuple) or len(names) != 2:
            raise InputError(f'Two features make a pair: result["a", "b"]; got {names!r}.')
        for line in self.lines():
            if set(line.features) == set(names):
                return line
        for name in names:
            if name not in self.features:
                raise unknown("feature", name, self.features, 40)
        raise InputError(
            f"{names[0]!r} and {names[1]!r} were not measured together: interactions(..., pairs=[{names!r}])."
        )


def _above_zero(inference: Inference, confidence_level: float) -> Ends:
    """An interval of what is never negative."""
    lower, upper = inference.interval(confidence_level)
    return np.maximum(lower, 0.0), upper
