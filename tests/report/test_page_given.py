"""A page of features shuffled freely and given others, in a real browser."""

from __future__ import annotations

import pytest

from importances import weighed_both


def names(page):
    """Names of the rows, from above."""
    return [text.split(".")[0] for text in page.locator("#chart .rows li").all_text_contents()]


@pytest.mark.parametrize("width", [1200, 360])
def test_dots_have_what_explains_them_beside_them(visit, width):
    """On a phone below them; whiskers stay inside the axis, and the pointer is told both numbers."""
    page = visit(weighed_both().to_html(), width=width)
    texts = page.locator("#chart .drawn svg text").all_text_contents()
    assert "85% explained by elo" in texts
    assert "not separable from week" in texts
    assert names(page) == ["spread", "elo", "week", "twin"]
    line = page.locator("#chart .rows li").first.text_content()
    assert "shuffled freely: mse worse by" in line
    assert "shuffled given the other columns: mse worse by" in line
    drawn = page.locator("#chart .drawn svg").first.bounding_box()
    for text in page.locator("#chart .drawn svg text").all():
        box = text.bounding_box()
        assert box["x"] >= drawn["x"] - 1
        assert box["x"] + box["width"] <= drawn["x"] + drawn["width"] + 1
    page.select_option("#order", "lightest")
    page.wait_for_timeout(500)
    assert names(page)[0] == "twin"
