"""What a result tells in, its page out: with scripts where Vega is there, as it stands without."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from weighin._base.text import printable
from weighin._display.charts import Rows
from weighin._display.page import bundle
from weighin._display.page.drawing import SHOWN, Drawing
from weighin._display.telling import Section, Table, Telling

HERE = Path(__file__).parent
# sentences under the headline; the others have a section of their own
LEADS = 2
SIMULATED = "The rows behind every number on this page were made up. They say nothing about the real world."
# bytes of a page to mail; curves, and rows of each table, of pages that are tried until one is light enough
LIGHT = 200_000
LIGHTER = ((12, None), (8, 200), (4, 100), (0, 40))
# letters written from right to left, with what stands between them
_TURNED = re.compile(r"[\u0590-\u08ff\ufb1d-\ufefc](?:[\w\s.\-]*[\u0590-\u08ff\ufb1d-\ufefc])?")


def page(telling: Telling, *, title: str | None = None, csv: str = "", light: bool = False) -> str:
    """Make one HTML page that needs nothing but itself, whatever the names in it hold.

    Every script in it is named, by its fingerprint, in the page's own security policy; no other one runs, and nothing
    is asked of any server. Without vl-convert (extra ``report``) it has no scripts and the charts are pictures.

    `telling`: what it shows. `title`: instead of its own. `csv`: exact numbers to take along. `light`: without scripts
    and `csv`, with fewer curves, and with fewer rows where there are many: to mail.
    """
    vega = find_spec("vl_convert") is not None
    title = title or telling.title
    if not light:
        return _rendered(telling, title, csv, Drawing(vega=vega, scripts=vega))
    made = ""
    for panels, rows in LIGHTER:
        made = _rendered(
            telling, title, "", Drawing(vega=vega, scripts=False, most_rows=rows, most_panels=panels)
        )
        if len(made.encode()) <= LIGHT:
            break
    return made


def _rendered(telling: Telling, title: str, csv: str, drawing: Drawing) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_written,
    )  # fmt: skip
    environment.filters["said"] = _said
    sections = [drawing.section(section, place) for place, section in enumerate(_sections(telling, drawing))]
    details = drawing.details(telling)
    simulated = [("SIMULATED DATA.", SIMULATED)] if telling.simulated else []
    return environment.get_template("page.html.j2").render(
        telling=telling,
        title=title,
        warnings=[*simulated, *telling.warnings],
        headline=telling.headline or next(iter(telling.sentences), ""),
        leads=telling.sentences[1 : 1 + LEADS],
        sections=sections,
        details=details,
        ranked=any(isinstance(chart, Rows) and chart.ranked for chart in telling.charts),
        csv=_link(csv) if csv else "",
        file=re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "weighin",
        shown=SHOWN,
        style=Markup(_read("page.css")),
        data=Markup(_for_script(drawing.data())),
        script=Markup(_read("page.js")) if drawing.scripts else "",
        library=bundle.packed() if drawing.scripts else "",
        allowed=Markup(
            " ".join(map(bundle.fingerprint, (_read("page.js"), bundle.library())))
            if drawing.scripts
            else "'none'"
        ),
        licences=_read("licences.txt"),
    )


def _link(csv: str) -> str:
    """Give the address of numbers to take along: they are in it."""
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(csv.encode(errors='backslashreplace')).decode()}"


def _sections(telling: Telling, drawing: Drawing) -> Iterable[Section]:
    """The parts of a page in order: charts, the other sentences, tables, and what else there is."""
    if telling.charts:
        first = telling.charts[0]
        yield Section("Chart", charts=telling.charts, notes=[first.subtitle], link="Chart")
    if telling.effects is not None and not drawing.vega:
        yield Section("Which way it pushes", charts=[telling.effects], link="Which way")
    more = telling.sentences[1 + LEADS :]
    if more:
        yield Section("What else was found", sentences=more, link="Findings")
    by_heading: dict[str, list[Table]] = {}
    for table in telling.tables:
        by_heading.setdefault(table.heading, []).append(table)
    for place, (heading, tables) in enumerate(by_heading.items()):
        first_one = place == 0
        said = telling.charts[0].subtitle if telling.charts else ""
        known = [said, *telling.sentences]
        remarks = [
            remark for remark in telling.remarks if first_one and not any(remark in text for text in known)
        ]
        yield Section(
            "The numbers" if first_one else heading, tables=tables, notes=remarks, link="Numbers" * first_one
        )
    yield from telling.sections


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
