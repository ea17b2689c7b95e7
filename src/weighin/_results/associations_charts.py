"""Associations as a chart: a square of shades, clusters framed."""

from __future__ import annotations

import numpy as np

from weighin._display.charts import Clusters
from weighin._display.numbers import MINUS
from weighin._results.associations_numbers import AssociationsNumbers
from weighin._results.provenance import marked

TITLE = "Columns that go together"
# features that a page shows
MOST_FEATURES = 40


def closest(numbers: AssociationsNumbers, limit: int) -> list[str]:
    """Name the columns with the closest associations, similar ones side by side."""
    others = ~np.eye(1, len(numbers.features), dtype=bool)[0]
    # row by row: of many columns there is no room for a copy
    strongest = [
        np.fmax.reduce(np.abs(row), initial=-1.0, where=np.roll(others, place))
        for place, row in enumerate(numbers.association)
    ]
    places = np.argsort(-np.array(strongest), kind="stable")[:limit]
    names = {numbers.features[place] for place in places}
    return [name for name in numbers.order if name in names]


def clusters(numbers: AssociationsNumbers, limit: int = MOST_FEATURES, title: str | None = None) -> Clusters:
    """Give the square of the columns with the closest associations; see `Associations.plot`."""
    names = closest(numbers, limit)
    place = {name: i for i, name in enumerate(numbers.features)}
    places = [place[name] for name in names]
    # a label of its own for each feature that is in no cluster
    labels = {name: -1 - i for i, name in enumerate(names)}
    labels |= {name: i for i, members in enumerate(numbers.clusters) for name in members}
    left_out = len(numbers.features) - len(names)
    return Clusters(
        title=marked(numbers, title or TITLE),
        subtitle=f"Any two in a frame are associated by {numbers.cluster_from:.2g} or more, on {numbers.n_rows:,} rows."
        + (f" {left_out} more features not shown." if left_out else ""),
        xlabel=f"association: 0 none, 1 (or {MINUS}1) one column determines the other",
        names=names,
        associations=numbers.association[np.ix_(places, places)],
        labels=[labels[name] for name in names],
    )
