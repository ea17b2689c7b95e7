"""How predictions move with each feature: the numbers, without any view of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
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
    notes: tuple[str, ...] = field(default=())

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the model's order."""
        return tuple(effect.feature for effect in self.effects)

    @property
    def direction(self) -> Mapping[str, str]:
        """Which way predictions go as a feature grows.

        "rises", "falls", "peaks", "dips", "mixed", "none", or "differs" between levels without an order. "none" where
        the mean curve moves by less than 5% of `spread`, and on fewer than 20 rows; moves below 15% of its range do
        not count, nor do those that chance explains, given the number of features (Holm).
        """
        return MappingProxyType({effect.feature: effect.direction for effect in self.effects})

    @property
    def arrows(self) -> Mapping[str, str]:
        """The direction of each feature as one character; "" where it is not known."""
        return MappingProxyType({effect.feature: effect.arrow for effect in self.effects})

    @property
    def by_reach(self) -> tuple[FeatureEffect, ...]:
        """The effects, that which moves predictions most first."""
        return tuple(sorted(self.effects, key=lambda effect: -effect.reach))

    def __getitem__(self, feature: str) -> FeatureEffect:
        """Give the curves of one feature: ``effects["age"].direction``."""
        for effect in self.effects:
            if effect.feature == feature:
                return effect
        raise InputError(
            f"Unknown feature {feature!r}.{nearest(str(feature), self.features)} "
            f"Features: {listing(self.features, 40)}."
        )

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
