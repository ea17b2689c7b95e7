"""What the project's papers say of its files is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import weighin
import weighin.adapters
import weighin.callbacks
import weighin.results

ROOT = Path(__file__).resolve().parents[2]
SRC = Path(weighin.__file__).parent


def test_contributing_names_every_room():
    rows = re.findall(r"^\| \d (`.*?) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M)
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`(\w+/?)`", row)}
    layers = {path.stem for path in SRC.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert named == layers - {"__main__"}


def test_what_is_packed_is_there():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert [name for name in build["targets"]["sdist"]["include"] if not (ROOT / name).exists()] == []


def test_the_api_reference_has_every_public_name():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = re.findall(r"^   (\w+)$", text, re.M)
    modules = (weighin, weighin.callbacks, weighin.results, weighin.adapters)
    assert sorted(listed) == sorted(name for module in modules for name in module.__all__)


def test_every_page_of_the_site_is_reached():
    """Sphinx says so, too, but only ``make docs`` asks it."""
    docs = ROOT / "docs"
    pages = {path.relative_to(docs).with_suffix("").as_posix() for path in docs.rglob("*.md")}
    pages = {page for page in pages if not page.startswith("_")}
    reached = {"index"}
    for page in pages:
        folder = (docs / page).parent
        for tree in re.findall(
            r"```{toctree}\n(.*?)```", (docs / f"{page}.md").read_text(encoding="utf-8"), re.S
        ):
            for entry in re.findall(r"^(?!:)(?:[^<\n]*<)?([\w/.*-]+)>?$", tree, re.M):
                reached |= {
                    found.relative_to(docs).with_suffix("").as_posix() for found in folder.glob(f"{entry}.md")
                }
    assert pages - reached == set()
