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
