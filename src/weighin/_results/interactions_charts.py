"""Interactions as charts: a square of shades."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from weighin._base.errors import InputError, listing
from weighin._display.charts import Cells
from weighin._display.numbers import write
from weighin._results.interactions_numbers import InteractionsNumbers
from weighin._results.provenance import marked
from weighin._results.surface import Surface

TITLE = "Features that act together"
# features that a page shows
MOST_FEATURES = 20


def matrix(numbers: InteractionsNumbers, limit: int = MOST_FEATURES, title: str | None = None) -> Cells:
    """Give a cell for each two features, those of the strongest pairs first; see `Interactions.plot`."""
    lines = numbers.lines()
    if not lines:
        raise InputError("Nothing to draw: there is no pair.")
    names = list(dict.fromkeys(name for line in lines for name in line.features))
    shown = names[:limit]
    place = {name: i for i, name in enumerate(shown)}
    values = np.full((len(shown), len(shown)), np.nan)
    unsure = np.zeros(values.shape, dtype=bool)
    labels = [[""] * len(shown) for _ in shown]
    for line in lines:
        if set(line.features) <= set(shown):
            j, k = (place[name] for name in line.features)
            for row, column in ((j, k), (k, j)):
                values[row, column], unsure[row, column] = line.share, not line.claimed
                labels[row][column] = "0" if line.unmoved else line.shares.value
    left_out = len(numbers.features) - len(shown)
    return Cells(
        title=marked(numbers, title or TITLE),
        subtitle=f"Share of each pair in the variance of {numbers.what}, on {numbers.n_rows:,} rows. Pale: not "
        "claimed, given the number of pairs." + (f" {left_out} more features not shown." if left_out else ""),
        xlabel=f"share of the variance of {numbers.what}",
        percent=True,
        names=shown,
        segments=shown,
        values=values,
        labels=labels,
        unsure=unsure,
    )


def surface_of(numbers: InteractionsNumbers, pair: Any, title: str | None = None) -> Cells:
    """Give the surface of a pair as a chart; see `Interactions.plot`."""
    for surface in numbers.surfaces:
        if isinstance(pair, tuple) and set(pair) == set(surface.features):
            chart = surface_chart(surface)
            return replace(chart, title=marked(numbers, title or chart.title))
    there = listing([" × ".join(surface.features) for surface in numbers.surfaces]) or "none"
    raise InputError(
        f"There is no surface of {pair!r}. Surfaces: {there}; interactions(..., surfaces=10) makes more."
    )


def surface_chart(surface: Surface) -> Cells:
    """Give a cell for each two values: mean predictions, shaded by their distance from the mean."""
    first, second = surface.axes
    step = max(1, -int(np.floor(np.log10(max(float(np.ptp(surface.values)), 1e-12)))) + 1)
    decimals = step if np.ptp(surface.values) < 10 else 1 if np.ptp(surface.values) < 100 else 0
    return Cells(
        title=f"{first.feature} × {second.feature}",
        subtitle=f"Mean prediction with all rows moved to a value of {first.feature} (down) and of "
        f"{second.feature} (across), over {surface.n_rows:,} rows.",
        xlabel=f"{surface.what}, less its mean of {write(surface.mean)}",
        head=f"{first.feature} ↓ {second.feature} →",
        names=first.labels,
        segments=second.labels,
        values=surface.values - surface.mean,
        labels=[[write(float(value), decimals) for value in row] for row in surface.values],
        unsure=np.zeros(surface.values.shape, dtype=bool),
    )
