"""Associations as a chart: a square of shades, clusters framed."""

from __future__ import annotations

from typing import Any

import numpy as np

from weighin._base.checks import check_plot
from weighin._display import charts
from weighin._display.charts.picture import picture
from weighin._display.numbers import MINUS
from weighin._results.associations_numbers import AssociationsNumbers
from weighin._results.associations_telling import TITLE

# features that a page shows
MOST_FEATURES = 40


def draw(numbers: AssociationsNumbers, *, ax: Any, limit: int, title: str | None = None) -> Any:
    """Draw the associations of those with the closest ones; see `Associations.plot`."""
    check_plot(ax, limit, title)
    strength = np.nan_to_num(np.abs(numbers.association)) - 2 * np.eye(len(numbers.features))
    closest = set(np.argsort(-strength.max(1), kind="stable")[:limit].tolist())
    place = {name: i for i, name in enumerate(numbers.features)}
    names = [name for name in numbers.order if place[name] in closest]
    places = [place[name] for name in names]
    # a label of its own for each feature that is in no cluster
    labels = {name: -1 - i for i, name in enumerate(names)}
    labels |= {name: i for i, members in enumerate(numbers.clusters) for name in members}
    left_out = len(numbers.features) - len(names)
    return charts.clusters(
        numbers.association[np.ix_(places, places)],
        names,
        [labels[name] for name in names],
        title=title or TITLE,
        subtitle=f"Any two in a frame are associated by {numbers.cluster_from:.2g} or more, on {numbers.n_rows:,} rows."
        + (f" {left_out} more features not shown." if left_out else ""),
        xlabel=f"association: 0 none, 1 (or {MINUS}1) one column gives the other",
        ax=ax,
    )


def pictures(numbers: AssociationsNumbers) -> list[tuple[str, str]]:
    """Give the section of a page that shows the square."""

    def fill(figure: Any) -> None:
        draw(numbers, ax=figure.add_subplot(), limit=MOST_FEATURES)

    return [("Every pair", picture(fill, "Square of associations between columns: the tables say the same."))]
