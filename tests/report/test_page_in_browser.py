"""The page in a real browser: what its reader sees and does."""

from __future__ import annotations

import math

import pytest
import samples
from reader import expect

from weighin._display.numbers import percent, rounded


@pytest.fixture(scope="module")
def segments():
    import numpy as np
    import pandas as pd

    import weighin

    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"x": rng.normal(size=200), "z": rng.normal(size=200), "year": rng.integers(2019, 2021, 200)}
    )
    y = X["x"] + rng.normal(size=200)
    return weighin.weigh(
        lambda rows: np.asarray(rows["x"]), X, y, metric="mae", by="year", n_repeats=5, random_state=0
    ).to_html()


def bars(page):
    """Names of the bars, from above."""
    return [text.split(".")[0] for text in page.locator("#chart .rows li").all_text_contents()]


def drawn(page):
    """Numbers written beside the bars."""
    return page.locator("#chart .drawn svg .mark-text.role-mark text").all_text_contents()


def lines(page):
    """Names in the lines of the table that can be seen."""
    return page.locator(".table.main:visible tbody tr:visible th").all_text_contents()


def test_it_draws_what_it_was_given(full, visit):
    imp, html = full
    page = visit(html)
    heaviest = [imp.features[i] for i in (-imp.importances_mean).argsort(kind="stable")]
    assert bars(page)[:5] == heaviest[:5]
    assert len(bars(page)) == 20
    assert set(heaviest[:5]) <= set(drawn(page))


def test_hovering_a_bar_tells_its_exact_numbers(full, visit):
    imp, html = full
    page = visit(html)
    page.locator("#chart .rows li").first.hover()
    told = page.locator("#tip").inner_text()
    best = int(imp.importances_mean.argmax())
    assert imp.features[best] in told
    assert (
        f"mae worse by {rounded(imp.importances_mean[best], imp.ci_lower[best], imp.ci_upper[best]).value} "
        in told
    )
    assert "95% interval" in told
    page.mouse.move(5, 5)
    assert page.locator("#tip").is_hidden()


def test_switching_to_parts_of_the_baseline(full, visit):
    imp, html = full
    page = visit(html)
    page.get_by_label("Show").select_option("% of baseline")
    expect(page.locator("#chart .axis")).to_contain_text("parts of the baseline")
    best = int(imp.importances_mean.argmax())
    low, high = imp.relative_interval()
    assert percent(imp.relative[best], low[best], high[best]) in drawn(page)


def test_switching_the_metric_changes_chart_and_table(full, visit):
    imp, html = full
    page = visit(html)
    page.get_by_label("Metric").select_option(label="mse")
    expect(page.locator("#chart .axis")).to_contain_text("mse")
    other = imp.of("mse")
    best = int(other.importances_mean.argmax())
    page.locator("#chart .rows li").first.hover()
    assert (
        f"mse worse by {rounded(other.importances_mean[best], other.ci_lower[best], other.ci_upper[best]).value} "
        in page.locator("#tip").inner_text()
    )
    assert page.locator(".table.main:visible").count() == 1
    assert "mse" in page.locator(".table.main:visible thead").inner_text()


def test_ordering_the_bars(full, visit):
    _, html = full
    page = visit(html)
    first = bars(page)
    page.get_by_label("Order").select_option("name")
    expect(page.locator("#chart .rows li").first).not_to_contain_text(first[0])
    shown = bars(page)
    page.get_by_label("Order").select_option("lightest")
    expect(page.locator("#chart .rows li").first).not_to_contain_text(shown[0])
    assert set(bars(page)[:3]) & set(first[:5]) == set()


def test_finding_a_feature_by_a_part_of_its_name(full, visit):
    _, html = full
    page = visit(html)
    page.get_by_label("Find").fill("ELU_00")
    page.wait_for_selector("#chart .drawn:has-text('No feature’s name contains')")
    assert lines(page) == []
    page.get_by_label("Find").fill("URE_00")
    expect(page.locator("#chart .rows li")).to_have_count(10)
    assert all("ure_00" in name for name in [*bars(page), *lines(page)])
    assert page.locator("#chart").get_by_role("status").inner_text() == "10 of 30 features match."
    page.get_by_label("Find").fill("<script>")
    expect(page.locator("#chart .rows li")).to_have_count(1)


