"""Vega, as vl-convert ships it: the script that draws in the browser, and pictures drawn without one."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from functools import cache
from typing import Any
from xml.etree import ElementTree

from weighin._base.optional import require
from weighin._display.vega.parts import harmless

SVG = "{http://www.w3.org/2000/svg}"
_NEEDLESS = ("role", "pointer-events", "version", "font-family", "stroke-miterlimit")
_PLAIN = {"opacity": "1", "stroke-width": "1", "transform": "translate(0,0)"}


def _vl_convert() -> Any:
    return require("vl_convert", "report", "draw the charts of a page")


@cache
def library() -> str:
    """Give the JavaScript of Vega, Vega-Lite and vega-embed, as one script that leaves only `vegaEmbed` behind."""
    script = _vl_convert().javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(() => {{{script}\n}})();"


@cache
def packed() -> str:
    """Give `library` as the page carries it, a third of its size, for the page's own script to unpack."""
    return base64.b64encode(gzip.compress(library().encode(), 9, mtime=0)).decode()


def picture(spec: dict[str, Any], name: str) -> str:
    """Draw a chart as SVG for a page, with ids that begin with `name`, hidden from screen readers."""
    spec = harmless(spec)
    try:
        svg = _vl_convert().vegalite_to_svg(spec)
    except ValueError:
        # it cuts long texts within letters beyond U+FFFF, and then cannot read them; scripts draw them, table has them
        plainer = re.sub(r"[\U00010000-\U0010ffff]", "\N{WHITE SQUARE}", json.dumps(spec, ensure_ascii=False))
        svg = _vl_convert().vegalite_to_svg(json.loads(plainer))
    root = ElementTree.fromstring(svg)
    _slim(root)
    _rename(root, name)
    root.set("aria-hidden", "true")
    root.set("focusable", "false")
    return ElementTree.tostring(root, encoding="unicode")


def _slim(element: ElementTree.Element) -> None:
    """Leave out what draws nothing, and digits nobody sees: half of the picture."""
    element.tag = element.tag.removeprefix(SVG)
    for name, value in list(element.attrib.items()):
        if name in _NEEDLESS or name.startswith("aria-") or value == _PLAIN.get(name):
            del element.attrib[name]
        elif name in ("d", "transform"):
            element.set(name, re.sub(r"(\d+\.\d)\d+", r"\1", value))
    for child in list(element):
        if child.tag == f"{SVG}path" and _blank(child):
            element.remove(child)
        else:
            _slim(child)


def _rename(root: ElementTree.Element, name: str) -> None:
    """Give ids that are the same whatever was drawn before, and unlike those of other pictures."""
    new = {e.get("id", ""): f"{name}-{i}" for i, e in enumerate(e for e in root.iter() if e.get("id"))}
    for element in root.iter():
        if element.get("id"):
            element.set("id", new[element.get("id", "")])
        clip = element.get("clip-path")
        if clip:
            element.set("clip-path", f"url(#{new[clip.removeprefix('url(#').removesuffix(')')]})")


def _blank(path: ElementTree.Element) -> bool:
    return (
        not path.get("d")
        or path.get("display") == "none"
        or path.get("class") in ("background", "foreground")
    )


def fingerprint(script: str) -> str:
    """Give the source expression that allows this script, and no other, in a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
