"""A chart that stands alone, with its title, on a light ground: for a notebook, through Altair."""

from __future__ import annotations

from typing import Any

from weighin._base.optional import require
from weighin._display.charts import Cells, Chart, Clusters, Curves, Rows, Shuffles
from weighin._display.vega.curves import panel_specs
from weighin._display.vega.parts import Spec, coloured, harmless
from weighin._display.vega.rows import rows_of, rows_spec
from weighin._display.vega.squares import cells_of, cells_spec

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# panels beside each other, and letters of a line under a title
COLUMNS, LINE = 3, 110


def specification(chart: Chart) -> Spec:
    """Specify a chart in Vega-Lite, in the colours of a page."""
    if isinstance(chart, Rows):
        return rows_spec(chart, rows_of(chart), narrow=False)
    if isinstance(chart, Curves):
        named = zip(panel_specs(chart), chart.panels, strict=True)
        panels = [{**spec, "title": _title(f"{panel.name} {panel.arrow}")} for spec, panel in named if spec]
        config = panels[0].pop("config") if panels else {}
        for number, panel in enumerate(panels):
            for top_level in ("config", "padding"):
                panel.pop(top_level, None)
            panel["data"] = {"values": panel["data"]["values"]}
            for layer in panel["layer"]:
                for parameter in layer.get("params", ()):
                    # one name for each
                    parameter["name"] += str(number)
                    layer["encoding"]["opacity"]["condition"]["param"] = parameter["name"]
        return {"concat": panels, "columns": COLUMNS, "config": config}
    assert not isinstance(chart, Shuffles)
    return cells_spec(chart if isinstance(chart, Cells) else cells_of(_square(chart)))


def _square(chart: Chart) -> Clusters:
    assert isinstance(chart, Clusters)
    return chart


def altair_chart(chart: Chart) -> Any:
    """Give a chart of Altair's own kind.

    Raises MissingDependencyError: without Altair.
    """
    altair = require("altair", "report", "draw a chart of Altair")
    spec = specification(chart)
    title = {**_title(chart.title), "subtitle": _lines(chart.xlabel[:1].upper() + chart.xlabel[1:])}
    spec |= {"title": title, "background": "var(--ground)"}
    if isinstance(spec.get("padding"), dict):
        spec["padding"] = {**spec["padding"], "top": spec["padding"]["top"] + 44}
    return altair.Chart.from_dict({"$schema": SCHEMA, **coloured(harmless(spec))})


def _title(text: str) -> Spec:
    inks = {"color": "var(--ink)", "subtitleColor": "var(--quiet)", "font": "sans-serif"}
    return {"text": text, "anchor": "start", "fontSize": 15, **inks}


def _lines(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, LINE)
