"""Which columns go together, in a form one can hold, print, draw and keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin._base.checks import check_level, check_limit, check_plot
from weighin._base.text import printable
from weighin._display import charts
from weighin._display.frame import frame
from weighin._display.telling import Telling
from weighin._results.associations_charts import clusters
from weighin._results.associations_numbers import AssociationsNumbers
from weighin._results.associations_telling import sentences, tell
from weighin._results.associations_words import association_sentence
from weighin._results.base import Result


@dataclass(frozen=True, eq=False, repr=False)
class Associations(AssociationsNumbers, Result):
    """Which columns go together, on one scale whatever they hold.

    ``associations["age"]`` gives what one column goes with.

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
    simulated : bool
        True when the data were made up; every view says so.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.

    Notes
    -----
    Columns of `to_frame`: feature, other, association (-1 to 1), strength (0 to 1), measure, same_cluster. One row per
    pair of features that could be measured, the strongest first.
    """

    _format = "weighin.associations"

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, limit)

    def sentence(self, feature: str) -> str:
        """Say which columns a feature goes with.

        Parameters
        ----------
        feature : str
            One of `features`.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return association_sentence(feature, self[feature].close)

    def sentences(self) -> tuple[str, ...]:
        """Say what matters: clusters, close associations, and shuffles that leave the data."""
        return tuple(sentences(self, printable))

    def to_matrix(self, *, backend: str | None = None) -> Any:
        """Give the associations as a square table, similar features side by side.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library of the frame; by default the first of them that is installed, without any a dict of lists.

        Returns
        -------
        data frame
            Rows and columns are features, in `order`; their names are the index in pandas, else the first column.

        Raises
        ------
        InputError
            On another `backend`.
        MissingDependencyError
            If `backend` is not installed.
        """
        places = [self.features.index(name) for name in self.order]
        # the column of names is called unlike any feature
        first = "feature"
        while first in self.features:
            first += "_"
        columns: dict[str, Any] = {first: list(self.order)}
        columns |= {self.features[j]: self.association[places, j] for j in places}
        matrix = frame(columns, backend)
        return matrix.set_index(first).rename_axis(None) if hasattr(matrix, "set_index") else matrix

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
        check_plot(ax, limit, title)
        return charts.draw(clusters(self, limit, title), ax)

    @property
    def _least_cells(self) -> int:
        return len(self.features) * (len(self.features) - 1) // 2

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        check_level(confidence_level)
        i, j = self.pairs()
        names, measures = np.array(self.features, dtype=object), np.array(self.measures, dtype=object)
        cluster = {name: place for place, members in enumerate(self.clusters) for name in members}
        # a number of its own for each feature that is in no cluster
        places = np.array([cluster.get(name, -1 - k) for k, name in enumerate(self.features)])
        return {
            "feature": names[i].tolist(),
            "other": names[j].tolist(),
            "association": self.association[i, j],
            "strength": np.abs(self.association[i, j]),
            "measure": measures[i, j].tolist(),
            "same_cluster": places[i] == places[j],
        }
