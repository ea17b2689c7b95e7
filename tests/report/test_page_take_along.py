"""What a reader finds beside the chart, and what they take along, in a real browser."""

from __future__ import annotations

import csv
import io

import pytest
import samples
from reader import expect

from weighin._display.numbers import rounded


@pytest.mark.parametrize("script", [True, False])
def test_the_numbers_are_taken_along_as_csv_that_starts_no_formula(full, visit, script):
    imp, html = full
    page = visit(html, script=script)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    assert waiting.value.suggested_filename == "what-the-model-weighs.csv"
    text = waiting.value.path().read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 60  # of both metrics
    assert float(rows[0]["importance"]) == pytest.approx(imp.importances_mean.max(), rel=1e-7)
    assert all(row["note"] == "SIMULATED DATA" for row in rows)
    names = {row["feature"] for row in rows}
    dangerous = {name for name in samples.HOSTILE if name[0] in "=+-@"}
    assert {name.replace("\r\n", "\n") for name in names} == {
        f"'{name}" if name in dangerous else name for name in imp.features
    }


def test_the_chart_as_it_stands_is_saved_as_a_picture(full, visit):
    import struct

    _, html = full
    page = visit(html, dark=True)
    page.get_by_label("Show").select_option("% of baseline")
    expect(page.locator("#chart .axis")).to_contain_text("parts of the baseline")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG").click()
    content = waiting.value.path().read_bytes()
    assert waiting.value.suggested_filename.endswith("What the model weighs.png")
    width, height = struct.unpack(">II", content[16:24])
    assert width > 1500
    assert height > 20 * 34


def test_the_chart_is_saved_as_svg_with_its_title_and_no_variable(full, visit):
    imp, html = full
    page = visit(html)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG").click()
    text = waiting.value.path().read_text(encoding="utf-8")
    assert text.startswith("<svg")
    assert "What the model weighs" in text
    assert imp.features[int(imp.importances_mean.argmax())] in text
    assert "var(" not in text


def test_what_is_known_of_a_feature_stands_in_one_place_beside_the_chart(full, visit):
    """The heaviest at first; then the one that is clicked, reached with the arrow keys, or named as a companion."""
    imp, html = full
    page = visit(html)
    heaviest = [imp.features[i] for i in (-imp.importances_mean).argsort(kind="stable")]
    shown = page.locator("#details .feature:visible")
    assert shown.get_by_role("heading", level=3).text_content() == heaviest[0]
    page.locator("#chart .rows li").nth(1).click()
    assert shown.get_by_role("heading", level=3).text_content() == heaviest[1]
    text, other = shown.inner_text(), imp[heaviest[1]]
    assert rounded(other.importance, other.ci_lower, other.ci_upper).interval in text
    assert "mse worse by" in text
    assert "prediction differs" in text
    assert "without" in text  # what training again found
    shown.get_by_role("link", name=heaviest[0]).click()
    assert shown.get_by_role("heading", level=3).text_content() == heaviest[0]
    assert shown.locator("svg").count() >= 1
    page.locator("#chart .rows").focus()
    page.keyboard.press("End")
    assert shown.get_by_role("heading", level=3).text_content() == heaviest[19]
    chosen = page.locator("#chart .rows [aria-selected=true]")
    assert chosen.count() == 1
    assert chosen.text_content().startswith(heaviest[19])
