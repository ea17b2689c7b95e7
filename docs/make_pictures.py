"""Draw the pictures of the README: ``make pictures``."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import tempfile
from pathlib import Path

import pandas as pd
from fastai.learner import load_learner
from rich.console import Console

import weighin
from weighin._cli.demo import demo
from weighin._display import charts as _plots

HERE = Path(__file__).parent / "pictures"


def main() -> None:
    """Run the demo and keep its chart, its tables and the top of its page."""
    with tempfile.TemporaryDirectory() as folder:
        demo(folder=Path(folder) / "demo", random_state=0, force=False)
        imp = weighin.Importance.load(Path(folder) / "demo" / "importance.json")
        photograph(Path(folder) / "demo" / "importance.html", HERE / "page.png")
        notebook = Path(folder) / "notebook.html"
        notebook.write_text(notebook_of(imp), encoding="utf-8")
        photograph(notebook, HERE / "notebook.png", only="main")
        games = pd.read_parquet(Path(folder) / "demo" / "games.parquet")
        learn = load_learner(Path(folder) / "demo" / "learner.pkl")
        parts = weighin.shares(learn, games[games.year == 2021], metric="mse", n_repeats=20, random_state=0)
        pairs = weighin.interactions(learn, games[games.year == 2021], random_state=0)
        pairs = dataclasses.replace(pairs, simulated=True)
    _plots.save(dataclasses.replace(parts, simulated=True).draw_on, HERE / "shares.png")
    _plots.save(pairs.draw_on, HERE / "interactions.png")
    surface = pairs.surfaces[0].features
    _plots.save(lambda figure: pairs.plot(pair=surface, ax=figure.add_subplot()), HERE / "surface.png")
    _plots.save(imp.draw_on, HERE / "importance.png")
    console = Console(record=True, width=88, file=io.StringIO())
    console.print(imp)
    svg = console.export_svg(title="weighin demo")
    # no fonts from elsewhere: the reader's monospace font will do
    (HERE / "table.svg").write_text(re.sub(r"@font-face \{[^}]*\}", "", svg), encoding="utf-8")


def notebook_of(imp: weighin.Importance) -> str:
    """Show a result as a light and as a dark notebook does."""
    grounds = ("#ffffff;color:#1f2328", "#111418;color:#e6edf3")
    cells = "".join(
        f'<div style="background:{ground};padding:12px">{imp._repr_html_()}</div>' for ground in grounds
    )
    return f'<!doctype html><meta charset="utf-8"><main style="font-family:sans-serif;width:920px">{cells}</main>'


def photograph(page: Path, picture: Path, *, only: str = "") -> None:
    """Keep what a reader of a page sees first, or a part of it, where there is a browser to see it with."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        print(f"No chromium here: {picture.name} stays as it is.")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        view = started.new_page(viewport={"width": 1280, "height": 900})
        view.goto(page.resolve().as_uri())
        if not only:
            view.wait_for_selector("#details .chosen .vega-embed svg")
        (view.locator(only) if only else view).screenshot(path=picture)
        started.close()


if __name__ == "__main__":
    main()
