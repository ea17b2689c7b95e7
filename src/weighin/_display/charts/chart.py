"""What charts show, as plain values: a page draws them in Vega-Lite, pictures are drawn in matplotlib."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Ends = tuple[Values, Values]
NO_VALUES: Values = np.empty(0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Chart:
    """A chart and the texts around it.

    `title`, `subtitle`, `xlabel`: over it, and what its values are.
    `marks`: what its marks mean, behind the subtitle where no legend says so.
    `percent`: whether values are parts, to be counted in percent.
    `choice`: which of several charts it is that a page shows one at a time: {"Metric": "mae"}.
    """

    title: str
    subtitle: str = ""
    marks: str = ""
    xlabel: str = ""
    percent: bool = False
    choice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows(Chart):
    """A row for each feature or variant, the first on top.

    `names`, `labels`: before each row, and the number written at its end.
    `unsure`, shape (n,): of which nothing may be claimed: drawn pale.
    `signs`: behind the names; empty for none.
    `tips`: what a page tells of a row when asked.
    `asides`: in small behind the numbers; empty for none.
    `key`: what a page says of "bar", "negative", "pale", "whisker", "hollow", "full", "between" and "sign".
    `ranked`: whether the order is by value, so that a page offers others.
    """

    names: Sequence[str]
    labels: Sequence[str]
    unsure: NDArray[np.bool_]
    signs: Sequence[str] = ()
    tips: Sequence[Sequence[str]] = ()
    asides: Sequence[str] = ()
    key: Sequence[tuple[str, str]] = ()
    ranked: bool = True

    def upto(self, most: int) -> Self:
        """Give the chart of the first rows."""
        n = len(self.names)
        if n <= most:
            return self
        fields = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        rows: dict[str, Any] = {
            name: value[:most]
            for name, value in fields.items()
            if isinstance(value, list | tuple | np.ndarray)
            and len(value) == n
            and name != "key"
            and "interval" not in name
        }
        for name, ends in fields.items():
            if "interval" in name and ends is not None:
                rows[name] = tuple(end[:most] for end in ends)
        return dataclasses.replace(self, **rows)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bars(Rows):
    """Bars with whiskers; negative ones point left in another colour.

    `values`, shape (n,): lengths.
    `interval`, shape (n,): ends of the whiskers.
    `singles`, shape (n, n_repeats): marks over the bars, where there is no interval.
    `line`: place of a dotted line across all rows.
    `starts`, shape (n,): where each bar begins, so that bars follow each other up to a sum; by default at 0.
    """

    values: Values
    interval: Ends | None = None
    singles: Values | None = None
    line: float | None = None
    starts: Values | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Dumbbell(Rows):
    """Two dots in each row, and the way from the first to the second.

    `first`, `second`, shape (n,): A hollow and a full dot; NaN for none.
    `legend`: what they stand for.
    `directed`: whether the way has the colour of its direction; else it is grey, and the dots have colour.
    `first_interval`, `second_interval`, shape (n,): ends of their whiskers.
    `unsure_first`, shape (n,): whose hollow dot is pale; `unsure` is about the full one.
    """

    first: Values
    second: Values
    legend: tuple[str, str]
    directed: bool = True
    first_interval: Ends | None = None
    second_interval: Ends | None = None
    unsure_first: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Shuffles(Chart):
    """A dot for every shuffle over a box of the middle half of them: names, and values of shape (n, n_repeats)."""

    names: Sequence[str]
    singles: Values


@dataclass(frozen=True, eq=False, kw_only=True)
class Cells(Chart):
    """A coloured cell for each feature in each segment.

    `names`, `segments`: of rows and columns.
    `values`, shape (n, n_segments): blue above 0, orange below; what is no number is an empty cell.
    `labels`, `intervals`: written into the cells, and what a page writes below.
    `unsure`, shape (n, n_segments): whose numbers are pale and slanted.
    `head`: what the names are, and the segments.
    """

    names: Sequence[str]
    segments: Sequence[str]
    values: Values
    labels: Sequence[Sequence[str]]
    unsure: NDArray[np.bool_]
    intervals: Sequence[Sequence[str]] = ()
    head: str = "Feature"


@dataclass(frozen=True, eq=False, kw_only=True)
class Clusters(Chart):
    """A cell for each pair of features, those of one cluster side by side in a frame.

    `names`: features.
    `associations`, shape (n, n): from -1 or 0 to 1; what is no number is an empty cell.
    `labels`: cluster of each feature, any values; features are drawn cluster by cluster, otherwise in their own order.
    """

    names: Sequence[str]
    associations: Values
    labels: Sequence[int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """The curve of one feature; means and labels may have one more entry, for missing values.

    `name`, `arrow`, `direction`: title, and which way the curve goes.
    `kind` {"numeric", "ordered", "nominal"}: whether points lie on an axis, have an order, or only names.
    `dates`: whether the values are dates, written as the labels say.
    `values`, shape (n_points,): places of the points.
    `labels`: their names.
    `mean`: height of the mean curve.
    `interval`: its ends.
    `local`, shape (n_points,): the curve of rows that are near.
    `curves`, shape (n_curves, n_points): single rows.
    `said`: what it shows, in a sentence.
    """

    name: str
    arrow: str
    kind: str
    dates: bool
    values: Values
    labels: Sequence[str]
    mean: Values
    interval: Ends
    local: Values | None
    curves: Values
    direction: str = ""
    said: str = ""

    @property
    def in_numbers(self) -> bool:
        """Whether the points are plain numbers: no names, no dates."""
        return self.kind == "numeric" and not self.dates


@dataclass(frozen=True, eq=False, kw_only=True)
class Curves(Chart):
    """Panels side by side, all on one scale, which `xlabel` names; `interval` names the bands."""

    panels: Sequence[Panel]
    interval: str = "95% interval"

    def limits(self) -> tuple[float, float]:
        """The common scale: every mean with its interval, and nine tenths of the single rows."""
        ends = []
        for panel in self.panels:
            ends += [panel.mean, *panel.interval, NO_VALUES if panel.local is None else panel.local]
            if panel.curves.size and panel.kind != "nominal":
                ends.append(np.quantile(panel.curves, [0.05, 0.95]))
        values = np.concatenate([np.ravel(values) for values in ends]) if ends else NO_VALUES
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        room = 0.06 * (high - low) or 0.5 * max(abs(high), 1.0)
        return low - room, high + room
