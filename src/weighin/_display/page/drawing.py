"""Charts, tables and details of one page, drawn, and what its script needs of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from weighin._base.text import printable
from weighin._display import charts as _charts
from weighin._display.charts import Cells, Chart, Clusters, Curves, Panel, Rows
from weighin._display.notebook import table_html
from weighin._display.page import bundle
from weighin._display.telling import Detail, Section, Table, Telling
from weighin._display.vega.curves import panel_specs, points
from weighin._display.vega.parts import AMOUNT, PERCENT, Spec, harmless
from weighin._display.vega.rows import rows_of, rows_spec
from weighin._display.vega.squares import cells_of, cells_spec, shades

# rows before somebody asks for more, and features that a page has details of
SHOWN, MOST_DETAILS = 20, 60
# rows of a table and of a chart, of thousands of features: a page stays small, the numbers of all are in the result
MOST_ROWS = 1000


class Drawing:
    """Draws the parts of one page.

    `vega`: whether Vega is there; without, charts are matplotlib's. `scripts`: whether they answer to their reader.
    `most_rows`, `most_panels`: of tables and charts, by default 1,000, and of curves; None for all.
    """

    def __init__(
        self, *, vega: bool, scripts: bool, most_rows: int | None = None, most_panels: int | None = None
    ) -> None:
        self.vega, self.scripts = vega, scripts
        self._most_rows, self._most_panels = most_rows or MOST_ROWS, most_panels
        self._pictures = 0
        self._drawn = False
        self._groups: list[dict[str, Any]] = []
        self._specs: list[Spec] = []
        self._tips: list[Sequence[Sequence[str]]] = []
        self.choices: dict[str, list[str]] = {}

    def data(self) -> dict[str, Any]:
        """What the script gets: texts are as harmless as all others."""
        axes = {"percent": PERCENT, "amount": AMOUNT}
        parts = {"groups": self._groups, "tips": self._tips, "specs": self._specs}
        return {"shown": SHOWN, "axes": axes, **harmless(parts)}

    def section(self, section: Section, place: int) -> dict[str, Any]:
        """Draw one part of the page."""
        rows, known = [chart for chart in section.charts if isinstance(chart, Rows)], set(self.choices)
        self._drawn |= bool(rows)
        main = section.link == "Numbers"
        others = [self._figure(chart) for chart in section.charts if not isinstance(chart, Rows)]
        drawn = {
            "told": section,
            "id": section.link.lower().replace(" ", "-") or f"part-{place}",
            "figures": [*([self._rows(rows)] if rows else []), *others],
            "tables": [self._table(table, bars=not (main and self._drawn)) for table in section.tables],
            "main": main,
        }
        # each choice is offered where it begins to matter
        offered = {
            key: values for key, values in self.choices.items() if key not in known and len(values) > 1
        }
        return {**drawn, "choices": offered}

    def details(self, telling: Telling) -> list[dict[str, Any]]:
        """Draw what is known of each feature; of a result that says nothing else, its line of the first table."""
        details = (telling.details or _from_table(telling))[:MOST_DETAILS]
        places = {detail.name: place for place, detail in enumerate(details)}
        effects = telling.effects if self.vega else None
        drawn = [] if effects is None else self._panels(effects)
        panels = {printable(panel["told"].name): panel for panel in drawn}
        return [
            {
                "told": detail,
                "panel": panels.get(printable(detail.name)),
                "interval": "" if effects is None else effects.interval,
                "companions": [(name, text, places.get(name)) for name, text in detail.companions],
            }
            for detail in details
        ]

    def _offer(self, choice: Mapping[str, str]) -> str:
        for key, value in choice.items():
            values = self.choices.setdefault(key, [])
            values += [value] * (value not in values)
        return json.dumps(dict(choice)) if choice else ""

    def _table(self, table: Table, *, bars: bool) -> dict[str, Any]:
        html = table_html(table, most=self._most_rows, bars=bars, notes=True)
        choice, heading = self._offer(table.choice), table.heading
        return {"html": Markup(html), "choice": choice, "heading": heading, "rows": len(table.rows)}

    def _rows(self, rows: Sequence[Rows]) -> dict[str, Any]:
        """Charts of rows that stand for each other: the first is drawn, the script draws the others."""
        rows = [chart.upto(self._most_rows) for chart in rows]
        first, more = rows[0].upto(SHOWN), max(0, len(rows[0].names) - SHOWN)
        figure: dict[str, Any] = {"kind": "rows", "chart": first, "more": more, "group": len(self._groups)}
        if not first.names:
            return {**figure, "wide": "", "narrow": ""}
        if not self.vega:
            return {**figure, "wide": _matplotlib(first), "narrow": ""}
        drawn = rows_of(first)
        specs = {layout: rows_spec(first, drawn, narrow=layout == "narrow") for layout in ("wide", "narrow")}
        if self.scripts:
            self._groups.append(self._group(rows, specs, list(drawn[0])))
        return {**figure, **{layout: self._picture(spec) for layout, spec in specs.items()}}

    def _group(
        self, rows: Sequence[Rows], specs: Mapping[str, Spec], columns: Sequence[str]
    ) -> dict[str, Any]:
        """What the script draws these charts from."""
        group = []
        for chart in rows:
            self._offer(chart.choice)
            if chart.tips not in self._tips:
                self._tips.append(chart.tips)
            group.append(
                {
                    "axis": chart.xlabel,
                    "title": chart.title,
                    "choice": dict(chart.choice),
                    "percent": chart.percent,
                    "rows": [list(row.values()) for row in rows_of(chart)],
                    "names": list(chart.names),
                    "tips": self._tips.index(chart.tips),
                }
            )
        bare = {layout: {**spec, "data": {"name": "rows", "values": []}} for layout, spec in specs.items()}
        return {"columns": columns, "specs": bare, "charts": group, "ranked": rows[0].ranked}

    def _picture(self, spec: Spec) -> Markup:
        self._pictures += 1
        return Markup(bundle.picture(spec, f"picture-{self._pictures}"))

    def _figure(self, chart: Chart) -> dict[str, Any]:
        figure = {"chart": chart, "choice": self._offer(chart.choice)}
        if isinstance(chart, Cells):
            return {**figure, "kind": "cells", "rows": _heat(chart)}
        if not self.vega or not isinstance(chart, Curves | Clusters):
            return {**figure, "kind": "picture", "picture": _matplotlib(chart)}
        if isinstance(chart, Clusters):
            return {**figure, "kind": "picture", "picture": self._picture(cells_spec(cells_of(chart)))}
        local = any(panel.local is not None for panel in chart.panels)
        return {**figure, "kind": "panels", "panels": self._panels(chart), "local": local}

    def _panels(self, chart: Curves) -> list[dict[str, Any]]:
        """Draw curves, all on one scale."""
        chart = replace(chart, panels=chart.panels[: self._most_panels])
        if not self.scripts:
            # single rows are most of what a picture weighs
            bare = [
                replace(panel, curves=panel.curves[:0]) if panel.kind != "nominal" else panel
                for panel in chart.panels
            ]
            chart = replace(chart, panels=bare)
        return [
            self._panel(panel, spec) for panel, spec in zip(chart.panels, panel_specs(chart), strict=True)
        ]

    def _panel(self, panel: Panel, spec: Spec | None) -> dict[str, Any]:
        place = len(self._specs)
        if spec is not None and self.scripts:
            self._specs.append(spec)
        picture = "" if spec is None else self._picture(spec)
        return {"told": panel, "place": place, "picture": picture, "points": points(panel)}


def _from_table(telling: Telling) -> list[Detail]:
    if not telling.tables or not any(isinstance(chart, Rows) for chart in telling.charts):
        return []
    table = telling.tables[0]
    heads = [column.label for column in table.columns]
    return [
        Detail(
            row.name,
            [
                *((head, cell) for head, cell in zip(heads, row.cells, strict=True) if cell not in ("", "-")),
                *[("", row.note)] * bool(row.note),
            ],
        )
        for row in table.rows
    ]


def _matplotlib(chart: Chart) -> Markup:
    spoken = f"{chart.title}: the numbers follow."
    return Markup(_charts.picture(lambda figure: _charts.draw(chart, figure=figure), spoken))


def _heat(chart: Cells) -> list[dict[str, Any]]:
    """Rows of cells: texts, and the shade of each."""
    intervals = chart.intervals or [[""] * len(chart.segments)] * len(chart.names)
    return [
        {
            "name": name,
            "cells": [
                {"label": label, "interval": interval, "shade": shade, "unsure": bool(unsure)}
                for label, interval, shade, unsure in zip(*texts, strict=True)
            ],
        }
        for name, *texts in zip(
            chart.names, chart.labels, intervals, shades(chart), chart.unsure, strict=True
        )
    ]
