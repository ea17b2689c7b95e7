"""A real browser, where there is one; every page it opens must be silent and stay at home."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import samples

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Headless Chromium, started once."""
    where = next(filter(None, map(shutil.which, NAMES)), None)
    if where is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
        browser = driver.chromium.launch(executable_path=where, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a page as its reader does: ``visit(html, width=360, dark=True)``; a `plain` one has no chart to wait for."""
    contexts, heard = [], []

    def open_page(
        html: str, *, width: int = 1200, dark: bool = False, script: bool = True, plain: bool = False
    ) -> Any:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8", newline="\n")
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: heard.append(f"request: {request.url[:80]}"))
        page.goto(path.as_uri())
        if script and not plain:
            page.wait_for_selector(".js .rows, .js .bars > p", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    at_home = ("request: file:", "request: data:,")
    assert [line for line in heard if not line.startswith(at_home)] == []
    assert len([line for line in heard if line.startswith("request: file:")]) == len(contexts)


@pytest.fixture(scope="session")
def full() -> Any:
    """Everything a page can hold, names from the data among it."""
    names = [*(f"feature_{i:03d}" for i in range(20)), *samples.HOSTILE]
    imp = samples.weighed(names=names, metric=["mae", "mse"], simulated=True, on_training_rows=True)
    more = [samples.effects(names[:8]), samples.associations(names), samples.ablation(names[:3])]
    return imp, imp.to_html(also=more)