def test_showing_more_and_fewer(full, visit):
    _, html = full
    page = visit(html)
    page.get_by_role("button", name="Show all 30", exact=True).click()
    expect(page.locator("#chart .rows li")).to_have_count(30)
    page.get_by_role("button", name="Show fewer").click()
    expect(page.locator("#chart .rows li")).to_have_count(20)
    assert len(lines(page)) == 20
    page.get_by_role("button", name="Show all 30 rows").click()
    assert len(lines(page)) == 30


def test_sorting_the_table_by_any_column(full, visit):
    imp, html = full
    page = visit(html)
    page.get_by_role("button", name="Show all 30 rows").click()
    head = page.locator(".table.main:visible thead th").first
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = lines(page)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert lines(page) == up[::-1]
    page.locator(".table.main:visible thead th").nth(1).get_by_role("button").click()
    assert lines(page)[0].startswith(imp.features[int(imp.importances_mean.argmax())])


def test_everything_can_be_reached_and_read_with_the_keyboard(full, visit):
    _, html = full
    page = visit(html)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        seen = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            const span = e.nextElementSibling && getComputedStyle(e.nextElementSibling);
            return s.outlineStyle !== 'none' || (span && span.outlineStyle !== 'none'); }"""
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")
    assert {"order", "find", "rows", "more", "csv", "details"} <= reached
    page.locator("#chart .rows").focus()
    for key, place in (("ArrowDown", 1), ("End", 19), ("ArrowUp", 18), ("Home", 0)):
        page.keyboard.press(key)
        active = page.locator("#chart .rows").get_attribute("aria-activedescendant")
        option = page.locator(f"#{active}")
        assert active == f"bar-0-{place}"
        assert option.get_attribute("aria-selected") == "true"
        chosen = page.locator("#details .chosen h3").text_content()
        assert option.text_content().split(".")[0] == chosen
        assert page.locator("#tip").is_hidden()  # all of it stands beside the chart
    page.set_viewport_size({"width": 600, "height": 900})
    expect(page.locator("#chart .rows li").first).to_be_visible()
    page.wait_for_timeout(500)
    page.locator("#chart .rows").focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    told = page.locator("#chart .rows li").first.text_content().split(".")[0]
    assert told in page.locator("#tip").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_names_from_the_data_stay_inert(full, visit):
    _, html = full
    page = visit(html)
    page.get_by_role("button", name="Show all 30", exact=True).click()
    expect(page.locator("#chart .rows li")).to_have_count(30)
    for i in range(20, 30):
        page.locator("#chart .rows li").nth(i).hover()
    for i in range(8):
        page.locator("#chart .rows li").nth(i).click()
        page.locator("#details .chosen .vega-embed svg").wait_for()
    assert page.title() == "SIMULATED DATA - What the model weighs"
    assert page.locator("script:not(body > script)").count() == 0
    assert page.locator("img:not([src^='data:'])").count() == 0


def test_effects_answer_where_the_pointer_is(full, visit):
    _, html = full
    page = visit(html)
    chart = page.locator("[data-spec]").first
    chart.scroll_into_view_if_needed()
    chart.locator(".vega-embed svg").wait_for()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    page.wait_for_selector("#tip:has-text('prediction')")
    assert "feature_000" in page.locator("#tip").inner_text()


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_needs_no_sideways_scrolling(full, visit, script):
    _, html = full
    page = visit(html, width=360, script=script)
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360 if script else True
    box = page.locator("main").bounding_box()
    assert box["width"] <= 360
    assert page.locator("#chart .drawn svg:visible").first.bounding_box()["width"] <= 360
    if script:
        page.locator("#chart .rows li").first.hover()
        tip = page.locator("#tip").bounding_box()
        assert tip["x"] >= 0
        assert tip["x"] + tip["width"] <= 360
        page.locator("#chart .rows li").nth(1).click()
        page.wait_for_timeout(700)
        details = page.locator("#details").bounding_box()
        assert abs(details["y"]) < 60  # what is known of it is in sight
        assert details["x"] >= 0
        assert details["x"] + details["width"] <= 360


def test_without_scripts_chart_and_table_are_there(full, visit):
    imp, html = full
    page = visit(html, script=False)
    assert page.locator("#chart .bars .drawn svg:visible").count() == 1
    assert page.locator("#details .feature:visible").count() == 30
    assert imp.features[int(imp.importances_mean.argmax())] in drawn(page)
    assert page.locator("#numbers .table.main").first.locator("tbody tr:visible").count() == 30
    assert page.locator("button:visible, input:visible, select:visible").count() == 0
    assert page.locator("[data-spec] svg:visible").count() == 8


def test_on_paper_everything_is_there_and_light(full, visit):
    _, html = full
    page = visit(html, dark=True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 20, 23)"
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".needs-script:visible, nav:visible, input:visible").count() == 0
    assert page.locator("#numbers .table.main tbody tr:visible").count() == 30
    assert page.get_by_text("SIMULATED DATA.").is_visible()
    assert len(page.pdf(format="A4")) > 10_000


def test_colours_follow_the_readers_choice(full, visit):
    _, html = full
    fills = []
    for dark in (False, True):
        page = visit(html, dark=dark)
        fills.append(
            page.evaluate("getComputedStyle(document.querySelector('#chart .drawn .bars_marks path')).fill")
        )
    assert fills == ["rgb(31, 111, 139)", "rgb(88, 176, 207)"]


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1200, True)])
def test_no_serious_fault_of_accessibility(full, segments, visit, width, dark):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = visit(full[1] if dark else segments, dark=dark, width=width)
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    found = axe.run(page).response["violations"]
    told = [(rule["id"], rule["impact"], rule["nodes"][0]["html"][:200]) for rule in found]
    assert [rule for rule in told if rule[1] in ("serious", "critical")] == []


@pytest.mark.parametrize("kind", ["comparison", "ablation", "effects", "associations"])
@pytest.mark.parametrize(("width", "dark"), [(360, True), (1200, False)])
def test_other_pages_have_no_serious_fault_either(visit, kind, width, dark):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = visit(samples.other_page(kind), dark=dark, width=width, plain=kind in ("effects", "associations"))
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.run(page).response["violations"]
    told = [(rule["id"], rule["impact"], rule["nodes"][0]["html"][:200]) for rule in found]
    assert [rule for rule in told if rule[1] in ("serious", "critical")] == []


def test_the_page_has_landmarks_and_one_headline(full, visit):
    _, html = full
    page = visit(html)
    for role in ("banner", "navigation", "main", "contentinfo", "complementary"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("table", name="What the model weighs").count() == 1
    assert page.get_by_role("rowheader", name="feature_000").first.is_visible()


def test_a_bar_title_and_what_it_is_about_are_seen_at_once(full, visit):
    _, html = full
    page = visit(html, width=1280)
    page.set_viewport_size({"width": 1280, "height": 800})
    for part in ("h1", ".kicker", ".headline"):
        assert page.locator(part).bounding_box()["y"] < 400
    bar, details = (
        page.locator(part).first.bounding_box() for part in ("#chart .rows li", "#details .chosen h3")
    )
    assert bar["y"] + bar["height"] < 800
    assert details["y"] + details["height"] < 800
    assert details["x"] > bar["x"] + bar["width"]


@pytest.mark.parametrize(
    "values", [[0, 0], [-1, -2, -3], [math.nan, 1], [math.nan] * 3, [1e-9, 2e-9]], ids=str
)
def test_odd_numbers_are_drawn_without_complaint(visit, values):
    page = visit(samples.bare(values).to_html())
    assert len(bars(page)) == len(values)
    assert page.locator("#chart .drawn svg").bounding_box()["height"] > 30 * len(values)


def test_what_has_no_limit_is_above_and_what_has_no_number_below(visit):
    page = visit(samples.bare([math.nan, 1.0, math.inf, -1.0]).to_html())
    assert bars(page) == ["f2", "f1", "f3", "f0"]
    assert lines(page)[0].startswith("f2")
    assert {"∞", "-"} <= set(drawn(page))


def test_six_hundred_features(visit):
    import numpy as np

    page = visit(samples.bare(np.linspace(1, -0.1, 600)).to_html())
    page.get_by_role("button", name="Show all 600", exact=True).click()
    expect(page.locator("#chart .rows li")).to_have_count(600)
    page.get_by_label("Find").fill("f599")
    expect(page.locator("#chart .rows li")).to_have_count(1)
    assert bars(page) == ["f599"]


def test_no_feature_at_all_is_no_error(visit):
    import numpy as np

    import weighin

    empty = weighin.Importance((), np.empty((0, 1)), 2.0, "mae", False, 10, complete=False)
    page = visit(empty.to_html())
    assert page.get_by_text("There is nothing to draw.").is_visible()
