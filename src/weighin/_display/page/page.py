"""What a result tells in, its page out: with scripts where Vega is there, as it stands without."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from weighin._base.text import printable
from weighin._display import charts as _charts
from weighin._display.charts import Cells, Chart, Curves, Rows
from weighin._display.notebook import table_html
from weighin._display.page import bundle as _bundle
from weighin._display.page import panels as _panels
from weighin._display.page import vega as _vega
from weighin._display.telling import Section, Table, Telling

HERE = Path(__file__).parent
# rows before somebody asks for more, and sentences under the headline; the others have a section of their own
SHOWN, LEADS = 20, 3
SIMULATED = "The rows behind every number on this page were made up. They say nothing about the real world."
# letters written from right to left, with what stands between them
_TURNED = re.compile(r"[\u0590-\u08ff\ufb1d-\ufefc](?:[\w\s.\-]*[\u0590-\u08ff\ufb1d-\ufefc])?")


def page(telling: Telling, *, title: str | None = None, csv: str = "") -> str:
    """Make one HTML page that needs nothing but itself, whatever the names in it hold.

    Every script in it is named, by its fingerprint, in the page's own security policy; no other one runs, and nothing
    is asked of any server. Without vl-convert (extra ``report``) it has no scripts and the charts are pictures.

    `telling`: what it shows. `title`: instead of its own. `csv`: exact numbers that a button copies.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_written,
    )  # fmt: skip
    environment.filters["said"] = _said
    drawing = _Drawing(interactive=find_spec("vl_convert") is not None, csv=csv)
    sections = [drawing.section(section, place) for place, section in enumerate(_sections(telling))]
    scripts = [_bundle.library(), _read("page.js")] if drawing.interactive else []
    simulated = [("SIMULATED DATA.", SIMULATED)] if telling.simulated else []
    return environment.get_template("page.html.j2").render(
        telling=telling,
        title=title or telling.title,
        warnings=[*simulated, *telling.warnings],
        leads=telling.sentences[:LEADS],
        sections=sections,
        choices=drawing.choices,
        ranked=any(isinstance(chart, Rows) and chart.ranked for chart in telling.charts),
        csv=csv,
        shown=SHOWN,
        style=Markup(_read("page.css")),
        data=Markup(_for_script(drawing.data())),
        scripts=list(map(Markup, scripts)),
        allowed=Markup(" ".join(map(_bundle.fingerprint, scripts)) or "'none'"),
        licences=_read("licences.txt"),
    )


def _sections(telling: Telling) -> Iterable[Section]:
    """The parts of a page in order: charts, the other sentences, tables, and what else there is."""
    if telling.charts:
        yield Section(
            telling.charts[0].title.removeprefix("SIMULATED DATA - "),
            charts=telling.charts,
            notes=[telling.charts[0].subtitle],
            link="Chart",
        )
    if telling.sentences[LEADS:]:
        yield Section("What else was found", sentences=telling.sentences[LEADS:])
    by_heading: dict[str, list[Table]] = {}
    for table in telling.tables:
        by_heading.setdefault(table.heading, []).append(table)
    for place, (heading, tables) in enumerate(by_heading.items()):
        first = place == 0
        said = telling.charts[0].subtitle if telling.charts else ""
        remarks = [remark for remark in telling.remarks if first and remark not in said]
        yield Section(
            "The numbers" if first else heading, tables=tables, notes=remarks, link="Numbers" * first
        )
    yield from telling.sections


