"""Tables of shaded cells in Vega-Lite."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighin._base.text import printable
from weighin._display.charts import Cells, Clusters
from weighin._display.numbers import write
from weighin._display.vega.parts import CONFIG, Spec, apart, finite, short

# pixels of a cell: as wide as its text, as high as a line
HIGH, LEAST_WIDE, LETTER, NAME = 30, 34, 7.2, 24
# features of a square from which numbers near 0 are left out
MANY, WRITTEN_FROM = 12, 0.2


def cells_of(chart: Clusters) -> Cells:
    """Give a square of associations as cells, those of one cluster side by side."""
    _, seen, cluster = np.unique(np.asarray(chart.labels), return_index=True, return_inverse=True)
    order = np.argsort(seen[cluster], kind="stable")
    values, names = chart.associations[np.ix_(order, order)], [chart.names[i] for i in order]
    hidden = (np.abs(values) < WRITTEN_FROM if len(names) > MANY else False) | np.eye(len(names), dtype=bool)
    labels = [
        ["" if hidden[i, j] else write(float(value), 2) for j, value in enumerate(row)]
        for i, row in enumerate(values)
    ]
    return Cells(
        title=chart.title, subtitle=chart.subtitle, xlabel=chart.xlabel, names=names, segments=names, values=values,
        labels=labels, unsure=np.zeros(values.shape, dtype=bool), head="",
    )  # fmt: skip


def shades(chart: Cells) -> list[list[int]]:
    """Give the shade of each cell, -100 to 100, by the strongest of all."""
    top = float(np.abs(chart.values[np.isfinite(chart.values)]).max(initial=0.0)) or 1.0
    return [[round(100 * (finite(value) or 0.0) / top) for value in row] for row in chart.values]


def cells_spec(chart: Cells) -> Spec:
    """Specify a cell for each feature in each segment, shaded by the strongest of all."""
    rows, columns = (
        apart([short(printable(name), NAME) for name in axis]) for axis in (chart.names, chart.segments)
    )
    cells = [
        {
            "row": rows[i],
            "column": columns[j],
            "shade": abs(shade) / 100,
            "below": shade < 0,
            "text": chart.labels[i][j],
            "sure": not chart.unsure[i, j],
        }
        for i, line in enumerate(shades(chart))
        for j, shade in enumerate(line)
        if np.isfinite(chart.values[i, j])
    ]
    wide = max(LEAST_WIDE, round(LETTER * max((len(str(cell["text"])) for cell in cells), default=0)) + 12)
    turned = max(map(len, columns), default=0) * LETTER > wide
    across = {"orient": "top", "labelAngle": -45 if turned else 0}
    place = {"y": _axis("row", rows, {}), "x": _axis("column", columns, across)}
    colour = {"condition": {"test": "datum.below", "value": "var(--bar-negative)"}, "value": "var(--bar)"}
    opacity = {"domain": [0, 1], "range": [0, 0.75]}
    strength = {"field": "shade", "type": "quantitative", "legend": None, "scale": opacity}
    pale = {"condition": {"test": "datum.sure", "value": 1}, "value": 0.6}
    rect = {"type": "rect", "stroke": "var(--ground)"}
    text = {"type": "text", "color": "var(--ink)", "fontSize": 12}
    return {
        "width": {"step": wide},
        "height": {"step": HIGH},
        # letters may be wider where it is shown
        "padding": {"left": 28, "right": 28, "top": 14, "bottom": 4},
        "data": {"name": "cells", "values": cells},
        "layer": [
            {"mark": rect, "encoding": {**place, "color": colour, "fillOpacity": strength}},
            {"mark": text, "encoding": {**place, "text": {"field": "text"}, "opacity": pale}},
        ],
        "config": CONFIG,
    }


def _axis(field: str, names: Sequence[str], more: Spec) -> Spec:
    axis = {"grid": False, "labelLimit": 190, "labelColor": "var(--ink)", **more}
    return {"field": field, "type": "ordinal", "sort": None, "scale": {"domain": list(names)}, "axis": axis}
