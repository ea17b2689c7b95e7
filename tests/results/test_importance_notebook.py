"""An importance in a notebook."""

from __future__ import annotations

import html
import html.parser
import re

import numpy as np
import pytest

import weighin
from charts import result

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "a\u202eb",
    "&amp;",
    "x" * 200,
    "\u0000",
    "",
]


class Page(html.parser.HTMLParser):
    """Elements with their attributes, texts, and whether every element was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def styles(self, kind: str) -> list[str]:
        return [attrs["style"] for _, attrs in self.elements if kind in attrs.get("class", "").split()]


@pytest.fixture(scope="module")
def imp() -> weighin.Importance:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = x @ [2.0, 0.5, 0.0, 0.0] + rng.normal(size=300)
    model = lambda x: x @ np.array([2.0, 0.5, 0.05, 0.0])  # noqa: E731
    return weighin.weigh(model, x, y, metric="mae", n_repeats=5, random_state=0)


def test_a_row_per_feature_with_its_numbers(imp):
    text = imp._repr_html_()
    names = re.findall(r'<th scope="row">(.*?)</th>', text)
    assert names == ["x0", "x1", *sorted(names[2:], key=names.index)]
    assert set(names) == {"x0", "x1", "x2", "x3"}
    heads = re.findall(r'<th scope="col">(.*?)</th>', text)
    assert heads == ["feature", "mae worse by", "95% interval", "p (Holm)", "of baseline"]
    first = re.search(r"x0</th><td>(.*?)</td><td>(.*?) to (.*?)</td><td>(.*?)</td><td>(.*?)%</td>", text)
    value, low, high = (float(number) for number in first.groups()[:3])
    assert low < value < high
    assert value == pytest.approx(imp.importances_mean[0], abs=0.05)
    assert (low, high) == (pytest.approx(imp.ci_lower[0], abs=0.05), pytest.approx(imp.ci_upper[0], abs=0.05))
    assert html.unescape(first[4]).strip() == "<0.001"
    assert float(first[5]) == pytest.approx(100 * imp.relative[0], abs=5)  # rounded to its interval


def test_bars_and_whiskers_are_as_long_as_the_numbers(imp):
    page = Page(imp._repr_html_())
    ends = np.array([imp.importances_mean, *imp.interval(), np.zeros(4)])
    low, span = ends.min(), ends.max() - ends.min()

    def lengths(kind: str) -> list[float]:
        return [float(re.search(r"width:(.*?)%", style)[1]) for style in page.styles(kind)]

    order = np.argsort(-imp.importances_mean, kind="stable")
    drawn = [i for i in order if imp.importances_mean[i]]
    np.testing.assert_allclose(lengths("bar"), 100 * abs(imp.importances_mean[drawn]) / span, atol=0.01)
    lower, upper = imp.interval()
    np.testing.assert_allclose(lengths("whisker"), 100 * (upper - lower)[drawn] / span, atol=0.01)
    zero = [float(re.search(r"left:(.*?)%", style)[1]) for style in page.styles("zero")]
    assert zero == [pytest.approx(-100 * low / span, abs=0.01)] * 4


def test_what_cannot_be_told_apart_from_zero_is_pale(imp):
    lower, upper = imp.interval()
    unsure = sum((lower <= 0) & (upper >= 0) & (imp.importances_mean != 0))
    assert unsure == 1
    assert len(Page(imp._repr_html_()).styles("pale")) == unsure


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_inert(name):
    page = Page(result([1.0, 2.0], [name, "b"], notes=(name,), rows=name, metric=f"m{name}")._repr_html_())
    assert {tag for tag, _ in page.elements} <= {
        "div",
        "style",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "span",
        "p",
    }
    assert all(
        set(attrs) <= {"class", "style", "scope", "aria-hidden", "tabindex"} for _, attrs in page.elements
    )
    assert "\u202e" not in "".join(page.texts)


def test_nothing_is_asked_of_anybody(imp):
    text = imp._repr_html_()
    assert not re.search(r"https?:|//|url\(|@import|src=|href=|<script", text)


def test_colours_are_those_of_the_page_around_or_stand_out_from_any(imp):
    """Text and lines take the colour around; bars are as in the charts, which are tested on light and dark grounds."""
    style = re.search(r"<style>(.*?)</style>", imp._repr_html_(), re.S)[1]
    colours = set(re.findall(r"#[0-9a-f]{3,6}", style))
    from weighin._display.charts import BAR, BAR_NEGATIVE

    assert colours == {BAR, BAR_NEGATIVE}
    assert "border:solid currentColor" in style
    assert "color:inherit" in style


@pytest.mark.parametrize(
    "values",
    [[0.0, 0.0], [-1.0, -2.0], [float("nan"), 1.0], [float("inf"), 1.0], [float("nan"), float("nan")]],
)
def test_odd_numbers_leave_a_table(values):
    page = Page(result(values)._repr_html_())
    assert sum(tag == "tr" for tag, _ in page.elements) == 3
    for _, attrs in page.elements:
        for number in re.findall(r"([-\d.a-z]+)%", attrs.get("style", "")):
            assert 0 <= float(number) <= 100


def test_negative_bars_point_left_in_another_colour():
    page = Page(result([1.0, -1.0])._repr_html_())
    more, less = page.styles("bar")
    assert (more, less) == ("left:50.00%;width:50.00%", "left:0.00%;width:50.00%")
    assert page.styles("less") == [less]


def test_hundreds_of_features_are_counted_not_shown():
    page = Page(result(np.arange(600.0))._repr_html_())
    assert sum(tag == "tr" for tag, _ in page.elements) == 31
    assert "570 more rows: to_frame(), plot(limit=...)." in page.texts


def test_simulated_data_and_training_rows_are_named():
    text = result([1.0], simulated=True, complete=False, on_training_rows=True)._repr_html_()
    assert "SIMULATED DATA - PARTIAL, 1 feature finished - What the model weighs" in text
    assert "THE MODEL WAS TRAINED ON SOME OF THESE ROWS." in text