class _Drawing:
    """Draws the parts of one page, and keeps what its script needs of them."""

    def __init__(self, *, interactive: bool, csv: str) -> None:
        self.interactive = interactive
        self._csv = csv
        self._drawn = False
        self._groups: list[dict[str, Any]] = []
        self._specs: list[dict[str, Any]] = []
        self._tips: list[Sequence[Sequence[str]]] = []
        self.choices: dict[str, list[str]] = {}

    def data(self) -> dict[str, Any]:
        """What the script gets: texts are as harmless as all others."""
        axes = {"percent": _vega.PERCENT, "amount": _vega.AMOUNT}
        parts = {"groups": self._groups, "tips": self._tips, "specs": self._specs}
        return {"shown": SHOWN, "axes": axes, **_vega.harmless(parts), "csv": self._csv}

    def section(self, section: Section, place: int) -> dict[str, Any]:
        """Draw one part of the page."""
        rows = [chart for chart in section.charts if isinstance(chart, Rows)]
        self._drawn |= bool(rows)
        main = section.link == "Numbers"
        others = [self._figure(chart) for chart in section.charts if not isinstance(chart, Rows)]
        return {
            "told": section,
            "id": section.link.lower().replace(" ", "-") or f"part-{place}",
            "figures": [*([self._rows(rows)] if rows else []), *others],
            "tables": [self._table(table, bars=not (main and self._drawn)) for table in section.tables],
            "main": main,
        }

    def _offer(self, choice: Any) -> str:
        for key, value in choice.items():
            values = self.choices.setdefault(key, [])
            values += [value] * (value not in values)
        return json.dumps(dict(choice)) if choice else ""

    def _table(self, table: Table, *, bars: bool) -> dict[str, Any]:
        html = Markup(table_html(table, most=None, bars=bars, notes=True))
        return {
            "html": html,
            "choice": self._offer(table.choice),
            "heading": table.heading,
            "rows": len(table.rows),
        }

    def _rows(self, rows: Sequence[Rows]) -> dict[str, Any]:
        """Charts of rows that stand for each other: the first is drawn, the script draws the others."""
        first, more = rows[0].upto(SHOWN), max(0, len(rows[0].names) - SHOWN)
        figure: dict[str, Any] = {"kind": "rows", "chart": first, "more": more, "group": len(self._groups)}
        if not first.names:
            return {**figure, "wide": ""}
        if not self.interactive:
            return {**figure, "wide": _picture(first)}
        drawn, group, place = _vega.rows_of(first), [], len(self._groups)
        specs = {
            layout: _vega.rows_spec(first, drawn, narrow=layout == "narrow") for layout in ("wide", "narrow")
        }
        for chart in rows:
            self._offer(chart.choice)
            lists = [list(row.values()) for row in _vega.rows_of(chart)]
            texts = {"axis": chart.xlabel, "title": chart.title, "choice": dict(chart.choice)}
            group.append({**texts, "percent": chart.percent, "rows": lists, "names": list(chart.names)})
            if chart.tips not in self._tips:
                self._tips.append(chart.tips)
            group[-1]["tips"] = self._tips.index(chart.tips)
        bare = {layout: {**spec, "data": {"name": "rows", "values": []}} for layout, spec in specs.items()}
        self._groups.append(
            {"columns": list(drawn[0]), "specs": bare, "charts": group, "ranked": rows[0].ranked}
        )
        pictures = {key: Markup(_bundle.picture(spec, f"{key}-{place}")) for key, spec in specs.items()}
        return {**figure, **pictures}

    def _figure(self, chart: Chart) -> dict[str, Any]:
        choice = self._offer(chart.choice)
        if isinstance(chart, Cells):
            return {"kind": "cells", "chart": chart, "choice": choice, "rows": _heat(chart)}
        if not isinstance(chart, Curves) or not self.interactive:
            return {"kind": "picture", "chart": chart, "choice": choice, "picture": _picture(chart)}
        panels = []
        for panel, spec in zip(chart.panels, _panels.panel_specs(chart), strict=True):
            place = len(self._specs)
            if spec is not None:
                self._specs.append(spec)
            picture = Markup(_bundle.picture(spec, f"panel-{place}")) if spec is not None else ""
            panels.append(
                {"told": panel, "place": place, "picture": picture, "points": _panels.points(panel)}
            )
        local = any(panel.local is not None for panel in chart.panels)
        return {"kind": "panels", "chart": chart, "choice": choice, "panels": panels, "local": local}


def _picture(chart: Chart) -> Markup:
    spoken = f"{chart.title}: the numbers follow."
    return Markup(_charts.picture(lambda figure: _charts.draw(chart, figure=figure), spoken))


def _heat(chart: Cells) -> list[dict[str, Any]]:
    """Rows of cells: texts, and the shade of each, -100 to 100, by the strongest of all."""
    numbers = [[_vega.finite(value) or 0.0 for value in row] for row in chart.values]
    top = max((abs(value) for row in numbers for value in row), default=0.0) or 1.0
    intervals = chart.intervals or [[""] * len(chart.segments)] * len(chart.names)
    return [
        {
            "name": name,
            "cells": [
                {
                    "label": label,
                    "interval": interval,
                    "shade": round(100 * value / top),
                    "unsure": bool(unsure),
                }
                for label, interval, value, unsure in zip(*texts, strict=True)
            ],
        }
        for name, *texts in zip(chart.names, chart.labels, intervals, numbers, chart.unsure, strict=True)
    ]


def _written(value: Any) -> Any:
    """Every value that the template writes: what is no markup is nothing but text."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _said(text: str) -> Markup:
    """A sentence; names that are written from right to left leave their neighbours where they are."""
    return Markup(_TURNED.sub(lambda found: f"<bdi>{found[0]}</bdi>", str(escape(printable(text)))))


def _for_script(data: Any) -> str:
    """Write JSON that no HTML parser takes for markup, whatever the names hold."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")
