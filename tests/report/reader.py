"""A page as a program reads it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from html.parser import HTMLParser

VOID = {"meta", "link", "wbr", "input", "br", "img", "hr", "source"}


class Read(HTMLParser):
    """Elements, texts and scripts of a page; refuses one whose elements do not close."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts, self.scripts = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1], data))
        elif self.open and self.open[-1] not in ("style", "text"):
            self.texts.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def csv(self):
        """The numbers to take along."""
        (link,) = [attrs["href"] for _, attrs in self.elements if attrs.get("id") == "csv"]
        return b64decode(link.removeprefix("data:text/csv;charset=utf-8;base64,")).decode()

    @property
    def data(self):
        """What the script gets: charts of rows with a dict for each row."""
        data = json.loads(next(text for attrs, text in self.scripts if attrs.get("id") == "data"))
        for group in data["groups"]:
            for chart in group["charts"]:
                rows = zip(chart["names"], chart["rows"], data["tips"][chart["tips"]], strict=True)
                chart["rows"] = [
                    dict(zip(group["columns"], row, strict=True)) | {"full": name, "tips": tips}
                    for name, row, tips in rows
                ]
        return data

    @property
    def charts(self):
        """The charts of the first group: each metric, as amounts and in parts of the baseline."""
        return self.data["groups"][0]["charts"]

    @property
    def rows(self):
        """Rows of the chart that is shown first."""
        return self.charts[0]["rows"]

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


def read(imp, **more):
    return Read(imp.to_html(**more))


def expect(thing):
    """Wait for what follows; the page's policy stops the ways of waiting that evaluate text."""
    from playwright.sync_api import expect

    return expect(thing, "in time")
