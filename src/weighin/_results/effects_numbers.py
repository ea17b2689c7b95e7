"""How predictions move with each feature: the numbers, without any view of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._base.errors import unknown
from weighin._results.effect import FeatureEffect


@dataclass(frozen=True, eq=False, repr=False)
class EffectsNumbers:
    """Fields and numbers of `weighin.Effects`, which describes them."""

    effects: tuple[FeatureEffect, ...]
    output: str
    what: str
    mean_prediction: float
    spread: float
    n_rows: int
    rows: str = ""
    model: str = ""
    random_state: int = 0
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the model's order."""
        return tuple(effect.feature for effect in self.effects)

    def _claim_words(self, confidence_level: float) -> dict[str, str]:
        return {effect.feature: effect.claim for effect in self.at(confidence_level).effects}

    def at(self, confidence_level: float) -> Self:
        """Give the same curves with the directions of another confidence level.

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
        effects = tuple(replace(effect, confidence_level=confidence_level) for effect in self.effects)
        return replace(self, effects=effects)

    @property
    def by_reach(self) -> tuple[FeatureEffect, ...]:
        """The effects, that which moves predictions most first."""
        return tuple(sorted(self.effects, key=lambda effect: -effect.reach))

    def __getitem__(self, feature: str) -> FeatureEffect:
        """Give the curves of one feature: ``effects["age"].direction``."""
        for effect in self.effects:
            if effect.feature == feature:
                return effect
        raise unknown("feature", feature, self.features, 40)

    def level_order(self, feature: str) -> tuple[str, ...]:
        """Give the points of a feature from the highest mean prediction to the lowest.

        Parameters
        ----------
        feature : str
            One of `features`.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        effect = self[feature]
        return tuple(effect.labels[place] for place in np.argsort(-effect.average, kind="stable"))

    def curves(self, feature: str, *, centered: bool = False) -> NDArray[np.float64]:
        """Give predictions of single rows as a feature moves (individual conditional expectation).

        Parameters
        ----------
        feature : str
            One of `features`.
        centered : bool
            Subtract each row's mean over the points, weighted by the rows there.

        Returns
        -------
        ndarray of shape (n_curves, n_points)
            The same points as the feature's "pd" in `to_frame`, the one for missing values last.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return self[feature].single_rows(centered=centered)
