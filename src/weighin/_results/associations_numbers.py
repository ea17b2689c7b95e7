"""Which columns go together: the numbers, without any view of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, unknown
from weighin._results.associations_words import CloseColumn
from weighin._results.clusters import chance_level, group_names
from weighin._results.curves import read_only
from weighin._results.feature_associations import FeatureAssociations

# association from which a column is named as close
CLOSE = 0.5
# close columns named of one feature
MOST_CLOSE = 3


@dataclass(frozen=True, eq=False, repr=False)
class AssociationsNumbers:
    """Fields and numbers of `weighin.Associations`, which describes them."""

    features: tuple[str, ...]
    kinds: tuple[str, ...]
    association: NDArray[np.float64]
    measures: tuple[tuple[str, ...], ...]
    clusters: tuple[tuple[str, ...], ...]
    order: tuple[str, ...]
    off_data: Mapping[str, float]
    threshold: float
    n_rows: int
    random_state: int
    notes: tuple[str, ...] = ()
    simulated: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "association", read_only(self.association))
        n = len(self.features)
        for name in ("kinds", "order", "association", "measures"):
            values = getattr(self, name)
            if len(values) != n or (
                name in ("association", "measures") and any(len(row) != n for row in values)
            ):
                raise InputError(f"{name} must have one entry per feature, of which there are {n}.")

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The clusters as ``groups=`` of `weighin.weigh` takes them."""
        return group_names(self.clusters, self.features)

    @property
    def close_from(self) -> float:
        """Association from which columns are close: 0.5, or more where chance makes as much on so few rows."""
        return max(CLOSE, chance_level(self.n_rows))

    @property
    def cluster_from(self) -> float:
        """Association that any two columns of a cluster have at least."""
        return min(1.0, max(self.threshold, chance_level(self.n_rows)))

    def closest(
        self, feature: str, limit: int = MOST_CLOSE, at_least: float = CLOSE
    ) -> tuple[CloseColumn, ...]:
        """Name the features that stand in for one.

        Parameters
        ----------
        feature : str
            One of `features`.
        limit : int
            At most so many.
        at_least : float
            Leave out associations below this, or below what chance makes on so few rows.

        Returns
        -------
        tuple of CloseColumn
            The strongest first; each has its `name` and its `association`.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return self._closest(feature, limit, max(at_least, chance_level(self.n_rows)))

    def _closest(self, feature: str, limit: int, at_least: float) -> tuple[CloseColumn, ...]:
        """The same down to where chance makes as much; what cannot be measured is left out always."""
        place = self._place(feature)
        strength = np.nan_to_num(np.abs(self.association[place]), nan=-1.0)
        strength[place] = -1.0
        close = np.flatnonzero(strength >= at_least)
        if limit < len(close):
            # ties at the limit as in the order of all
            close = (
                close[strength[close] >= np.partition(strength[close], -limit)[-limit]]
                if limit
                else close[:0]
            )
        order = close[np.argsort(-strength[close], kind="stable")][:limit]
        return tuple(self._column(place, int(j)) for j in order)

    def pairs(self, at_least: float = 0.0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the pairs of features that could be measured, by number, the strongest first.

        Parameters
        ----------
        at_least : float
            Leave out weaker associations.

        Returns
        -------
        first, second : ndarray of int of shape (n_pairs,)
        """
        # row by row: of many columns, few pairs are strong
        later = [
            place + 1 + np.flatnonzero(np.abs(row[place + 1 :]) >= at_least)
            for place, row in enumerate(self.association)
        ]
        i = np.repeat(np.arange(len(later)), [len(places) for places in later])
        j = np.concatenate([*later, np.empty(0, dtype=np.int64)])
        order = np.argsort(-np.abs(self.association[i, j]), kind="stable")
        return i[order], j[order]

    def cluster_of(self, feature: str) -> tuple[str, ...]:
        """Give the cluster that a feature is in; empty for none.

        Parameters
        ----------
        feature : str
            One of `features`.
        """
        return next((members for members in self.clusters if feature in members), ())

    def __getitem__(self, feature: str) -> FeatureAssociations:
        """Give what one column goes with: ``associations["age"].close``."""
        return FeatureAssociations(
            feature=feature,
            kind=self.kinds[self._place(feature)],
            close=self.closest(feature),
            cluster=self.cluster_of(feature),
            distance_ratio=float(self.off_data.get(feature, np.nan)),
        )

    def _place(self, feature: str) -> int:
        if feature not in self._places:
            raise unknown("feature", feature, self.features)
        return self._places[feature]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {feature: place for place, feature in enumerate(self.features)}

    def _column(self, place: int, other: int) -> CloseColumn:
        association = float(self.association[place, other])
        return CloseColumn(self.features[other], association, self.measures[place][other], self.n_rows)
