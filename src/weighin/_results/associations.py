"""Which columns go together, in a form one can hold, print and draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, nearest
from weighin._base.optional import require
from weighin._base.text import printable
from weighin._display import charts as _plots
from weighin._results.associations_words import (
    Name,
    association_sentence,
    cluster_sentence,
    distance_sentence,
    distances_sentence,
)
from weighin._results.clusters import FARTHER, chance_level, group_names

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 0.5  # association from which a feature is named as associations
TOLD = 12  # features told of in sentences
MEASURED_BY = {
    "spearman": "rank correlation",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
}


@dataclass(frozen=True, eq=False, repr=False)
class Associations:
    """Which columns go together, on one scale whatever they hold.

    Attributes
    ----------
    features : tuple of str
        The columns.
    kinds : tuple of str
        What each one holds: "numeric", "date", "ordered" or "nominal".
    association : ndarray of shape (n_features, n_features)
        From -1 to 1, below 0 only for two columns with an order; NaN where it cannot be measured.
    measures : tuple of tuple of str
        What each association is: "spearman", "cramers_v" or "correlation_ratio".
    clusters : tuple of tuple of str
        Features that carry the same information: any two of a cluster are associated by `threshold` or more.
    order : tuple of str
        All features, similar ones side by side.
    off_data : mapping of str to float
        How many times as far from the nearest real row shuffling a feature puts rows, as real rows are from each
        other: about 1 where it depends on no other column, 1.5 and more where shuffled rows leave the data.
    threshold : float
        Of the clusters.
    n_rows : int
        Rows looked at.
    random_state : int
        Seed that gives these numbers again.
    notes : tuple of str
        What a reader must know.
    """

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
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        association = np.array(self.association, dtype=float)  # a copy nobody else can change
        association.flags.writeable = False
        object.__setattr__(self, "association", association)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The clusters as ``groups=`` of `weighin.weigh` takes them."""
        return group_names(self.clusters, self.features)

    def closest(self, feature: str, limit: int = 3, at_least: float = CLOSE) -> tuple[tuple[str, float], ...]:
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
        tuple of (str, float)
            Features with their associations, the strongest first.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return tuple((other, value) for other, value, _ in self._closest(feature, limit, at_least))

    def sentence(self, feature: str) -> str:
        """Say who a feature go together with.

        Parameters
        ----------
        feature : str
            One of `features`.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return association_sentence(feature, self._closest(feature))

    def sentences(self) -> tuple[str, ...]:
        """Say what matters: clusters, close associations, and shuffles that leave the data."""
        return self._sentences(printable)

    def to_frame(self) -> pd.DataFrame:
        """Give one row per pair of features, the strongest first.

        Returns
        -------
        pandas.DataFrame
            Columns: feature, other, association (-1 to 1), strength (0 to 1), measure, same_cluster.

        Raises
        ------
        MissingDependencyError
            Without pandas.
        """
        pd = require("pandas", "fastai", "give a data frame")
        i, j = self._pairs()
        names, measures = np.array(self.features, dtype=object), np.array(self.measures, dtype=object)
        cluster = {name: place for place, members in enumerate(self.clusters) for name in members}
        places = np.array([cluster.get(name, -1 - k) for k, name in enumerate(self.features)])
        return pd.DataFrame(
            {
                "feature": names[i],
                "other": names[j],
                "association": self.association[i, j],
                "strength": np.abs(self.association[i, j]),
                "measure": measures[i, j],
                "same_cluster": places[i] == places[j],
            }
        )

    def to_matrix(self) -> pd.DataFrame:
        """Give the associations as a square table, similar features side by side.

        Returns
        -------
        pandas.DataFrame
            Rows and columns are features, in `order`.

        Raises
        ------
        MissingDependencyError
            Without pandas.
        """
        pd = require("pandas", "fastai", "give a data frame")
        places = [self.features.index(name) for name in self.order]
        return pd.DataFrame(
            self.association[np.ix_(places, places)], index=list(self.order), columns=list(self.order)
        )

    def plot(self, *, ax: Any = None, limit: int = 40, title: str | None = None) -> Any:
        """Draw the associations as a square of shades, clusters framed.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown.
        limit : int
            At most so many features: those with the closest associations.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes
        """
        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        strength = np.nan_to_num(np.abs(self.association)) - 2 * np.eye(len(self.features))
        kept = set(np.argsort(-strength.max(1), kind="stable")[:limit].tolist())
        names = [name for name in self.order if self.features.index(name) in kept]
        places = [self.features.index(name) for name in names]
        alone = {name: -1 - i for i, name in enumerate(names)}
        labels = {**alone, **{name: i for i, some in enumerate(self.clusters) for name in some}}
        left_out = len(self.features) - len(names)
        return _plots.clusters(
            self.association[np.ix_(places, places)],
            names,
            [labels[name] for name in names],
            title=title or "Columns that go together",
            subtitle=f"Any two in a frame are associated by {self._level:.2g} or more, on {self.n_rows:,} rows."
            + (f" {left_out} more features not shown." if left_out else ""),
            xlabel="association: 0 none, 1 (or -1) one tells the other",
            ax=ax,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give plain lists and texts, for a page or for JSON; numbers that are not finite are None.

        Returns
        -------
        dict
            ``sentences`` (names between backticks), ``pairs`` (those close or in one cluster: ``feature``, ``other``,
            ``strength``, ``association``, ``measure`` in words), ``clusters`` (``name``, ``features``), ``off_data``
            (``feature``, ``ratio``, ``far``, ``sentence``), ``n_rows``, ``threshold``, ``notes``.
        """
        pairs = [
            {
                "feature": self.features[i],
                "other": self.features[j],
                "strength": abs(float(self.association[i, j])),
                "association": float(self.association[i, j]),
                "measure": MEASURED_BY[self.measures[i][j]],
            }
            for i, j in zip(*self._pairs(max(CLOSE, self._chance)), strict=True)
        ]
        return {
            "sentences": list(self._sentences(quoted)),
            "pairs": pairs,
            "clusters": [{"name": name, "features": list(some)} for name, some in self.groups.items()],
            "off_data": [
                {
                    "feature": name,
                    "ratio": ratio if math.isfinite(ratio) else None,
                    "far": ratio >= FARTHER,
                    "sentence": distance_sentence(name, ratio, quoted),
                }
                for name, ratio in self.off_data.items()
            ],
            "n_rows": self.n_rows,
            "threshold": self.threshold,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        head = f"Associations of {len(self.features)} features on {self.n_rows:,} rows, seed {self.random_state}."
        lines = self.sentences() or ("No two features go together closely: each can be shuffled alone.",)
        return "\n".join([head, *lines, *map(printable, self.notes)])

    __repr__ = __str__

    @property
    def _chance(self) -> float:
        return chance_level(self.n_rows)

    @property
    def _level(self) -> float:
        return min(1.0, max(self.threshold, self._chance))

    def _closest(
        self, feature: str, limit: int = 3, at_least: float = CLOSE
    ) -> tuple[tuple[str, float, str], ...]:
        if feature not in self.features:
            raise InputError(f"Unknown feature {feature!r}.{nearest(feature, self.features)}")
        place = self.features.index(feature)
        strength = np.nan_to_num(np.abs(self.association[place]), nan=-1.0)
        strength[place] = -1.0
        near = [j for j in np.argsort(-strength, kind="stable") if strength[j] >= max(at_least, self._chance)]
        row = self.measures[place]
        return tuple((self.features[j], float(self.association[place, j]), row[j]) for j in near[:limit])

    def _pairs(self, at_least: float = 0.0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of features that could be measured, by number, the strongest first."""
        i, j = np.triu_indices(len(self.features), 1)
        strength = np.nan_to_num(np.abs(self.association[i, j]), nan=-1.0)
        order = np.argsort(-strength, kind="stable")[: int((strength >= at_least).sum())]
        return i[order], j[order]

    def _sentences(self, name: Name) -> tuple[str, ...]:
        """Clusters, then close associations, the closest first, then shuffles that leave the data."""
        told = [cluster_sentence(some, name) for some in self.clusters]
        close = [(feature, self._closest(feature)) for feature in self.features]
        close = sorted((some for some in close if some[1]), key=lambda some: -abs(some[1][0][1]))
        told += [association_sentence(feature, closest, name) for feature, closest in close[:TOLD]]
        if len(close) > TOLD:
            told.append(f"{len(close) - TOLD} more features are closely associated.")
        far = [(feature, ratio) for feature, ratio in self.off_data.items() if ratio >= FARTHER]
        if far:
            told.append(distances_sentence(sorted(far, key=lambda some: -some[1])[:TOLD], name))
        return tuple(told)


def quoted(name: str) -> str:
    """Mark a name for a page."""
    return f"`{name}`"
